"""Where drain holes go: from a hollow's lowest places straight out through the wall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.distance import closest_on
from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.rays import RayTree
from orfeas_desktop.engine.mesh.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifold3d import Manifold
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_LOW_PART = 0.3
_MOST_SPOTS = 400
_DOWN = 0.7
_SIDES = 32
_NARROWEST = 0.25
"""No hole has a larger radius than this share of the hollow's narrowest side."""


@dataclass(frozen=True, eq=False)
class Bore:
    """A round hole from `start` along the unit `way`."""

    start: NDArray[np.float64]
    way: NDArray[np.float64]
    length: float
    radius: float

    def solid(self) -> Manifold:
        """Return what is taken out."""
        import manifold3d

        drill = manifold3d.Manifold.cylinder(self.length, self.radius, self.radius, _SIDES)
        helper = np.eye(3)[int(np.argmin(np.abs(self.way)))]
        side = np.cross(helper, self.way)
        side /= np.linalg.norm(side)
        matrix = np.stack([side, np.cross(self.way, side), self.way, self.start], axis=1)
        return drill.transform(matrix)


def found_bores(skin: Mesh, inner: Mesh, most: int, radius: float, step: Callable[[], None]) -> list[Bore]:
    """Return up to `most` holes for each hollow of `inner`, far from each other, downwards where that is possible."""
    if not most:
        return []
    topology = Topology.of(inner)
    pieces = topology.component_ids()
    tree = RayTree.of(merged([skin.changed(normals=None), inner.changed(materials=skin.materials)]))
    bores: list[Bore] = []
    for piece in range(int(pieces.max()) + 1):
        step()
        places = inner.vertices[np.unique(inner.faces[pieces == piece])].astype(np.float64)
        bores += _bores_of(skin, tree, places, most, radius)
    return bores


def _bores_of(skin: Mesh, tree: RayTree, places: NDArray[np.float64], most: int, radius: float) -> list[Bore]:
    radius = min(radius, float(np.ptp(places, axis=0).min()) * _NARROWEST)
    heights = places[:, 1]
    low = heights.min() + _LOW_PART * (heights.max() - heights.min())
    spots = places[np.argsort(heights, kind="stable")]
    spots = spots[: max(int((heights <= low).sum()), 1)]
    spots = spots[:: max(len(spots) // _MOST_SPOTS, 1)]
    found = closest_on(skin, spots)
    ways = (found.points - spots) / np.maximum(found.distances, 1e-30)[:, None]
    down = np.flatnonzero(ways[:, 1] < -_DOWN)
    usable = down if len(down) else np.arange(len(spots))
    chosen = [int(usable[0])]
    while len(chosen) < most:
        apart = np.linalg.norm(spots[usable][:, None] - spots[chosen], axis=2).min(axis=1)
        farthest = int(np.argmax(apart))
        if apart[farthest] < 4 * radius:
            break
        chosen.append(int(usable[farthest]))
    starts, ends, ways = spots[chosen], found.points[chosen], ways[chosen]
    spare = radius + found.distances[chosen] / 2
    inside = np.minimum(spare, tree.first(starts, -ways).distances / 2)
    outside = np.minimum(spare, tree.first(ends, ways).distances / 2)
    return [
        Bore(start - back * way, way, float(distance + back + out), radius)
        for start, way, distance, back, out in zip(
            starts, ways, found.distances[chosen], inside, outside, strict=True
        )
    ]
