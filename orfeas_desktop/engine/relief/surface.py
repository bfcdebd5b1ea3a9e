"""From a volume function to a closed smooth surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.contour import flying_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    Floats = NDArray[np.float32]
    Integers = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles in cells: x = column, y = -row, z towards the viewer; faces counter-clockwise from outside."""

    vertices: Floats
    faces: Integers


def relief_volume(squared: Floats) -> Floats:
    """Return phi (depth, rows, columns) = squared(x, y) - z², positive inside, z = 0 on the middle layer.

    The square, not its root, keeps phi smooth through the rim, where the surface stands upright.
    """
    reach = int(np.ceil(np.sqrt(max(float(squared.max()), 1.0)))) + 3
    z = np.arange(-reach, reach + 1, dtype=np.float32)
    return squared[None] - (z**2)[:, None, None]


def zero_surface(phi: Floats) -> Surface:
    """Return the zero surface of phi (depth, rows, columns), positive inside, z = 0 on the middle layer.

    VTK's flying edges took 6 ms where scikit-image's Lewiner marching cubes took 31 ms (2 cores, median of 40
    silhouettes at 160 cells, 54 k vertices) for the same vertices, closed and wound outwards alike. Its one
    fault, empty triangles where a sample is exactly zero, is avoided by moving such samples off zero.
    """
    closed = np.where(np.abs(phi) < 0.01, np.float32(-0.01), phi).astype(np.float32)
    for axis in range(3):
        for end in (0, -1):
            border = np.moveaxis(closed, axis, 0)[end]
            np.minimum(border, -1, out=border)
    found = flying_edges(closed, 0.0)
    if found is None:
        return Surface(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))
    vertices, faces = found
    vertices[:, 1] *= -1
    vertices[:, 2] -= (phi.shape[0] - 1) / 2
    return Surface(vertices, np.ascontiguousarray(faces[:, ::-1]))


def smoothed(surface: Surface, rounds: int = 8) -> Surface:
    """Smooth without shrinking: `rounds` of Taubin's lambda 0.5, mu -0.53 (SIGGRAPH 1995)."""
    average = neighbour_average(surface)
    vertices = surface.vertices
    for _ in range(rounds):
        for factor in (np.float32(0.5), np.float32(-0.53)):
            vertices = vertices + factor * (average @ vertices - vertices)
    return Surface(np.ascontiguousarray(vertices, dtype=np.float32), surface.faces)


def neighbour_average(surface: Surface) -> csr_array:
    """Return (V, V): what makes of values at the vertices the mean of their neighbours'."""
    from scipy.sparse import csr_array

    faces, count = surface.faces, len(surface.vertices)
    start = faces.ravel()
    end = np.roll(faces, -1, axis=1).ravel()
    links = csr_array((np.ones(len(start), np.float32), (start, end)), shape=(count, count))
    degree = np.diff(links.indptr).astype(np.float32)
    links.data /= np.repeat(degree, np.diff(links.indptr))
    return links


def vertex_normals(surface: Surface) -> Floats:
    """Return unit vertex normals, faces weighted by their area."""
    from scipy.sparse import csr_array

    corners = surface.vertices[surface.faces]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    count = len(surface.faces)
    gather = csr_array(
        (np.ones(3 * count, np.float32), (surface.faces.ravel(), np.repeat(np.arange(count), 3))),
        shape=(len(surface.vertices), count),
    )
    normals = gather @ facing
    return (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)).astype(np.float32)
