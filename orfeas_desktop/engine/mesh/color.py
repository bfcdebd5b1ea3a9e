"""The sRGB transfer function (IEC 61966-2-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def linear_of(encoded: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return linear light 0..1 of sRGB-encoded values 0..1."""
    curve = ((encoded + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, encoded / 12.92, curve).astype(np.float32)


def encoded_of(linear: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return sRGB-encoded values 0..1 of linear light; what lies outside 0..1 is clipped."""
    light = np.clip(linear, 0.0, 1.0)
    curve = 1.055 * light ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, curve).astype(np.float32)


def linear_words(colors: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return sRGB bytes with linear alpha, (N, 4), as linear 16-bit values: glTF's COLOR_0."""
    table = linear_of(np.arange(256) / 255.0)
    words = np.rint(table * 65535.0).astype(np.uint16)
    out = words[colors]
    out[:, 3] = colors[:, 3].astype(np.uint16) * 257
    return out


def encoded_bytes(linear: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return linear values 0..1, (N, 3 or 4), as sRGB bytes with linear alpha, (N, 4)."""
    out = np.full((len(linear), 4), 255, np.uint8)
    out[:, :3] = np.rint(encoded_of(linear[:, :3]) * 255.0).astype(np.uint8)
    if linear.shape[1] == 4:
        out[:, 3] = np.rint(np.clip(linear[:, 3], 0.0, 1.0) * 255.0).astype(np.uint8)
    return out
