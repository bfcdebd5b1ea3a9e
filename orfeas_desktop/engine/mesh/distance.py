"""How far two surfaces are apart, and which point of a surface is closest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import face_areas

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from vtkmodules.vtkCommonDataModel import vtkPolyData, vtkStaticCellLocator

    from orfeas_desktop.engine.mesh.mesh import Mesh

_ASK_EVERY = 4096
_CLOSER, _FAR, _AROUND = 4, 48, 16
"""How often it is looked closer for the farthest place, around how many samples, with how many more each."""


@dataclass(frozen=True, eq=False)
class Closest:
    """points (N, 3) on the surface, faces (N,) they lie on, distances (N,), all in units of the mesh."""

    points: NDArray[np.float64]
    faces: NDArray[np.int64]
    distances: NDArray[np.float64]


def closest_on(
    mesh: Mesh, points: NDArray[np.floating], step: Callable[[float], None] | None = None
) -> Closest:
    """Return the closest point of the surface for each of (N, 3) `points`; `step` is told how far it is, 0..1."""
    from vtkmodules.vtkCommonCore import reference
    from vtkmodules.vtkCommonDataModel import vtkGenericCell

    locator = _locator(mesh)
    cell, found, part, squared = vtkGenericCell(), reference(0), reference(0), reference(0.0)
    places = np.empty((len(points), 3))
    faces = np.empty(len(points), np.int64)
    at = [0.0, 0.0, 0.0]
    for start in range(0, len(points), _ASK_EVERY):
        if step is not None:
            step(start / len(points))
        some = np.asarray(points[start : start + _ASK_EVERY], np.float64)
        for index, point in enumerate(some.tolist(), start):
            # VTK hands numbers back through references, which its types do not know.
            locator.FindClosestPoint(point, at, cell, found, part, squared)  # pyright: ignore[reportArgumentType]
            places[index] = at
            faces[index] = found.get()  # pyright: ignore[reportAttributeAccessIssue]  # it has one
    return Closest(places, faces, np.linalg.norm(places - points, axis=1))


def _locator(mesh: Mesh) -> vtkStaticCellLocator:
    """Return the tree over the faces, built once."""
    from vtkmodules.vtkCommonDataModel import vtkStaticCellLocator

    known = mesh.known.get("locator")
    if not isinstance(known, vtkStaticCellLocator):
        known = mesh.known["locator"] = vtkStaticCellLocator()
        known.SetDataSet(_poly_data(mesh))
        known.BuildLocator()
    return known


def _poly_data(mesh: Mesh) -> vtkPolyData:
    from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    points, cells, data = vtkPoints(), vtkCellArray(), vtkPolyData()
    points.SetDataTypeToDouble()
    points.SetData(numpy_to_vtk(mesh.vertices.astype(np.float64), deep=True))
    offsets = np.arange(0, 3 * mesh.face_count + 1, 3, dtype=np.int64)
    cells.SetData(
        numpy_to_vtkIdTypeArray(offsets, deep=True),
        numpy_to_vtkIdTypeArray(mesh.faces.reshape(-1).astype(np.int64), deep=True),
    )
    data.SetPoints(points)
    data.SetPolys(cells)
    return data


def sampled_points(mesh: Mesh, count: int, seed: int = 0) -> NDArray[np.float64]:
    """Return (count, 3) points spread evenly over the surface's area."""
    faces, weights = sampled_spots(mesh, count, seed)
    return np.einsum("nc,ncd->nd", weights, mesh.vertices[mesh.faces[faces]].astype(np.float64))


def sampled_spots(mesh: Mesh, count: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (count,) faces and (count, 3) barycentric weights of points spread evenly over the surface's area."""
    random = np.random.default_rng(seed)
    areas = face_areas(mesh)
    total = areas.sum()
    faces = random.choice(len(areas), size=count, p=areas / total if total > 0 else None)
    root, share = np.sqrt(random.random(count)), random.random(count)
    weights = np.stack([1 - root, root * (1 - share), root * share], axis=1)
    return faces.astype(np.int64), weights


def surface_distance(
    first: Mesh, second: Mesh, *, samples: int = 8000, step: Callable[[float], None] | None = None
) -> tuple[float, float]:
    """Return the mean and largest distance of sampled points of each surface to the other, in metres.

    The larger of both directions; the largest is a lower bound of the Hausdorff distance.
    """
    means: list[float] = []
    largest: list[float] = []
    for number, (one, other) in enumerate(((first, second), (second, first))):
        ratio = one.metres_per_unit / other.metres_per_unit
        points = sampled_points(one, samples) * ratio
        if step is not None:
            step(number / 2)
        distances = closest_on(other, points).distances * other.metres_per_unit
        means.append(float(distances.mean()))
        largest.append(float(distances.max()))
    return max(means), max(largest)


def farthest_distance(
    first: Mesh, second: Mesh, *, samples: int = 8000, step: Callable[[float], None] | None = None
) -> float:
    """Return the largest distance found between two surfaces, in metres.

    Of each surface, around the samples farthest from the other more are taken, closer every time. It is a lower bound
    of the Hausdorff distance.
    """
    return max(_farthest(one, other, samples, step) for one, other in ((first, second), (second, first)))


def _farthest(one: Mesh, other: Mesh, samples: int, step: Callable[[float], None] | None) -> float:
    ratio, random = one.metres_per_unit / other.metres_per_unit, np.random.default_rng(0)
    points = sampled_points(one, samples)
    distances = closest_on(other, points * ratio, step).distances
    apart = float(np.sqrt(face_areas(one).sum() / samples))
    for _ in range(_CLOSER):
        far = points[np.argsort(distances)[-_FAR:]]
        around = far.repeat(_AROUND, axis=0) + random.normal(scale=apart, size=(len(far) * _AROUND, 3))
        points = np.concatenate([far, closest_on(one, around, step).points])
        distances = closest_on(other, points * ratio, step).distances
        apart /= 2
    return float(distances.max()) * other.metres_per_unit
