"""Inspection: what is wrong with a surface, face by face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.crossings import crossing_faces
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
    """

    faces: NDArray[np.int64]
    edge: NDArray[np.int64]
    uses: NDArray[np.int64]
    upward: NDArray[np.bool_]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, faces: NDArray[np.int64], count: int) -> HalfEdges:
        """Return the sides of (F, 3) `faces`, which name `count` places and have three different corners."""
        tail, head = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
        keys = np.minimum(tail, head) * count + np.maximum(tail, head)
        unique, edge, uses = np.unique(keys, return_inverse=True, return_counts=True)
        ends = np.stack([unique // count, unique % count], axis=1)
        return cls(faces, edge.reshape(-1, 3), uses, (tail < head).reshape(-1, 3), ends)

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (N,) sides `3 * face + corner` that share an edge of exactly two faces, and their opposites."""
        sides = np.argsort(self.edge.reshape(-1), kind="stable")
        starts = np.cumsum(self.uses) - self.uses
        double = starts[self.uses == 2]
        return sides[double], sides[double + 1]


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
    heights = face_heights(mesh.vertices.astype(np.float64), mesh.faces)
    low, high = mesh.bounds
    size = float(np.linalg.norm((high - low).astype(np.float64)))
    bad = heights <= 1e-7 * size
    kept = np.zeros(mesh.face_count, bool)
    kept[whole] = True
    return np.flatnonzero(bad | ~kept)


def face_heights(places: NDArray[np.float64], faces: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return (F,) each face's height over its longest side; 0 for a face without area."""
    corners = places[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    longest = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2).max(axis=1)
    return area / np.where(longest > 0, longest, 1.0)


def duplicates(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the faces that have the corners of an earlier one, whichever way round."""
    if not len(faces):
        return np.zeros(0, np.int64)
    ids = row_ids(np.sort(faces, axis=1).astype(np.uint32))
    first = first_of_each(ids)
    return np.flatnonzero(first[ids] != np.arange(len(ids)))


def split_fans(sides: HalfEdges, count: int) -> NDArray[np.int64]:
    """Return the places at which faces meet in more than one fan, faces being linked across edges of two or more."""
    labels = corner_fans(sides)
    corners = sides.faces.reshape(-1)
    _, first = np.unique(labels, return_index=True)
    fans = np.bincount(corners[first], minlength=count)
    return np.flatnonzero(fans > 1)


def corner_fans(sides: HalfEdges) -> NDArray[np.int64]:
    """Return (3F,) the number of the fan each face corner belongs to: corners at one place, linked across edges."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    order = np.argsort(sides.edge.reshape(-1), kind="stable")
    same = np.diff(sides.edge.reshape(-1)[order]) == 0
    one, other = order[:-1][same], order[1:][same]
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
