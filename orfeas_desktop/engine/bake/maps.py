"""What a map says at samples of the simple surface, each with its partner on the detailed one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from orfeas_desktop.engine.bake.surface import Spots, Surface, between, unit
from orfeas_desktop.engine.mesh.color import encoded_of
from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.weld import welded_ids

if TYPE_CHECKING:
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.mesh.rays import RayTree

Values = NDArray[np.float32]

_OFF = np.float32(2e-5)
"""How far off the surface rays start, in its sizes."""
_GOLDEN = (5**0.5 - 1) / 2


class Map(StrEnum):
    """What can be baked."""

    normal = "normal"
    occlusion = "occlusion"
    base_color = "base_color"
    rough_metal = "rough_metal"
    emissive = "emissive"
    thickness = "thickness"
    curvature = "curvature"


CHANNELS = {
    Map.normal: 3,
    Map.occlusion: 1,
    Map.base_color: 4,
    Map.rough_metal: 2,
    Map.emissive: 3,
    Map.thickness: 1,
    Map.curvature: 1,
}
RESTING = {Map.normal: (128, 128, 255)}
"""What stands where nothing was baked; elsewhere the mean of what was."""
_ENCODED = (Map.base_color, Map.emissive)


def bytes_of(kind: Map, values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return averaged values as a picture stores them."""
    if kind is Map.normal:
        flat = unit(values.reshape(-1, 3)).reshape(values.shape)
        return np.rint((flat * 0.5 + 0.5) * 255).astype(np.uint8)
    stored = np.clip(values, 0.0, 1.0)
    if kind in _ENCODED:
        stored = np.concatenate([encoded_of(stored[..., :3]), stored[..., 3:]], axis=-1)
    return np.rint(stored * 255).astype(np.uint8)


def tangent_normals(low: Mesh, spots: Spots, normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (N, 3) unit `normals` in the tangent frames of `low`, which has normals and tangents.

    The exact inverse of what MikkTSpace has renderers do: frames are interpolated, not made square.
    """
    assert low.normals is not None
    assert low.tangents is not None
    up, tangents = between(low.normals, low.faces, spots), between(low.tangents, low.faces, spots)
    along = tangents[:, :3]
    across = np.cross(up, along) * np.where(tangents[:, 3:] < 0, np.float32(-1), np.float32(1))
    told = np.stack(
        [
            np.einsum("nd,nd->n", normals, np.cross(across, up)),
            np.einsum("nd,nd->n", normals, np.cross(up, along)),
            np.einsum("nd,nd->n", normals, np.cross(along, across)),
        ],
        axis=1,
    )
    handed = np.einsum("nd,nd->n", along, np.cross(across, up))
    return unit(told * np.where(handed < 0, np.float32(-1), np.float32(1))[:, None])


@dataclass(frozen=True, eq=False)
class Sky:
    """Asks how open or how thick the surface is, with `rays` a sample; lengths in sizes of the surface."""

    tree: RayTree
    surface: Surface
    rays: int
    look: Callable[[], None]
    """Called between rays, to be able to stop."""

    def openness(self, spots: Spots, normals: NDArray[np.float32], reach: float, seed: int) -> Values:
        """Return (N, 1) the share of the cosine-weighted sky that nothing within `reach` hides."""
        flat = self.surface.flat_normals(spots)
        starts = self.tree.placed(self.surface.points(spots)) + _OFF * flat
        free, counted = np.zeros(len(starts), np.float32), np.zeros(len(starts), np.float32)
        for ways in self._ways(normals, seed):
            above = np.einsum("nd,nd->n", ways, flat) > 0
            hidden = self.tree.blocked(starts, ways, reach)
            free += above & ~hidden
            counted += above
        return (free / np.maximum(counted, 1)).astype(np.float32)[:, None]

    def thickness(self, spots: Spots, normals: NDArray[np.float32], reach: float, seed: int) -> Values:
        """Return (N, 1) how far rays run inside on average, as a share of `reach`, 1 at most."""
        starts = self.tree.placed(self.surface.points(spots)) - _OFF * self.surface.flat_normals(spots)
        total = np.zeros(len(starts), np.float32)
        for ways in self._ways(-normals, seed):
            met = self.tree.met(starts, ways, reach)
            total += np.where(met.faces >= 0, met.distances / reach, 1.0)
        return (total / self.rays).astype(np.float32)[:, None]

    def _ways(self, normals: NDArray[np.float32], seed: int) -> Iterator[Values]:
        """Yield `rays` cosine-weighted directions (N, 3) about the normals, turned by chance for each sample."""
        along = unit(np.cross(normals, np.where(np.abs(normals[:, :1]) < 0.7, [[1.0, 0, 0]], [[0, 1.0, 0]])))
        across = np.cross(normals, along)
        turn = np.random.default_rng(seed).random((2, len(normals)), np.float32)
        for number in range(self.rays):
            self.look()
            height = (number + turn[0]) / self.rays
            angle = 2 * np.pi * ((number * _GOLDEN + turn[1]) % 1.0)
            out = np.sqrt(1 - height)[:, None]
            ways = along * (np.cos(angle)[:, None] * out) + across * (np.sin(angle)[:, None] * out)
            yield (ways + normals * np.sqrt(height)[:, None]).astype(np.float32)


def vertex_curvature(mesh: Mesh) -> NDArray[np.float32]:
    """Return (V, 1) the mean curvature of each vertex in 1/unit, positive where the surface bulges.

    The mean over its edges of how far the normal turns along the edge.
    """
    ids = welded_ids(mesh.vertices)
    normals = vertex_normals(mesh, groups=ids)
    tails, heads = mesh.faces.reshape(-1), mesh.faces[:, (1, 2, 0)].reshape(-1)
    step = mesh.vertices[heads].astype(np.float64) - mesh.vertices[tails]
    length = np.einsum("nd,nd->n", step, step)
    turn = np.einsum("nd,nd->n", (normals[heads] - normals[tails]).astype(np.float64), step)
    bend = np.where(length > 0, turn / np.where(length > 0, length, 1.0), 0.0)
    count = int(ids.max()) + 1
    both = np.concatenate([ids[tails], ids[heads]])
    total = np.bincount(both, np.concatenate([bend, bend]), count)
    return (total / np.maximum(np.bincount(both, minlength=count), 1))[ids, None].astype(np.float32)
