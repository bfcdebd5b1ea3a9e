"""A mesh as Unreal's Datasmith stores it (.udsmesh), written and read."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.source_files import Broken, require

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_MARK = b"\x00\x01\x00\x00\x00"
_RAW_VERSION = 125
_UV_SETS = 8
CENTIMETRES = 100.0
SWAP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
"""From y up, right-handed, to Unreal's z up, left-handed: a mirroring that leaves the order of corners as it is."""


def udsmesh(name: str, mesh: Mesh, linear: NDArray[np.float64] | None = None) -> bytes:
    """Return the file of `mesh`, moved by the (3, 3) `linear` first; normals and UVs per corner, centimetres."""
    turn = SWAP if linear is None else SWAP @ linear
    corners = mesh.faces if np.linalg.det(turn) < 0 else mesh.faces[:, ::-1]
    flat = np.ascontiguousarray(corners).reshape(-1)
    groups = np.zeros(mesh.face_count, np.int32) if mesh.face_materials is None else mesh.face_materials
    normals = np.zeros((0, 3), np.float32)
    if mesh.normals is not None:
        moved = mesh.normals @ np.linalg.inv(turn)
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        normals = (moved / np.where(length > 0, length, 1.0))[flat]
    raw = [
        struct.pack("<II", 1, 0),
        _array(groups, "<i4"),
        _array(np.ones(mesh.face_count, np.uint32), "<u4"),
        _array(mesh.vertices @ turn.T * CENTIMETRES, "<f4", 3),
        _array(flat, "<i4"),
        _array(np.zeros((0, 3)), "<f4", 3),
        _array(np.zeros((0, 3)), "<f4", 3),
        _array(normals, "<f4", 3),
        *(_array(uv[flat], "<f4", 2) for uv in mesh.uvs[:_UV_SETS]),
        *(_array(np.zeros((0, 2)), "<f4", 2) for _ in range(_UV_SETS - len(mesh.uvs[:_UV_SETS]))),
        _array(np.zeros((0, 4)) if mesh.colors is None else mesh.colors[flat][:, [2, 1, 0, 3]], "u1", 4),
        struct.pack("<I", 0),
    ]
    size = sum(map(len, raw))
    head = _text(name) + _MARK + _text("SourceModels") + _text("StructProperty") + bytes(8)
    head += _text("DatasmithMeshSourceModel") + bytes(25)
    head += struct.pack("<IIII", size, size, _RAW_VERSION, 0)
    body = head + b"".join(raw) + bytes(20)
    return struct.pack("<II", 1, len(body)) + body


def _text(text: str) -> bytes:
    data = text.encode("ascii") + b"\0"
    return struct.pack("<i", len(data)) + data


def _array(values: NDArray[np.generic], kind: str, width: int = 1) -> bytes:
    plain = np.ascontiguousarray(values, dtype=kind)
    return struct.pack("<I", plain.size // width) + plain.tobytes()


@dataclass(frozen=True, eq=False)
class UdsMesh:
    """What a .udsmesh holds: centimetres, z up, left-handed; corners (F, 3), values per corner (3F, …)."""

    name: str
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


def read_udsmesh(data: bytes) -> UdsMesh:
    """Return what the file holds, every count and index checked. Raises Broken."""
    source = _Bytes(data)
    require(source.number() == 1, "it holds not one mesh")
    require(source.number() == len(data) - 8, "its size is not what it says")
    name = source.text()
    source.expect(_MARK, "head")
    for word, gap in (("SourceModels", 0), ("StructProperty", 8), ("DatasmithMeshSourceModel", 25)):
        require(source.text() == word, "its head names something else")
        source.expect(bytes(gap), "head")
    size = source.number()
    require(source.number() == size, "its sizes differ")
    require(source.number() == _RAW_VERSION and source.number() == 0, "its version is unknown")
    start = source.at
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
    require(source.at - start == size, "its size is not what it says")
    source.expect(bytes(20), "end")
    require(source.at == len(data), "it goes on after its end")
    require(len(corners) == 3 * len(materials) == 3 * len(smoothing), "its arrays differ in length")
    for array in (*tangents, normals, *uvs, colors):
        require(len(array) in (0, len(corners)), "its arrays differ in length")
    inside = not len(corners) or (int(corners.min()) >= 0 and int(corners.max()) < len(vertices))
    require(inside, "a face names a vertex that is not there")
    require(bool(np.isfinite(vertices.astype(np.float32)).all()), "a place in it is not finite")
    return UdsMesh(
        name,
        materials.astype(np.int32),
        vertices.astype(np.float32),
        corners.astype(np.int32).reshape(-1, 3),
        normals.astype(np.float32),
        tuple(uv.astype(np.float32) for uv in uvs if len(uv)),
        colors.astype(np.uint8),
    )
