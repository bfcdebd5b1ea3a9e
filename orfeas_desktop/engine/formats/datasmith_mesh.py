"""A mesh as Unreal's Datasmith stores it (.udsmesh), written and read."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.source_files import Broken, require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_UV_SETS = 8
CENTIMETRES = 100.0
SWAP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
"""From y up, right-handed, to Unreal's z up, left-handed: a mirroring that leaves the order of corners as it is."""


def udsmesh(
    name: str,
    levels: Sequence[Mesh],
    pieces: Sequence[Mesh] = (),
    linear: NDArray[np.float64] | None = None,
) -> bytes:
    """Return the file of a mesh with its `levels`, the finest first, moved by the (3, 3) `linear`; in centimetres.

    `pieces` become the one collision mesh that Datasmith takes: Unreal puts a convex hull around its corners.
    """
    turn = SWAP if linear is None else SWAP @ linear
    objects = [_object(name, [_raw(level, turn) for level in levels], collision=False)]
    if pieces:
        objects.append(_object(name, [_raw(merged(pieces), turn)], collision=True))
    told = b"".join(struct.pack("<I", len(each)) + each for each in objects)
    return struct.pack("<I", len(objects)) + told


def _object(name: str, models: Sequence[bytes], *, collision: bool) -> bytes:
    """Return a mesh object as Unreal stores its properties one after the other, then the data of each model."""
    body = _text(name) + struct.pack("<BI", collision, len(models))
    body += _text("SourceModels") + _text("StructProperty") + bytes(8)
    body += _text("DatasmithMeshSourceModel") + bytes(17) + bytes(4)
    for raw in models:
        start = len(body) + 20
        body += struct.pack("<IIIQ", 0, len(raw), len(raw), start) + raw + bytes(20)
    return body


def _raw(mesh: Mesh, turn: NDArray[np.float64]) -> bytes:
    """Return the geometry; without normals no face shares a smoothing group, so that Unreal leaves it flat."""
    corners = mesh.faces if np.linalg.det(turn) < 0 else mesh.faces[:, ::-1]
    flat = np.ascontiguousarray(corners).reshape(-1)
    groups = np.zeros(mesh.face_count, np.int32) if mesh.face_materials is None else mesh.face_materials
    normals = np.zeros((0, 3), np.float32)
    if mesh.normals is not None:
        moved = mesh.normals @ np.linalg.inv(turn)
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        normals = (moved / np.where(length > 0, length, 1.0))[flat]
    uvs = [uv[flat] for uv in mesh.uvs[:_UV_SETS]] or [_projected(mesh, corners)]
    return b"".join(
        [
            struct.pack("<II", 1, 0),
            _array(groups, "<i4"),
            _array(np.full(mesh.face_count, mesh.normals is not None, np.uint32), "<u4"),
            _array(mesh.vertices @ turn.T * CENTIMETRES, "<f4", 3),
            _array(flat, "<i4"),
            _array(np.zeros((0, 3)), "<f4", 3),
            _array(np.zeros((0, 3)), "<f4", 3),
            _array(normals, "<f4", 3),
            *(_array(uv, "<f4", 2) for uv in uvs),
            *(_array(np.zeros((0, 2)), "<f4", 2) for _ in range(_UV_SETS - len(uvs))),
            _array(np.zeros((0, 4)) if mesh.colors is None else mesh.colors[flat][:, [2, 1, 0, 3]], "u1", 4),
            struct.pack("<I", 0),
        ]
    )


def _projected(mesh: Mesh, corners: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return texture coordinates from the nearest of six sides: Unreal refuses a mesh that has none."""
    places = mesh.vertices[corners]
    across = np.cross(places[:, 1] - places[:, 0], places[:, 2] - places[:, 0])
    side = np.abs(across).argmax(axis=1)
    plane = np.array([[1, 2], [0, 2], [0, 1]])[side]
    low, high = np.array(mesh.bounds, np.float32)
    scaled = (places - low) / max(float((high - low).max()), 1e-12)
    return np.take_along_axis(scaled, plane[:, None, :], axis=2).reshape(-1, 2)


def _text(text: str) -> bytes:
    data = text.encode("ascii") + b"\0"
    return struct.pack("<i", len(data)) + data


def _array(values: NDArray[np.generic], kind: str, width: int = 1) -> bytes:
    plain = np.ascontiguousarray(values, dtype=kind)
    return struct.pack("<I", plain.size // width) + plain.tobytes()


@dataclass(frozen=True, eq=False)
class UdsMesh:
    """A level of a .udsmesh: centimetres, z up, left-handed; corners (F, 3), values per corner (3F, …)."""

    materials: NDArray[np.int32]
    vertices: NDArray[np.float32]
    corners: NDArray[np.int32]
    normals: NDArray[np.float32]
    uvs: tuple[NDArray[np.float32], ...]
    colors: NDArray[np.uint8]


@dataclass
class _Bytes:
    data: bytes
    at: int = 0

    def take(self, size: int) -> bytes:
        require(0 <= size <= len(self.data) - self.at, "it ends early")
        self.at += size
        return self.data[self.at - size : self.at]

    def part(self, size: int) -> _Bytes:
        return _Bytes(self.take(size))

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def text(self) -> str:
        data = self.take(self.number())
        require(data.endswith(b"\0"), "a text in it has no end")
        return data[:-1].decode("ascii", "replace")

    def array(self, kind: str, width: int) -> NDArray[np.generic]:
        count = self.number()
        data = self.take(count * width * np.dtype(kind).itemsize)
        return np.frombuffer(data, kind).reshape(count, width)

    def expect(self, data: bytes, what: str) -> None:
        if self.take(len(data)) != data:
            raise Broken(f"its {what} is not as it should be")


@dataclass(frozen=True)
class UdsFile:
    """A mesh with its levels, the finest first, and the mesh that its collision is made around."""

    name: str
    levels: tuple[UdsMesh, ...]
    collision: UdsMesh | None


def read_udsmesh(data: bytes) -> UdsFile:
    """Return what the file holds, every count and index checked. Raises Broken."""
    source = _Bytes(data)
    count = source.number()
    require(count in (1, 2), "it holds not one mesh with its collision")
    found = [_read_object(source.part(source.number())) for _ in range(count)]
    require(source.at == len(data), "it goes on after its end")
    name, collision, levels = found[0]
    require(not collision and all(kind for _, kind, _ in found[1:]), "its collision is not marked as such")
    return UdsFile(name, levels, found[1][2][0] if count == 2 else None)


def _read_object(source: _Bytes) -> tuple[str, bool, tuple[UdsMesh, ...]]:
    name = source.text()
    mark = source.take(1)[0]
    require(mark in (0, 1), "its head is not as it should be")
    count = source.number()
    for word, gap in (("SourceModels", 0), ("StructProperty", 8), ("DatasmithMeshSourceModel", 21)):
        require(source.text() == word, "its head names something else")
        source.expect(bytes(gap), "head")
    levels = tuple(_read_model(source) for _ in range(min(count, len(source.data))))
    require(len(levels) == count > 0, "it has no levels")
    require(source.at == len(source.data), "it goes on after its end")
    return name, bool(mark), levels


def _read_model(source: _Bytes) -> UdsMesh:
    source.expect(bytes(4), "flags")
    size = source.number()
    require(source.number() == size, "its sizes differ")
    start = source.number() + (source.number() << 32)
    require(start == source.at, "its data lies elsewhere")
    mesh = _read_raw(source)
    require(source.at - start == size, "its size is not what it says")
    source.expect(bytes(20), "end")
    return mesh


def _read_raw(source: _Bytes) -> UdsMesh:
    source.expect(struct.pack("<II", 1, 0), "version")
    materials = source.array("<i4", 1)[:, 0]
    smoothing = source.array("<u4", 1)
    vertices = source.array("<f4", 3)
    corners = source.array("<i4", 1)[:, 0]
    tangents = [source.array("<f4", 3) for _ in range(2)]
    normals = source.array("<f4", 3)
    uvs = [source.array("<f4", 2) for _ in range(_UV_SETS)]
    colors = source.array("u1", 4)
    require(source.number() == 0, "it names materials twice")
    require(len(corners) == 3 * len(materials) == 3 * len(smoothing), "its arrays differ in length")
    for array in (*tangents, normals, *uvs, colors):
        require(len(array) in (0, len(corners)), "its arrays differ in length")
    require(len(uvs[0]) == len(corners) > 0, "it has no texture coordinates, which Unreal refuses")
    inside = int(corners.min()) >= 0 and int(corners.max()) < len(vertices)
    require(inside, "a face names a vertex that is not there")
    require(bool(np.isfinite(vertices.astype(np.float32)).all()), "a place in it is not finite")
    return UdsMesh(
        materials.astype(np.int32),
        vertices.astype(np.float32),
        corners.astype(np.int32).reshape(-1, 3),
        normals.astype(np.float32),
        tuple(uv.astype(np.float32) for uv in uvs if len(uv)),
        colors.astype(np.uint8),
    )
