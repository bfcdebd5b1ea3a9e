"""The hollow inside a solid: the surface at a depth below its skin, found on a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.crossings import crossings_of
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.solid import simplified
from orfeas_desktop.engine.mesh.weld import first_of_each, row_ids
from orfeas_desktop.engine.printing.pieces import winding_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_CELLS_IN_WALL = 3
_BAND = 2.0
_CLEARANCE = 2e-3
_SAFE = 0.15
"""Cells added to the depth: as much as straight lines between grid points may cut it short when it is two cells."""
_FINE = 0.05
"""Cells by which the surface may move when its many small faces become fewer."""


def grid_cell(mesh: Mesh, depth: float, cells: int) -> float:
    """Return the side of a grid cell: a third of the depth, or as small as `cells` along the longest side allow."""
    low, high = mesh.bounds
    return max(depth / _CELLS_IN_WALL, float((high - low).max()) / cells)


def inner_surface(mesh: Mesh, depth: float, cell: float, step: Callable[[float], None]) -> Mesh | None:
    """Return the surface `depth` below that of a closed `mesh`, looking into the hollow; None when there is none.

    Nowhere is it nearer to the skin than `depth`, where that is two cells or more: distances to points spread over
    the skin are at most a 25th of a cell too long, and the surface between grid points lies at most a 16th of a
    cell too high; more than both is added.
    """
    from scipy.spatial import KDTree
    from skimage.measure import marching_cubes

    low, high = (side.astype(np.float64) for side in mesh.bounds)
    origin = low - 2 * cell
    shape = tuple(int(count) for count in np.ceil((high - low) / cell).astype(int) + 5)
    skin = _skin_points(mesh, cell / 1.5)
    step(0.1)
    rough = _rough_distances(skin, origin, cell, shape)
    step(0.3)
    level = depth + (_SAFE + _FINE) * cell
    near = np.flatnonzero(np.abs(rough - level) < _BAND * cell)
    spots = origin + cell * np.stack(np.unravel_index(near, shape), axis=1)
    tree = KDTree(skin)
    rough = rough.reshape(-1)
    for start in range(0, len(near), 200_000):
        step(0.3 + 0.4 * start / len(near))
        part = slice(start, start + 200_000)
        rough[near[part]] = tree.query(spots[part], workers=2)[0]
    field = rough.reshape(shape)
    field[~_inside(mesh, field > 1.8 * cell, origin, cell, field > level)] = 0.0
    step(0.85)
    close = np.abs(field - level) < _CLEARANCE * cell
    field[close] = level + _CLEARANCE * cell
    if float(field.max()) <= level:
        return None
    places, faces, _, _ = marching_cubes(field, level, gradient_direction="ascent")
    vertices = (places.astype(np.float64) * cell + origin).astype(np.float32)
    inner = _with_fewer_faces(Mesh(vertices, np.ascontiguousarray(faces).astype(np.int32)), _FINE * cell)
    return inner.changed(faces=np.ascontiguousarray(inner.faces[:, ::-1]))


def _with_fewer_faces(surface: Mesh, tolerance: float) -> Mesh:
    """Return the surface with fewer faces, none of which run through each other or lie on each other."""
    for share in (1.0, 0.5, 0.25):
        fewer = simplified(surface, share * tolerance)
        if fewer is not None and not len(crossings_of(fewer).every):
            return fewer
    return surface


def _skin_points(mesh: Mesh, spacing: float) -> NDArray[np.float32]:
    """Return points of the surface, corners included, with none of it farther than 0.58 `spacing` from one."""
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    longest = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2).max(axis=1)
    parts = np.maximum(np.ceil(longest / spacing), 1).astype(np.int64)
    found: list[NDArray[np.float32]] = []
    for count in np.unique(parts).tolist():
        i, j = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
        inside = i + j <= count
        share = np.stack([i[inside], j[inside], count - i[inside] - j[inside]], axis=1) / count
        mine = corners[parts == count]
        for start in range(0, len(mine), max(2_000_000 // len(share), 1)):
            some = mine[start : start + max(2_000_000 // len(share), 1)]
            found.append(np.einsum("wc,fcd->fwd", share, some).reshape(-1, 3).astype(np.float32))
    points = np.concatenate(found)
    return points[first_of_each(row_ids(points.view(np.uint32)))]


def _rough_distances(
    skin: NDArray[np.floating], origin: NDArray[np.float64], cell: float, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return the distance of each grid point to the skin, right to about a cell."""
    from scipy.ndimage import distance_transform_edt

    free = np.ones(shape, bool)
    at = np.rint((skin - origin) / cell).astype(np.int64)
    free[at[:, 0], at[:, 1], at[:, 2]] = False
    return np.asarray(distance_transform_edt(free)).astype(np.float32) * np.float32(cell)


def _inside(
    mesh: Mesh, clear: NDArray[np.bool_], origin: NDArray[np.float64], cell: float, wanted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which of the `clear` grid points lie in the solid; connected ones lie on one side of the skin.

    Only groups with a `wanted` point are asked.
    """
    from scipy.ndimage import label

    labels = np.zeros(clear.shape, np.int32)
    label(clear, output=labels)
    groups = np.unique(labels[wanted & clear])
    corners = mesh.vertices.astype(np.float64)[mesh.faces]
    inner: list[int] = []
    flat = labels.reshape(-1)
    for group in groups.tolist():
        spot = int(np.argmax(flat == group))
        point = origin + cell * np.array(np.unravel_index(spot, labels.shape))
        if round(winding_at(corners, point)) > 0:
            inner.append(group)
    return np.isin(labels, inner)
