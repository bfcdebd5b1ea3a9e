"""Several silhouettes carve one volume: a visual hull with the relief's rounded cross-sections."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.relief.grid import PAD, distance_within, mask_box
from orfeas_desktop.engine.relief.height import inflate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]


class Side(StrEnum):
    """Where the camera stood, as the viewer of the front sees it: left is -x, and +z comes to the viewer."""

    front = "front"
    left = "left"
    back = "back"
    right = "right"


SLIM = 1.0
"""Exponent by which parts narrower than the widest of their row stay flat in depth; 0 gives all its depth."""

INFLATED = 0.5
"""Share of the relief's inflation in a cross-section; the rest is a plain ellipse."""


@dataclass(frozen=True, eq=False)
class Hull:
    """What the silhouettes enclose.

    phi      (depth, rows, columns) float32, positive inside, z = 0 on the middle layer, padded by PAD cells
    rows, columns, layers   cells of the object along y, x and z, without padding
    """

    phi: Floats = field(repr=False)
    rows: int
    columns: int
    layers: int


def carve(front: Mask, flank: Mask, resolution: int) -> Hull:
    """Return the hull of the front silhouette and of the left one (a mirrored right one), brought to one height.

    Opposite views add nothing: in parallel projection they are mirror images, and where perspective makes them
    differ, averaging, joining or intersecting them lost up to 0.3 of F-score against one of the two.
    """
    face, side = _box_crop(front), _box_crop(flank)
    wide, deep = face.shape[1] / face.shape[0], side.shape[1] / side.shape[0]
    rows = max(4, round(resolution / max(1.0, wide, deep)))
    columns, layers = max(4, round(rows * wide)), max(4, round(rows * deep))
    across, through = run_profile(_signed(face, rows, columns)), run_profile(_signed(side, rows, layers))
    return Hull((across[None] + through.T[:, :, None] - 1) * np.float32(8), rows, columns, layers)


def run_profile(signed: Floats) -> Floats:
    """Return how deep each cell lies in its row's run: 1 in its middle, 0 on the outline, below 0 outside.

    `signed` (rows, cells) is the distance to the outline, positive inside. With the profiles a and b of two
    views, a + b > 1 is an ellipse in every row where a and b are parabolas.
    """
    from scipy.ndimage import gaussian_filter

    inside = signed > 0
    centre, radius, run = _runs(inside)
    place = np.arange(inside.shape[1], dtype=np.float32)
    parabola = 1 - ((place - centre[run]) / radius[run]) ** 2
    height = inflate(inside, max(inside.shape))
    highest = np.full(len(radius), 1e-3, np.float32)
    np.maximum.at(highest, run[inside], height[inside])
    share = (1 - INFLATED) * parabola + INFLATED * np.minimum(height / highest[run], 1)
    widest = np.where(inside, radius[run], 1).max(axis=1, keepdims=True)
    share *= np.minimum(radius[run] / widest, 1) ** SLIM
    profile = np.where(inside, share, 0.25 * np.minimum(signed, 0)).astype(np.float32)
    return np.asarray(gaussian_filter(profile, (1.0, 0.5)), np.float32)


def _runs(inside: Mask) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return centre and half width of every run of inside cells in a row, and each cell's run (0 outside)."""
    padded = np.pad(inside, ((0, 0), (1, 1)))
    starts = np.nonzero(inside & ~padded[:, :-2])[1]
    ends = np.nonzero(inside & ~padded[:, 2:])[1]
    run = np.where(inside, np.cumsum((inside & ~padded[:, :-2]).ravel()).reshape(inside.shape), 0)
    centre, radius = (starts + ends) / 2, (ends - starts + 1) / 2
    return np.r_[0, centre].astype(np.float32), np.r_[1, radius].astype(np.float32), run


def _box_crop(mask: Mask) -> Mask:
    x0, y0, x1, y1 = mask_box(mask)
    return mask[y0:y1, x0:x1]


def _signed(crop: Mask, rows: int, columns: int) -> Floats:
    """Return the padded (rows, columns) distance in cells to the outline, positive inside."""
    import cv2

    how = cv2.INTER_AREA if rows < crop.shape[0] else cv2.INTER_LINEAR
    soft = cv2.resize(np.ascontiguousarray(crop).astype(np.float32), (columns, rows), interpolation=how)
    inside = np.pad(np.asarray(cv2.GaussianBlur(soft, (0, 0), 0.6)), PAD) > 0.45
    within, beyond = distance_within(inside), distance_within(~inside)
    return (np.maximum(within - 0.5, 0) - np.maximum(beyond - 0.5, 0)).astype(np.float32)
