"""Maps guessed from a base colour, by rules of thumb: darker is deeper, busier and darker is rougher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.bake.maps import Map, bytes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_BAND = 512
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Weights of red, green and blue (ITU-R BT.709)."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How the guess is made: `strength` of the relief, its finest detail in texels, the span of the roughness."""

    strength: float = 1.0
    detail: float = 1.0
    smoothest: float = 0.5
    roughest: float = 0.95
    metallic: float = 0.0


def guessed(
    pixels: NDArray[np.uint8], rule: Rule, step: Callable[[float], None]
) -> dict[Map, NDArray[np.uint8]]:
    """Return a normal map (H, W, 3) and roughness with metallic (H, W, 2) for base colour `pixels` (H, W, 4).

    Worked off in bands of rows; textures repeat at their rims.
    """
    height, width = pixels.shape[:2]
    normals = np.empty((height, width, 3), np.uint8)
    rough = np.empty((height, width, 2), np.uint8)
    rough[..., 1] = round(rule.metallic * 255)
    middle = float(np.median(pixels[::8, ::8, :3] @ _LUMA)) / 255
    margin = int(6 * max(rule.detail, 1.0)) + 2
    for top in range(0, height, _BAND):
        step(top / height)
        rows = np.arange(top - margin, min(top + _BAND, height) + margin) % height
        columns = np.arange(-margin, width + margin) % width
        light = (pixels[rows][:, columns, :3] @ _LUMA) / np.float32(255)
        inner = (slice(margin, -margin), slice(margin, -margin))
        band = slice(top, top + _BAND)
        normals[band] = bytes_of(Map.normal, _relief(light, rule)[inner])
        rough[band, :, 0] = np.rint(_roughness(light, middle, rule)[inner] * 255)
    return {Map.normal: normals, Map.rough_metal: rough}


def _relief(light: NDArray[np.float32], rule: Rule) -> NDArray[np.float32]:
    """Return normals of the height field whose height is the lightness."""
    import cv2

    smooth = cv2.GaussianBlur(light, (0, 0), max(rule.detail, 0.3))
    # Scharr's kernels sum up to 32: this is the slope for a texel, x to the right and y up
    slope_x = cv2.Scharr(smooth, cv2.CV_32F, 1, 0) / 32
    slope_y = -cv2.Scharr(smooth, cv2.CV_32F, 0, 1) / 32
    steep = 8 * rule.strength
    return np.stack([-steep * slope_x, -steep * slope_y, np.ones_like(smooth)], axis=-1).astype(np.float32)


def _roughness(light: NDArray[np.float32], middle: float, rule: Rule) -> NDArray[np.float32]:
    import cv2

    wide = 3 * max(rule.detail, 1.0)
    mean = cv2.GaussianBlur(light, (0, 0), wide)
    spread = np.sqrt(np.maximum(cv2.GaussianBlur(light * light, (0, 0), wide) - mean * mean, 0))
    share = 0.5 + 2.0 * spread + 0.6 * (middle - mean)
    return (rule.smoothest + (rule.roughest - rule.smoothest) * np.clip(share, 0, 1)).astype(np.float32)
