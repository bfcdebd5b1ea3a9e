"""Polygons beside a GLB: what triangles cannot hold, as one small .npz."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import Polygons
from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.source_files import MAX_FACES, Broken, read_bounded, require
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_EPOCH = (1980, 1, 1, 0, 0, 0)
_NAMES = ("offsets", "indices")
_MAX_EAR_CORNERS = 256
_MAX_HOLLOW = 2000


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
    stream = io.BytesIO(archive.read(name))
    require(np.lib.format.read_magic(stream) == (1, 0), "an array is of another kind")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    rest = stream.read()
    require(dtype == np.dtype("<i4") and shape == (len(rest) // 4,), "an array is of another type")
    return np.frombuffer(rest, "<i4", shape[0]).astype(np.int32)


def _check(offsets: NDArray[np.int32], indices: NDArray[np.int32], vertex_count: int) -> None:
    require(len(offsets) >= 1 and offsets[0] == 0 and offsets[-1] == len(indices), "the offsets do not fit")
    require(bool((np.diff(offsets) >= 3).all()), "a polygon has fewer than three corners")
    require(
        not len(indices) or (indices.min() >= 0 and indices.max() < vertex_count), "a corner is not there"
    )


def starts_of(polygons: Polygons) -> NDArray[np.bool_]:
    """Return (F,) whether each triangle is the first of its polygon."""
    counts = np.diff(polygons.offsets) - 2
    starts = np.zeros(int(counts.sum()), bool)
    starts[np.cumsum(counts) - counts] = True
    return starts


def whole_polygons(mesh: Mesh) -> Polygons | None:
    """Return the polygons of a mesh whose triangles are theirs, in order; None for triangles only."""
    polygons = mesh.polygons
    if polygons is None or len(polygons.indices) - 2 * (len(polygons.offsets) - 1) != mesh.face_count:
        return None
    return polygons


def joined(faces: NDArray[np.int32], starts: NDArray[np.bool_]) -> Polygons | None:
    """Return the polygons of (F, 3) triangles that begin where `starts` says; None when all are triangles.

    A triangle goes on with the polygon before it when both share its first corner and an edge from there.
    """
    goes_on = np.zeros(len(faces), bool)
    goes_on[1:] = ~starts[1:] & (faces[1:, 0] == faces[:-1, 0]) & (faces[1:, 1] == faces[:-1, 2])
    if not goes_on.any():
        return None
    kept = np.stack([~goes_on, ~goes_on, np.ones(len(faces), bool)], axis=1)
    sizes = np.bincount(np.cumsum(~goes_on) - 1) + 2
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    return Polygons(offsets, faces[kept].astype(np.int32))


def as_fans(polygons: Polygons) -> NDArray[np.int32] | None:
    """Return (F, 3) triangles of polygons of at most four corners, so turned that neighbours in the list begin
    at different corners, as FB_ngon_encoding wants it; None when there are larger ones.
    """
    sizes = np.diff(polygons.offsets)
    if not len(sizes) or sizes.max() > 4:
        return None
    rows = np.split(polygons.indices, polygons.offsets[1:-1])
    triangles: list[tuple[int, int, int]] = []
    before = -1
    for row in rows:
        corners: list[int] = row.tolist()
        if corners[0] == before:
            turn = 2 if len(corners) == 4 else 1
            corners = corners[turn:] + corners[:turn]
        before = corners[0]
        triangles.append((corners[0], corners[1], corners[2]))
        if len(corners) == 4:
            triangles.append((corners[0], corners[2], corners[3]))
    return np.array(triangles, np.int32)


def triangulated(
    polygons: Polygons, vertices: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return (F, 3) triangles of the polygons and (F,) the polygon each came from, in order.

    Fans where every triangle looks the same way; the rest, hollow ones, are cut ear by ear (Meisters 1975).
    """
    sizes = np.diff(polygons.offsets)
    counts = sizes - 2
    owner = np.repeat(np.arange(len(sizes), dtype=np.int32), counts)
    first = polygons.offsets[:-1][owner]
    step = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    corners = np.stack([first, first + step + 1, first + step + 2], axis=1)
    faces = polygons.indices[corners].astype(np.int32)
    for polygon in _hollow(faces, owner, sizes, vertices):
        start, end = polygons.offsets[polygon], polygons.offsets[polygon + 1]
        faces[owner == polygon] = _ears(polygons.indices[start:end], vertices)
    return faces, owner


def _hollow(
    faces: NDArray[np.int32],
    owner: NDArray[np.int32],
    sizes: NDArray[np.int32],
    vertices: NDArray[np.float32],
) -> list[int]:
    """Return the polygons, few enough to cut one by one, with a fan triangle that looks backwards."""
    many = sizes[owner] > 3
    if not many.any():
        return []
    normals = face_normals(vertices, faces[many])
    whole = np.stack([np.bincount(owner[many], normals[:, axis], len(sizes)) for axis in range(3)], axis=1)
    backward = np.einsum("ij,ij->i", normals, whole[owner[many]]) < 0
    found = np.unique(owner[many][backward])
    return [int(polygon) for polygon in found[sizes[found] <= _MAX_EAR_CORNERS][:_MAX_HOLLOW]]


def _ears(corners: NDArray[np.int32], vertices: NDArray[np.float32]) -> list[list[int]]:
    """Return triangles of one polygon, cut from its own plane (Newell's normal)."""
    points = vertices[corners].astype(np.float64)
    normal = np.cross(points, np.roll(points, -1, axis=0)).sum(axis=0)
    drop = int(np.abs(normal).argmax())
    flat = np.delete(points, drop, axis=1) * ([1, -1] if drop == 1 else [1, 1])
    flat = flat if normal[drop] >= 0 else flat[:, ::-1]
    left = list(range(len(corners)))
    triangles: list[list[int]] = []
    while len(left) > 3:
        place = next((i for i in range(len(left)) if _is_ear(flat, left, i)), 0)
        triangles.append([left[place - 1], left[place], left[(place + 1) % len(left)]])
        del left[place]
    triangles.append(left)
    return [[int(corners[corner]) for corner in triangle] for triangle in triangles]


def _is_ear(flat: NDArray[np.float64], left: list[int], place: int) -> bool:
    a, b, c = flat[left[place - 1]], flat[left[place]], flat[left[(place + 1) % len(left)]]
    if _turn(a, b, c) <= 0:
        return False
    others = flat[
        [
            corner
            for corner in left
            if corner not in (left[place - 1], left[place], left[(place + 1) % len(left)])
        ]
    ]
    within = (_turn(a, b, others.T) >= 0) & (_turn(b, c, others.T) >= 0) & (_turn(c, a, others.T) >= 0)
    return not bool(np.any(within))


def _turn(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> NDArray[np.float64]:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
