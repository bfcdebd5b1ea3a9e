"""UV charts: how many, how well they fill the square, how far they stretch, where they overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.raster import Texels, texels_of
from orfeas_desktop.engine.mesh.weld import welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_SIDE = 512
_MOST_TEXELS = 3_000_000


@dataclass(frozen=True, eq=False)
class ChartFacts:
    """Figures of one UV set.

    coverage and overlap are shares of the unit square; stretch is the L² stretch of Sander et al. 2001, 1 at best;
    overlapping (N,) the faces that lie on others.
    """

    charts: int
    coverage: float
    overlap: float
    stretch: float
    flat: NDArray[np.int64]
    """Faces of which the UVs enclose no area."""
    outside: bool
    """Whether UVs leave the unit square."""
    texels_per_mm: float | None
    """At the size of the largest base colour texture; None without one."""
    overlapping: NDArray[np.int64]


def chart_facts(mesh: Mesh, uv_set: int = 0, texture_side: int | None = None) -> ChartFacts:
    """Return the figures of the mesh's `uv_set`; coverage and overlap are counted on 512 × 512 texels at most."""
    uv = mesh.uvs[uv_set].astype(np.float64)
    corners = uv[mesh.faces]
    areas = np.linalg.norm(face_normals(mesh.vertices, mesh.faces), axis=1) / 2
    signed = _signed(corners)
    coverage, overlap, overlapping = covered(corners)
    flat = (np.abs(signed) <= 1e-14) & (areas > 0)
    total_uv, total = float(np.abs(signed).sum()), float(areas.sum())
    density = None
    if texture_side and total > 0:
        density = texture_side * float(np.sqrt(total_uv / total)) / (1000 * mesh.metres_per_unit)
    return ChartFacts(
        charts=_count(mesh, uv_set),
        coverage=coverage,
        overlap=overlap,
        stretch=_stretch(mesh, corners, signed, areas),
        flat=np.flatnonzero(flat),
        outside=bool((uv < -1e-6).any() or (uv > 1 + 1e-6).any()),
        texels_per_mm=density,
        overlapping=overlapping,
    )


def _signed(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    ab, ac = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]) / 2


def _count(mesh: Mesh, uv_set: int) -> int:
    """Return how many pieces hang together where position and UV agree."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ids = welded_ids(mesh.vertices, mesh.uvs[uv_set])
    faces = ids[mesh.faces]
    count = int(ids.max()) + 1
    tails, heads = faces[:, (0, 1)].reshape(-1), faces[:, (1, 2)].reshape(-1)
    links = coo_array((np.ones(len(tails), np.int8), (tails, heads)), (count, count))
    _, labels = connected_components(links, directed=False)
    return len(np.unique(labels[faces[:, 0]]))


def covered(corners: NDArray[np.float64]) -> tuple[float, float, NDArray[np.int64]]:
    """Return which shares of the unit square (F, 3, 2) faces lie on, and lie on more than once, and which faces do."""
    wrapped = corners - np.floor(corners.min(axis=1, keepdims=True) + 1e-9)
    spans = np.minimum(wrapped.max(axis=1), 1.0) - wrapped.min(axis=1)
    load = float((spans * _SIDE).prod(axis=1).sum())
    side = _SIDE if load <= _MOST_TEXELS else max(int(_SIDE * (_MOST_TEXELS / load) ** 0.5), 16)
    layers = np.zeros(side * side, np.int64)
    for texels in texels_of(wrapped * side, side, side):
        layers += np.bincount(_strictly_inside(texels, side)[0], minlength=side * side)
    found: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    if (layers > 1).any():
        for texels in texels_of(wrapped * side, side, side):
            at, faces = _strictly_inside(texels, side)
            found.append(np.unique(faces[layers[at] > 1]))
    return float((layers > 0).mean()), float((layers > 1).mean()), np.unique(np.concatenate(found))


def _strictly_inside(texels: Texels, side: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the texels off their faces' rims, and the faces."""
    strict = (texels.weights > 1e-6).all(axis=1)
    return (texels.rows * side + texels.columns)[strict], texels.faces[strict]


def _stretch(
    mesh: Mesh, corners: NDArray[np.float64], signed: NDArray[np.float64], areas: NDArray[np.float64]
) -> float:
    good = (np.abs(signed) > 1e-14) & (areas > 0)
    if not good.any():
        return 0.0
    places = mesh.vertices[mesh.faces[good]].astype(np.float64)
    uv, doubled = corners[good], 2 * signed[good]
    (s1, t1), (s2, t2), (s3, t3) = (uv[:, corner].T for corner in range(3))
    q1, q2, q3 = places[:, 0], places[:, 1], places[:, 2]
    along_s = (q1 * (t2 - t3)[:, None] + q2 * (t3 - t1)[:, None] + q3 * (t1 - t2)[:, None]) / doubled[:, None]
    along_t = (q1 * (s3 - s2)[:, None] + q2 * (s1 - s3)[:, None] + q3 * (s2 - s1)[:, None]) / doubled[:, None]
    squared = (np.einsum("fd,fd->f", along_s, along_s) + np.einsum("fd,fd->f", along_t, along_t)) / 2
    weight = areas[good]
    ratio = float(np.abs(signed[good]).sum() / weight.sum())
    return float(np.sqrt((squared * weight).sum() / weight.sum() * ratio))
