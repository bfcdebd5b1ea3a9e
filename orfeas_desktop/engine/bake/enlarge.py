"""Textures with more texels: Lanczos, or along the edges of what is on them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_BAND = 256
_MARGIN = 12
_TAPS = (-1.5, -0.75, 0.0, 0.75, 1.5)
"""Where along an edge values are taken, in texels of the small picture."""


class Enlarging(StrEnum):
    """How texels are made."""

    edges = "edges"
    lanczos = "lanczos"


def enlarged(
    pixels: NDArray[np.uint8], factor: int, way: Enlarging, step: Callable[[float], None]
) -> NDArray[np.uint8]:
    """Return (H, W, n) pixels `factor` times as wide and high, worked off in bands of rows."""
    height, width, channels = pixels.shape
    out = np.empty((height * factor, width * factor, channels), np.uint8)
    columns = np.clip(np.arange(-_MARGIN, width + _MARGIN), 0, width - 1)
    cut = slice(_MARGIN * factor, -_MARGIN * factor)
    for top in range(0, height, _BAND):
        step(top / height)
        rows = np.clip(np.arange(top - _MARGIN, min(top + _BAND, height) + _MARGIN), 0, height - 1)
        small = pixels[rows][:, columns].astype(np.float32)
        large = _lanczos(small, factor)
        if way is Enlarging.edges:
            large = _along_edges(small, large, factor)
        band = large[cut, cut]
        out[top * factor : top * factor + len(band)] = np.rint(np.clip(band, 0, 255))
    return out


def _lanczos(small: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    import cv2

    size = (small.shape[1] * factor, small.shape[0] * factor)
    large = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LANCZOS4), np.float32)
    return large.reshape(*large.shape[:2], -1)


def _along_edges(small: NDArray[np.float32], large: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Return `large` smoothed along edges, then mended until it averages to `small` again, without overshoot.

    Edges are where the structure tensor has one strong direction (Weickert 1999).
    """
    import cv2

    across_x, across_y, strength = _edges(large, factor)
    row, column = (np.asarray(at, np.float32) for at in np.indices(large.shape[:2]))
    smooth = np.zeros(large.shape, np.float32)
    for tap in _TAPS:
        x, y = column - across_y * (tap * factor), row + across_x * (tap * factor)
        moved = cv2.remap(large, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        smooth += np.asarray(moved).reshape(large.shape) / len(_TAPS)
    large = (large + strength[..., None] * (smooth - large)).astype(np.float32)
    for _ in range(2):
        large = large + _lanczos(small - _averaged(large, factor), factor)
    kernel = np.ones((3, 3), np.uint8)
    size = (large.shape[1], large.shape[0])
    low, high = (
        np.asarray(cv2.resize(edge(small, kernel), size, interpolation=cv2.INTER_LINEAR)).reshape(large.shape)
        for edge in (cv2.erode, cv2.dilate)
    )
    return np.clip(large, low, high)


def _edges(
    large: NDArray[np.float32], factor: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return the unit direction across the edge at each texel, and how sure it is, 0..1."""
    import cv2

    light = cv2.GaussianBlur(large[..., :3].mean(axis=2), (0, 0), 0.5 * factor)
    dx, dy = cv2.Scharr(light, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(light, cv2.CV_32F, 0, 1) / 32
    xx, xy, yy = (
        cv2.GaussianBlur(one * other, (0, 0), 1.0 * factor) for one, other in ((dx, dx), (dx, dy), (dy, dy))
    )
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    gap, total = np.sqrt((xx - yy) ** 2 + 4 * xy**2), xx + yy
    sure = np.where(total > 0, gap / np.where(total > 0, total, 1.0), 0.0) ** 2
    strong = total / (total + (2.0 / factor) ** 2)
    return np.cos(angle), np.sin(angle), (sure * strong).astype(np.float32)


def _averaged(large: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    height, width, channels = large.shape
    blocks = large.reshape(height // factor, factor, width // factor, factor, channels)
    return blocks.mean(axis=(1, 3), dtype=np.float32)
