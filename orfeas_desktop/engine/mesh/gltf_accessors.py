"""GltfArrays: the arrays that a glTF document describes, every bound checked before memory is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.gltf_container import bytes_of_uri
from orfeas_desktop.engine.mesh.gltf_decompress import draco_arrays, meshopt_bytes
from orfeas_desktop.engine.mesh.source_files import (
    MAX_FACES,
    MAX_FILE_BYTES,
    MAX_VERTICES,
    Broken,
    require,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import TypeVar

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.gltf_schema import GltfAccessor, GltfDocument, GltfPrimitive, GltfSparse

    T = TypeVar("T")

_COMPONENTS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_TOPS = {"i1": 127.0, "u1": 255.0, "<i2": 32767.0, "<u2": 65535.0, "<u4": 4294967295.0}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_OUTSIDE = "part of it lies outside its data"
_MOST_OPENED = 16 * MAX_VERTICES


def item(items: Sequence[T], index: int, what: str) -> T:
    """Return `items[index]`. Raises Broken when there is no such `what`."""
    if not 0 <= index < len(items):
        raise Broken(f"it names a {what} that is not there")
    return items[index]


class GltfArrays:
    """Reads accessors and buffer views; buffers are read once."""

    def __init__(self, document: GltfDocument, binary: memoryview | None, folder: Path | None) -> None:
        self._document = document
        self._binary = binary
        self._folder = folder
        self._buffers: dict[int, memoryview] = {}
        self._opened: dict[int, memoryview] = {}
        self._unpacked: dict[int, NDArray[np.generic]] = {}

    def accessor(self, index: int) -> GltfAccessor:
        """Return the accessor's record."""
        return item(self._document.accessors, index, "accessor")

    def view(self, index: int) -> memoryview:
        """Return the bytes of a buffer view."""
        view = item(self._document.buffer_views, index, "buffer view")
        packed = view.extensions.meshopt if view.extensions else None
        if packed is None:
            return self._slice(view.buffer, view.byte_offset, view.byte_length)
        if index not in self._opened:
            data = self._slice(packed.buffer, packed.byte_offset, packed.byte_length)
            require(view.byte_length <= _MOST_OPENED, "its compressed geometry is too large")
            self._opened[index] = meshopt_bytes(packed, data, view.byte_length)
        return self._opened[index]

    def _slice(self, buffer: int, offset: int, length: int) -> memoryview:
        whole = self._buffer(buffer)
        require(offset + length <= len(whole), _OUTSIDE)
        return whole[offset : offset + length]

    def unpack(self, primitive: GltfPrimitive) -> None:
        """Open what a primitive holds as Draco, so that its accessors have it; nothing for others. Raises Broken."""
        packed = primitive.extensions.draco if primitive.extensions else None
        if packed is None or primitive.indices is None or primitive.indices in self._unpacked:
            return
        corners = self.accessor(primitive.indices).count
        found = draco_arrays(self.view(packed.buffer_view), corners // 3)
        self._unpacked[primitive.indices] = found.faces.reshape(-1, 1).astype(np.uint32)
        for name, number in packed.attributes.items():
            require(number in found.arrays, "its compressed geometry is damaged")
            if name in primitive.attributes:
                self._unpacked[primitive.attributes[name]] = found.arrays[number]

    def floats(self, index: int, widths: tuple[int, ...]) -> NDArray[np.float32]:
        """Return an accessor as (N, width) float32, its width one of `widths`; normalised integers become -1..1."""
        raw = self._array(index, MAX_VERTICES)
        require(raw.shape[1] in widths, "an array in it has the wrong number of columns")
        if raw.dtype.kind == "f":
            return raw.astype(np.float32)
        values = raw.astype(np.float32)
        if self.accessor(index).normalized:
            values = np.maximum(values / np.float32(_TOPS[raw.dtype.str.lstrip("|")]), np.float32(-1))
        return values

    def indices(self, index: int) -> NDArray[np.int64]:
        """Return an accessor of unsigned integers as (N,) int64."""
        raw = self._array(index, 3 * MAX_FACES)
        require(raw.dtype.kind == "u" and raw.shape[1] == 1, "its faces are not whole numbers")
        return raw[:, 0].astype(np.int64)

    def _array(self, index: int, limit: int) -> NDArray[np.generic]:
        accessor = self.accessor(index)
        dtype, width = self._shape(accessor.component_type, accessor.type)
        require(accessor.count <= limit, "it has more than {limit} elements", limit=limit)
        if index in self._unpacked:
            found = self._unpacked[index]
            require(found.shape[1] == width, "an array in it has the wrong number of columns")
            return found.astype(dtype)
        if accessor.buffer_view is None:
            values: NDArray[np.generic] = np.zeros((accessor.count, width), dtype)
        else:
            stride = item(self._document.buffer_views, accessor.buffer_view, "buffer view").byte_stride
            view = self.view(accessor.buffer_view)
            values = _strided(view, accessor.byte_offset, (accessor.count, width), dtype, stride)
        if accessor.sparse is not None:
            values = self._with_sparse(values, accessor.sparse, dtype)
        return values

    def _with_sparse(
        self, values: NDArray[np.generic], sparse: GltfSparse, dtype: np.dtype[np.generic]
    ) -> NDArray[np.generic]:
        count, width = values.shape
        require(sparse.count <= count, "a sparse array in it is longer than its base")
        index_type, _ = self._shape(sparse.indices.component_type, "SCALAR")
        require(index_type.kind == "u", "a sparse array in it has no whole-number indices")
        places = _strided(
            self.view(sparse.indices.buffer_view),
            sparse.indices.byte_offset,
            (sparse.count, 1),
            index_type,
            None,
        )[:, 0].astype(np.int64)
        require(not len(places) or int(places.max()) < count, "a sparse array in it points outside its base")
        changed = values.copy()
        changed[places] = _strided(
            self.view(sparse.values.buffer_view),
            sparse.values.byte_offset,
            (sparse.count, width),
            dtype,
            None,
        )
        return changed

    def _shape(self, component: int, kind: str) -> tuple[np.dtype[np.generic], int]:
        if component not in _COMPONENTS or kind not in _WIDTHS:
            raise Broken("an array in it has an unknown type")
        return np.dtype(_COMPONENTS[component]), _WIDTHS[kind]

    def _buffer(self, index: int) -> memoryview:
        if index not in self._buffers:
            record = item(self._document.buffers, index, "buffer")
            if record.uri is not None:
                data = memoryview(bytes_of_uri(record.uri, self._folder, MAX_FILE_BYTES))
            elif index == 0 and self._binary is not None:
                data = self._binary
            else:
                raise Broken("its binary part is missing")
            require(len(data) >= record.byte_length, "it ends early")
            self._buffers[index] = data[: record.byte_length]
        return self._buffers[index]


def _strided(
    view: memoryview, offset: int, shape: tuple[int, int], dtype: np.dtype[np.generic], stride: int | None
) -> NDArray[np.generic]:
    count, width = shape
    size = dtype.itemsize * width
    step = stride or size
    require(step >= size, "an array in it overlaps itself")
    require(count == 0 or offset + step * (count - 1) + size <= len(view), _OUTSIDE)
    if count == 0:
        return np.zeros(shape, dtype)
    return np.ndarray(shape, dtype, buffer=view, offset=offset, strides=(step, dtype.itemsize))
