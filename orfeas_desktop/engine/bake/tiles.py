"""A texture cut into tiles, so that memory does not grow with its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.bake.surface import Spots
from orfeas_desktop.engine.mesh.raster import texels_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_SAMPLES_AT_ONCE = 1 << 18


@dataclass(frozen=True, eq=False)
class Tile:
    """Samples of one square of the texture: texels (N,) number them row by row within `height` × `width`."""

    left: int
    top: int
    width: int
    height: int
    spots: Spots
    texels: NDArray[np.int64]

    def averaged(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (height, width, n) the mean of each texel's samples (N, n); zero where there is none."""
        size = self.width * self.height
        counts = np.maximum(np.bincount(self.texels, minlength=size), 1)
        sums = [np.bincount(self.texels, values[:, column], size) for column in range(values.shape[1])]
        means = np.stack(sums, axis=1) / counts[:, None]
        return means.reshape(self.height, self.width, -1).astype(np.float32)

    def covered(self) -> NDArray[np.bool_]:
        """Return (height, width) which texels have a sample."""
        counts = np.bincount(self.texels, minlength=self.width * self.height)
        return counts.reshape(self.height, self.width) > 0

    def within(self, whole: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return this tile's part of a whole picture (H, W, …)."""
        return whole[self.top : self.top + self.height, self.left : self.left + self.width]

    def kept(self, chosen: NDArray[np.integer]) -> Tile:
        """Return the tile with some of its samples."""
        return Tile(self.left, self.top, self.width, self.height, self.spots.of(chosen), self.texels[chosen])


def tiles_of(corners: NDArray[np.float64], side: int, fine: int) -> Iterator[tuple[float, Tile | None]]:
    """Yield how far it is, 0..1, and each tile of a texture of `side` texels that faces lie on, else None.

    `corners` (F, 3, 2) are UVs; each texel has `fine` × `fine` samples.
    """
    across = max(int((_SAMPLES_AT_ONCE**0.5) / fine), 1)
    starts = range(0, side, across)
    low, high = corners.min(axis=1) * side, corners.max(axis=1) * side
    for row, top in enumerate(starts):
        beside = (low[:, 1] < top + across) & (high[:, 1] > top)
        for column, left in enumerate(starts):
            share = (row * len(starts) + column) / len(starts) ** 2
            faces = np.flatnonzero(beside & (low[:, 0] < left + across) & (high[:, 0] > left))
            size = min(across, side - left), min(across, side - top)
            yield share, _tile(corners, faces, side, fine, (left, top), size) if len(faces) else None


def _tile(
    corners: NDArray[np.float64],
    faces: NDArray[np.int64],
    side: int,
    fine: int,
    corner: tuple[int, int],
    size: tuple[int, int],
) -> Tile | None:
    width, height = size
    local = (corners[faces] * side - np.array(corner)) * fine
    numbers: list[NDArray[np.int64]] = []
    weights: list[NDArray[np.float32]] = []
    texels: list[NDArray[np.int64]] = []
    for found in texels_of(local, width * fine, height * fine):
        numbers.append(faces[found.faces])
        weights.append(found.weights.astype(np.float32))
        texels.append(found.rows // fine * width + found.columns // fine)
    if not any(len(part) for part in numbers):
        return None
    spots = Spots(np.concatenate(numbers), np.concatenate(weights))
    return Tile(*corner, width, height, spots, np.concatenate(texels))
