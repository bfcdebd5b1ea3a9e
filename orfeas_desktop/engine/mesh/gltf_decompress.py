"""Compressed geometry of a glTF opened again: what it would grow to is known before memory is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.source_files import Broken, require

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.gltf_schema import GltfMeshopt

_DAMAGED = "its compressed geometry is damaged"
_MORE = "its compressed geometry holds more than it says"
_DEEPEST = 8
_METADATA = 0x8000
_MESH, _SEQUENTIAL, _EDGEBREAKER = 1, 0, 1


def meshopt_bytes(record: GltfMeshopt, data: memoryview, length: int) -> memoryview:
    """Return the `length` bytes that EXT_meshopt_compression packed into `data`. Raises Broken."""
    import meshopt

    require(record.count * record.byte_stride == length, _DAMAGED)
    if not length:
        return memoryview(b"")
    try:
        found = meshopt.decode_gltf_buffer(
            bytes(data),
            record.count,
            record.byte_stride,
            record.mode,
            record.filter if record.mode == "ATTRIBUTES" else None,
        )
    except (ValueError, RuntimeError):
        raise Broken(_DAMAGED) from None
    return np.ascontiguousarray(found).data.cast("B")


@dataclass(frozen=True, eq=False)
class Unpacked:
    """What a Draco stream holds: corners (F, 3), and by attribute id (V, width) numbers."""

    faces: NDArray[np.int64]
    arrays: dict[int, NDArray[np.generic]]


def draco_arrays(data: memoryview, faces: int) -> Unpacked:
    """Return what a Draco stream of at most `faces` triangles holds. Raises Broken."""
    import DracoPy

    told = _told(data)
    require(told[0] <= faces and told[1] <= 3 * faces, _MORE)
    try:
        found = DracoPy.decode(bytes(data))
    except (ValueError, RuntimeError, TypeError, DracoPy.FileTypeException):
        raise Broken(_DAMAGED) from None
    corners = np.asarray(found.faces, np.int64).reshape(-1, 3)
    arrays = {each["unique_id"]: np.asarray(each["data"]) for each in found.attributes}
    require(all(array.ndim == 2 and len(array) for array in arrays.values()) and bool(arrays), _DAMAGED)
    return Unpacked(corners, arrays)


def _told(data: memoryview) -> tuple[int, int]:
    """Return how many triangles and points the stream's head names (Draco bitstream 2.2). Raises Broken."""
    head = _Head(bytes(data[:_HEAD_BYTES]))
    require(head.take(5) == b"DRACO", _DAMAGED)
    major, _, geometry, method = head.take(4)
    flags = int.from_bytes(head.take(2), "little")
    require(major == 2 and geometry == _MESH, "its Draco part is of a kind that cannot be read")
    if flags & _METADATA:
        for _ in range(head.number()):
            head.number()
            head.skip_metadata(0)
        head.skip_metadata(0)
    if method == _SEQUENTIAL:
        return head.number(), head.number()
    require(method == _EDGEBREAKER, _DAMAGED)
    head.take(1)
    points = head.number()
    return head.number(), points


_HEAD_BYTES = 2**20


@dataclass
class _Head:
    data: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        require(self.at + count <= len(self.data), _DAMAGED)
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self) -> int:
        """Return a number of seven bits a byte, the lowest first."""
        value = shift = 0
        while True:
            (byte,) = self.take(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            require(shift < 64, _DAMAGED)

    def skip_metadata(self, depth: int) -> None:
        require(depth < _DEEPEST, _DAMAGED)
        for _ in range(self.number()):
            self.take(self.take(1)[0])
            self.take(self.number())
        for _ in range(self.number()):
            self.take(self.take(1)[0])
            self.skip_metadata(depth + 1)
