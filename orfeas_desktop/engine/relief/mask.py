"""Which pixels of a picture are the object: alpha, plain ground, saliency, or what the user says."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.relief.grabcut import Certainty, cut
from orfeas_desktop.engine.relief.plain_ground import plain_ground_mask
from orfeas_desktop.engine.relief.saliency import salient_mask
from orfeas_desktop.errors import NoObjectFound

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Mask = NDArray[np.bool_]

LEAST_PIXELS = 64
BOX_SIDE = 400
WORK_SIDE = 768


class MaskHow(StrEnum):
    """Where a mask came from."""

    alpha = "alpha"
    plain = "plain"
    saliency = "saliency"
    box = "box"
    mask = "mask"


@dataclass(frozen=True, eq=False)
class FoundMask:
    """The object's pixels (H, W), how they were found, and 0..1 how far to trust that (below 0.6: look first)."""

    inside: Mask = field(repr=False)
    how: MaskHow
    confidence: float


@dataclass(frozen=True)
class Box:
    """A rectangle in picture pixels, ends excluded."""

    x0: float
    y0: float
    x1: float
    y1: float

    def scaled(self, x: float, y: float) -> Box:
        """Return the box in a picture resized by these factors."""
        return Box(self.x0 * x, self.y0 * y, self.x1 * x, self.y1 * y)

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return x0, y0, x1, y1 as whole pixels within a picture of that size, at least one pixel wide."""
        x0 = int(np.clip(np.floor(self.x0), 0, width - 1))
        y0 = int(np.clip(np.floor(self.y0), 0, height - 1))
        return (
            x0,
            y0,
            int(np.clip(np.ceil(self.x1), x0 + 1, width)),
            int(np.clip(np.ceil(self.y1), y0 + 1, height)),
        )


def find_mask(picture: Bytes, name: str, *, box: Box | None = None, given: Bytes | None = None) -> FoundMask:
    """Find the object in `picture` (H, W, 4).

    A mask picture `given` (H', W', 4) or a `box` around the object settles it; otherwise transparency, then a
    plain ground, then saliency decide. OpenCV's random generator must have been seeded.
    Raises NoObjectFound, naming the picture, for fewer than 64 pixels.
    """
    if given is not None:
        found = FoundMask(_from_mask_picture(given, picture.shape[:2]), MaskHow.mask, 1.0)
    elif box is not None:
        found = FoundMask(_within_box(picture, box), MaskHow.box, 1.0)
    else:
        found = _automatic(picture)
    if found.inside.sum() < LEAST_PIXELS:
        raise NoObjectFound(name=name)
    return found


def _automatic(picture: Bytes) -> FoundMask:
    alpha = alpha_mask(picture)
    if alpha is not None:
        return FoundMask(alpha, MaskHow.alpha, 1.0)
    small, shape = work_copy(picture, WORK_SIDE), picture.shape[:2]
    plain = plain_ground_mask(small)
    if plain is not None:
        inside = cleaned(plain.inside, least_part=0.02, largest_hole=0.0015)
        return FoundMask(_resized(inside, shape), MaskHow.plain, plain.confidence)
    guess = salient_mask(small)
    inside = cleaned(guess.inside, least_part=0.2, largest_hole=0.01)
    return FoundMask(_resized(inside, shape), MaskHow.saliency, guess.confidence)


def alpha_mask(picture: Bytes) -> Mask | None:
    """Return the opaque pixels when over 0.5 % of the picture are transparent, else None."""
    alpha = picture[..., 3]
    if (alpha < 10).mean() <= 0.005:
        return None
    return alpha > min(127, int(alpha.max()) // 2)


def work_copy(picture: Bytes, side: int) -> Bytes:
    """Return the colours (h, w, 3) with no side longer than `side`."""
    import cv2

    colours = np.ascontiguousarray(picture[..., :3])
    scale = side / max(colours.shape[:2])
    if scale >= 1:
        return colours
    size = max(1, round(colours.shape[1] * scale)), max(1, round(colours.shape[0] * scale))
    return cv2.resize(colours, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def cleaned(inside: Mask, *, least_part: float, largest_hole: float) -> Mask:
    """Drop specks, parts under `least_part` of the largest, and holes under `largest_hole` of the picture."""
    import cv2

    width = max(3, 2 * round(0.001 * max(inside.shape)) + 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    kept = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    count, labels, facts, _ = cv2.connectedComponentsWithStats(kept, connectivity=4)
    if count < 2:
        return np.zeros(inside.shape, bool)
    areas = facts[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    kept = np.isin(labels, np.flatnonzero(areas >= least_part * areas.max())) & (labels > 0)
    count, labels, facts, _ = cv2.connectedComponentsWithStats((~kept).astype(np.uint8), connectivity=4)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    areas = facts[:, cv2.CC_STAT_AREA]
    holes = [k for k in range(1, count) if k not in border and areas[k] < largest_hole * inside.size]
    return kept | np.isin(labels, holes)


def _resized(inside: Mask, shape: tuple[int, ...]) -> Mask:
    import cv2

    if inside.shape == shape:
        return inside
    soft = cv2.resize(inside.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return soft > 0.5


def _from_mask_picture(given: Bytes, shape: tuple[int, ...]) -> Mask:
    """Read a mask picture: transparency when it has any, else light is inside."""
    import cv2

    inside = alpha_mask(given)
    if inside is None:
        inside = cv2.cvtColor(np.ascontiguousarray(given[..., :3]), cv2.COLOR_RGB2GRAY) > 127
    return _resized(inside, shape)


def _within_box(picture: Bytes, box: Box) -> Mask:
    """Return the object inside the box: by alpha or a plain ground where they tell, else by GrabCut."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = box.pixels(width, height)
    window = np.zeros((height, width), bool)
    window[y0:y1, x0:x1] = True
    alpha = alpha_mask(picture)
    if alpha is not None:
        return alpha & window
    plain = plain_ground_mask(work_copy(picture, WORK_SIDE))
    if plain is not None:
        inside = (
            _resized(cleaned(plain.inside, least_part=0.02, largest_hole=0.0015), (height, width)) & window
        )
        if inside.sum() >= max(LEAST_PIXELS, 0.05 * window.sum()):
            return inside
    small = work_copy(picture, BOX_SIDE)
    scale_y, scale_x = small.shape[0] / height, small.shape[1] / width
    u0, v0, u1, v1 = box.scaled(scale_x, scale_y).pixels(small.shape[1], small.shape[0])
    likely = np.full(small.shape[:2], Certainty.background, np.uint8)
    likely[v0:v1, u0:u1] = Certainty.maybe_object
    inside = cleaned(cut(small, likely, rounds=5), least_part=0.02, largest_hole=0.0015)
    return _resized(inside, (height, width)) & window
