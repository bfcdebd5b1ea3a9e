"""Texels beside charts take the values of the nearest ones on them, so that no seam shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from orfeas_desktop.engine.bake.maps import Map

_BLOCK = 1024


def dilated(
    pictures: Mapping[Map, NDArray[np.uint8]],
    known: NDArray[np.bool_],
    reach: int,
    resting: Mapping[Map, tuple[int, ...]],
    step: Callable[[float], None],
) -> None:
    """Fill what is not `known` (H, W) of the pictures (H, W, n) in place, block by block.

    Up to `reach` texels from a chart with the nearest value, beyond with the picture's mean or what is `resting`.
    """
    from scipy.ndimage import distance_transform_edt

    if not known.any():
        for kind, picture in pictures.items():
            picture[...] = resting.get(kind, 255)
        return
    rest = {kind: resting.get(kind) or _mean(picture, known) for kind, picture in pictures.items()}
    height, width = known.shape
    corners = [(top, left) for top in range(0, height, _BLOCK) for left in range(0, width, _BLOCK)]
    for number, (top, left) in enumerate(corners):
        step(number / len(corners))
        rows = slice(max(top - reach, 0), min(top + _BLOCK + reach, height))
        columns = slice(max(left - reach, 0), min(left + _BLOCK + reach, width))
        around = known[rows, columns]
        inner = np.zeros_like(around)
        inner[top - rows.start :, left - columns.start :][:_BLOCK, :_BLOCK] = True
        blank = inner & ~around
        if not blank.any():
            continue
        at = np.asarray(distance_transform_edt(~around, return_distances=False, return_indices=True))
        away = at - np.indices(around.shape, np.int32)
        near = blank & ((away**2).sum(axis=0) <= (reach**2 if around.any() else -1))
        for kind, picture in pictures.items():
            window = picture[rows, columns]
            window[blank] = rest[kind]
            window[near] = window[at[0][near], at[1][near]]


def _mean(picture: NDArray[np.uint8], known: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the mean of what is known, row by row so that nothing large is copied."""
    total = np.zeros(picture.shape[2])
    for row, mask in zip(picture, known, strict=True):
        total += row[mask].sum(axis=0)
    return tuple(int(value) for value in np.rint(total / known.sum()))
