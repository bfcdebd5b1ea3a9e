"""The pictures on front and back: the photograph, continued beyond its outline and around to the back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.relief.grid import mask_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Integers = NDArray[np.int32]
    Mask = NDArray[np.bool_]
    Bytes = NDArray[np.uint8]

LONGEST = 1024
MARGIN = 0.075
"""Of the longer side of the silhouette's box, on every side."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """The picture's part around the object, at the texture's scale; the unit below is a texel.

    colours   (h, w, 3) float32, 0..255
    inside    (h, w) bool, the object
    core      (h, w) bool, the object without the mixed pixels of its outline
    depth     (h, w) float32, distance to the outline, 0 outside
    nearest   (h, w, 2) int32, row and column of the nearest core texel
    width, height  texels along the object's box, which lies in the middle of the canvas
    origin    picture x, y of the corner of texel 0, 0
    scale     texels per picture pixel
    """

    colours: Floats = field(repr=False)
    inside: Mask = field(repr=False)
    core: Mask = field(repr=False)
    depth: Floats = field(repr=False)
    nearest: Integers = field(repr=False)
    width: float
    height: float
    origin: tuple[float, float]
    scale: float

    @property
    def size(self) -> float:
        """Texels along the longer side of the object's box."""
        return max(self.width, self.height)

    def column(self, x: Floats) -> Floats:
        """Return canvas columns (texel centres are whole numbers) of picture x."""
        return ((x + 0.5 - self.origin[0]) * self.scale - 0.5).astype(np.float32)

    def row(self, y: Floats) -> Floats:
        """Return canvas rows of picture y."""
        return ((y + 0.5 - self.origin[1]) * self.scale - 0.5).astype(np.float32)


def canvas_of(picture: Bytes, mask: Mask) -> Canvas:
    """Cut the object and a margin out of `picture` (H, W, 4), scaled down to at most 1024 texels."""
    import cv2

    x0, y0, x1, y1 = mask_box(mask)
    longest = max(x1 - x0, y1 - y0)
    margin = MARGIN * longest
    scale = min(1.0, LONGEST / (longest + 2 * margin))
    width, height = (int(np.ceil((end - start + 2 * margin) * scale)) for start, end in ((x0, x1), (y0, y1)))
    origin = (x0 + x1 - width / scale) / 2, (y0 + y1 - height / scale) / 2
    shift = (0.5 / scale - 0.5 + origin[0], 0.5 / scale - 0.5 + origin[1])
    place = np.array([[1 / scale, 0, shift[0]], [0, 1 / scale, shift[1]]], np.float32)
    source = picture[..., :3].astype(np.float32)
    covered = mask.astype(np.float32)
    if scale < 0.8:
        source, covered = (cv2.GaussianBlur(image, (0, 0), 0.35 / scale) for image in (source, covered))
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    colours = np.asarray(
        cv2.warpAffine(source, place, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    inside = cv2.warpAffine(covered, place, (width, height), flags=how) > 0.5
    depth = np.asarray(cv2.distanceTransform(np.pad(inside, 1).astype(np.uint8), cv2.DIST_L2, 5), np.float32)[
        1:-1, 1:-1
    ]
    core = _core(inside, depth, longest * scale)
    box = (x1 - x0) * scale, (y1 - y0) * scale
    return Canvas(colours, inside, core, depth, nearest_texel(core), *box, origin, scale)


def _core(inside: Mask, depth: Floats, size: float) -> Mask:
    """Leave out outline texels, which mix object and ground, but never more than half of a thin part."""
    import cv2

    rim = max(2.0, 0.004 * size)
    reach = 2 * int(np.ceil(rim)) + 1
    thickness = cv2.dilate(depth, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    return inside & (depth > np.minimum(rim, 0.5 * thickness))


def nearest_texel(core: Mask) -> Integers:
    """Return (h, w, 2): row and column of the nearest texel of `core`, which must not be empty."""
    import cv2

    _, found = cv2.distanceTransformWithLabels(
        (~core).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    labels = np.asarray(found, np.int32)
    places = np.zeros((int(labels.max()) + 1, 2), np.int32)
    rows, columns = np.nonzero(core)
    places[labels[rows, columns]] = np.stack([rows, columns], axis=1)
    return places[labels]


def front_colours(canvas: Canvas) -> Floats:
    """Return the front (h, w, 3): beyond the core the picture mirrored at the core's border, then a blur of it.

    A texel p with the nearest core texel b reads 2 b - p; over 5 % of the size it fades to a 2 % blur.
    """
    rows, columns = np.nonzero(~canvas.core)
    place = np.stack([rows, columns], axis=1).astype(np.int32)
    nearest = canvas.nearest[rows, columns]
    mirrored = np.clip(2 * nearest - place, 0, np.array(canvas.core.shape) - 1)
    lost = ~canvas.core[mirrored[:, 0], mirrored[:, 1]]
    mirrored[lost] = nearest[lost]
    blurred = _blur_inside(canvas.colours, canvas.core, 0.02 * canvas.size)
    away = np.linalg.norm((place - nearest).astype(np.float32), axis=1)
    fade = np.clip(away / (0.05 * canvas.size), 0, 1)[:, None].astype(np.float32)
    sharp = canvas.colours[mirrored[:, 0], mirrored[:, 1]]
    soft = blurred[nearest[:, 0], nearest[:, 1]]
    front = canvas.colours.copy()
    front[rows, columns] = (1 - fade) * sharp + fade * soft
    return front


def back_colours(canvas: Canvas, front: Floats) -> Floats:
    """Return the back (h, w, 3) in the front's place: rim colours carried across, row-wise four times stiffer.

    The harmonic fill has the colours of the 2 % rim fixed; towards the outline it fades to the front over 5 %.
    """
    import cv2

    scale = min(1.0, 176 / max(canvas.core.shape))
    size = max(2, round(canvas.core.shape[1] * scale)), max(2, round(canvas.core.shape[0] * scale))
    blurred = _blur_inside(front, canvas.core, 0.012 * canvas.size)
    small = np.asarray(cv2.resize(blurred, size, interpolation=cv2.INTER_LINEAR), np.float32)
    depth = cv2.resize(canvas.depth, size, interpolation=cv2.INTER_AREA)
    free = depth > 0.02 * canvas.size
    filled = cv2.resize(_harmonic(small, free), front.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    fade = np.clip(canvas.depth / (0.05 * canvas.size), 0, 1)[..., None]
    return (fade * filled + (1 - fade) * front).astype(np.float32)


def _blur_inside(colours: Floats, inside: Mask, sigma: float) -> Floats:
    """Blur without letting in what is not `inside`; unblurred where nothing inside is near."""
    import cv2

    weight = inside.astype(np.float32)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    blurred = cv2.GaussianBlur(colours * weight[..., None], (0, 0), sigma)
    return np.where(total > 1e-3, blurred / np.maximum(total, 1e-3), colours).astype(np.float32)


def _harmonic(colours: Floats, free: Mask) -> Floats:
    """Replace `free` pixels by the solution of 4 c_xx + c_yy = 0 with all others held fixed."""
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import splu

    free = free.copy()
    free[[0, -1]] = free[:, [0, -1]] = False
    count = int(free.sum())
    if not count:
        return colours
    index = np.full(free.shape, -1, np.int64)
    index[free] = np.arange(count)
    rows, columns = np.nonzero(free)
    entries = [(np.arange(count), np.arange(count), np.full(count, 10.0))]
    right = np.zeros((count, 3))
    for down, along, weight in ((0, 1, 4.0), (0, -1, 4.0), (1, 0, 1.0), (-1, 0, 1.0)):
        other = index[rows + down, columns + along]
        inner = other >= 0
        entries.append((np.flatnonzero(inner), other[inner], np.full(int(inner.sum()), -weight)))
        right[~inner] += weight * colours[rows + down, columns + along][~inner]
    one, two, values = (np.concatenate(part) for part in zip(*entries, strict=True))
    system = coo_array((values, (one, two)), shape=(count, count)).tocsc()
    factors = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}, diag_pivot_thresh=0.0)
    filled = colours.copy()
    filled[free] = factors.solve(right)
    return filled
