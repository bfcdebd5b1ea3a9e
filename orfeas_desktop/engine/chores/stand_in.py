"""A stand-in: a surface of few faces that shows at once while the whole is on its way."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.render.surface import Finish, Surface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Bytes, Floats, Integers

_CELLS_A_SIDE = 256
"""Bounds the table of cells to 256³ entries."""
_SAMPLED_FACES = 20_000
_FEWEST = 0.05
"""Share of the allowed faces that clustering has to leave."""


def stand_in_of(surfaces: Sequence[Surface], max_faces: int) -> Surface:
    """Return all surfaces as one with at most `max_faces` faces, by vertex clustering on a cubic grid.

    Vertices of one cell become their mean (Rossignac and Borrel 1993); textures become vertex colours, so that
    faces may run across the borders of UV charts.
    """
    vertices = np.concatenate([surface.vertices for surface in surfaces])
    starts = np.cumsum([0, *(len(surface.vertices) for surface in surfaces[:-1])])
    faces = np.concatenate(
        [surface.faces + np.int32(start) for surface, start in zip(surfaces, starts, strict=True)]
    )
    reduced, still, kept = _clustered(vertices, faces, max_faces)
    if len(still) < max_faces * _FEWEST:
        reduced, still, kept = _thinned(vertices, faces, max_faces)
    colors = _colors(surfaces, starts, kept)
    return Surface(reduced, still, normals=_normals(reduced, still), colors=colors, finish=Finish())


def _clustered(vertices: Floats, faces: Integers, max_faces: int) -> tuple[Floats, Integers, Integers]:
    """Return vertices, faces, and for each vertex one of those that it stands for."""
    kept = np.arange(len(vertices), dtype=np.int32)
    cell = _cell_size(vertices, faces, max_faces)
    while True:
        cluster, first, count = _clusters(vertices, cell)
        vertices = _means(vertices, cluster, count)
        faces = _still_faces(cluster[faces])
        kept = kept[first]
        if len(faces) <= max_faces:
            return vertices, faces, kept
        cell *= 1.1 * math.sqrt(len(faces) / max_faces)


def _thinned(vertices: Floats, faces: Integers, max_faces: int) -> tuple[Floats, Integers, Integers]:
    """Return every so many-th face as it is: for loose faces, each smaller than a cell."""
    some = faces[:: math.ceil(len(faces) / max_faces)]
    kept, renumbered = np.unique(some, return_inverse=True)
    return vertices[kept], renumbered.reshape(-1, 3).astype(np.int32), kept


def _cell_size(vertices: Floats, faces: Integers, max_faces: int) -> float:
    """Return the cell edge that leaves about nine tenths of `max_faces`.

    A surface of area A crosses about 1.5 A / s² cells of edge s, and has two faces for each.
    """
    sample = faces[:: max(1, len(faces) // _SAMPLED_FACES)]
    a, b, c = (vertices[sample[:, corner]].astype(np.float64) for corner in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).mean() / 2 * len(faces)
    longest = float((vertices.max(axis=0) - vertices.min(axis=0)).max())
    return max(math.sqrt(3.0 * area / (0.9 * max_faces)), longest / _CELLS_A_SIDE, 1e-12)


def _clusters(vertices: Floats, cell: float) -> tuple[Integers, Integers, int]:
    """Return each vertex's cluster, one vertex of each cluster, and how many clusters there are."""
    low = vertices.min(axis=0)
    steps = ((vertices - low) * np.float32(1 / cell)).astype(np.int32)
    _, height, depth = steps.max(axis=0) + 1
    keys = (steps[:, 0] * height + steps[:, 1]) * depth + steps[:, 2]
    table = np.full(int(keys.max()) + 1, -1, dtype=np.int32)
    table[keys] = np.arange(len(keys), dtype=np.int32)
    occupied = np.flatnonzero(table >= 0)
    first = table[occupied]
    table[occupied] = np.arange(len(occupied), dtype=np.int32)
    return table[keys], first, len(occupied)


def _means(vertices: Floats, cluster: Integers, count: int) -> Floats:
    members = np.bincount(cluster, minlength=count)
    sums = [np.bincount(cluster, weights=vertices[:, axis], minlength=count) for axis in range(3)]
    return (np.stack(sums, axis=1) / members[:, None]).astype(np.float32)


def _still_faces(faces: Integers) -> Integers:
    a, b, c = faces[:, 0], faces[:, 1], faces[:, 2]
    return np.ascontiguousarray(faces[(a != b) & (b != c) & (c != a)])


def _normals(vertices: Floats, faces: Integers) -> Floats:
    """Return unit vertex normals weighted by face area."""
    a, b, c = (vertices[faces[:, corner]].astype(np.float64) for corner in range(3))
    weighted = np.cross(b - a, c - a)
    corner = faces.reshape(-1)
    sums = [
        np.bincount(corner, weights=np.repeat(weighted[:, axis], 3), minlength=len(vertices))
        for axis in range(3)
    ]
    normals = np.stack(sums, axis=1)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(lengths > 0, normals / np.maximum(lengths, 1e-300), (0.0, 1.0, 0.0)).astype(np.float32)


def _colors(surfaces: Sequence[Surface], starts: NDArray[np.intp], kept: Integers) -> Bytes:
    colors = np.empty((len(kept), 4), dtype=np.uint8)
    for surface, start in zip(surfaces, starts, strict=True):
        mine = np.flatnonzero((kept >= start) & (kept < start + len(surface.vertices)))
        colors[mine] = _colors_at(surface, kept[mine] - start)
    return colors


def _colors_at(surface: Surface, picked: NDArray[np.integer]) -> Bytes:
    shown = np.tile(np.asarray(surface.finish.color, dtype=np.float32), (len(picked), 1))
    if surface.colors is not None:
        shown *= surface.colors[picked].astype(np.float32) / 255
    if surface.texture is not None and surface.uv is not None:
        height, width, channels = surface.texture.shape
        spots = surface.uv[picked] % 1.0
        columns = np.minimum((spots[:, 0] * width).astype(np.intp), width - 1)
        rows = np.minimum((spots[:, 1] * height).astype(np.intp), height - 1)
        shown[:, :channels] *= surface.texture[rows, columns].astype(np.float32) / 255
    shown[:, 3] = 1.0
    return (shown * 255).round().astype(np.uint8)
