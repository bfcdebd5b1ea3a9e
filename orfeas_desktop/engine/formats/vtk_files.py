"""What VTK finds in a mesh file: the second opinion on files that this program wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from pathlib import Path

    from vtkmodules.vtkIOCore import vtkAbstractPolyDataReader


Corner = tuple[float, float, float]


class Found(TypedDict):
    """Triangles, bounds in the file's units, and which attributes there are."""

    faces: int
    low: Corner
    high: Corner
    uvs: bool
    colors: bool


def vtk_contents(reader: vtkAbstractPolyDataReader, path: Path) -> Found:
    """Return what `reader`, a VTK reader of surfaces, finds at `path`; nothing at all when it fails."""
    reader.SetFileName(str(path))
    reader.Update()
    data = reader.GetOutput()
    bounds = data.GetBounds() if data.GetNumberOfPoints() else (0.0,) * 6
    points = data.GetPointData()
    return Found(
        faces=data.GetPolys().GetNumberOfConnectivityIds() - 2 * data.GetNumberOfPolys(),
        low=(bounds[0], bounds[2], bounds[4]),
        high=(bounds[1], bounds[3], bounds[5]),
        uvs=points.GetTCoords() is not None,
        colors=points.GetScalars() is not None,
    )
