"""Meshes as FBX geometry records: welded points, everything else per corner and indexed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.formats.fbx_binary import Packed, Record, Whole, packed_all
from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.polygons import whole_polygons
from orfeas_desktop.engine.mesh.weld import first_of_each, welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

    Array = NDArray[np.floating] | NDArray[np.integer]

_HARD = 0.9998
"""A face is flat, not part of a smooth surface, when its corner normals turn no further from its own: 1.1°."""


@dataclass(frozen=True)
class GeometryStyle:
    """polygons    whether those of the mesh are written, else its triangles
    materials   whether its faces say which material they have
    """

    polygons: bool = False
    materials: bool = True


@dataclass(frozen=True)
class _Layer:
    """One layer element: its record and array names, and the columns it holds."""

    element: str
    array: str
    index: str
    values: Array
    number: int = 0
    title: str = ""


@dataclass(frozen=True, eq=False)
class _Outline:
    """corners (N,) the vertex of every corner, last (P,) the place of each face's last one, first (P,) its triangle."""

    corners: NDArray[np.int32]
    last: NDArray[np.integer]
    first: NDArray[np.integer]

    @classmethod
    def of(cls, mesh: Mesh, *, polygons: bool) -> _Outline:
        whole = whole_polygons(mesh) if polygons else None
        if whole is None:
            numbers = np.arange(mesh.face_count)
            return cls(mesh.faces.reshape(-1), 3 * numbers + 2, numbers)
        numbers = np.arange(len(whole.offsets) - 1)
        return cls(whole.indices, whole.offsets[1:] - 1, whole.offsets[:-1] - 2 * numbers)


def geometry_record(
    identity: int,
    name: str,
    mesh: Mesh,
    matrix: NDArray[np.float64],
    threads: int,
    style: GeometryStyle,
) -> Record:
    """Return the geometry of `mesh`, its points moved by the (3, 3) `matrix`, a rotation times a scale.

    UV sets have their origin at the lower left, as FBX wants it.
    """
    ids = welded_ids(mesh.vertices)
    points = mesh.vertices[first_of_each(ids)].astype(np.float64) @ matrix.T
    outline = _Outline.of(mesh, polygons=style.polygons)
    ends = ids[outline.corners].astype(np.int32)
    ends[outline.last] = ~ends[outline.last]
    layers = _layers(mesh, matrix / np.cbrt(np.linalg.det(matrix)))
    arrays: list[tuple[Array, str]] = [(points, "<f8"), (ends, "<i4"), (outline.corners, "<i4")]
    arrays += [(layer.values, "<f8") for layer in layers]
    arrays.append((_smoothing(mesh)[outline.first], "<i4"))
    groups = mesh.face_materials
    arrays.append((np.zeros(1, np.int32) if groups is None else groups[outline.first], "<i4"))
    places, corners, rows, *values, smoothing, materials = packed_all(arrays, threads)
    record = Record("Geometry", (Whole(identity), f"{name}\0\1Geometry", "Mesh"))
    record.add("GeometryVersion", 124)
    record.add("Vertices", places)
    record.add("PolygonVertexIndex", corners)
    for layer, packed in zip(layers, values, strict=True):
        _add_corner_layer(record, layer, packed, rows)
    _add_face_layer(record, "LayerElementSmoothing", "ByPolygon", "Direct", ("Smoothing", smoothing))
    if style.materials:
        by = "AllSame" if groups is None else "ByPolygon"
        _add_face_layer(record, "LayerElementMaterial", by, "IndexToDirect", ("Materials", materials))
    _add_tables(record, layers, materials=style.materials)
    return record


def _layers(mesh: Mesh, turn: NDArray[np.float64]) -> list[_Layer]:
    layers: list[_Layer] = []
    if mesh.normals is not None:
        normals = mesh.normals @ turn.T
        layers.append(_Layer("LayerElementNormal", "Normals", "NormalsIndex", normals))
        if mesh.tangents is not None:
            tangents = mesh.tangents[:, :3] @ turn.T
            other = np.cross(normals, tangents) * mesh.tangents[:, 3:]
            layers.append(_Layer("LayerElementBinormal", "Binormals", "BinormalsIndex", other))
            layers.append(_Layer("LayerElementTangent", "Tangents", "TangentsIndex", tangents))
    for number, uv in enumerate(mesh.uvs):
        flipped = np.stack([uv[:, 0], 1.0 - uv[:, 1].astype(np.float64)], axis=1)
        layers.append(_Layer("LayerElementUV", "UV", "UVIndex", flipped, number, f"UVMap{number or ''}"))
    if mesh.colors is not None:
        layers.append(
            _Layer("LayerElementColor", "Colors", "ColorIndex", mesh.colors / 255.0, title="Colors")
        )
    return layers


def _add_corner_layer(record: Record, layer: _Layer, values: Packed, rows: Packed) -> None:
    element = record.add(layer.element, layer.number)
    element.add("Version", 102 if layer.element in _WITH_WEIGHTS else 101)
    element.add("Name", layer.title)
    element.add("MappingInformationType", "ByPolygonVertex")
    element.add("ReferenceInformationType", "IndexToDirect")
    element.add(layer.array, values)
    element.add(layer.index, rows)


_WITH_WEIGHTS = ("LayerElementNormal", "LayerElementBinormal", "LayerElementTangent")


def _add_face_layer(
    record: Record, name: str, mapping: str, reference: str, array: tuple[str, Packed]
) -> None:
    element = record.add(name, 0)
    element.add("Version", 102 if name == "LayerElementSmoothing" else 101)
    element.add("Name", "")
    element.add("MappingInformationType", mapping)
    element.add("ReferenceInformationType", reference)
    element.add(*array)


def _add_tables(record: Record, layers: list[_Layer], *, materials: bool) -> None:
    """Say which elements make a layer; every UV set but the first has a layer of its own."""
    tables: dict[int, list[str]] = {0: ["LayerElementSmoothing"]}
    if materials:
        tables[0].append("LayerElementMaterial")
    for layer in layers:
        tables.setdefault(layer.number, []).append(layer.element)
    for number, elements in sorted(tables.items()):
        table = record.add("Layer", number)
        table.add("Version", 100)
        for element in elements:
            entry = table.add("LayerElement")
            entry.add("Type", element)
            entry.add("TypedIndex", number)


def _smoothing(mesh: Mesh) -> NDArray[np.int32]:
    """Return (F,) smoothing groups: 1 where a face is part of a smooth surface, 0 where it stands alone."""
    if mesh.normals is None:
        return np.zeros(mesh.face_count, np.int32)
    own = face_normals(mesh.vertices, mesh.faces)
    length = np.linalg.norm(own, axis=1)
    smooth = np.zeros(mesh.face_count, bool)
    for corner in range(3):
        along = np.einsum("fd,fd->f", own, mesh.normals[mesh.faces[:, corner]])
        smooth |= along < _HARD * length
    return smooth.astype(np.int32)
