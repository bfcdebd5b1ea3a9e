"""How faces hang together once vertices at one place count as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.weld import welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class Topology:
    """A mesh's welded faces and its edges.

    ids         (V,) the welded number of each vertex
    count       how many welded vertices
    faces       (F', 3) welded numbers; faces that welding collapsed are left out
    edges       (E, 2) welded numbers, the lower first, each edge once
    uses        (E,) how many faces meet there
    turns       (E,) faces that run it upwards minus faces that run it downwards; 0 when they agree
    """

    ids: NDArray[np.int64]
    count: int
    faces: NDArray[np.int64]
    edges: NDArray[np.int64]
    uses: NDArray[np.int64]
    turns: NDArray[np.int64]

    @classmethod
    def of(cls, mesh: Mesh) -> Topology:
        """Return the topology of `mesh`, found once."""
        known = mesh.known.get("topology")
        if not isinstance(known, cls):
            known = mesh.known["topology"] = cls._found(mesh)
        return known

    @classmethod
    def _found(cls, mesh: Mesh) -> Topology:
        ids = welded_ids(mesh.vertices)
        count = int(ids.max()) + 1
        faces = ids[mesh.faces]
        a, b, c = np.ascontiguousarray(faces.T)
        solid = (a != b) & (b != c) & (a != c)
        if not solid.all():
            faces, (a, b, c) = faces[solid], (a[solid], b[solid], c[solid])
        keys = np.concatenate([_side_keys(*side) for side in ((a, b), (b, c), (c, a))])
        keys.sort()
        edge = keys >> 1
        starts = np.flatnonzero(np.concatenate([[True], edge[1:] != edge[:-1]])) if len(edge) else edge
        uses = np.diff(np.append(starts, len(edge)))
        down = np.add.reduceat(keys & 1, starts) if len(edge) else edge
        lower_first = edge[starts]
        edges = np.stack([lower_first >> 31, lower_first & 0x7FFFFFFF], axis=1)
        return cls(ids, count, faces, edges, uses, uses - 2 * down)

    @property
    def boundary(self) -> NDArray[np.bool_]:
        """(E,) whether only one face has the edge."""
        return self.uses == 1

    @property
    def closed(self) -> bool:
        """Whether every edge has exactly two faces, which run it in opposite directions."""
        return bool(len(self.faces) and (self.uses == 2).all() and not self.turns.any())

    def component_ids(self) -> NDArray[np.int64]:
        """Return (F',) the number of the connected piece each welded face belongs to."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        if not len(self.faces):
            return np.zeros(0, np.int64)
        low, high = np.ascontiguousarray(self.edges.T, np.int32)
        starts = np.concatenate([[0], np.cumsum(np.bincount(low, minlength=self.count))]).astype(np.int32)
        links = csr_array((np.ones(len(high)), high, starts), (self.count, self.count))
        _, labels = connected_components(links, directed=False)
        of_face = labels[self.faces[:, 0]]
        used = np.zeros(self.count, np.int64)
        used[of_face] = 1
        return (np.cumsum(used) - 1)[of_face]


def _side_keys(tail: NDArray[np.int64], head: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers that sort by lower end, higher end and direction; there are fewer than 2^31 ends."""
    return (np.minimum(tail, head) << 32) | (np.maximum(tail, head) << 1) | (tail > head)
