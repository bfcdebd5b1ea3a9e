"""The object before a plain ground: what differs from a smooth surface fitted to the picture's frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.relief.grabcut import Certainty, cut

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Guess:
    """Pixels that are taken for the object, and how far to trust that, 0..1."""

    inside: Mask = field(repr=False)
    confidence: float


@dataclass(frozen=True, eq=False)
class Ground:
    """The ground as seen at the frame. Colour differences are Euclidean in CIE Lab.

    lab         (h, w, 3) the picture
    plane       (h, w, 3) the ground's colour, a quadratic in x and y
    difference  (h, w) from the plane, slightly blurred; `sharp` is not blurred
    spread      median difference in the frame
    plain       share of the frame that differs by less than 10
    """

    lab: Floats
    plane: Floats
    difference: Floats
    sharp: Floats
    spread: float
    plain: float


def plain_ground_mask(colours: Bytes) -> Guess | None:
    """Return the object in `colours` (h, w, 3), or None when the ground is not plain."""
    ground = ground_of(colours)
    if ground.spread >= 2.2 or ground.plain <= 0.90:
        return None
    flood = _flooded(ground.sharp < 5)
    threshold = _threshold(ground)
    shadow = _soft_shadow(ground, threshold)
    taken = _flooded((ground.sharp < 5) | shadow) & ~flood
    cast = _borders_ground(taken, flood)
    if not cast:
        shadow = np.zeros_like(shadow)
    if ground.spread < 1 and ground.plain > 0.93 and (not cast or taken.mean() < 0.02):
        background = flood | _inner_holes(ground.sharp < 2.5)
        return Guess(~background, 0.9)
    return _shaded(colours, ground, threshold, shadow)


def ground_of(colours: Bytes) -> Ground:
    """Fit each Lab channel of the outer 2 % frame by a quadratic in x, y; outliers are trimmed in six rounds."""
    import cv2

    lab = np.asarray(
        cv2.cvtColor(colours.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB), np.float32
    )
    height, width = lab.shape[:2]
    edge = max(1, round(0.02 * max(height, width)))
    frame = np.ones((height, width), bool)
    frame[edge : height - edge, edge : width - edge] = False
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width - np.float32(0.5), y / height - np.float32(0.5)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    rows, seen = terms[frame].astype(np.float64), lab[frame].astype(np.float64)
    kept = np.ones(len(rows), bool)
    residual = np.zeros(len(rows))
    fit = np.zeros((6, 3))
    for _ in range(6):
        fit = np.linalg.lstsq(rows[kept], seen[kept], rcond=None)[0]
        residual = np.linalg.norm(seen - rows @ fit, axis=1)
        kept = residual < max(4.0, 2.5 * float(np.median(residual)))
    plane = (terms @ fit.astype(np.float32)).astype(np.float32)
    sharp = np.linalg.norm(lab - plane, axis=2).astype(np.float32)
    blurred = np.linalg.norm(cv2.GaussianBlur(lab, (0, 0), 1) - plane, axis=2).astype(np.float32)
    return Ground(lab, plane, blurred, sharp, float(np.median(residual)), float((residual < 10).mean()))


def _threshold(ground: Ground) -> float:
    import cv2

    clipped = np.minimum(ground.difference, 60) * (255 / 60)
    otsu = cv2.threshold(clipped.astype(np.uint8), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0] * 60 / 255
    return float(np.clip(otsu, max(5.0, 3 * ground.spread), 14.0)) if ground.spread < 14 / 3 else 14.0


def _soft_shadow(ground: Ground, threshold: float) -> Mask:
    """Return pixels that are the ground, only darker, and lie on no edge."""
    import cv2

    lightness, base = ground.lab[..., 0], ground.plane[..., 0]
    ratio = lightness / np.maximum(base, 1)
    tint = ground.lab[..., 1:] - ground.plane[..., 1:] * np.minimum(1, ratio)[..., None]
    same_tint = np.linalg.norm(tint, axis=2) < max(4.0, 0.6 * threshold)
    blurred = cv2.GaussianBlur(ground.lab, (0, 0), 1.5)
    across = cv2.Sobel(blurred, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(blurred, cv2.CV_32F, 0, 1, scale=1 / 8)
    steep = np.sqrt((across**2).sum(axis=2) + (down**2).sum(axis=2)) >= 1.6 + 0.4 * ground.spread
    edge = cv2.dilate(steep.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return (base > 60) & (ratio > 0.45) & (ratio < 1.03) & same_tint & ~edge


def _borders_ground(taken: Mask, flood: Mask) -> bool:
    """Tell whether what the shadow rule took is a cast shadow: it melts into the ground along a long border.

    The border of a cast shadow was 1.2 to 10 times half the perimeter of the object's box in trials; where the
    rule leaked into pale objects through a gap in their outline it was 0 to 0.5 times that.
    """
    import cv2

    differs = ~flood
    if not taken.any():
        return False
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    half_perimeter = rows[-1] - rows[0] + columns[-1] - columns[0] + 2
    near_ground = cv2.dilate(flood.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return bool((taken & near_ground).sum() > 0.8 * half_perimeter)


def _flooded(ground: Mask) -> Mask:
    """Return the 4-connected parts of `ground` that touch the picture's border."""
    import cv2

    count, found = cv2.connectedComponents(ground.astype(np.uint8), connectivity=4)
    labels = np.asarray(found, np.int32)
    touching = np.zeros(count, bool)
    touching[np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))] = True
    touching[0] = False
    return touching[labels]


def _inner_holes(ground: Mask) -> Mask:
    """Return ground that shows through the object: clear, at least 0.15 % of the picture each."""
    import cv2

    opened = cv2.morphologyEx(ground.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, labels, facts, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    large = facts[:, cv2.CC_STAT_AREA] > 0.0015 * ground.size
    large[0] = False
    return large[np.asarray(labels, np.int32)]


def _shaded(colours: Bytes, ground: Ground, threshold: float, shadow: Mask) -> Guess:
    """Return the object before a ground with shades and shadows, its outline settled by GrabCut."""
    differs = ground.difference < threshold
    holes = _inner_holes(ground.difference < 0.6 * threshold)
    without = ~(_flooded(differs) | holes)
    inside = ~(_flooded(differs | shadow) | holes)
    kept_share = inside.sum() / max(int(without.sum()), 1)
    if kept_share < (0.20 if ground.spread < 1 else 0.25):
        inside, kept_share = without, 1.0
    refined = _refined(colours, ground, threshold, inside)
    return Guess(refined, 0.8 if kept_share > 0.6 else 0.5)


def _refined(colours: Bytes, ground: Ground, threshold: float, inside: Mask) -> Mask:
    import cv2

    scale = min(1.0, 512 / max(inside.shape))
    size = max(1, round(inside.shape[1] * scale)), max(1, round(inside.shape[0] * scale))
    small = np.asarray(cv2.resize(colours, size, interpolation=cv2.INTER_AREA), np.uint8)
    start = cv2.resize(inside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    reach = max(1, round(0.012 * max(size)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    chroma = np.linalg.norm(ground.lab[..., 1:] - ground.plane[..., 1:], axis=2)
    vivid = ((ground.difference > 2.5 * threshold) & (chroma > 8)).astype(np.uint8)
    vivid = cv2.resize(vivid, size, interpolation=cv2.INTER_NEAREST)
    known = np.where(start > 0, Certainty.maybe_object, Certainty.maybe_background).astype(np.uint8)
    known[(cv2.erode(start, kernel, borderValue=0) > 0) | (vivid > 0)] = Certainty.object
    known[cv2.dilate(start, kernel) == 0] = Certainty.background
    refined = cut(small, known, rounds=2)
    if not 0.7 <= refined.sum() / max(int(start.sum()), 1) <= 1.2:
        return inside
    whole = cv2.resize(refined.astype(np.float32), inside.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return whole > 0.5
