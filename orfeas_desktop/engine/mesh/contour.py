"""The surface of a volume at a level, by VTK's flying edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def flying_edges(
    values: NDArray[np.float32], level: float
) -> tuple[NDArray[np.float32], NDArray[np.int32]] | None:
    """Return points (V, 3) as (x, y, z) in cells and faces (F, 3) where `values` (z, y, x) cross `level`; None without.

    Faces are clockwise seen from where values are lower. Algorithm: Schroeder, Maynard, Geveci 2015. It leaves empty
    faces where a value equals `level`.
    """
    from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D

    image = vtkImageData()
    image.SetDimensions(*values.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(values).ravel(), deep=False))
    edges = vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, level)
    edges.ComputeNormalsOff()
    edges.ComputeGradientsOff()
    edges.ComputeScalarsOff()
    edges.Update()
    found = edges.GetOutput()
    if not found.GetNumberOfCells():
        return None
    points = vtk_to_numpy(found.GetPoints().GetData()).astype(np.float32)
    return points, vtk_to_numpy(found.GetPolys().GetConnectivityArray()).reshape(-1, 3).astype(np.int32)
