"""The surface that is asked: its normals, colours and other values at points of its faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.color import linear_of
from orfeas_desktop.engine.mesh.normals import face_normals, vertex_normals
from orfeas_desktop.engine.mesh.sample import bilinear
from orfeas_desktop.engine.mesh.tangents import with_tangents
from orfeas_desktop.engine.mesh.textures import pixels_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture


_MOST_TEXELS = 8192
"""Larger textures are looked at in half the size, so that several fit into memory."""


@dataclass(frozen=True, eq=False)
class Spots:
    """Points of a surface: faces (N,) and weights (N, 3) barycentric."""

    faces: NDArray[np.int64]
    weights: NDArray[np.float32]

    def of(self, chosen: NDArray[np.integer] | NDArray[np.bool_]) -> Spots:
        """Return some of the spots."""
        return Spots(self.faces[chosen], self.weights[chosen])


def between(rows: NDArray[np.floating], faces: NDArray[np.int32], spots: Spots) -> NDArray[np.float32]:
    """Return (N, n) the values of vertices (V, n) between the corners where the spots are."""
    corners = faces[spots.faces]
    out = rows[corners[:, 0]] * spots.weights[:, :1]
    for corner in (1, 2):
        out += rows[corners[:, corner]] * spots.weights[:, corner : corner + 1]
    return out.astype(np.float32, copy=False)


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return vectors of length one; nothing becomes +z."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    up = np.array([0.0, 0.0, 1.0], np.float32)
    return np.where(length > 0, vectors / np.where(length > 0, length, 1.0), up).astype(np.float32)


class Surface:
    """A mesh with its pictures decoded once; what it answers is linear and has the materials' factors in it."""

    def __init__(self, mesh: Mesh) -> None:
        if mesh.normals is None:
            mesh = mesh.changed(normals=vertex_normals(mesh))
        bumpy = next((m.normal_map for m in mesh.materials if self._laid(mesh, m.normal_map)), None)
        if bumpy is not None:
            mesh = with_tangents(mesh, bumpy.uv_set)
        self.mesh = mesh
        self.groups = mesh.face_materials
        self._pixels: dict[int, NDArray[np.uint8]] = {}

    @staticmethod
    def _laid(mesh: Mesh, texture: Texture | None) -> bool:
        return texture is not None and texture.uv_set < len(mesh.uvs)

    def points(self, spots: Spots) -> NDArray[np.float32]:
        """Return (N, 3) where the spots are, in units of the mesh."""
        return between(self.mesh.vertices, self.mesh.faces, spots)

    def flat_normals(self, spots: Spots) -> NDArray[np.float32]:
        """Return (N, 3) unit normals of the faces."""
        return unit(face_normals(self.mesh.vertices, self.mesh.faces[spots.faces]))

    def normals(self, spots: Spots) -> NDArray[np.float32]:
        """Return (N, 3) unit shading normals, normal maps included."""
        mesh = self.mesh
        assert mesh.normals is not None
        normals = unit(between(mesh.normals, mesh.faces, spots))
        for material, mine in self._by_material(spots):
            texture = material.normal_map
            if texture is not None and self._laid(mesh, texture) and len(mine):
                normals[mine] = self._bumped(texture, material.normal_scale, spots.of(mine), normals[mine])
        return normals

    def base_color(self, spots: Spots) -> NDArray[np.float32]:
        """Return (N, 4) linear: factor × texture × vertex colour."""
        light = np.ones((len(spots.faces), 4), np.float32)
        for material, mine in self._by_material(spots):
            light[mine] *= np.array(material.base_color, np.float32)
            light[mine] *= self._texels(material.base_color_texture, spots.of(mine))
        colors = self.mesh.colors
        if colors is not None:
            linear = linear_of(np.arange(256) / 255.0)[colors]
            linear[:, 3] = colors[:, 3] / np.float32(255)
            light *= between(linear, self.mesh.faces, spots)
        return light

    def rough_metal(self, spots: Spots) -> NDArray[np.float32]:
        """Return (N, 2): roughness, metallic."""
        out = np.empty((len(spots.faces), 2), np.float32)
        for material, mine in self._by_material(spots):
            texels = self._texels(material.metallic_roughness_texture, spots.of(mine), encoded=False)
            out[mine] = texels[:, 1:3] * np.array([material.roughness, material.metallic], np.float32)
        return out

    def occlusion(self, spots: Spots) -> NDArray[np.float32]:
        """Return (N, 1) what its occlusion textures say, 1 without."""
        out = np.ones((len(spots.faces), 1), np.float32)
        for material, mine in self._by_material(spots):
            texels = self._texels(material.occlusion_texture, spots.of(mine), encoded=False)
            out[mine] = 1 + material.occlusion_strength * (texels[:, :1] - 1)
        return out

    def emissive(self, spots: Spots) -> NDArray[np.float32]:
        """Return (N, 3) linear: factor × texture."""
        out = np.empty((len(spots.faces), 3), np.float32)
        for material, mine in self._by_material(spots):
            texels = self._texels(material.emissive_texture, spots.of(mine))
            out[mine] = texels[:, :3] * np.array(material.emissive, np.float32)
        return out

    def _by_material(self, spots: Spots) -> Iterator[tuple[Material, NDArray[np.int64]]]:
        of_spot = np.zeros(len(spots.faces), np.int32) if self.groups is None else self.groups[spots.faces]
        for number, material in enumerate(self.mesh.materials):
            yield material, np.flatnonzero(of_spot == number)

    def _texels(self, texture: Texture | None, spots: Spots, *, encoded: bool = True) -> NDArray[np.float32]:
        if texture is None or not self._laid(self.mesh, texture) or not len(spots.faces):
            return np.broadcast_to(np.float32(1), (len(spots.faces), 4))
        key = id(texture.data)
        if key not in self._pixels:
            self._pixels[key] = pixels_of(texture, _MOST_TEXELS)
        uv = between(self.mesh.uvs[texture.uv_set], self.mesh.faces, spots)
        return bilinear(self._pixels[key], uv, encoded=encoded)

    def _bumped(
        self, texture: Texture, scale: float, spots: Spots, normals: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        assert self.mesh.tangents is not None
        told = self._texels(texture, spots, encoded=False)[:, :3] * 2 - 1
        tangents = between(self.mesh.tangents, self.mesh.faces, spots)
        across = np.cross(normals, tangents[:, :3]) * np.where(tangents[:, 3:] < 0, -1.0, 1.0)
        bent = tangents[:, :3] * told[:, :1] * scale + across * told[:, 1:2] * scale + normals * told[:, 2:]
        return unit(bent)
