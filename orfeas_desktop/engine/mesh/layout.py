"""UV layouts: charts by xatlas, or by the six sides of a box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.weld import row_ids, welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray


_FACES_A_CHART = 1000
"""Charts of more cost more than their share: flattening one takes longer than in proportion."""
_PACKINGS = 6


@dataclass(frozen=True, eq=False)
class Layout:
    """rows (N,) the old vertex of each new one, faces (F, 3) new vertices in the old order, uv (N, 2) top left."""

    rows: NDArray[np.int64]
    faces: NDArray[np.int32]
    uv: NDArray[np.float32]


def atlas_layout(vertices: NDArray[np.float32], faces: NDArray[np.int32], side: int, padding: int) -> Layout:
    """Return charts cut and packed by xatlas for a square texture of `side` texels, `padding` texels apart.

    UVs are not finite when xatlas packs nothing.
    """
    import xatlas

    low = vertices.min(axis=0)
    scale = float((vertices.max(axis=0) - low).max()) or 1.0
    placed = np.ascontiguousarray((vertices - low) / scale)
    charts, pack = xatlas.ChartOptions(), xatlas.PackOptions()
    if len(faces) > _FACES_A_CHART:
        area = float(np.linalg.norm(face_normals(placed, faces), axis=1).sum()) / 2
        charts.max_chart_area = area * _FACES_A_CHART / len(faces)
    pack.resolution, pack.padding = side, padding
    atlas = xatlas.Atlas()
    atlas.add_mesh(placed, np.ascontiguousarray(faces, np.uint32))
    atlas.generate(charts, pack)
    rows, indices, uv = atlas[0]
    shape = np.array([atlas.width, atlas.height], np.float32)
    if not shape.all():
        return Layout(rows.astype(np.int64), indices.astype(np.int32), np.full_like(uv, np.nan))
    return _fitted(Layout(rows.astype(np.int64), indices.astype(np.int32), uv * shape), shape, side, padding)


def _fitted(layout: Layout, shape: NDArray[np.float32], side: int, padding: int) -> Layout:
    """Return charts given in texels of a picture of that `shape` packed once more, until they fit into `side`.

    xatlas guesses how large charts may be and often misses by a half, and `padding` would shrink with them.
    """
    import xatlas

    pack, best = xatlas.PackOptions(), layout.uv / shape.max()
    pack.texels_per_unit, pack.padding = 1.0, padding
    scale, closest = 1.0, np.inf
    rows, faces = layout.rows, layout.faces
    for _ in range(_PACKINGS):
        scale *= side / float(shape.max())
        atlas = xatlas.Atlas()
        atlas.add_uv_mesh(layout.uv * np.float32(scale), layout.faces.astype(np.uint32))
        atlas.generate(xatlas.ChartOptions(), pack)
        kept, indices, uv = atlas[0]
        shape = np.array([atlas.width, atlas.height], np.float32)
        if not shape.all() or indices.shape != layout.faces.shape:
            break
        if shape.max() < closest:
            closest = float(shape.max())
            best = uv * shape / np.float32(max(side, closest))
            rows, faces = layout.rows[kept], indices.astype(np.int32)
        if closest <= side:
            break
    return Layout(rows, faces, best.astype(np.float32))


def box_layout(vertices: NDArray[np.float32], faces: NDArray[np.int32], side: int, padding: int) -> Layout:
    """Return charts that look along one axis each, packed on shelves; it always ends.

    Folds that hide behind each other along an axis lie on each other.
    """
    normals = face_normals(vertices, faces)
    axis = np.abs(normals).argmax(axis=1)
    looks = 2 * axis + (normals[np.arange(len(faces)), axis] < 0)
    chart = _pieces(welded_ids(vertices)[faces], looks)
    keys = np.stack([np.repeat(chart, 3), faces.reshape(-1)], axis=1).astype(np.uint32)
    numbers = row_ids(keys)
    first = np.unique(numbers, return_index=True)[1]
    rows, owner = faces.reshape(-1)[first].astype(np.int64), chart[first // 3]
    along = np.array([[2, 1], [0, 2], [0, 1]])[axis[first // 3]]
    flat = np.take_along_axis(vertices[rows].astype(np.float64), along, axis=1)
    return Layout(rows, numbers.reshape(-1, 3).astype(np.int32), _shelved(flat, owner, padding / side))


def _pieces(faces: NDArray[np.int64], looks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (F,) the number of the piece of neighbouring faces that look the same way."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    corners = np.stack([np.repeat(looks, 3), faces.reshape(-1)], axis=1).astype(np.uint32)
    at = row_ids(corners).reshape(-1, 3)
    tails, heads = at[:, (0, 1)].reshape(-1), at[:, (1, 2)].reshape(-1)
    count = int(at.max()) + 1
    _, labels = connected_components(
        coo_array((np.ones(len(tails), np.int8), (tails, heads)), (count, count)), directed=False
    )
    return labels[at[:, 0]].astype(np.int64)


def _shelved(flat: NDArray[np.float64], owner: NDArray[np.int64], gap: float) -> NDArray[np.float32]:
    """Return (N, 2) UVs: each chart's box on shelves of a square, the highest first, `gap` apart."""
    count = int(owner.max()) + 1
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    np.minimum.at(low, owner, flat)
    np.maximum.at(high, owner, flat)
    sizes = high - low
    order = np.argsort(-sizes[:, 1], kind="stable")
    scale = 1.0 / float(np.sqrt(sizes.prod(axis=1).sum()) or sizes.max() or 1.0)
    places = None
    for _ in range(200):
        places = _shelves(sizes[order] * scale, gap)
        if places is not None:
            break
        scale *= 0.93
        gap = min(gap, 0.25 / np.sqrt(count))
    corner = np.zeros((count, 2))
    corner[order] = 0.0 if places is None else places
    return ((flat - low[owner]) * scale + corner[owner]).astype(np.float32)


def _shelves(sizes: NDArray[np.float64], gap: float) -> NDArray[np.float64] | None:
    """Return the corners of boxes put left to right, shelf above shelf, or None when the unit square is too small."""
    places = np.zeros_like(sizes)
    x = y = height = gap / 2
    for number, (wide, high) in enumerate(sizes.tolist()):
        if x + wide + gap / 2 > 1:
            x, y = gap / 2, y + height + gap
            height = 0.0
        height = max(height, high)
        if wide + gap > 1 or y + high + gap / 2 > 1:
            return None
        places[number] = x, y
        x += wide + gap
    return places
