"""Fine relief read from light and dark: for looks, it makes the shape no truer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.relief.texture import Canvas

    Floats = NDArray[np.float32]

STRENGTH = 0.015
"""Of the object's size, for the strongest light."""


def detail_height(canvas: Canvas) -> Floats:
    """Return (h, w) -1..1: lightness between a 0.35 % and a 3 % blur, faded out towards the outline."""
    import cv2

    light = cv2.cvtColor(np.clip(canvas.colours, 0, 255) / np.float32(255), cv2.COLOR_RGB2GRAY)
    weight = canvas.core.astype(np.float32)
    light = np.asarray(cv2.bilateralFilter(light, 7, 0.08, 7), np.float32)
    fine, coarse = (_blur(light, weight, share * canvas.size) for share in (0.0035, 0.03))
    fade = np.clip(canvas.depth / (0.04 * canvas.size), 0, 1)
    return (np.clip(fine - coarse, -0.2, 0.2) / 0.2 * fade * weight).astype(np.float32)


def _blur(light: Floats, weight: Floats, sigma: float) -> Floats:
    import cv2

    total = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)
    return np.asarray(cv2.GaussianBlur(light * weight, (0, 0), sigma) / total, np.float32)


def detail_shift(height: Floats, columns: Floats, rows: Floats, towards_viewer: Floats) -> Floats:
    """Return how far (V,) vertices at those canvas places move along their normals, in object sizes.

    `towards_viewer` is z of the normals; sides and back stay as they are.
    """
    from scipy.ndimage import map_coordinates

    read = map_coordinates(height, [rows, columns], order=1, mode="nearest")
    return (STRENGTH * read * np.clip(1.5 * towards_viewer - 0.25, 0, 1)).astype(np.float32)
