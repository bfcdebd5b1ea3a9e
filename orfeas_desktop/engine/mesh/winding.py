"""The solid that a broken surface encloses, by its winding numbers on a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.normals import face_normals

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_MARGIN = 6
_CLEARANCE = 2e-3
"""Grid values stay this far off the level, so that no two vertices fall together on a grid point."""
_PIECES_AT_ONCE = 2_000_000


def enclosed(mesh: Mesh, cells: int, step: Callable[[float], None]) -> Mesh | None:
    """Return the closed surface where the winding number is one half; None when nothing is enclosed.

    `cells` is the number of grid cells along the longest side. The winding number is the potential of the
    surface's dipoles, area times normal (Barill et al. 2018); here their divergence is solved for by a Fourier
    transform, as in Poisson reconstruction (Kazhdan 2005), so that holes are bridged and stray faces outvoted.
    """
    low, high = (side.astype(np.float64) for side in mesh.bounds)
    cell = float((high - low).max()) / cells
    if cell <= 0:
        return None
    origin = low - _MARGIN * cell
    shape = _fast_shape((high - low) / cell + 2 * _MARGIN + 1)
    field = _divergence(mesh, origin, cell, shape, lambda share: step(0.4 * share))
    winding = _solved(field, step)
    level = 0.5
    if float(winding.max()) <= level:
        return None
    return _surface(winding, level, origin, cell, mesh)


def _fast_shape(needed: NDArray[np.float64]) -> tuple[int, int, int]:
    from scipy.fft import next_fast_len

    x, y, z = (next_fast_len(int(np.ceil(size)), real=True) or int(np.ceil(size)) for size in needed)
    return x, y, z


def _divergence(
    mesh: Mesh,
    origin: NDArray[np.float64],
    cell: float,
    shape: tuple[int, int, int],
    step: Callable[[float], None],
) -> NDArray[np.float32]:
    """Return the divergence of the surface's dipoles, each axis splatted half a cell off, between grid points."""
    total = np.zeros(shape, np.float32)
    for axis in range(3):
        step(axis / 3)
        flux = np.zeros(int(np.prod(shape)))
        half = np.eye(3)[axis] / 2
        for points, vectors in _pieces(mesh, cell):
            _splat(flux, (points - origin) / cell - half, vectors[:, axis] / cell**2, shape)
        flux = flux.reshape(shape).astype(np.float32)
        total += flux - np.roll(flux, 1, axis=axis)
    return total


def _pieces(mesh: Mesh, cell: float) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return points and area vectors of faces split until no part is longer than half a cell, at most 64 × 64."""
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    vectors = face_normals(mesh.vertices, mesh.faces) / 2
    longest = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2).max(axis=1)
    parts = np.clip(np.ceil(2 * longest / cell), 1, 64).astype(np.int64)
    parts = 2 ** np.ceil(np.log2(parts)).astype(np.int64)
    out: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for count in np.unique(parts).tolist():
        weights = _centres(count)
        chosen = np.flatnonzero(parts == count)
        size = max(_PIECES_AT_ONCE // len(weights), 1)
        for start in range(0, len(chosen), size):
            some = chosen[start : start + size]
            points = np.einsum("wc,fcd->fwd", weights, corners[some]).reshape(-1, 3)
            out.append((points, np.repeat(vectors[some] / len(weights), len(weights), axis=0)))
    return out


def _centres(count: int) -> NDArray[np.float64]:
    """Return (count², 3) barycentric middles of a triangle's parts when each side is cut in `count`."""
    i, j = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")
    up = i + j < count
    down = i + j < count - 1
    first = np.stack([i[up] + 1 / 3, j[up] + 1 / 3], axis=1)
    second = np.stack([i[down] + 2 / 3, j[down] + 2 / 3], axis=1)
    both = np.concatenate([first, second]) / count
    return np.concatenate([both, 1 - both.sum(axis=1, keepdims=True)], axis=1)


def _splat(
    flux: NDArray[np.float64],
    points: NDArray[np.float64],
    amounts: NDArray[np.float64],
    shape: tuple[int, int, int],
) -> None:
    """Add each amount to the eight grid points around it, by trilinear shares."""
    base = np.floor(points).astype(np.int64)
    share = points - base
    flat = (base[:, 0] * shape[1] + base[:, 1]) * shape[2] + base[:, 2]
    for corner in range(8):
        offset = (corner >> 2, (corner >> 1) & 1, corner & 1)
        weight = np.ones(len(points))
        for axis in range(3):
            weight *= share[:, axis] if offset[axis] else 1 - share[:, axis]
        at = flat + (offset[0] * shape[1] + offset[1]) * shape[2] + offset[2]
        flux += np.bincount(at, weight * amounts, minlength=len(flux))


def _solved(field: NDArray[np.float32], step: Callable[[float], None]) -> NDArray[np.float32]:
    """Return the potential of which minus the seven-point Laplacian is `field`, zero in the corner."""
    from scipy.fft import irfftn, rfftn

    step(0.45)
    spectrum = np.asarray(rfftn(field, workers=2))
    step(0.6)
    steps = [np.fft.fftfreq(size) for size in field.shape[:2]] + [np.fft.rfftfreq(field.shape[2])]
    x, y, z = (4 * np.sin(np.pi * frequency).astype(np.float32) ** 2 for frequency in steps)
    down = x[:, None, None] + y[:, None] + z
    down[0, 0, 0] = np.inf
    spectrum /= down
    step(0.7)
    potential = np.asarray(irfftn(spectrum, field.shape, workers=2)).astype(np.float32)
    step(0.85)
    return potential - potential[0, 0, 0]


def _surface(
    winding: NDArray[np.float32], level: float, origin: NDArray[np.float64], cell: float, like: Mesh
) -> Mesh:
    from skimage.measure import marching_cubes

    near = np.abs(winding - level) < _CLEARANCE
    winding[near] = np.where(winding[near] < level, level - _CLEARANCE, level + _CLEARANCE)
    for axis in range(3):
        ends = np.moveaxis(winding, axis, 0)
        ends[[0, -1]] = 0.0
    places, faces, _, _ = marching_cubes(winding, level, gradient_direction="ascent")
    vertices = (places.astype(np.float64) * cell + origin).astype(np.float32)
    return Mesh(
        vertices=vertices,
        faces=np.ascontiguousarray(faces).astype(np.int32),
        metres_per_unit=like.metres_per_unit,
        name=like.name,
        extras=like.extras,
    )
