"""Polygons beside a GLB: what triangles cannot hold, as one small .npz."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import Polygons
from orfeas_desktop.engine.mesh.source_files import MAX_FACES, Broken, read_bounded, require
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_EPOCH = (1980, 1, 1, 0, 0, 0)
_NAMES = ("offsets", "indices")


def write_polygons(polygons: Polygons, path: Path) -> None:
    """Write `polygons` to `path`, byte for byte the same each time."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in zip(_NAMES, (polygons.offsets, polygons.indices), strict=True):
            plain = io.BytesIO()
            np.lib.format.write_array(plain, np.ascontiguousarray(array, "<i4"), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, plain.getvalue())


def read_polygons(path: Path, mesh: Mesh) -> Polygons:
    """Return the polygons at `path`, which stand over the vertices of `mesh`. Raises BadMesh."""
    data = read_bounded(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            offsets, indices = (_array(archive, f"{name}.npy") for name in _NAMES)
        _check(offsets, indices, mesh.vertex_count)
    except (Broken, zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError) as problem:
        raise BadMesh(name=path.name, problem="its polygons are damaged", details=str(problem)) from None
    return Polygons(offsets, indices)


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[np.int32]:
    require(archive.getinfo(name).file_size <= 16 * MAX_FACES, "an array is too large")
    array = np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
    require(array.dtype == np.dtype("<i4") and array.ndim == 1, "an array is of another type")
    return array.astype(np.int32)


def _check(offsets: NDArray[np.int32], indices: NDArray[np.int32], vertex_count: int) -> None:
    require(len(offsets) >= 1 and offsets[0] == 0 and offsets[-1] == len(indices), "the offsets do not fit")
    require(bool((np.diff(offsets) >= 3).all()), "a polygon has fewer than three corners")
    require(
        not len(indices) or (indices.min() >= 0 and indices.max() < vertex_count), "a corner is not there"
    )


def triangulated(polygons: Polygons) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return (F, 3) fans of the polygons and (F,) the polygon each triangle came from."""
    sizes = np.diff(polygons.offsets)
    triangles = sizes - 2
    owner = np.repeat(np.arange(len(sizes), dtype=np.int32), triangles)
    first = polygons.offsets[:-1][owner]
    step = np.arange(len(owner)) - np.repeat(np.cumsum(triangles) - triangles, triangles)
    corners = np.stack([first, first + step + 1, first + step + 2], axis=1)
    return polygons.indices[corners].astype(np.int32), owner
