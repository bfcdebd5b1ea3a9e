"""What a glTF document gathers before it is written: records, and the bytes that they describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.gltf_compress import MESHOPT
from orfeas_desktop.engine.mesh.gltf_schema import (
    GltfAccessor,
    GltfAsset,
    GltfBuffer,
    GltfBufferExtensions,
    GltfBufferView,
    GltfBufferViewExtensions,
    GltfDocument,
    GltfFallback,
    GltfMeshopt,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.gltf_compress import MeshoptArray

GENERATOR = "Orfeas Desktop"
VERTEX_TARGET, INDEX_TARGET = 34962, 34963
COMPONENTS = {"<f4": 5126, "<u2": 5123, "<u4": 5125, "<i2": 5122}
TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}


class GltfStore:
    """The document so far, and its binary part in pieces."""

    def __init__(self) -> None:
        self.document = GltfDocument(asset=GltfAsset(version="2.0", generator=GENERATOR))
        self.chunks: list[bytes | memoryview] = []
        self.length = 0
        self._opened_length = 0

    def use_extension(self, name: str, *, required: bool = False) -> None:
        """Name an extension that the document uses."""
        document = self.document
        document.extensions_used = sorted({*document.extensions_used, name})
        if required:
            document.extensions_required = sorted({*document.extensions_required, name})

    def add_array(
        self,
        array: NDArray[np.generic],
        kind: str,
        *,
        bounds: bool = False,
        normalized: bool = False,
        target: int = VERTEX_TARGET,
    ) -> int:
        plain = np.ascontiguousarray(array, dtype=kind)
        accessor = GltfAccessor(
            buffer_view=self.add_bytes(plain.data.cast("B"), target),
            component_type=COMPONENTS[kind],
            normalized=normalized,
            count=len(plain),
            type=TYPES[plain.shape[1]],
        )
        if bounds:
            accessor.min = [float(value) for value in plain.min(axis=0)]
            accessor.max = [float(value) for value in plain.max(axis=0)]
        return self.add_accessor(accessor)

    def add_accessor(self, accessor: GltfAccessor) -> int:
        self.document.accessors.append(accessor)
        return len(self.document.accessors) - 1

    def add_bytes(self, data: bytes | memoryview, target: int | None) -> int:
        view = GltfBufferView(buffer=0, byte_offset=self.length, byte_length=len(data), target=target)
        self._append(data)
        self.document.buffer_views.append(view)
        return len(self.document.buffer_views) - 1

    def _append(self, data: bytes | memoryview) -> None:
        padding = -len(data) % 4
        self.chunks += [data, bytes(padding)]
        self.length += len(data) + padding

    def add_packed(self, packed: MeshoptArray, count: int, target: int) -> int:
        """Store compressed bytes; what they grow to stands in a buffer that has no bytes of its own."""
        self.use_extension(MESHOPT, required=True)
        start = self.length
        self._append(packed.data)
        length = count * packed.stride
        record = GltfMeshopt(
            buffer=0,
            byte_offset=start,
            byte_length=len(packed.data),
            byte_stride=packed.stride,
            count=count,
            mode=packed.mode,
            filter=packed.filter,
        )
        view = GltfBufferView(
            buffer=1,
            byte_offset=self._opened_length,
            byte_length=length,
            byte_stride=packed.stride if target == VERTEX_TARGET else None,
            target=target,
            extensions=GltfBufferViewExtensions(meshopt=record),
        )
        self._opened_length += length + -length % 4
        self.document.buffer_views.append(view)
        return len(self.document.buffer_views) - 1

    def buffers(self, uri: str | None) -> list[GltfBuffer]:
        """Return the records of the binary part, and of the one that compressed views grow to."""
        found = [GltfBuffer(byte_length=self.length, uri=uri)]
        if self._opened_length:
            fallback = GltfBufferExtensions(meshopt=GltfFallback(fallback=True))
            found.append(GltfBuffer(byte_length=self._opened_length, extensions=fallback))
        return found
