"""Marks: faces and points that the user is to look at, drawn over the mesh so that nothing hides them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.ui.viewport.shading import rgb

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtGui import QColor
    from vtkmodules.vtkCommonDataModel import vtkPolyData
    from vtkmodules.vtkRenderingCore import vtkActor, vtkRenderer

_IN_FRONT = -66_000.0
"""Units of depth that a mark is drawn nearer than it lies."""
_POINT_PX = 7.0


class Marks:
    """The marked places of one renderer, in metres."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self._renderer = renderer
        self._actors: list[vtkActor] = []

    @property
    def shown(self) -> bool:
        """Whether anything is marked."""
        return bool(self._actors)

    def show(
        self, triangles: NDArray[np.float32], points: NDArray[np.float32], color: QColor, scale: float
    ) -> None:
        """Mark (N, 3, 3) triangles and (M, 3) points in place of what is marked; `scale` is device pixels a pixel.

        A triangle gets a point at its middle too, so that a small one is seen from afar.
        """
        self.clear()
        middles = triangles.mean(axis=1) if len(triangles) else np.zeros((0, 3), np.float32)
        dots = np.concatenate([points, middles]).astype(np.float32)
        if len(triangles):
            self._add(_faces_of(triangles), color, scale)
        if len(dots):
            self._add(_points_of(dots), color, scale)

    def clear(self) -> None:
        """Mark nothing."""
        for actor in self._actors:
            self._renderer.RemoveActor(actor)
        self._actors = []

    def _add(self, data: vtkPolyData, color: QColor, scale: float) -> None:
        from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

        mapper = vtkPolyDataMapper()
        mapper.SetInputDataObject(data)
        mapper.SetResolveCoincidentTopologyToPolygonOffset()
        mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(0.0, _IN_FRONT)
        mapper.SetRelativeCoincidentTopologyLineOffsetParameters(0.0, _IN_FRONT)
        mapper.SetRelativeCoincidentTopologyPointOffsetParameter(_IN_FRONT)
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.PickableOff()
        prop = actor.GetProperty()
        prop.SetLighting(False)
        prop.SetColor(*rgb(color))
        prop.SetPointSize(_POINT_PX * scale)
        prop.SetRenderPointsAsSpheres(True)
        self._renderer.AddActor(actor)
        self._actors.append(actor)


def _faces_of(triangles: NDArray[np.float32]) -> vtkPolyData:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkCellArray

    cells = vtkCellArray()
    cells.SetData(3, numpy_to_vtk(np.arange(3 * len(triangles), dtype=np.int32), deep=True))
    data = _data_at(triangles.reshape(-1, 3))
    data.SetPolys(cells)
    return data


def _points_of(places: NDArray[np.float32]) -> vtkPolyData:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkCellArray

    cells = vtkCellArray()
    cells.SetData(1, numpy_to_vtk(np.arange(len(places), dtype=np.int32), deep=True))
    data = _data_at(places)
    data.SetVerts(cells)
    return data


def _data_at(places: NDArray[np.float32]) -> vtkPolyData:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkPolyData

    points = vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(places, np.float32), deep=True))
    data = vtkPolyData()
    data.SetPoints(points)
    return data
