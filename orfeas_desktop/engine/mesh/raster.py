"""Triangles laid on a grid of texels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_TEXELS_AT_ONCE = 2_000_000


@dataclass(frozen=True, eq=False)
class Texels:
    """Texel centres within triangles: faces (N,), columns and rows (N,), weights (N, 3) barycentric."""

    faces: NDArray[np.int64]
    columns: NDArray[np.int64]
    rows: NDArray[np.int64]
    weights: NDArray[np.float64]


def texels_of(corners: NDArray[np.floating], width: int, height: int) -> Iterator[Texels]:
    """Yield the texel centres inside (F, 3, 2) triangles, given in texels, that lie on the grid, in face order."""
    low = np.maximum(np.ceil(corners.min(axis=1) - 0.5), 0).astype(np.int64)
    high = np.minimum(np.floor(corners.max(axis=1) - 0.5), (width - 1, height - 1)).astype(np.int64)
    spans = np.maximum(high - low + 1, 0)
    counts = spans[:, 0] * spans[:, 1]
    ends = np.cumsum(counts)
    start = 0
    while start < len(corners):
        reach = (ends[start - 1] if start else 0) + _TEXELS_AT_ONCE
        stop = max(int(np.searchsorted(ends, reach, side="right")), start + 1)
        yield _inside(corners, np.arange(start, stop), low, spans, counts)
        start = stop


def _inside(
    corners: NDArray[np.floating],
    chosen: NDArray[np.int64],
    low: NDArray[np.int64],
    spans: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> Texels:
    faces = np.repeat(chosen, counts[chosen])
    first = np.repeat(np.cumsum(counts[chosen]) - counts[chosen], counts[chosen])
    within = np.arange(len(faces)) - first
    columns = low[faces, 0] + within % np.maximum(spans[faces, 0], 1)
    rows = low[faces, 1] + within // np.maximum(spans[faces, 0], 1)
    points = np.stack([columns, rows], axis=1) + 0.5
    a, b, c = (corners[faces, corner].astype(np.float64) for corner in range(3))
    area = _cross(b - a, c - a)
    known = area != 0
    share = 1.0 / np.where(known, area, 1.0)
    weights = np.stack(
        [
            _cross(c - b, points - b) * share,
            _cross(a - c, points - c) * share,
            _cross(b - a, points - a) * share,
        ],
        axis=1,
    )
    keep = known & (weights >= -1e-9).all(axis=1)
    return Texels(faces[keep], columns[keep], rows[keep], weights[keep])


def _cross(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
