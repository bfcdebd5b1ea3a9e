"""Frames pictures as the shape networks were trained on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from orfeas_desktop.errors import NoObjectFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    Pixels = NDArray[np.uint8]

VIEWS = {"front": 0, "left": 1, "back": 2, "right": 3}
"""View numbers by name: front, then each a quarter turn clockwise."""

DEFAULT_BORDER = 0.15


@dataclass(frozen=True)
class PreparedPictures:
    """Framed pictures as bytes: `images` (V, 3, s, s), `masks` (V, 1, s, s), and the view of each."""

    images: Pixels
    masks: Pixels
    views: tuple[int, ...]

    def tensor(self, device: torch.device | None = None) -> Tensor:
        """(V, 3, s, s) float32 in [-1, 1]."""
        return torch.from_numpy(self.images).to(device).float() / 255 * 2 - 1


def recentre(
    picture: Pixels, border: float = DEFAULT_BORDER, *, name: str = "picture"
) -> tuple[Pixels, Pixels]:
    """Crop (H, W, 3 or 4) to its opaque part, centre it on white; return (S, S, 3) and its mask (S, S).

    The last opaque row and column are left out and sizes are truncated, as when the networks were trained.
    Raises NoObjectFound when nothing of an area is opaque.
    """
    if picture.shape[2] == 3:
        opaque = np.full((*picture.shape[:2], 1), 255, np.uint8)
        picture = np.concatenate([picture, opaque], axis=2)
    filled = picture[..., 3] != 0
    rows, columns = np.flatnonzero(filled.any(axis=1)), np.flatnonzero(filled.any(axis=0))
    if not len(rows) or rows[0] == rows[-1] or columns[0] == columns[-1]:
        raise NoObjectFound(name=name)
    height, width = int(rows[-1] - rows[0]), int(columns[-1] - columns[0])
    side = max(picture.shape[:2])
    scale = int(side * (1 - border)) / max(height, width)
    new_height, new_width = int(height * scale), int(width * scale)
    if not new_height or not new_width:
        raise NoObjectFound(name=name)
    crop = np.ascontiguousarray(picture[rows[0] : rows[-1], columns[0] : columns[-1]])
    resized = cv2.resize(crop, (new_width, new_height), interpolation=cv2.INTER_AREA)
    canvas = np.zeros((side, side, 4), np.uint8)
    top, left = (side - new_height) // 2, (side - new_width) // 2
    canvas[top : top + new_height, left : left + new_width] = resized
    alpha = canvas[..., 3:].astype(np.float32) / 255
    blended = canvas[..., :3] * alpha + 255 * (1 - alpha)
    return blended.clip(0, 255).astype(np.uint8), canvas[..., 3]


def prepare_picture(
    picture: Pixels, size: int = 512, border: float = DEFAULT_BORDER, *, name: str = "picture"
) -> tuple[Pixels, Pixels]:
    """Recentre an RGB or RGBA picture and scale it; return (3, size, size) and (1, size, size) bytes."""
    image, mask = recentre(picture, border, name=name)
    scaled = cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC)
    cut = cv2.resize(mask, (size, size), interpolation=cv2.INTER_NEAREST)
    return np.ascontiguousarray(np.asarray(scaled, np.uint8).transpose(2, 0, 1)), np.asarray(cut, np.uint8)[
        None
    ]


def prepare_pictures(
    pictures: Mapping[str, Pixels], size: int = 512, border: float | None = None
) -> PreparedPictures:
    """Prepare pictures by view name, in the order of the views. Raises NoObjectFound, KeyError."""
    ordered = sorted((VIEWS[view], view) for view in pictures)
    share = DEFAULT_BORDER if border is None else border
    done = [prepare_picture(pictures[view], size, share, name=view) for _, view in ordered]
    return PreparedPictures(
        np.stack([image for image, _ in done]),
        np.stack([mask for _, mask in done]),
        tuple(number for number, _ in ordered),
    )
