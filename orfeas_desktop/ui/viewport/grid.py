"""The floor: a metric grid that fades out, with the x and z axes in their colours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtGui import QColor
    from vtkmodules.vtkRenderingCore import vtkActor

    from orfeas_desktop.ui.viewport.modes import ViewportColours

CELLS_EACH_WAY = 20


def spacing_for(size_m: float) -> float:
    """Return a cell of 1, 2 or 5 times a power of ten metres, about a fifth of `size_m`."""
    target = max(size_m, 1e-3) / 5
    decade = 10.0 ** math.floor(math.log10(target))
    return min(
        (decade * step for step in (1.0, 2.0, 5.0, 10.0)), key=lambda cell: abs(math.log(cell / target))
    )


def grid_lines(
    spacing: float, height: float, colours: ViewportColours
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return segment ends (2 S, 3) in metres and their RGBA colours (2 S, 4), one segment per cell edge."""
    steps = np.arange(-CELLS_EACH_WAY, CELLS_EACH_WAY + 1)
    line, start = (part.reshape(-1) for part in np.meshgrid(steps, steps[:-1], indexing="ij"))
    along = np.stack((start, start + 1), axis=1).reshape(-1)
    across = np.repeat(line, 2)
    ends = np.zeros((4 * len(line), 3), dtype=np.float32)
    half = len(along)
    ends[:half, 0], ends[:half, 2] = along, across
    ends[half:, 0], ends[half:, 2] = across, along
    colors = np.empty((len(ends), 4), dtype=np.uint8)
    colors[:, :3] = _rgb(colours.grid)
    on_axis = np.tile(across == 0, 2)
    first = np.arange(len(ends)) < half
    colors[on_axis & first, :3] = _rgb(colours.axis_x)
    colors[on_axis & ~first, :3] = _rgb(colours.axis_z)
    radius = np.linalg.norm(ends, axis=1) / CELLS_EACH_WAY
    fading = np.where(on_axis, 0.6, 0.9)
    colors[:, 3] = np.round(255 * np.clip(1.0 - radius, 0.0, 1.0) ** fading)
    ends *= spacing
    ends[:, 1] = height
    return ends, colors


def grid_actor(spacing: float, height: float, colours: ViewportColours, line_width: float) -> vtkActor:
    """Return the grid at `height` metres, lines `line_width` device pixels wide."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
    from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

    ends, colors = grid_lines(spacing, height, colours)
    points = vtkPoints()
    points.SetData(numpy_to_vtk(ends))
    segments = vtkCellArray()
    segments.SetData(2, numpy_to_vtk(np.arange(len(ends), dtype=np.int32)))
    data = vtkPolyData()
    data.SetPoints(points)
    data.SetLines(segments)
    data.GetPointData().SetScalars(numpy_to_vtk(colors))
    mapper = vtkPolyDataMapper()
    mapper.SetInputDataObject(data)
    mapper.SetColorModeToDirectScalars()
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.PickableOff()
    actor.ForceTranslucentOn()
    prop = actor.GetProperty()
    prop.SetLighting(False)
    prop.SetLineWidth(line_width)
    return actor


def _rgb(color: QColor) -> tuple[int, int, int]:
    return color.red(), color.green(), color.blue()
