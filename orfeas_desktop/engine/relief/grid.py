"""WorkGrid: the silhouette resampled to the resolution that the volume is built at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

PAD = 4
"""Empty cells around the silhouette."""


@dataclass(frozen=True, eq=False)
class WorkGrid:
    """A silhouette on square cells and where those lie in the picture.

    soft      (h, w) float32, share of the cell that the silhouette covers, 0..1
    inside    (h, w) bool, the silhouette
    size      cells along the longer side of the silhouette's box, unpadded
    origin    picture x, y of the outer corner of the first unpadded cell
    cells_per_pixel   along x and y; they differ by less than one cell over the whole box
    """

    soft: Floats = field(repr=False)
    inside: Mask = field(repr=False)
    size: int
    origin: tuple[float, float]
    cells_per_pixel: tuple[float, float]

    def column(self, x: Floats) -> Floats:
        """Return grid columns (cell centres are whole numbers) of picture x (pixel centres are whole)."""
        return (
            (x + np.float32(0.5) - self.origin[0]) * np.float32(self.cells_per_pixel[0])
            + PAD
            - np.float32(0.5)
        )

    def row(self, y: Floats) -> Floats:
        """Return grid rows of picture y."""
        return (
            (y + np.float32(0.5) - self.origin[1]) * np.float32(self.cells_per_pixel[1])
            + PAD
            - np.float32(0.5)
        )

    def picture_x(self, column: Floats) -> Floats:
        """Return picture x of grid columns."""
        return (
            (column - PAD + np.float32(0.5)) / np.float32(self.cells_per_pixel[0])
            + self.origin[0]
            - np.float32(0.5)
        )

    def picture_y(self, row: Floats) -> Floats:
        """Return picture y of grid rows."""
        return (
            (row - PAD + np.float32(0.5)) / np.float32(self.cells_per_pixel[1])
            + self.origin[1]
            - np.float32(0.5)
        )


def mask_box(mask: Mask) -> tuple[int, int, int, int]:
    """Return x0, y0, x1, y1 of the mask's box, ends excluded; the mask must not be empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def distance_within(inside: Mask) -> Floats:
    """Return each inside cell's distance to the nearest cell outside, 0 outside.

    OpenCV's precise transform differs in the last bit from call to call; squared distances are whole numbers, which
    makes it exact again, so that the same job gives the same bytes.
    """
    import cv2

    distance = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.sqrt(np.rint(np.square(distance))).astype(np.float32)


def work_grid(mask: Mask, resolution: int) -> WorkGrid:
    """Resample the box of `mask` so that its longer side has `resolution` cells.

    Blurring would cut parts of one or two cells' width, so where a cell stands out from its surroundings (by
    what an opening takes away) a quarter of it suffices instead of half.
    """
    import cv2

    x0, y0, x1, y1 = mask_box(mask)
    scale = resolution / max(x1 - x0, y1 - y0)
    width, height = max(2, round((x1 - x0) * scale)), max(2, round((y1 - y0) * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    crop = np.ascontiguousarray(mask[y0:y1, x0:x1]).astype(np.float32)
    covered = np.pad(cv2.resize(crop, (width, height), interpolation=how), PAD)
    soft = cv2.GaussianBlur(covered, (0, 0), 0.8)
    slim = soft - cv2.morphologyEx(soft, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    inside = (soft > 0.5) | ((soft > 0.25) & (slim > 0.1))
    return WorkGrid(
        soft.astype(np.float32),
        inside,
        resolution,
        (float(x0), float(y0)),
        (width / (x1 - x0), height / (y1 - y0)),
    )
