"""GrabCut (Rother, Kolmogorov, Blake 2004) by OpenCV, with what is already known about each pixel."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Mask = NDArray[np.bool_]


class Certainty(IntEnum):
    """What is known of a pixel, in OpenCV's numbers."""

    background = 0
    object = 1
    maybe_background = 2
    maybe_object = 3


def cut(colours: Bytes, known: Bytes, *, rounds: int) -> Mask:
    """Return the object's pixels of `colours` (h, w, 3), started from `known` (h, w) of Certainty.

    Where one side has too few pixels to learn colours from, `known` is returned as it stands.
    """
    import cv2

    foreground = np.isin(known, (Certainty.object, Certainty.maybe_object))
    if min(foreground.sum(), (~foreground).sum()) < 10:
        return foreground
    labels = known.copy()
    models = np.zeros((1, 65)), np.zeros((1, 65))
    unused = (0, 0, 1, 1)
    cv2.grabCut(np.ascontiguousarray(colours), labels, unused, *models, rounds, cv2.GC_INIT_WITH_MASK)
    return np.isin(labels, (Certainty.object, Certainty.maybe_object))
