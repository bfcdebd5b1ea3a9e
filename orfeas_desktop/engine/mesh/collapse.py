"""Fewer faces by edge collapses that keep UV seams, material borders and rims."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.inspection import HalfEdges, split_fans
from orfeas_desktop.engine.mesh.pick import picked
from orfeas_desktop.engine.mesh.weld import first_of_each, welded_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_MOST_PASSES = 1000
_PASSES_BARRED = 8
_FEW, _FEW_FAR = 0.01, 0.03
"""A pass that finds less than this share of the faces to try has seen what is cheap; the same far from the end."""
_FAR = 5
_CHEAP = 0.3
"""The share of the collapses that may be tried at first."""
_DEARER = 2.0
_BREADTH, _LOOKED_AT = 4, 10_000
"""So many of the cheapest are looked at for each collapse that is wanted, and at least; some turn a face."""
_RIM_WEIGHT = 10.0
_LEAST_TURN = 0.2
"""A face that stays must keep this much of its direction, as the cosine of the angle."""

_LEAST_DENSITY = 0.1
"""The share of its texels for its size that a face must keep."""


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Collapses that may be done, cheapest first: place `gone` moves onto `kept`.

    `moves` (N, 2, 2) are the vertices of `gone` and what each becomes; `apexes` (N, 2) the places opposite the edge.
    """

    gone: NDArray[np.int64]
    kept: NDArray[np.int64]
    cost: NDArray[np.float64]
    moves: NDArray[np.int64]
    apexes: NDArray[np.int64]

    def some(self, chosen: NDArray[np.integer] | NDArray[np.bool_]) -> _Candidates:
        """Return the chosen ones."""
        return _Candidates(
            self.gone[chosen], self.kept[chosen], self.cost[chosen], self.moves[chosen], self.apexes[chosen]
        )


def collapsed(mesh: Mesh, target: int, largest_error: float, step: Callable[[float], None]) -> Mesh:
    """Return the mesh with about `target` faces, or as few as `largest_error` (in units of the mesh) allows.

    Half-edge collapses in order of quadric error (Garland and Heckbert 1997), in passes of collapses whose
    neighbourhoods do not meet. A vertex on a seam, material border or rim moves along it only; corners of charts,
    crowded edges and pinches stay; no collapse may turn a face, in space or in the texture, or tear the surface.
    """
    ids = welded_ids(mesh.vertices)
    places = mesh.vertices[first_of_each(ids)].astype(np.float64)
    groups = np.zeros(mesh.face_count, np.int32) if mesh.face_materials is None else mesh.face_materials
    state = _State(mesh.faces.astype(np.int64), np.arange(mesh.face_count), ids, places, groups)
    state = state.without_collapsed()
    quadrics = _quadrics(state)
    start, search = len(state.corners), _Search(len(places))
    for _ in range(_MOST_PASSES):
        left = len(state.corners)
        if left <= target or search.exhausted:
            break
        step(min((start - left) / max(start - target, 1), 1.0))
        state = _one_pass(state, quadrics, mesh, search, (target, largest_error))
        search.go_on(left, len(state.corners), far=left > _FAR * target)
    materials = None if mesh.face_materials is None else mesh.face_materials[state.owner]
    fewer = mesh.changed(faces=state.corners.astype(np.int32), face_materials=materials, tangents=None)
    return picked(fewer, np.arange(len(state.corners)))


@dataclass(frozen=True, eq=False)
class _State:
    """corners (F, 3) vertices, owner (F,) the face each came from, ids (V,) place of each vertex."""

    corners: NDArray[np.int64]
    owner: NDArray[np.int64]
    ids: NDArray[np.int64]
    places: NDArray[np.float64]
    groups: NDArray[np.int32]

    @property
    def faces(self) -> NDArray[np.int64]:
        return self.ids[self.corners]

    def without_collapsed(self) -> _State:
        a, b, c = self.faces.T
        keep = (a != b) & (b != c) & (a != c)
        return _State(self.corners[keep], self.owner[keep], self.ids, self.places, self.groups)


def _quadrics(state: _State) -> NDArray[np.float64]:
    """Return (P, 10) sums of squared-distance forms of the planes at each place, weighted by area, rims walled."""
    faces = state.faces
    corners = state.places[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normal, axis=1)
    unit = normal / np.where(area > 0, area, 1.0)[:, None]
    forms = _forms(unit, corners[:, 0], area / 6)
    total = _gathered(np.repeat(forms, 3, axis=0), faces.reshape(-1), len(state.places))
    sides = HalfEdges.of(faces, len(state.places))
    rim = np.flatnonzero(_bordering(state, sides))
    face, corner = rim // 3, rim % 3
    start, end = faces[face, corner], faces[face, (corner + 1) % 3]
    along = state.places[end] - state.places[start]
    wall = np.cross(along, unit[face])
    length = np.linalg.norm(wall, axis=1)
    walls = _forms(
        wall / np.where(length > 0, length, 1.0)[:, None], state.places[start], _RIM_WEIGHT * length**2
    )
    total += _gathered(np.concatenate([walls, walls]), np.concatenate([start, end]), len(state.places))
    return total


def _forms(
    unit: NDArray[np.float64], points: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    x, y, z = unit.T
    d = -np.einsum("nd,nd->n", unit, points)
    rows = np.stack([x * x, x * y, x * z, x * d, y * y, y * z, y * d, z * z, z * d, d * d], axis=1)
    return rows * weight[:, None]


def _gathered(forms: NDArray[np.float64], at: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    columns = [np.bincount(at, forms[:, column], count) for column in range(10)]
    return np.stack(columns, axis=1).astype(np.float64)


def _error(quadrics: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z = points.T
    q = quadrics.T
    square = q[0] * x * x + q[4] * y * y + q[7] * z * z + q[9]
    mixed = q[1] * x * y + q[2] * x * z + q[3] * x + q[5] * y * z + q[6] * y + q[8] * z
    return (square + 2 * mixed).clip(min=0.0)


def _bordering(state: _State, sides: HalfEdges) -> NDArray[np.bool_]:
    """Return (3F,) whether the side lies on a rim, a seam, a border of materials or a crowded edge."""
    border = (sides.uses[sides.edge] != 2).reshape(-1)
    one, other = sides.pairs()
    flat = state.corners.reshape(-1)
    group = state.groups[state.owner]
    seam = group[one // 3] != group[other // 3]
    for first, second in ((one, _next(other)), (_next(one), other)):
        seam |= flat[first] != flat[second]
    border[one] |= seam
    border[other] |= seam
    return border


def _next(sides: NDArray[np.int64]) -> NDArray[np.int64]:
    return sides - sides % 3 + (sides + 1) % 3


@dataclass(eq=False)
class _Search:
    """What a pass leaves for the next: how dear a collapse may be, and those that would turn a face.

    Cheap collapses all over the mesh come before dear ones anywhere, or seams that hold on would have the shape
    between them eaten up.
    """

    count: int
    limit: float | None = None
    next_cost: float = np.inf
    """Of the cheapest collapse beyond the limit."""
    tried: int = 0
    exhausted: bool = False
    barred: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _since: int = 0
    """Passes that took faces away since the barred ones were last let in again."""
    _swept: float = np.inf
    """How many faces were left when last all had been tried."""

    def go_on(self, left: int, now: int, *, far: bool) -> None:
        """Take note of a pass that made `now` faces of `left`."""
        self._since += now < left
        if not self.tried and np.isinf(self.next_cost):
            self.exhausted = not self._since or now > (1 - _FEW) * self._swept
            self._swept = now
        if self._since >= _PASSES_BARRED or (not self.tried and np.isinf(self.next_cost)):
            self.barred, self._since = self.barred[:0], 0
        if self.tried < (_FEW_FAR if far else _FEW) * left and np.isfinite(self.next_cost):
            self.limit = max(_DEARER * (self.limit or 0.0), self.next_cost)

    def key(self, found: _Candidates) -> NDArray[np.int64]:
        """Return a number for each collapse."""
        return found.gone * self.count + found.kept


def _one_pass(
    state: _State, quadrics: NDArray[np.float64], mesh: Mesh, search: _Search, limits: tuple[int, float]
) -> _State:
    target, largest_error = limits
    sides = HalfEdges.of(state.faces, search.count)
    most = max((len(state.corners) - target + 1) // 2, 1)
    found = _candidates(state, sides, quadrics)
    found = found.some((found.cost <= largest_error**2) & ~np.isin(search.key(found), search.barred))
    if search.limit is None:
        search.limit = float(np.quantile(found.cost, _CHEAP)) if len(found.cost) else 0.0
    search.next_cost = float(found.cost[found.cost > search.limit].min(initial=np.inf))
    found = found.some(found.cost <= search.limit)
    found = found.some(np.argsort(found.cost, kind="stable")[: max(_BREADTH * most, _LOOKED_AT)])
    found = found.some(_whole_links(found, sides, search.count))
    chosen = found.some(_apart(found.gone, sides.ends, search.count))
    search.tried = len(chosen.gone)
    broken = _broken(state, _moved(state, chosen), mesh)
    leaving = np.zeros(search.count, bool)
    leaving[chosen.gone] = True
    at_fault = state.faces[broken]
    leaving[at_fault[leaving[at_fault]]] = False
    search.barred = np.concatenate([search.barred, search.key(chosen.some(~leaving[chosen.gone]))])
    chosen = chosen.some(np.flatnonzero(leaving[chosen.gone])[:most])
    quadrics[chosen.kept] += quadrics[chosen.gone]
    after = _State(_moved(state, chosen), state.owner, state.ids, state.places, state.groups)
    return after.without_collapsed()


def _candidates(state: _State, sides: HalfEdges, quadrics: NDArray[np.float64]) -> _Candidates:
    count = len(state.places)
    flat = state.corners.reshape(-1)
    border = _bordering(state, sides)
    at_edge = np.zeros(len(sides.uses), bool)
    at_edge[sides.edge.reshape(-1)[border]] = True
    borders = np.bincount(sides.ends[at_edge].reshape(-1), minlength=count)
    locked = (borders != 0) & (borders != 2)
    locked[split_fans(sides, count)] = True
    locked[sides.ends[sides.uses > 2]] = True
    wedges = np.bincount(state.ids[np.unique(flat)], minlength=count)
    order = sides.order
    first = order[np.cumsum(sides.uses) - sides.uses]
    second = np.where(
        sides.uses == 2, order[np.minimum(np.cumsum(sides.uses) - sides.uses + 1, len(order) - 1)], first
    )
    low = np.stack([_end(flat, sides, first, True), _end(flat, sides, second, True)], axis=1)
    high = np.stack([_end(flat, sides, first, False), _end(flat, sides, second, False)], axis=1)
    apexes = state.ids[flat[_next(_next(np.stack([first, second], axis=1)))]]
    parts: list[_Candidates] = []
    for gone, kept, column in ((low, high, 0), (high, low, 1)):
        place, onto = sides.ends[:, column], sides.ends[:, 1 - column]
        fits = (gone[:, 0] != gone[:, 1]) | (kept[:, 0] == kept[:, 1])
        fits &= 1 + (gone[:, 0] != gone[:, 1]) == wedges[place]
        fits &= ~locked[place] & ((borders[place] == 0) | at_edge) & (sides.uses <= 2)
        some = np.flatnonzero(fits)
        moves = np.stack([gone[some], kept[some]], axis=2)
        parts.append(_Candidates(place[some], onto[some], np.zeros(len(some)), moves, apexes[some]))
    gone, kept = (np.concatenate([getattr(part, name) for part in parts]) for name in ("gone", "kept"))
    weight = quadrics[gone][:, [0, 4, 7]].sum(axis=1) + quadrics[kept][:, [0, 4, 7]].sum(axis=1)
    error = _error(quadrics[gone] + quadrics[kept], state.places[kept])
    return _Candidates(
        gone,
        kept,
        error / np.where(weight > 0, weight, 1.0),
        np.concatenate([part.moves for part in parts]),
        np.concatenate([part.apexes for part in parts]),
    )


def _end(
    flat: NDArray[np.int64], sides: HalfEdges, side: NDArray[np.int64], lower: bool
) -> NDArray[np.int64]:
    """Return the vertex at the lower or higher end of each side."""
    tail_first = sides.upward.reshape(-1)[side] == lower
    return np.where(tail_first, flat[side], flat[_next(side)])


def _whole_links(found: _Candidates, sides: HalfEdges, count: int) -> NDArray[np.bool_]:
    """Return whether both places share no neighbours but the apexes, and no apex would lose its third edge."""
    valence = np.bincount(sides.ends.reshape(-1), minlength=count)
    rims = np.zeros(count, bool)
    rims[sides.ends[sides.uses == 1]] = True
    good = (valence[found.apexes] > np.where(rims[found.apexes], 2, 3)).all(axis=1)
    tails = np.concatenate([sides.ends[:, 0], sides.ends[:, 1]])
    heads = np.concatenate([sides.ends[:, 1], sides.ends[:, 0]])
    heads = heads[np.argsort(tails, kind="stable")]
    starts = np.concatenate([[0], np.cumsum(valence)])
    lengths = valence[found.gone]
    row = np.repeat(np.arange(len(found.gone)), lengths)
    within = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    around = heads[starts[found.gone[row]] + within]
    kept = found.kept[row]
    keys = np.minimum(around, kept) * count + np.maximum(around, kept)
    known = sides.ends[:, 0] * count + sides.ends[:, 1]
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    common = np.bincount(row[known[at] == keys], minlength=len(found.gone))
    return good & (common == 1 + (found.apexes[:, 0] != found.apexes[:, 1]))


def _apart(gone: NDArray[np.int64], ends: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return rows of `gone`, best first, of which the places and their neighbours do not meet."""
    none = len(gone)
    rank = np.full(count, none, np.int64)
    rank[gone[::-1]] = np.arange(none)[::-1]
    taken: list[NDArray[np.int64]] = []
    for _ in range(4):
        around = _least_near(_least_near(rank, ends), ends)
        best = (rank == around) & (rank < none)
        if not best.any():
            break
        taken.append(rank[best])
        near = np.where(best, 0, 1)
        rank[_least_near(_least_near(near, ends), ends) == 0] = none
    return np.sort(np.concatenate(taken)) if taken else np.zeros(0, np.int64)


def _least_near(values: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the least value among each place and its neighbours."""
    least = values.copy()
    np.minimum.at(least, ends[:, 0], values[ends[:, 1]])
    np.minimum.at(least, ends[:, 1], values[ends[:, 0]])
    return least


def _moved(state: _State, chosen: _Candidates) -> NDArray[np.int64]:
    onto = np.arange(len(state.ids))
    onto[chosen.moves[:, :, 0].reshape(-1)] = chosen.moves[:, :, 1].reshape(-1)
    return onto[state.corners]


def _broken(state: _State, moved: NDArray[np.int64], mesh: Mesh) -> NDArray[np.bool_]:
    """Return whether each face that moved and stays would be turned or flattened, in space or in the texture."""
    after = state.ids[moved]
    a, b, c = after.T
    rows = np.flatnonzero((moved != state.corners).any(axis=1) & (a != b) & (b != c) & (a != c))
    old, new = (_normals(state.places[faces[rows]]) for faces in (state.faces, after))
    lengths = np.linalg.norm(old, axis=1) * np.linalg.norm(new, axis=1)
    grown = np.linalg.norm(new, axis=1) / np.maximum(np.linalg.norm(old, axis=1), 1e-300)
    bad = np.einsum("nd,nd->n", old, new) < _LEAST_TURN * lengths
    bad |= grown <= 1e-4
    for uv in mesh.uvs:
        laid, now = _areas(uv[state.corners[rows]]), _areas(uv[moved[rows]])
        fair = _LEAST_DENSITY * np.abs(laid) * grown
        bad |= (now * np.sign(laid) <= fair) & (laid != 0)
    broken = np.zeros(len(moved), bool)
    broken[rows[bad]] = True
    return broken


def _normals(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def _areas(corners: NDArray[np.float32]) -> NDArray[np.float64]:
    ab, ac = (corners[:, at].astype(np.float64) - corners[:, 0] for at in (1, 2))
    return ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
