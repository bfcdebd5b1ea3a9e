"""Place: which way is up, where it stands, how large it is."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.transform import transformed
from orfeas_desktop.engine.tools.base import MeshTool
from orfeas_desktop.errors import BadMesh
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


class Turn(StrEnum):
    """Which direction of the mesh shall point up."""

    keep = "keep"
    down = "down"
    front = "front"
    back = "back"
    right = "right"
    left = "left"


class Measure(StrEnum):
    """Which side of the box around the mesh is measured."""

    largest = "largest"
    width = "width"
    height = "height"
    depth = "depth"


class PlaceParams(Params):
    """Settings of the tool `place`."""

    up: Turn = param(
        Turn.keep,
        QT_TRANSLATE_NOOP("Params", "Turn up"),
        QT_TRANSLATE_NOOP(
            "Params", "The side that shall look up. Files with z up stand right after turning up the front."
        ),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Leave as it is"),
                QT_TRANSLATE_NOOP("Params", "Underside"),
                QT_TRANSLATE_NOOP("Params", "Front"),
                QT_TRANSLATE_NOOP("Params", "Back"),
                QT_TRANSLATE_NOOP("Params", "Right side"),
                QT_TRANSLATE_NOOP("Params", "Left side"),
            )
        ),
    )
    size_mm: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Size"),
        QT_TRANSLATE_NOOP("Params", "The mesh is scaled to this size; 0 keeps it."),
        ge=0.0,
        le=1_000_000.0,
        traits=Traits(unit="mm", step=1.0, at_minimum=QT_TRANSLATE_NOOP("Params", "As it is")),
    )
    measure: Measure = param(
        Measure.largest,
        QT_TRANSLATE_NOOP("Params", "Measured along"),
        QT_TRANSLATE_NOOP("Params", "Which side the size is meant for."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Largest side"),
                QT_TRANSLATE_NOOP("Params", "Width"),
                QT_TRANSLATE_NOOP("Params", "Height"),
                QT_TRANSLATE_NOOP("Params", "Depth"),
            )
        ),
    )
    center: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Centre"),
        QT_TRANSLATE_NOOP("Params", "Moves the middle over the origin."),
    )
    floor: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Drop to floor"),
        QT_TRANSLATE_NOOP(
            "Params", "Moves the lowest point to height 0; otherwise centring is done in height too."
        ),
    )


_TURNS: dict[Turn, list[list[float]]] = {
    Turn.keep: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    Turn.down: [[1, 0, 0], [0, -1, 0], [0, 0, -1]],
    Turn.front: [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
    Turn.back: [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
    Turn.right: [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
    Turn.left: [[0, 1, 0], [-1, 0, 0], [0, 0, 1]],
}
"""Rotations that bring -y, +z, -z, +x and -x to +y."""


def _apply(mesh: Mesh, params: PlaceParams, context: JobContext) -> Mesh:
    matrix = np.eye(4)
    matrix[:3, :3] = _TURNS[params.up]
    corners = mesh.vertices.astype(np.float64) @ matrix[:3, :3].T
    context.progress(0.3)
    low, high = corners.min(axis=0), corners.max(axis=0)
    factor = _factor(params, high - low, mesh)
    matrix[:3, :3] *= factor
    matrix[:3, 3] = _shift(params, low * factor, high * factor)
    return transformed(mesh, matrix)


def _factor(params: PlaceParams, sides: NDArray[np.float64], mesh: Mesh) -> float:
    if params.size_mm == 0:
        return 1.0
    known = {Measure.width: sides[0], Measure.height: sides[1], Measure.depth: sides[2]}
    side = float(known.get(params.measure, sides.max()))
    if side <= 0:
        raise BadMesh(name=mesh.name, problem="it has no extent along the measured side")
    return params.size_mm / 1000 / mesh.metres_per_unit / side


def _shift(params: PlaceParams, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    shift = np.zeros(3)
    if params.center:
        shift = -(low + high) / 2
    if params.floor:
        shift[1] = -low[1]
    return shift


PLACE = MeshTool(
    id="place",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Place"),
    summary=QT_TRANSLATE_NOOP("Tools", "Turns, centres and scales to a real size."),
    params=PlaceParams,
    apply=_apply,
    moves=True,
)
