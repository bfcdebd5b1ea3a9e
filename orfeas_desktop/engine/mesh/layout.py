"""UV layouts, and those that xatlas makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import face_normals

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
