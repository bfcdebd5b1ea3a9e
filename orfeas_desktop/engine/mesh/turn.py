"""Which axis points up."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.transform import transformed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh


class UpAxis(StrEnum):
    """An axis that points up in a file."""

    y = "y"
    z = "z"


class Axis(StrEnum):
    """x is to the right, y up, z towards the viewer."""

    x = "x"
    y = "y"
    z = "z"

    @property
    def column(self) -> int:
        """0, 1 or 2."""
        return "xyz".index(self.value)


def fitted(mesh: Mesh, up: UpAxis, units_per_metre: float, *, floor: bool = False) -> Mesh:
    """Return `mesh` as another program wants it: `up` points up and a metre is `units_per_metre` units.

    `floor` moves the lowest point to height 0.
    """
    matrix = np.eye(4)
    if up is UpAxis.z:
        matrix[:3, :3] = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    matrix[:3, :3] *= mesh.metres_per_unit * units_per_metre
    if floor:
        height = 2 if up is UpAxis.z else 1
        matrix[height, 3] = -_lowest(mesh, matrix, height)
    changed = mesh if np.array_equal(matrix, np.eye(4)) else transformed(mesh, matrix)
    return changed.changed(metres_per_unit=1.0 / units_per_metre)


def _lowest(mesh: Mesh, matrix: NDArray[np.float64], axis: int) -> float:
    heights = mesh.vertices.astype(np.float64) @ matrix[axis, :3]
    return float(np.float32(heights.min()))
