"""Squared half-depth above every cell of a silhouette: inflation, and the lathe rule for round vessels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.relief.grid import distance_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.relief.grid import WorkGrid

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Mask = NDArray[np.bool_]


class Shape(StrEnum):
    """How depth is invented."""

    auto = "auto"
    soft = "soft"
    round = "round"


@dataclass(frozen=True, eq=False)
class Height:
    """`squared` (h, w) float32, cells²: the surface lies at z = ±sqrt; below zero outside the silhouette."""

    squared: Floats
    lathe: bool


@dataclass(frozen=True, eq=False)
class Axis:
    """A vertical axis of revolution: centre and radius per row, in cells; radius 0 where the row is empty."""

    centre: Doubles
    radius: Doubles


def height_of(grid: WorkGrid, shape: Shape, gain: float = 1.0) -> Height:
    """Return the squared half-depth of the silhouette; `gain` multiplies depths."""
    axis = lathe_axis(grid, strict=shape is Shape.auto) if shape is not Shape.soft else None
    if axis is None:
        return Height(
            _beyond_outline(inflate(grid.inside, grid.size), grid.inside) * np.float32(gain**2), lathe=False
        )
    columns = np.arange(grid.inside.shape[1])
    radius = axis.radius[:, None]
    squared = radius * np.abs(radius) - (columns[None, :] - axis.centre[:, None]) ** 2
    return Height((squared * gain**2).astype(np.float32), lathe=True)


def inflate(inside: Mask, size: int) -> Floats:
    """Return the squared half-depth inside a silhouette (0 outside), cells².

    Half a screened Poisson solution, Laplace(u) - u / (0.3 size)² = -4 with u = 0 outside, half a blurred
    d (2 d_max - d) of the distance d to the outline: the one is smooth, the other gives slim parts body.
    """
    import cv2

    smooth = _screened_poisson(inside, 0.3 * size)
    distance = distance_within(inside)
    body = distance * (2 * distance.max() - distance)
    sigma = 0.018 * size
    weight = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), sigma)
    body = cv2.GaussianBlur(body.astype(np.float32), (0, 0), sigma) / np.maximum(weight, 1e-6)
    body *= np.minimum(1, distance / 2)
    return np.where(inside, 0.5 * smooth + 0.5 * body, 0).astype(np.float32)


def _screened_poisson(inside: Mask, screen: float) -> Floats:
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import splu

    count = int(inside.sum())
    index = np.full(inside.shape, -1, np.int32)
    index[inside] = np.arange(count, dtype=np.int32)
    pairs: list[NDArray[np.int32]] = []
    for here, there in ((index[:, :-1], index[:, 1:]), (index[:-1], index[1:])):
        both = (here >= 0) & (there >= 0)
        pairs.append(np.stack([here[both], there[both]]))
    one, other = np.concatenate(pairs, axis=1)
    every = np.arange(count, dtype=np.int32)
    values = np.r_[np.full(2 * len(one), -1.0), np.full(count, 4 + 1 / screen**2)]
    system = coo_array(
        (values, (np.r_[one, other, every], np.r_[other, one, every])), shape=(count, count)
    ).tocsc()
    factors = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}, diag_pivot_thresh=0.0)
    solution = np.zeros(inside.shape, np.float32)
    solution[inside] = factors.solve(np.full(count, 4.0))
    return solution


def _beyond_outline(squared: Floats, inside: Mask) -> Floats:
    """Extend by minus the nearest inner value times the distance, so that zero lies on the outline, slope kept."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    distance = np.asarray(distance_transform_edt(~inside))
    rows, columns = np.asarray(distance_transform_edt(~inside, return_distances=False, return_indices=True))
    extended = np.where(inside, squared, -squared[rows, columns] * distance)
    return np.asarray(gaussian_filter(extended.astype(np.float32), 0.7), np.float32)


def lathe_axis(grid: WorkGrid, *, strict: bool = True) -> Axis | None:
    """Return the axis of a silhouette that a lathe could have turned, else None.

    Strict: one run in over 97 % of the rows, centres on a nearly upright straight line (rms < 1 % of the mean
    width, slope < 0.04), and a profile that varies (else box and cylinder cannot be told apart). Otherwise the
    straight line through the centres of the rows is taken, whatever the silhouette.
    """
    inside = grid.inside
    rows = np.flatnonzero(inside.any(axis=1))
    steps = np.diff(np.pad(inside[rows].astype(np.int8), ((0, 0), (1, 1))), axis=1)
    single = (steps == 1).sum(axis=1) == 1
    columns = np.arange(inside.shape[1])
    soft = grid.soft[rows].astype(np.float64)
    widths = soft.sum(axis=1)
    centres = (soft * columns).sum(axis=1) / np.maximum(widths, 1e-6)
    line = np.polyfit(rows, centres, 1, w=np.sqrt(widths))
    fitted = np.polyval(line, rows)
    if strict:
        rms = np.sqrt(np.average((centres - fitted) ** 2, weights=widths))
        varies = np.abs(np.diff(widths[2:-2])).sum() / widths.max()  # end rows are blurred into the ground
        if single.mean() <= 0.97 or rms >= 0.01 * widths.mean() or abs(line[0]) >= 0.04 or varies <= 0.35:
            return None
    return Axis(np.polyval(line, np.arange(len(inside))), _profile(grid))


def _profile(grid: WorkGrid) -> Doubles:
    """Return the radius per row; below zero above and below the shape, so that the surface closes there."""
    from scipy.ndimage import gaussian_filter1d

    rows = np.flatnonzero(grid.inside.any(axis=1))
    first, last = rows[0], rows[-1]
    radius = grid.soft[first : last + 1].sum(axis=1).astype(np.float64) / 2
    kept = gaussian_filter1d(radius, 1.5, mode="nearest")
    beyond = -np.arange(1, len(grid.inside) + 1, dtype=np.float64)
    return np.concatenate([beyond[:first][::-1], kept, beyond[: len(grid.inside) - 1 - last]])
