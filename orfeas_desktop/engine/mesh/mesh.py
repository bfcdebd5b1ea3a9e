"""Mesh: vertices, faces, UV sets and PBR materials as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Self

import numpy as np

from orfeas_desktop.engine.mesh.finish import PLAIN, Finish, Texture
from orfeas_desktop.errors import BadMesh
from orfeas_desktop.params import Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Integers = NDArray[np.int32]
    Bytes = NDArray[np.uint8]

__all__ = ["AlphaMode", "Colour", "Finish", "Material", "Mesh", "Polygons", "Texture"]

Colour = tuple[float, float, float, float]

_FARTHEST = 1e15
"""Coordinates beyond this lose themselves in squares and cubes of single precision."""


class AlphaMode(StrEnum):
    """How a material's alpha is used (glTF 2.0, section 3.9.4)."""

    opaque = "OPAQUE"
    mask = "MASK"
    blend = "BLEND"


@dataclass(frozen=True)
class Material:
    """A metallic-roughness material; factors are linear and multiply their textures (glTF 2.0, section 3.9)."""

    name: str = "material"
    base_color: Colour = (1.0, 1.0, 1.0, 1.0)
    base_color_texture: Texture | None = None
    metallic: float = 0.0
    roughness: float = 0.85
    metallic_roughness_texture: Texture | None = None
    normal_map: Texture | None = None
    normal_scale: float = 1.0
    occlusion_texture: Texture | None = None
    occlusion_strength: float = 1.0
    emissive: tuple[float, float, float] = (0.0, 0.0, 0.0)
    emissive_texture: Texture | None = None
    alpha_mode: AlphaMode = AlphaMode.opaque
    alpha_cutoff: float = 0.5
    double_sided: bool = False
    finish: Finish = PLAIN


@dataclass(frozen=True, eq=False)
class Polygons:
    """Faces of any number of corners: polygon i has corners `indices[offsets[i]:offsets[i + 1]]`."""

    offsets: Integers
    indices: Integers


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles with their surface, right-handed, y up, +z towards the viewer; treat arrays as read-only.

    vertices   (V, 3) float32, in units of `metres_per_unit`; split where UVs or normals are
    faces      (F, 3) int32, counter-clockwise seen from outside
    normals    (V, 3) float32, unit length, or None
    tangents   (V, 4) float32, xyz and handedness ±1 (glTF 2.0), or None
    uvs        per UV set (V, 2) float32, origin at the top left (glTF 2.0)
    colors     (V, 4) uint8, sRGB-encoded like a base colour texture, alpha linear; multiply the base colour; or None
    materials  at least one
    face_materials  (F,) int32 index into `materials`, or None: all faces use the first
    polygons   the faces before triangulation, over the same vertices, or None when there are only triangles
    extras     notes that travel in the file: how the mesh was made
    known      what has been found out about these very arrays, by name; a changed copy starts anew
    """

    vertices: Floats
    faces: Integers
    normals: Floats | None = None
    tangents: Floats | None = None
    uvs: tuple[Floats, ...] = ()
    colors: Bytes | None = None
    materials: tuple[Material, ...] = (Material(),)
    face_materials: Integers | None = None
    polygons: Polygons | None = None
    metres_per_unit: float = 1.0
    name: str = "mesh"
    extras: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    known: dict[str, object] = field(default_factory=dict[str, object], init=False, repr=False)

    @property
    def vertex_count(self) -> int:
        """How many vertices, seam copies counted."""
        return len(self.vertices)

    @property
    def face_count(self) -> int:
        """How many triangles."""
        return len(self.faces)

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """The lowest and highest corner, in units."""
        return self.vertices.min(axis=0), self.vertices.max(axis=0)

    @property
    def size_m(self) -> tuple[float, float, float]:
        """Width, height and depth in metres."""
        low, high = self.bounds
        x, y, z = (high - low).astype(float) * self.metres_per_unit
        return float(x), float(y), float(z)

    def changed(self, **changes: object) -> Self:
        """Return a copy with these fields replaced."""
        return replace(self, **changes)  # pyright: ignore[reportArgumentType]  # replace() checks the names itself

    def check(self) -> Self:
        """Return this mesh when its arrays fit together.

        Raises BadMesh: no faces, an index out of range, a value not finite or out of all measure, lengths that differ.
        """
        problem = _problem(self)
        if problem:
            raise BadMesh(name=self.name, problem=problem)
        return self


def _problem(mesh: Mesh) -> str:
    count = mesh.vertex_count
    if not count or not mesh.face_count:
        return "it has no faces"
    if mesh.faces.min() < 0 or mesh.faces.max() >= count:
        return "a face names a vertex that is not there"
    per_vertex = {"normals": mesh.normals, "tangents": mesh.tangents, "colors": mesh.colors}
    per_vertex |= {f"uv set {index}": uv for index, uv in enumerate(mesh.uvs)}
    for label, array in {"vertices": mesh.vertices, **per_vertex}.items():
        if array is None:
            continue
        if len(array) != count:
            return f"{label} has {len(array)} rows for {count} vertices"
        if not np.isfinite(array).all():
            return f"{label} holds a value that is not finite"
    if np.abs(mesh.vertices).max() > _FARTHEST:
        return "a vertex lies too far out to be computed with"
    if not mesh.materials:
        return "it has no material"
    groups = mesh.face_materials
    if groups is not None and (
        len(groups) != mesh.face_count or groups.min() < 0 or groups.max() >= len(mesh.materials)
    ):
        return "a face names a material that is not there"
    return ""
