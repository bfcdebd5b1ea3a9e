"""Which point of the detailed surface stands for a point of the simple one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.bake.surface import Spots, Surface, between, unit
from orfeas_desktop.engine.mesh.distance import sampled_spots
from orfeas_desktop.engine.mesh.normals import NormalWeight, vertex_normals
from orfeas_desktop.engine.mesh.rays import RayTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_BACK = 1e-4
"""How far behind a point its rays start, in sizes of the detailed surface."""
_PROBES = 4000
_FARTHEST = 0.2
_NEAREST = 0.002


@dataclass(frozen=True, eq=False)
class Projection:
    """Looks along the simple surface's smooth normals, outwards and inwards, for the detailed one.

    What faces the same way and is nearest is taken, `reach` (in sizes of the detailed surface) at most.
    """

    low: Mesh
    directions: NDArray[np.float32]
    high: Surface
    tree: RayTree
    reach: float

    def match(self, spots: Spots) -> tuple[NDArray[np.int64], Spots]:
        """Return which of the spots of the simple surface have a partner, and the partners."""
        points = self.tree.placed(between(self.low.vertices, self.low.faces, spots))
        directions = unit(between(self.directions, self.low.faces, spots))
        faces, weights, _ = self._nearest(points, directions)
        found = np.flatnonzero(faces >= 0)
        return found, Spots(faces[found], weights[found])

    def _nearest(
        self, points: NDArray[np.float32], directions: NDArray[np.float32], *, facing: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        faces = np.full(len(points), -1, np.int64)
        weights, best = np.zeros((len(points), 3), np.float32), np.full(len(points), np.inf, np.float32)
        for way in (directions, -directions):
            met = self.tree.met(points - _BACK * way, way, self.reach + _BACK)
            distance = np.abs(met.distances - _BACK)
            better = (met.faces >= 0) & (distance < best)
            if facing:
                normals = self.tree.normals[met.faces]
                better &= np.einsum("nd,nd->n", normals, directions) > 0
            faces[better], weights[better], best[better] = (
                met.faces[better],
                met.weights[better],
                distance[better],
            )
        return faces, weights, best

    def probe(self, seed: int) -> Probe:
        """Return what random points of the simple surface find."""
        numbers, weights = sampled_spots(self.low, _PROBES, seed)
        spots = Spots(numbers, weights.astype(np.float32))
        points = self.tree.placed(between(self.low.vertices, self.low.faces, spots))
        directions = unit(between(self.directions, self.low.faces, spots))
        faces, _, distances = self._nearest(points, directions, facing=False)
        hit = faces >= 0
        towards = np.einsum("nd,nd->n", self.tree.normals[faces[hit]], directions[hit])
        return Probe(distances[hit], float(hit.mean()), float((towards < 0).mean()) if hit.any() else 0.0)


@dataclass(frozen=True, eq=False)
class Probe:
    """distances found, the share of points that found anything, and the share of what faces the other way."""

    distances: NDArray[np.float32]
    found: float
    averse: float


def project(low: Mesh, high: Mesh, reach: float | None, seed: int) -> tuple[Projection | None, bool]:
    """Return the projection of `low` on `high`, which has the same unit, and whether `high` was turned inside out.

    Without `reach` it is taken from how far they are apart. None when they lie elsewhere.
    """
    directions = vertex_normals(low, NormalWeight.angle)
    surface, tree = Surface(high), RayTree.of(high)
    first = Projection(low, directions, surface, tree, _FARTHEST if reach is None else reach)
    probe = first.probe(seed)
    if probe.found < 0.02:
        return None, False
    if reach is None:
        reach = float(np.clip(2 * np.quantile(probe.distances, 0.98), _NEAREST, _FARTHEST))
    turned = probe.averse > 0.5
    if turned:
        high = high.changed(
            faces=np.ascontiguousarray(high.faces[:, ::-1]),
            normals=None if high.normals is None else -high.normals,
            tangents=None,
        )
        surface, tree = Surface(high), RayTree.of(high)
    return Projection(low, directions, surface, tree, reach), turned
