"""How far the camera looked down, read from the lower outline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float64]

BAND = 0.3
"""Share of the object's size, from its lowest point up, in which it may touch the ground."""


MOST = 0.2
"""Not more is believed: rounded feet would make a model lean that stands upright."""


def lean_of(mask: Mask) -> float:
    """Return by how much depth towards the viewer grows per length upwards, 0..0.2.

    What stands on the ground shows a straight lower outline to a camera at its height, and a sagging one to a
    camera that looks down: a round foot of radius r sags by r sin(elevation), and so, nearly, do the corners of
    a square one. Upright lines then lean towards the camera by tan(elevation). The outline of a rounded foot
    sags anyway, so that only part of what is read is believed.
    """
    chain = lower_chain(mask)
    half_width = (chain[-1, 0] - chain[0, 0]) / 2
    lowest = chain[:, 1].max()
    sag = lowest - (chain[0, 1] + chain[-1, 1]) / 2
    return float(np.clip(sag / max(half_width, 1.0) - 0.1, 0, MOST))


def lower_chain(mask: Mask) -> Floats:
    """Return the corners (n, 2: x, y down) of the lower convex outline, flatter than 45 degrees, from left to right."""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    size = max(len(rows), len(columns))
    lowest = len(mask) - 1 - np.argmax(mask[::-1, columns], axis=0)
    near = lowest >= lowest.max() - BAND * size
    corners: list[tuple[float, float]] = []
    for x, y in zip(columns[near].astype(float), lowest[near].astype(float), strict=True):
        while len(corners) > 1 and _turns_up(corners[-2], corners[-1], (x, y)):
            corners.pop()
        corners.append((x, y))
    chain = np.array(corners)
    start = end = int(np.argmax(chain[:, 1]))
    while start > 0 and _flat(chain[start - 1], chain[start]):
        start -= 1
    while end < len(chain) - 1 and _flat(chain[end], chain[end + 1]):
        end += 1
    return chain[start : end + 1]


def _turns_up(one: tuple[float, float], two: tuple[float, float], three: tuple[float, float]) -> bool:
    cross = (two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0])
    return cross >= 0


def _flat(one: Floats, two: Floats) -> bool:
    return bool(abs(two[1] - one[1]) < two[0] - one[0])
