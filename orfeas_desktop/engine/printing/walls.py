"""How thick the walls of a closed mesh are, and where they are too thin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.rays import RayTree

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

FRINGE = 1.5
"""Thin places nearer to a thick one than this many limits do not count: tips and edges that taper off."""
_OPPOSED = -0.5
_SHORT = 1 - 1e-3
"""Walls this much of the limit still count as thick enough: float32 places are no exact measure."""
_FEWEST, _MOST = 20_000, 150_000
_FAN = 8
_FIT = 0.9
_GOLDEN = np.array([0.7548776662466927, 0.5698402909980532])
"""Steps of the R2 sequence, which spreads points evenly over a square (Roberts 2018)."""


@dataclass(frozen=True, eq=False)
class Walls:
    """Walls measured at points of the surface, in units of the mesh.

    faces (N,) and weights (N, 3) say where; thickness (N,) is the way straight through to the opposite side;
    opposed (N,) whether there is one that looks the other way; thin (N,) whether the place counts as too thin.
    """

    faces: NDArray[np.int64]
    weights: NDArray[np.float64]
    thickness: NDArray[np.float64]
    opposed: NDArray[np.bool_]
    thin: NDArray[np.bool_]
    areas: NDArray[np.float64]
    """(N,) how much surface each point stands for."""
    limit: float

    @property
    def thinnest(self) -> float | None:
        """The thinnest wall that counts; tips and edges that taper off do not."""
        chosen = self.thin if self.thin.any() else self.opposed & (self.thickness >= _SHORT * self.limit)
        return float(self.thickness[chosen].min()) if chosen.any() else None

    @property
    def thin_share(self) -> float:
        """How much of the surface is too thin, 0..1."""
        total = float(self.areas.sum())
        return float(self.areas[self.thin].sum()) / total if total > 0 else 0.0

    def points(self, mesh: Mesh) -> NDArray[np.float64]:
        """Return (N, 3) the measured places on `mesh`, which has the faces that were measured."""
        return np.einsum("nc,ncd->nd", self.weights, mesh.vertices[mesh.faces[self.faces]].astype(np.float64))

    def per_face(self, count: int) -> NDArray[np.float64]:
        """Return (count,) the thinnest wall measured on each face, infinite where there was none."""
        out = np.full(count, np.inf)
        np.minimum.at(out, self.faces[self.opposed], self.thickness[self.opposed])
        return out


def measured_walls(mesh: Mesh, limit: float, step: Callable[[float], None] | None = None) -> Walls:
    """Return the walls of a closed mesh; `limit` is the least thickness, `step` is told how far it is, 0..1.

    Every face is asked at its middle, and large ones at more points: from there a ray goes straight in. Between
    parallel sides that is the wall exactly; where sides diverge by an angle it is up to 1 / cos of it too long.
    """
    tree = RayTree.of(mesh)
    faces, weights, areas = _places(mesh, limit)
    starts = np.einsum("nc,ncd->nd", weights, mesh.vertices[mesh.faces[faces]].astype(np.float64))
    inward = -tree.normals[faces]
    hits = tree.first(starts, inward, None if step is None else lambda share: step(0.7 * share))
    across = np.einsum("nd,nd->n", tree.normals[faces], tree.normals[np.maximum(hits.faces, 0)])
    opposed = (hits.faces >= 0) & (across < _OPPOSED)
    thin = opposed & (hits.distances < _SHORT * limit)
    if step is not None:
        step(0.7)
    thick = ~thin & (hits.distances >= _SHORT * limit) & (tree.normals[faces] != 0).any(axis=1)
    counted = _apart(tree, starts, inward, thin, thick, limit)
    if step is not None:
        step(1.0)
    return Walls(faces, weights, hits.distances, opposed, counted, areas, limit)


def _places(mesh: Mesh, limit: float) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return faces, weights and areas of points: the middle of each face with area, and large faces spread over."""
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    total = float(area.sum())
    wanted = int(np.clip(4 * total / limit**2, _FEWEST, _MOST))
    ends = np.floor(np.cumsum(area) / (total or 1.0) * wanted).astype(np.int64)
    more = np.diff(ends, prepend=0)
    spread = np.repeat(np.arange(len(area)), more)
    square = np.mod(np.arange(1, len(spread) + 1)[:, None] * _GOLDEN, 1.0)
    folded = np.where(square.sum(axis=1, keepdims=True) > 1, 1 - square, square)
    inside = np.concatenate([folded, 1 - folded.sum(axis=1, keepdims=True)], axis=1)
    middles = np.flatnonzero(area > 0)
    faces = np.concatenate([middles, spread])
    weights = np.concatenate([np.full((len(middles), 3), 1 / 3), inside])
    shares = area / (1 + more)
    return faces, weights, shares[faces]


def _apart(
    tree: RayTree,
    starts: NDArray[np.float64],
    inward: NDArray[np.float64],
    thin: NDArray[np.bool_],
    thick: NDArray[np.bool_],
    limit: float,
) -> NDArray[np.bool_]:
    """Return which thin places are farther than the fringe from any place under which a ball of `limit` fits."""
    from scipy.spatial import KDTree

    counted = thin.copy()
    if not thin.any() or not thick.any():
        return counted
    chosen, places = np.flatnonzero(thin), np.flatnonzero(thick)
    reach = FRINGE * limit
    near, _ = KDTree(starts[chosen]).query(starts[places], distance_upper_bound=reach)
    places = places[np.isfinite(near)]
    anchors = places[_ball_fits(tree, starts[places], inward[places], limit / 2)]
    if len(anchors):
        near, _ = KDTree(starts[anchors]).query(starts[chosen], distance_upper_bound=reach)
        counted[chosen[np.isfinite(near)]] = False
    return counted


def _ball_fits(
    tree: RayTree, starts: NDArray[np.float64], inward: NDArray[np.float64], radius: float
) -> NDArray[np.bool_]:
    """Return whether a ball that touches the surface from within at each start stays inside it, all round."""
    fits = np.ones(len(starts), bool)
    if not len(starts):
        return fits
    middles = starts + radius * inward
    helper = np.where(np.abs(inward[:, :1]) < 0.6, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
    one = np.cross(inward, helper)
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    other = np.cross(inward, one)
    for angle in np.arange(_FAN) * (2 * np.pi / _FAN):
        alive = np.flatnonzero(fits)
        ways = np.cos(angle) * one[alive] + np.sin(angle) * other[alive]
        fits[alive] = tree.first(middles[alive], ways).distances >= _FIT * radius
    return fits
