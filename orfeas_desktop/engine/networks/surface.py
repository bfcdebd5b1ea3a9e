"""The surface of a volume as triangles, and what is tidied afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from skimage.measure import marching_cubes
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkQuadricDecimation

from orfeas_desktop.engine.mesh.contour import flying_edges
from orfeas_desktop.engine.networks.cell_surface import triangles

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from orfeas_desktop.engine.networks.volume import Volume

    Grid = NDArray[np.float32]
    Vertices = NDArray[np.float32]
    Faces = NDArray[np.int32]

FLOATER_SHARE = 0.005
OUTSIDE = -1.0


class Extraction(StrEnum):
    """Which table of cube cases makes the triangles."""

    flying_edges = "flying-edges"
    lewiner = "lewiner"


class VertexFormula(StrEnum):
    """How a grid index becomes a coordinate."""

    exact = "exact"
    """index / cells · size + low."""
    original = "original"
    """index / (requested resolution + 1) · size + low, which shrinks the mesh towards the low corner."""


@dataclass(frozen=True)
class Surface:
    """Vertices (V, 3) float32 and faces (F, 3) int32, counter-clockwise seen from outside."""

    vertices: Vertices
    faces: Faces


@dataclass(frozen=True)
class SurfaceSettings:
    """How a volume becomes triangles."""

    mc_level: float = 0.0
    extraction: Extraction = Extraction.flying_edges
    formula: VertexFormula = VertexFormula.exact
    octree_resolution: int = 384
    """The resolution that was asked for; only the original formula needs it."""
    closed: bool = True
    """Whether a shape that reaches out of the box is closed at its sides."""


def extract_surface(volume: Volume, settings: SurfaceSettings) -> Surface | None:
    """Triangles where the volume passes `mc_level`, positive values being inside; None when there are none."""
    surface = _on_card(volume, settings) if volume.values.is_cuda else _on_processor(volume, settings)
    if surface is None or not len(surface.faces):
        return None
    cells = volume.resolution if settings.formula is VertexFormula.exact else settings.octree_resolution + 1
    size, low = np.asarray(volume.box.size), np.asarray(volume.box.low)
    vertices = (surface.vertices.astype(np.float64) / cells * size + low).astype(np.float32)
    return Surface(vertices, surface.faces)


def _on_card(volume: Volume, settings: SurfaceSettings) -> Surface | None:
    """In grid cells; only the triangles leave the card."""
    if settings.extraction is Extraction.lewiner:
        return _on_processor(replace(volume, values=volume.values.cpu()), settings)
    values = volume.values.float()
    found = triangles(_closed(values, settings.mc_level) if settings.closed else values, settings.mc_level)
    if found is None:
        return None
    vertices, faces = (part.cpu().numpy() for part in found)
    return Surface(vertices, faces.astype(np.int32))


def _on_processor(volume: Volume, settings: SurfaceSettings) -> Surface | None:
    """In grid cells."""
    values = volume.values.float()
    closed = _closed(values, settings.mc_level) if settings.closed else values
    grid = np.ascontiguousarray(closed.numpy())
    raw = (_lewiner if settings.extraction is Extraction.lewiner else _flying_edges)(grid, settings.mc_level)
    return None if raw is None else without_broken_faces(raw)


def _closed(values: Tensor, level: float) -> Tensor:
    """The values with all on the sides of the box below the level."""
    closed = values.clone()
    for axis in range(3):
        for end in (0, -1):
            side = closed.select(axis, end)
            side.masked_fill_(side >= level, level + OUTSIDE)
    return closed


def _lewiner(grid: Grid, level: float) -> Surface | None:
    known = grid[np.isfinite(grid)]
    if not len(known) or not known.min() < level < known.max():
        return None
    vertices, faces, _, _ = marching_cubes(grid, level, method="lewiner")
    return Surface(np.asarray(vertices, np.float32), np.ascontiguousarray(faces[:, ::-1], np.int32))


def _flying_edges(grid: Grid, level: float) -> Surface | None:
    found = flying_edges(grid, level)
    if found is None:
        return None
    points, faces = found
    return Surface(np.ascontiguousarray(points[:, ::-1]), np.ascontiguousarray(faces[:, ::-1]))


def without_broken_faces(surface: Surface) -> Surface:
    """Drop faces with a vertex that is not finite or with two corners alike, then vertices nobody uses."""
    faces = surface.faces
    finite = np.asarray(np.isfinite(surface.vertices).all(axis=1))
    whole = finite[faces].all(axis=1)
    distinct = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return _compact(surface.vertices, faces[whole & distinct])


def _compact(vertices: Vertices, faces: Faces) -> Surface:
    used = np.zeros(len(vertices), bool)
    used[faces.ravel()] = True
    renumbered = np.cumsum(used, dtype=np.int32) - 1
    return Surface(vertices[used], np.ascontiguousarray(renumbered[faces], np.int32))


def without_floaters(surface: Surface, share: float = FLOATER_SHARE) -> Surface:
    """Drop connected parts with fewer faces than `share` of the largest part's."""
    faces = surface.faces
    if not len(faces):
        return surface
    count = len(surface.vertices)
    ends = np.concatenate([faces[:, :2], faces[:, 1:]])
    links = coo_matrix((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, label = connected_components(links, directed=False)
    part = np.asarray(label)[faces[:, 0]]
    sizes = np.bincount(part)
    return _compact(surface.vertices, faces[sizes[part] >= share * sizes.max()])


def with_fewer_faces(surface: Surface, most: int) -> Surface:
    """Collapse edges by quadric error until at most `most` faces are left (Garland and Heckbert 1997)."""
    count = len(surface.faces)
    if count <= most:
        return surface
    data = vtkPolyData()
    points = vtkPoints()
    points.SetData(numpy_to_vtk(surface.vertices, deep=True))
    data.SetPoints(points)
    cells = vtkCellArray()
    cells.SetData(3, numpy_to_vtkIdTypeArray(surface.faces.astype(np.int64).ravel(), deep=True))
    data.SetPolys(cells)
    decimation = vtkQuadricDecimation()
    decimation.SetInputData(data)
    decimation.SetTargetReduction(1 - most / count)
    decimation.Update()
    reduced = decimation.GetOutput()
    if not reduced.GetNumberOfCells():
        return surface
    vertices = vtk_to_numpy(reduced.GetPoints().GetData()).astype(np.float32)
    kept = vtk_to_numpy(reduced.GetPolys().GetConnectivityArray()).reshape(-1, 3).astype(np.int32)
    return without_broken_faces(Surface(vertices, kept))
