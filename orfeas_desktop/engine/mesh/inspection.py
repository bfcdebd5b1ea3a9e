"""Inspection: what is wrong with a surface, face by face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.crossings import crossing_faces
from orfeas_desktop.engine.mesh.normals import face_areas
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.weld import first_of_each, row_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class HalfEdges:
    """The sides of welded faces, matched.

    faces  (F, 3) welded numbers
    edge   (F, 3) the number of the edge from corner i to corner i + 1
    uses   (E,) how many sides lie on each edge
    upward (F, 3) whether the side runs from the lower to the higher number
    ends   (E, 2) welded numbers, the lower first
    order  (3F,) sides `3 * face + corner` by edge, then by number
    """

    faces: NDArray[np.int64]
    edge: NDArray[np.int64]
    uses: NDArray[np.int64]
    upward: NDArray[np.bool_]
    ends: NDArray[np.int64]
    order: NDArray[np.int64]

    @classmethod
    def of(cls, faces: NDArray[np.int64], count: int) -> HalfEdges:
        """Return the sides of (F, 3) `faces`, which name `count` places and have three different corners."""
        tail, head = faces.reshape(-1), faces[:, (1, 2, 0)].reshape(-1)
        wide = count.bit_length()
        keys = (np.minimum(tail, head) << wide) | np.maximum(tail, head)
        keys, order = _sorted(keys, 2 * wide)
        differs = np.ones(len(keys), bool)
        np.not_equal(keys[1:], keys[:-1], out=differs[1:])
        starts = np.flatnonzero(differs)
        edge = np.empty(len(keys), np.int64)
        edge[order] = np.cumsum(differs) - 1
        ends = np.stack([keys[starts] >> wide, keys[starts] & ((1 << wide) - 1)], axis=1)
        uses = np.diff(np.append(starts, len(keys)))
        return cls(faces, edge.reshape(-1, 3), uses, (tail < head).reshape(-1, 3), ends, order)

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (N,) sides `3 * face + corner` that share an edge of exactly two faces, and their opposites."""
        starts = np.cumsum(self.uses) - self.uses
        double = starts[self.uses == 2]
        return self.order[double], self.order[double + 1]


def _sorted(keys: NDArray[np.int64], width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the keys of `width` bits in order and the row each came from, equal ones by row.

    Where key and row fit into one number, that is sorted: several times quicker than sorting rows by key.
    """
    spare = len(keys).bit_length()
    if width + spare > 63:
        order = np.argsort(keys, kind="stable")
        return keys[order], order
    packed = (keys << spare) | np.arange(len(keys))
    packed.sort()
    return packed >> spare, packed & ((1 << spare) - 1)


@dataclass(frozen=True, eq=False)
class Inspection:
    """Faults by the numbers of the mesh's faces, and counts of what is not a face.

    places and faces are those of the welded mesh; `whole` (F',) are the mesh's faces with three different places.
    """

    places: NDArray[np.float64]
    faces: NDArray[np.int64]
    whole: NDArray[np.int64]
    degenerate: NDArray[np.int64]
    duplicate: NDArray[np.int64]
    open_edges: NDArray[np.int64]
    """(N, 2) places."""
    boundary_loops: int
    longest_loop: float
    """In units of the mesh."""
    nonmanifold_edges: int
    at_nonmanifold_edges: NDArray[np.int64]
    nonmanifold_vertices: NDArray[np.int64]
    """(N,) places at which faces meet in more than one fan."""
    turned: NDArray[np.int64]
    """Faces of the smaller side wherever two neighbours disagree about which side is out."""
    crossing: NDArray[np.int64]
    """(N, 2) faces that pierce each other."""
    overlapping: NDArray[np.int64]
    """(N, 2) faces that lie on each other in one plane."""

    @classmethod
    def of(cls, mesh: Mesh, step: Callable[[float], None]) -> Inspection:
        """Inspect `mesh`; `step` is told how far it is, 0..1."""
        ids = Topology.of(mesh).ids
        places = mesh.vertices[first_of_each(ids)].astype(np.float64)
        every = ids[mesh.faces]
        a, b, c = every.T
        whole = np.flatnonzero((a != b) & (b != c) & (a != c))
        faces = every[whole]
        step(0.05)
        sides = HalfEdges.of(faces, len(places))
        step(0.2)
        edges = sides.ends[sides.uses == 1]
        loops, longest = _loops(places, edges)
        odd = whole[(sides.uses[sides.edge] > 2).any(axis=1)]
        step(0.3)
        fans = split_fans(sides, len(places))
        step(0.45)
        crossing = crossing_faces(places, faces, lambda share: step(0.5 + 0.5 * share))
        return cls(
            places=places,
            faces=faces,
            whole=whole,
            degenerate=_degenerate(mesh, whole),
            duplicate=whole[duplicates(faces)],
            open_edges=edges,
            boundary_loops=loops,
            longest_loop=longest,
            nonmanifold_edges=int((sides.uses > 2).sum()),
            at_nonmanifold_edges=odd,
            nonmanifold_vertices=fans,
            turned=whole[turned_faces(sides)],
            crossing=whole[crossing.piercing],
            overlapping=whole[crossing.overlapping],
        )


def _degenerate(mesh: Mesh, whole: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return faces with less height than 1e-7 of the mesh's size, collapsed ones included."""
    low, high = mesh.bounds
    size = float(np.linalg.norm((high - low).astype(np.float64)))
    bad = 2 * face_areas(mesh) <= 1e-7 * size * _longest_sides(mesh)
    kept = np.zeros(mesh.face_count, bool)
    kept[whole] = True
    return np.flatnonzero(bad | ~kept)


def _longest_sides(mesh: Mesh) -> NDArray[np.float64]:
    columns = [np.ascontiguousarray(mesh.vertices[:, axis], np.float64) for axis in range(3)]
    corners = [np.ascontiguousarray(mesh.faces[:, corner], np.intp) for corner in range(3)]
    squares = np.zeros((3, mesh.face_count))
    for column in columns:
        a, b, c = (column.take(corner) for corner in corners)
        for square, side in zip(squares, (b - a, c - b, a - c), strict=True):
            square += side * side
    return np.sqrt(squares.max(axis=0))


def duplicates(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the faces that have the corners of an earlier one, whichever way round."""
    if not len(faces):
        return np.zeros(0, np.int64)
    a, b, c = np.ascontiguousarray(faces.T, np.uint32)
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    ids = row_ids(np.stack([low, a ^ b ^ c ^ low ^ high, high], axis=1))
    first = first_of_each(ids)
    return np.flatnonzero(first[ids] != np.arange(len(ids)))


def split_fans(sides: HalfEdges, count: int) -> NDArray[np.int64]:
    """Return the places at which faces meet in more than one fan, faces being linked across edges of two or more."""
    corners = sides.faces.reshape(-1)
    if not len(corners):
        return corners
    labels = corner_fans(sides)
    fans = np.bincount(corners[first_of_each(labels)], minlength=count)
    return np.flatnonzero(fans > 1)


def corner_fans(sides: HalfEdges) -> NDArray[np.int64]:
    """Return (3F,) the number of the fan each face corner belongs to: corners at one place, linked across edges."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    order = sides.order
    same = np.ones(len(order), bool)
    same[np.cumsum(sides.uses) - 1] = False
    one, other = order[:-1][same[:-1]], order[1:][same[:-1]]
    ahead = one - one % 3 + (one + 1) % 3, other - other % 3 + (other + 1) % 3
    agree = sides.faces.reshape(-1)[one] == sides.faces.reshape(-1)[other]
    first = np.concatenate([one, ahead[0]])
    second = np.concatenate([np.where(agree, other, ahead[1]), np.where(agree, ahead[1], other)])
    size = sides.faces.size
    links = coo_array((np.ones(len(first), np.int8), (first, second)), (size, size))
    _, labels = connected_components(links, directed=False)
    return labels.astype(np.int64)


def turned_faces(sides: HalfEdges) -> NDArray[np.int64]:
    """Return the faces to turn so that neighbours agree which side is out, the fewer of each piece.

    Pieces are the connected components of the double cover: a face and its reverse, linked across edges of two
    faces. A piece that cannot agree (a Möbius band) is left as it is.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(sides.faces)
    if not count:
        return np.zeros(0, np.int64)
    one, other = sides.pairs()
    clash = sides.upward.reshape(-1)[one] == sides.upward.reshape(-1)[other]
    if not clash.any():
        return np.zeros(0, np.int64)
    first, second = one // 3, other // 3
    tails = np.concatenate([first, first + count])
    heads = np.concatenate([second + count * clash, second + count * ~clash])
    links = coo_array((np.ones(len(tails), np.int8), (tails, heads)), (2 * count, 2 * count))
    _, labels = connected_components(links, directed=False)
    kept, reverse = labels[:count], labels[count:]
    size = np.bincount(kept, minlength=int(labels.max()) + 1)
    worse = size[kept] < size[reverse]
    tie = (size[kept] == size[reverse]) & (kept > reverse)
    return np.flatnonzero((worse | tie) & (kept != reverse))


def _loops(places: NDArray[np.float64], edges: NDArray[np.int64]) -> tuple[int, float]:
    """Return how many connected rims there are and the length of the longest."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(edges):
        return 0, 0.0
    used, at = np.unique(edges, return_inverse=True)
    at = at.reshape(-1, 2)
    links = coo_array((np.ones(len(at), np.int8), (at[:, 0], at[:, 1])), (len(used), len(used)))
    count, labels = connected_components(links, directed=False)
    lengths = np.linalg.norm(places[edges[:, 0]] - places[edges[:, 1]], axis=1)
    return int(count), float(np.bincount(labels[at[:, 0]], lengths).max())
