"""The atlas of a carved object: every side's picture laid on the surface and blended by where it looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.relief.grid import PAD
from orfeas_desktop.engine.relief.unwrap import canvas_coordinates
from orfeas_desktop.engine.relief.views import Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from orfeas_desktop.engine.relief.texture import Canvas
    from orfeas_desktop.engine.relief.views import Hull

    Floats = NDArray[np.float32]

SHARPNESS = 4.0
"""Exponent of the blend: how soon the side that looks at a place most squarely prevails."""

FAINT = 0.03
"""Weight of a side that looks along the surface, so that tops and bottoms get colours."""


@dataclass(frozen=True)
class Chart:
    """A parallel projection of the volume (z, y down, x) along one axis.

    order  which volume axes become depth, row and column;  flipped  which of those three count backwards
    axes   (3, 3) rows right, up and towards the camera, in mesh axes x, y, z
    """

    order: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    axes: tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]

    def shape(self, volume: tuple[int, ...]) -> tuple[int, int, int]:
        """Return depth, rows and columns of a volume of that shape."""
        return volume[self.order[0]], volume[self.order[1]], volume[self.order[2]]

    def seen(self, volume: Floats) -> Floats:
        """Return the volume as (depth from the camera, row, column)."""
        turned = volume.transpose(self.order)
        return turned[tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)]

    def places(self, points: Floats, volume: tuple[int, ...]) -> Floats:
        """Return depth, row and column (…, 3) of points given by volume index (…, 3)."""
        lengths = self.shape(volume)
        parts = [points[..., axis] for axis in self.order]
        turned = [
            length - 1 - part if flip else part
            for part, flip, length in zip(parts, self.flipped, lengths, strict=True)
        ]
        return np.stack(turned, axis=-1).astype(np.float32)

    def points(self, places: Floats, volume: tuple[int, ...]) -> Floats:
        """Return the volume index (…, 3) of places given by depth, row and column (…, 3)."""
        lengths = self.shape(volume)
        points = np.empty_like(places)
        for part, axis in enumerate(self.order):
            points[..., axis] = (
                lengths[part] - 1 - places[..., part] if self.flipped[part] else places[..., part]
            )
        return points


SIDES = {
    Side.front: Chart((0, 1, 2), (True, False, False), ((1, 0, 0), (0, 1, 0), (0, 0, 1))),
    Side.left: Chart((2, 1, 0), (False, False, False), ((0, 0, 1), (0, 1, 0), (-1, 0, 0))),
    Side.back: Chart((0, 1, 2), (False, False, True), ((-1, 0, 0), (0, 1, 0), (0, 0, -1))),
    Side.right: Chart((2, 1, 0), (True, False, True), ((0, 0, -1), (0, 1, 0), (1, 0, 0))),
}
TOP = Chart((1, 0, 2), (False, False, False), ((1, 0, 0), (0, 0, -1), (0, 1, 0)))
BOTTOM = Chart((1, 0, 2), (True, True, False), ((1, 0, 0), (0, 0, 1), (0, -1, 0)))
CHARTS = (*SIDES.values(), TOP, BOTTOM)


@dataclass(frozen=True, eq=False)
class Seen:
    """The surface as a chart sees it, per cell: volume index and unit normal (rows, columns, 3), mesh axes."""

    points: Floats = field(repr=False)
    normals: Floats = field(repr=False)


@dataclass(frozen=True, eq=False)
class Painting:
    """A side's picture, continued beyond its outline, on its canvas; the cells of its silhouette's box."""

    canvas: Canvas = field(repr=False)
    colours: Floats = field(repr=False)
    depth: Floats = field(repr=False)
    """(rows, columns) where the surface is first met in this side's chart; infinite where it is not."""


def chart_directions() -> Floats:
    """Return (6, 3): where each of CHARTS looks from."""
    return np.array([chart.axes[2] for chart in CHARTS], np.float32)


def first_hit(chart: Chart, phi: Floats) -> Floats:
    """Return (rows, columns) the depth at which the chart's rays enter the object; infinite where they miss."""
    seen = chart.seen(phi)
    inside = seen > 0
    index = np.argmax(inside, axis=0)
    hit = inside.any(axis=0)
    rows, columns = np.indices(index.shape)
    after = seen[index, rows, columns]
    before = seen[np.maximum(index - 1, 0), rows, columns]
    depth = index - after / np.maximum(after - before, 1e-6)
    return np.where(hit, depth, np.inf).astype(np.float32)


def seen_surface(chart: Chart, phi: Floats, depth: Floats) -> Seen:
    """Return the surface under a chart; rays that miss take the nearest ray's depth and normal."""
    from scipy.ndimage import distance_transform_edt, map_coordinates

    nearest = np.asarray(
        distance_transform_edt(~np.isfinite(depth), return_distances=False, return_indices=True)
    )
    rows, columns = np.indices(depth.shape).astype(np.float32)
    at_hit = np.stack([depth[tuple(nearest)], nearest[0], nearest[1]], axis=-1).astype(np.float32)
    own = np.stack([at_hit[..., 0], rows, columns], axis=-1)
    spots = chart.points(at_hit, phi.shape).reshape(-1, 3).T
    slope = np.empty_like(spots)
    for axis in range(3):
        step = np.zeros((3, 1), np.float32)
        step[axis] = 1.5
        ahead, behind = (map_coordinates(phi, spots + way * step, order=1, mode="nearest") for way in (1, -1))
        slope[axis] = behind - ahead
    normals = np.stack([slope[2], -slope[1], slope[0]], axis=-1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    return Seen(chart.points(own, phi.shape), normals.reshape(*depth.shape, 3).astype(np.float32))


def painted_chart(
    seen: Seen, paintings: Mapping[Side, Painting], hull: Hull, texels_per_cell: float
) -> Floats:
    """Return the chart's colours (h, w, 3), blended from all sides.

    The blend depends on place and normal alone, so that charts agree wherever they meet.
    """
    import cv2

    rows, columns = seen.normals.shape[:2]
    size = max(1, round(columns * texels_per_cell)), max(1, round(rows * texels_per_cell))
    total = np.zeros((size[1], size[0], 3), np.float32)
    weights = np.zeros((size[1], size[0], 1), np.float32)
    for side, painting in paintings.items():
        across, down, weight = _reading(side, painting, seen, hull)
        across, down, weight = (
            cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in (across, down, weight)
        )
        colours = cv2.remap(painting.colours, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        total += colours * weight[..., None]
        weights += weight[..., None]
    return total / weights


def _reading(side: Side, painting: Painting, seen: Seen, hull: Hull) -> tuple[Floats, Floats, Floats]:
    """Return where on a side's canvas each cell of a chart reads, and with what weight."""
    from scipy.ndimage import map_coordinates

    chart, canvas = SIDES[side], painting.canvas
    places = chart.places(seen.points, hull.phi.shape)
    looks = (seen.normals.reshape(-1, 3) @ np.array(chart.axes, np.float32).T).astype(np.float32)
    cells = hull.columns if side in (Side.front, Side.back) else hull.layers
    margin = (canvas.colours.shape[1] - canvas.width) / 2, (canvas.colours.shape[0] - canvas.height) / 2
    across = (places[..., 2].ravel() - PAD + 0.5) * (canvas.width / cells) + margin[0] - 0.5
    down = (places[..., 1].ravel() - PAD + 0.5) * (canvas.height / hull.rows) + margin[1] - 0.5
    facing = looks[:, 2]
    across, down = canvas_coordinates(canvas, across.astype(np.float32), down.astype(np.float32), looks)
    nearest = np.where(np.isfinite(painting.depth), painting.depth, 1e6)
    met = map_coordinates(nearest, places[..., 1:].reshape(-1, 2).T, order=0, mode="nearest")
    hidden = np.clip((places[..., 0].ravel() - met - 2) / 3, 0, 1)
    weight = (np.maximum(facing, 0) + FAINT) ** SHARPNESS * (1 - 0.999 * hidden) + 1e-9
    shape = seen.normals.shape[:2]
    return across.reshape(shape), down.reshape(shape), weight.reshape(shape).astype(np.float32)
