"""A mesh's triangles as glTF primitives: plain, or small by Draco or meshoptimizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.color import linear_words
from orfeas_desktop.engine.mesh.gltf_compress import (
    DRACO,
    QUANTIZED,
    Compression,
    draco_part,
    meshopt_array,
    meshopt_faces,
)
from orfeas_desktop.engine.mesh.gltf_record import GltfMark
from orfeas_desktop.engine.mesh.gltf_schema import (
    GltfAccessor,
    GltfDraco,
    GltfPrimitive,
    GltfPrimitiveExtensions,
)
from orfeas_desktop.engine.mesh.gltf_store import COMPONENTS, INDEX_TARGET, TYPES, VERTEX_TARGET, GltfStore
from orfeas_desktop.engine.mesh.polygons import as_fans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_NGONS = "FB_ngon_encoding"


@dataclass
class GltfGeometry:
    """Puts the geometry of meshes into a store."""

    store: GltfStore
    compression: Compression

    def primitives(self, mesh: Mesh, materials: Sequence[int]) -> list[GltfPrimitive]:
        """Store the mesh's triangles; return a primitive for each of its materials that is used.

        `materials` says under which number the document holds each.
        """
        if self.compression is Compression.draco:
            return self._draco_primitives(mesh, materials)
        return self._primitives(mesh, materials)

    def _primitives(self, mesh: Mesh, materials: Sequence[int]) -> list[GltfPrimitive]:
        packed = self.compression is Compression.meshopt
        add = self._add_packed if packed else self._add_attribute
        attributes = {name: add(name, array) for name, array in _attributes(mesh).items()}
        kind = _index_kind(mesh.vertex_count)
        fans = None if packed else _polygon_fans(mesh)
        if fans is not None:
            self.store.use_extension(_NGONS)
        return [
            GltfPrimitive(
                attributes=attributes,
                indices=self._add_packed_faces(faces, kind)
                if packed
                else self.store.add_array(faces.reshape(-1, 1), kind, target=INDEX_TARGET),
                material=materials[material],
                extensions=None if fans is None else GltfPrimitiveExtensions(ngons=GltfMark()),
            )
            for material, faces in (_faces_by_material(mesh) if fans is None else [(0, fans)])
        ]

    def _draco_primitives(self, mesh: Mesh, materials: Sequence[int]) -> list[GltfPrimitive]:
        self.store.use_extension(DRACO, required=True)
        groups = mesh.face_materials
        numbers = [0] if groups is None else np.unique(groups).tolist()
        return [
            self._draco_primitive(mesh, None if groups is None else groups == number, materials[number])
            for number in numbers
        ]

    def _draco_primitive(self, mesh: Mesh, faces: NDArray[np.bool_] | None, material: int) -> GltfPrimitive:
        part = draco_part(mesh, faces)
        view = self.store.add_bytes(part.data, None)
        attributes: dict[str, int] = {}
        for name, array in _attributes(mesh).items():
            accessor = GltfAccessor(
                component_type=COMPONENTS[array.dtype.str],
                normalized=name == "COLOR_0",
                count=part.vertices,
                type=TYPES[array.shape[1]],
            )
            if name == "POSITION":
                accessor.min, accessor.max = part.low, part.high
            attributes[name] = self.store.add_accessor(accessor)
        kind = COMPONENTS[_index_kind(part.vertices)]
        corners = GltfAccessor(component_type=kind, count=3 * part.faces, type="SCALAR")
        return GltfPrimitive(
            attributes=attributes,
            indices=self.store.add_accessor(corners),
            material=material,
            extensions=GltfPrimitiveExtensions(draco=GltfDraco(buffer_view=view, attributes=part.ids)),
        )

    def _add_packed(self, name: str, array: NDArray[np.generic]) -> int:
        packed = meshopt_array(name, array)
        if packed.kind == "<i2":
            self.store.use_extension(QUANTIZED, required=True)
        accessor = GltfAccessor(
            buffer_view=self.store.add_packed(packed, len(array), VERTEX_TARGET),
            component_type=COMPONENTS[packed.kind],
            normalized=packed.kind != "<f4",
            count=len(array),
            type=TYPES[array.shape[1]],
        )
        if name == "POSITION":
            accessor.min, accessor.max = packed.low, packed.high
        return self.store.add_accessor(accessor)

    def _add_packed_faces(self, faces: NDArray[np.int32], kind: str) -> int:
        packed = meshopt_faces(faces, kind)
        view = self.store.add_packed(packed, faces.size, INDEX_TARGET)
        return self.store.add_accessor(
            GltfAccessor(buffer_view=view, component_type=COMPONENTS[kind], count=faces.size, type="SCALAR")
        )

    def _add_attribute(self, name: str, array: NDArray[np.generic]) -> int:
        kind = array.dtype.str
        return self.store.add_array(array, kind, bounds=name == "POSITION", normalized=name == "COLOR_0")


def _attributes(mesh: Mesh) -> dict[str, NDArray[np.generic]]:
    """Return what a mesh has for each vertex, by the names of glTF and as it is stored there."""
    found: dict[str, NDArray[np.generic]] = {"POSITION": mesh.vertices.astype("<f4", copy=False)}
    if mesh.normals is not None:
        found["NORMAL"] = _unit(mesh.normals).astype("<f4", copy=False)
    if mesh.tangents is not None:
        found["TANGENT"] = _unit_tangents(mesh.tangents).astype("<f4", copy=False)
    for index, uv in enumerate(mesh.uvs):
        found[f"TEXCOORD_{index}"] = uv.astype("<f4", copy=False)
    if mesh.colors is not None:
        found["COLOR_0"] = linear_words(mesh.colors).astype("<u2", copy=False)
    return found


def _index_kind(vertices: int) -> str:
    return "<u2" if vertices <= 65535 else "<u4"


def _polygon_fans(mesh: Mesh) -> NDArray[np.int32] | None:
    """Return the triangles as the extension for polygons wants them; None where it cannot hold the polygons."""
    if mesh.polygons is None or mesh.face_materials is not None:
        return None
    fans = as_fans(mesh.polygons)
    return fans if fans is not None and len(fans) == mesh.face_count else None


def _faces_by_material(mesh: Mesh) -> list[tuple[int, NDArray[np.int32]]]:
    groups = mesh.face_materials
    if groups is None:
        return [(0, mesh.faces)]
    return [(int(index), mesh.faces[groups == index]) for index in np.unique(groups)]


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (N, 3) `vectors` with unit length, themselves when they have it; zero becomes +z."""
    square = np.einsum("ij,ij->i", vectors, vectors)
    wrong = np.abs(square - 1.0) > 1e-3
    if not wrong.any():
        return vectors
    fixed = vectors.copy()
    bad = vectors[wrong].astype(np.float64)
    length = np.linalg.norm(bad, axis=1, keepdims=True)
    fixed[wrong] = np.where(length > 0, bad / np.where(length > 0, length, 1.0), (0.0, 0.0, 1.0))
    return fixed


def _unit_tangents(tangents: NDArray[np.float32]) -> NDArray[np.float32]:
    handedness = np.where(tangents[:, 3:] < 0, np.float32(-1), np.float32(1))
    return np.concatenate([_unit(tangents[:, :3]), handedness], axis=1)
