"""Where a print hangs in the air: steep undersides, and islands that begin with nothing under them.

Meshes stand here as a printer sees them: z up, the bed at height 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.rays import RayTree
from orfeas_desktop.engine.mesh.weld import welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class Overhangs:
    """faces that hang over more than the printer can; area of their shadow; volume of the air under them."""

    faces: NDArray[np.int64]
    area: float
    volume: float


def overhang_faces(
    normals: NDArray[np.float64], tops: NDArray[np.float64], steepest_deg: float, layer: float
) -> NDArray[np.bool_]:
    """Return which faces lean out more than `steepest_deg` from upright, those that lie on the bed left out.

    normals (F, 3) of any length, tops (F,) the height of each face's highest corner.
    """
    length = np.linalg.norm(normals, axis=1)
    down = -normals[:, 2] / np.where(length > 0, length, 1.0)
    return (length > 0) & (down > np.sin(np.radians(steepest_deg)) + 1e-6) & (tops > layer)


def found_overhangs(mesh: Mesh, steepest_deg: float, layer: float) -> Overhangs:
    """Return the overhangs of `mesh`; the air is measured from each face's middle down to what is under it."""
    normals = face_normals(mesh.vertices, mesh.faces)
    heights = mesh.vertices[:, 2].astype(np.float64)[mesh.faces]
    faces = np.flatnonzero(overhang_faces(normals, heights.max(axis=1), steepest_deg, layer))
    if not len(faces):
        return Overhangs(faces, 0.0, 0.0)
    shadow = -normals[faces, 2] / 2
    starts = mesh.vertices[mesh.faces[faces]].mean(axis=1, dtype=np.float64)
    down = np.broadcast_to([0.0, 0.0, -1.0], starts.shape)
    reach = np.minimum(RayTree.of(mesh).first(starts, down).distances, starts[:, 2])
    return Overhangs(faces, float(shadow.sum()), float((shadow * np.maximum(reach, 0.0)).sum()))


@dataclass(frozen=True, eq=False)
class Islands:
    """vertices (N,) the lowest point of each island, heights (N,) of them, lowest first."""

    vertices: NDArray[np.int64]
    heights: NDArray[np.float64]


def found_islands(mesh: Mesh, layer: float) -> Islands:
    """Return where material begins in the air and stays alone for a layer or more, layers being `layer` high.

    These are the minima of the height over the surface that have the solid above them and whose basin is at
    least one layer deep before it runs into an older one; minima on the bed are none.
    """
    ids = welded_ids(mesh.vertices)
    _, first = np.unique(ids, return_index=True)
    heights = mesh.vertices[first, 2].astype(np.float64)
    faces = ids[mesh.faces]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = edges[edges[:, 0] != edges[:, 1]]
    flat, heights_of = _plateaus(edges, heights)
    basins = _basins(flat[edges], heights_of)
    begins = _solid_above(mesh, flat[ids], len(heights_of))
    passes = _passes(flat[edges], basins, heights_of)
    depths = _depths(passes, basins, heights_of, begins)
    lowest = np.array([spot for spot, depth in depths.items() if depth >= layer], np.int64)
    lowest = lowest[heights_of[lowest] > layer] if len(lowest) else lowest
    lowest = lowest[np.argsort(heights_of[lowest], kind="stable")]
    vertex = np.zeros(len(heights_of), np.int64)
    vertex[flat[::-1]] = first[::-1]
    return Islands(vertex[lowest], heights_of[lowest])


def _plateaus(
    edges: NDArray[np.int64], heights: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the level patch of each place, and the patches' heights."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    level = edges[heights[edges[:, 0]] == heights[edges[:, 1]]]
    links = coo_array((np.ones(len(level), np.int8), (level[:, 0], level[:, 1])), (len(heights),) * 2)
    count, patch = connected_components(links, directed=False)
    of_patch = np.zeros(count)
    of_patch[patch] = heights
    return patch.astype(np.int64), of_patch


def _basins(edges: NDArray[np.int64], heights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each patch the minimum that water on it would reach, always over its lowest neighbour."""
    both = np.concatenate([edges, edges[:, ::-1]])
    both = both[heights[both[:, 1]] < heights[both[:, 0]]]
    order = np.lexsort((heights[both[:, 1]], both[:, 0]))
    start, where = np.unique(both[order, 0], return_index=True)
    down = np.arange(len(heights))
    down[start] = both[order[where], 1]
    while True:
        further = down[down]
        if np.array_equal(further, down):
            return down
        down = further


def _solid_above(mesh: Mesh, patch: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """Return for each patch whether the surface around it looks down."""
    normals = face_normals(mesh.vertices, mesh.faces)[:, 2]
    total = np.zeros(count)
    for corner in range(3):
        total += np.bincount(patch[mesh.faces[:, corner]], normals, count)
    return total < 0


def _passes(
    edges: NDArray[np.int64], basins: NDArray[np.int64], heights: NDArray[np.float64]
) -> list[tuple[float, int, int]]:
    """Return (height, minimum, minimum) of the lowest ways between neighbouring basins, lowest first."""
    pairs = basins[edges]
    apart = pairs[:, 0] != pairs[:, 1]
    pairs, top = np.sort(pairs[apart], axis=1), heights[edges[apart]].max(axis=1)
    order = np.lexsort((top, pairs[:, 1], pairs[:, 0]))
    pairs, top = pairs[order], top[order]
    new = np.concatenate([[True], (pairs[1:] != pairs[:-1]).any(axis=1)]) if len(pairs) else np.zeros(0, bool)
    pairs, top = pairs[new], top[new]
    rise = np.argsort(top, kind="stable")
    return [(float(top[at]), int(pairs[at, 0]), int(pairs[at, 1])) for at in rise]


def _depths(
    passes: list[tuple[float, int, int]],
    basins: NDArray[np.int64],
    heights: NDArray[np.float64],
    begins: NDArray[np.bool_],
) -> dict[int, float]:
    """Return how deep the basin of each beginning is when it runs into one with a lower beginning."""
    parent = {int(spot): int(spot) for spot in np.unique(basins)}
    birth = {spot: float(heights[spot]) if begins[spot] else np.inf for spot in parent}
    oldest = {spot: spot for spot in parent}
    depths = {spot: np.inf for spot in parent if begins[spot]}

    def root(spot: int) -> int:
        while parent[spot] != spot:
            parent[spot] = parent[parent[spot]]
            spot = parent[spot]
        return spot

    for top, one, other in passes:
        elder, younger = root(one), root(other)
        if elder == younger:
            continue
        if birth[younger] < birth[elder]:
            elder, younger = younger, elder
        if birth[younger] < np.inf:
            depths[oldest[younger]] = top - birth[younger]
        parent[younger] = elder
    return depths
