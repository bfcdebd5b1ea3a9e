"""How good a mesh is: its outline beside the picture's, and how sharp its texture is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.raster import texels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

SIDE = 256
"""Pixels of the longer side of an outline."""
_ROWS = 512
_LIGHT = np.array([0.299, 0.587, 0.114], np.float32)


def front_outline(mesh: Mesh, side: int = SIDE) -> NDArray[np.bool_]:
    """Return the mesh's outline from the front (+z), parallel, cut to its bounds and `side` pixels long."""
    flat = mesh.vertices[:, :2].astype(np.float64)
    used = flat[np.unique(mesh.faces)]
    low, high = used.min(axis=0), used.max(axis=0)
    scale = side / max(float((high - low).max()), 1e-300)
    width, height = (max(round(float(span) * scale), 1) for span in high - low)
    places = (flat - low) * scale
    places[:, 1] = height - places[:, 1]
    filled = np.zeros((height, width), bool)
    for texels in texels_of(places[mesh.faces], width, height):
        filled[texels.rows, texels.columns] = True
    return filled


def cut_out(mask: NDArray[np.bool_], side: int = SIDE) -> NDArray[np.bool_] | None:
    """Return what is inside of (H, W) `mask`, cut to its bounds and `side` pixels long; None when nothing is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    inside = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = side / max(inside.shape)
    height, width = (max(round(length * scale), 1) for length in inside.shape)
    at_row = np.minimum(((np.arange(height) + 0.5) / scale).astype(np.intp), inside.shape[0] - 1)
    at_column = np.minimum(((np.arange(width) + 0.5) / scale).astype(np.intp), inside.shape[1] - 1)
    return inside[np.ix_(at_row, at_column)]


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Return the intersection of two outlines over their union, middles on each other."""
    shape = np.maximum(one.shape, other.shape)
    first, second = (_centred(outline, shape) for outline in (one, other))
    union = int((first | second).sum())
    return float((first & second).sum() / union) if union else 0.0


def _centred(outline: NDArray[np.bool_], shape: NDArray[np.integer]) -> NDArray[np.bool_]:
    placed = np.zeros(shape, bool)
    top, left = ((shape - outline.shape) // 2).tolist()
    placed[top : top + outline.shape[0], left : left + outline.shape[1]] = outline
    return placed


def sharpness(pixels: NDArray[np.uint8]) -> float:
    """Return the standard deviation of the Laplacian of the brightness (0..255) of an (H, W, 3 or 4) picture.

    A measure of focus (Pech-Pacheco et al. 2000): 0 for a plain colour, larger for finer detail.
    """
    if min(pixels.shape[:2]) < 3:
        return 0.0
    count = (pixels.shape[0] - 2) * (pixels.shape[1] - 2)
    total = squares = 0.0
    for start in range(0, pixels.shape[0] - 2, _ROWS):
        light = pixels[start : start + _ROWS + 2, :, :3].astype(np.float32) @ _LIGHT
        middle = light[1:-1, 1:-1]
        edge = light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:] - 4 * middle
        total += float(edge.sum(dtype=np.float64))
        squares += float(np.square(edge, dtype=np.float64).sum())
    return float(np.sqrt(max(squares / count - (total / count) ** 2, 0.0)))
