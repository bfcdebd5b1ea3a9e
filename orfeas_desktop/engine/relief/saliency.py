"""The object in a busy picture: what differs in colour from the frame, by way of superpixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.relief.grabcut import Certainty, cut
from orfeas_desktop.engine.relief.plain_ground import Guess

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Doubles = NDArray[np.float64]
    Integers = NDArray[np.int64]

CELL_SIDE = 200
CUT_SIDE = 320
LEAST_CONTRAST = 3.0
"""In units of CIE Lab; a picture without it shows nothing."""


def salient_mask(colours: Bytes) -> Guess:
    """Return what stands out in `colours` (h, w, 3); a guess that the user should check.

    Geodesic distance to the frame over superpixels (Wei et al. 2012) plus the mean distance to the frame's
    nearest colours, weighted towards the centre, thresholded by Otsu and settled by GrabCut.
    """
    import cv2

    cells = _fit(colours, CELL_SIDE)
    score = _scores(cells)
    score = cv2.GaussianBlur(score, (0, 0), 1)
    top = float(score.max())
    if top < LEAST_CONTRAST:
        return Guess(np.zeros(colours.shape[:2], bool), 0.0)
    scaled = (score * (255 / top)).astype(np.uint8)
    threshold = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0] * top / 255
    small = _fit(colours, CUT_SIDE)
    large = np.asarray(
        cv2.resize(score, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_LINEAR), np.float32
    )
    known = np.where(large > threshold, Certainty.maybe_object, Certainty.maybe_background).astype(np.uint8)
    known[large > np.quantile(large, 0.97)] = Certainty.object
    known[large < 0.35 * threshold] = Certainty.background
    known[[0, -1]] = known[:, [0, -1]] = Certainty.background
    inside = cut(small, known, rounds=5)
    whole = cv2.resize(inside.astype(np.float32), colours.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    return Guess(whole, _confidence(large, inside))


def _confidence(score: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """Return 0..0.5: how much higher the score is inside than outside."""
    if not inside.any() or inside.all():
        return 0.0
    within, beyond = float(score[inside].mean()), float(score[~inside].mean())
    return float(np.clip((within - beyond) / max(within, 1e-6), 0, 1)) * 0.5


def _fit(colours: Bytes, side: int) -> Bytes:
    import cv2

    scale = min(1.0, side / max(colours.shape[:2]))
    size = max(1, round(colours.shape[1] * scale)), max(1, round(colours.shape[0] * scale))
    return np.asarray(cv2.resize(colours, size, interpolation=cv2.INTER_AREA), np.uint8)


def _scores(colours: Bytes) -> NDArray[np.float32]:
    """Return how much each pixel stands out, >= 0."""
    import cv2
    from skimage.segmentation import slic

    lab = cv2.cvtColor(colours.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    labels = slic(lab, n_segments=250, compactness=10, convert2lab=False, start_label=0, channel_axis=-1)
    count = int(labels.max()) + 1
    sizes = np.bincount(labels.ravel(), minlength=count)
    means = np.stack(
        [
            np.bincount(labels.ravel(), lab[..., c].ravel(), minlength=count) / np.maximum(sizes, 1)
            for c in range(3)
        ],
        axis=1,
    )
    frame = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    away = _distance_to_frame(labels, means, frame)
    nearest = np.sort(np.linalg.norm(means[:, None] - means[None, frame], axis=2), axis=1)
    contrast = nearest[:, : max(1, len(frame) // 3)].mean(axis=1)
    height, width = labels.shape
    y, x = np.mgrid[0:height, 0:width]
    centred = np.exp(-((x / width - 0.5) ** 2 / (2 * 0.33**2) + (y / height - 0.5) ** 2 / (2 * 0.36**2)))
    return ((away + contrast)[labels] * (0.35 + 0.65 * centred)).astype(np.float32)


def _distance_to_frame(labels: Integers, means: Doubles, frame: Integers) -> Doubles:
    """Return the geodesic colour distance of every cell to the frame; odd cells of the frame pay to start."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    count = len(means)
    pairs = np.concatenate(
        [
            np.stack([labels[:, :-1].ravel(), labels[:, 1:].ravel()]),
            np.stack([labels[:-1].ravel(), labels[1:].ravel()]),
        ],
        axis=1,
    )
    pairs = np.unique(np.sort(pairs[:, pairs[0] != pairs[1]], axis=0), axis=1)
    cost = np.maximum(np.linalg.norm(means[pairs[0]] - means[pairs[1]], axis=1) - 4, 0.01)
    typical = np.median(means[frame], axis=0)
    fee = np.maximum(np.linalg.norm(means[frame] - typical, axis=1) - 15, 0.01)
    start = np.full(len(frame), count)
    links = coo_array(
        (np.r_[cost, fee], (np.r_[pairs[0], start], np.r_[pairs[1], frame])), shape=(count + 1, count + 1)
    )
    return np.asarray(dijkstra(links.tocsr(), directed=False, indices=count))[:count]
