"""Geometry made small for a glTF: Draco (KHR_draco_mesh_compression) and meshoptimizer (EXT_meshopt_compression)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

import numpy as np

from orfeas_desktop.engine.mesh.color import linear_words
from orfeas_desktop.engine.mesh.pick import picked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

    Array = NDArray[np.generic]
    Mode = Literal["ATTRIBUTES", "TRIANGLES", "INDICES"]
    Filter = Literal["NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL", "COLOR"]

DRACO, MESHOPT = "KHR_draco_mesh_compression", "EXT_meshopt_compression"
QUANTIZED = "KHR_mesh_quantization"
_PLACE_BITS, _UV_BITS, _NORMAL_BITS = 14, 14, 10
_MESHOPT_PLACE_BITS, _MESHOPT_UV_BITS = 16, 15
_DRACO_LEVEL = 7
ROUNDING = 2.0**-13
"""How far compressed places may lie from where they were, as a share of the size."""


class Compression(StrEnum):
    """How geometry is stored in a glTF."""

    none = "none"
    draco = "draco"
    meshopt = "meshopt"


@dataclass(frozen=True, eq=False)
class DracoPart:
    """The triangles of one material as Draco stores them, and what comes out again."""

    data: bytes
    faces: int
    vertices: int
    low: list[float]
    high: list[float]
    ids: dict[str, int]


def draco_part(mesh: Mesh, faces: NDArray[np.bool_] | None) -> DracoPart:
    """Return those faces of the mesh, all without `faces`, as one Draco stream.

    Draco leaves out triangles that have no area on its grid; a part that would lose some is stored in the
    order that it has, which takes more room. Texture coordinates beyond the first, tangents and colours stay exact.
    """
    import DracoPy

    part = mesh if faces is None else picked(mesh, np.flatnonzero(faces))
    extra = _exact_arrays(part)
    numbered = dict(enumerate(extra.values()))
    for ordered in (False, True):
        data: bytes = DracoPy.encode(
            part.vertices,
            part.faces.astype(np.uint32),
            quantization_bits=_PLACE_BITS,
            compression_level=_DRACO_LEVEL,
            preserve_order=ordered,
            tex_coord=part.uvs[0].astype(np.float64) if part.uvs else None,
            normals=None if part.normals is None else part.normals.astype(np.float64),
            generic_attributes=numbered or None,
            tex_coord_quantization_bits=_UV_BITS,
            normal_quantization_bits=_NORMAL_BITS,
        )
        found = DracoPy.decode(data)
        if len(found.faces) == part.face_count:
            break
    by_kind = {each["attribute_type"]: each["unique_id"] for each in found.attributes}
    ids = {"POSITION": by_kind[0]}
    if part.normals is not None:
        ids["NORMAL"] = by_kind[1]
    if part.uvs:
        ids["TEXCOORD_0"] = by_kind[3]
    ids |= {name: number for number, name in enumerate(extra)}
    places = np.asarray(found.points, np.float32)
    return DracoPart(
        data, len(found.faces), len(places), places.min(axis=0).tolist(), places.max(axis=0).tolist(), ids
    )


def _exact_arrays(mesh: Mesh) -> dict[str, Array]:
    found: dict[str, Array] = {f"TEXCOORD_{index}": uv for index, uv in enumerate(mesh.uvs) if index}
    if mesh.tangents is not None:
        found["TANGENT"] = mesh.tangents
    if mesh.colors is not None:
        found["COLOR_0"] = linear_words(mesh.colors)
    return found


@dataclass(frozen=True, eq=False)
class MeshoptArray:
    """An array as meshoptimizer stores it; `kind` and `stride` describe what comes out again."""

    data: bytes
    mode: Mode
    filter: Filter
    kind: str
    stride: int
    low: list[float] | None = None
    high: list[float] | None = None


def meshopt_array(attribute: str, array: Array) -> MeshoptArray:
    """Return an array of vertices; places and texture coordinates lie on a fine grid, normals in few bits."""
    import meshopt

    if attribute == "POSITION" or attribute.startswith("TEXCOORD"):
        bits = _MESHOPT_PLACE_BITS if attribute == "POSITION" else _MESHOPT_UV_BITS
        rows = meshopt.encode_filter_exp(np.asarray(array, np.float32), bits, "SharedComponent")
        data = meshopt.encode_gltf_buffer(rows, "ATTRIBUTES")
        stride = 4 * array.shape[1]
        found = meshopt.decode_gltf_buffer(data, len(array), stride, "ATTRIBUTES", "EXPONENTIAL")
        numbers = found.view(np.float32).reshape(len(array), -1)
        low, high = numbers.min(axis=0).tolist(), numbers.max(axis=0).tolist()
        return MeshoptArray(data, "ATTRIBUTES", "EXPONENTIAL", "<f4", stride, low, high)
    if attribute in {"NORMAL", "TANGENT"}:
        four = np.zeros((len(array), 4), np.float32)
        four[:, : array.shape[1]] = array
        rows = meshopt.encode_filter_oct(four, 8, _NORMAL_BITS)
        return MeshoptArray(
            meshopt.encode_gltf_buffer(rows, "ATTRIBUTES"), "ATTRIBUTES", "OCTAHEDRAL", "<i2", 8
        )
    return MeshoptArray(
        meshopt.encode_gltf_buffer(np.ascontiguousarray(array), "ATTRIBUTES"), "ATTRIBUTES", "NONE", "<u2", 8
    )


def meshopt_faces(faces: Array, kind: str) -> MeshoptArray:
    """Return triangles; which corner of each comes first is not kept."""
    import meshopt

    data = meshopt.encode_gltf_buffer(np.asarray(faces, np.uint32).reshape(-1), "TRIANGLES")
    return MeshoptArray(data, "TRIANGLES", "NONE", kind, np.dtype(kind).itemsize)


def in_cache_order(mesh: Mesh) -> Mesh:
    """Return the mesh with triangles and vertices in the order that graphics cards and meshoptimizer like.

    Faces stay with their material; vertices of no face and polygons are left out.
    """
    import meshopt

    groups = np.zeros(mesh.face_count, np.int32) if mesh.face_materials is None else mesh.face_materials
    ordered: list[NDArray[np.uint32]] = []
    for group in np.unique(groups):
        corners = mesh.faces[groups == group].astype(np.uint32).ravel()
        renumbered, places, used = meshopt.reorder_mesh(corners, triangles=True, optsize=True)
        ordered.append(_first_come(places, used)[renumbered])
    renumbered, places, used = meshopt.reorder_mesh(np.concatenate(ordered), triangles=False, optsize=False)
    rows = _first_come(places, used)
    return mesh.changed(
        vertices=mesh.vertices[rows],
        faces=renumbered.reshape(-1, 3).astype(np.int32),
        face_materials=None if mesh.face_materials is None else np.sort(groups),
        normals=None if mesh.normals is None else mesh.normals[rows],
        tangents=None if mesh.tangents is None else mesh.tangents[rows],
        uvs=tuple(uv[rows] for uv in mesh.uvs),
        colors=None if mesh.colors is None else mesh.colors[rows],
        polygons=None,
    )


def _first_come(places: NDArray[np.uint32], used: int) -> NDArray[np.uint32]:
    """Return which vertex stands at each new place."""
    rows = np.zeros(used, np.uint32)
    kept = places < used
    rows[places[kept]] = np.flatnonzero(kept)
    return rows
