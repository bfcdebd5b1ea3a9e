"""Merge: two meshes become one file, their surfaces left as they are."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.transform import transformed
from orfeas_desktop.engine.tools.base import MESH_IN
from orfeas_desktop.engine.tools.workshop import OTHER_IN, Made, WorkshopTool
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


class Where(StrEnum):
    """Where the other mesh goes."""

    stay = "stay"
    beside = "beside"
    above = "above"


class MergeParams(Params):
    """Settings of the tool `merge`."""

    where: Where = param(
        Where.stay,
        QT_TRANSLATE_NOOP("Params", "The other mesh"),
        QT_TRANSLATE_NOOP("Params", "Where the other mesh is put."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Stays where it is"),
                QT_TRANSLATE_NOOP("Params", "Goes to the right of the first"),
                QT_TRANSLATE_NOOP("Params", "Goes on top of the first"),
            )
        ),
    )
    gap_mm: float = param(
        10.0,
        QT_TRANSLATE_NOOP("Params", "Gap"),
        QT_TRANSLATE_NOOP("Params", "How much room is left between both when the other is moved."),
        ge=0.0,
        le=10_000.0,
        traits=Traits(unit="mm", step=1.0),
    )


def _make(meshes: tuple[Mesh, ...], params: MergeParams, context: JobContext) -> Made:
    first, other = meshes
    matrix = np.diag([*[other.metres_per_unit / first.metres_per_unit] * 3, 1.0])
    other = transformed(other, matrix).changed(metres_per_unit=first.metres_per_unit)
    context.progress(0.3)
    if params.where is not Where.stay:
        low, high = (side.astype(np.float64) for side in first.bounds)
        own_low, own_high = (side.astype(np.float64) for side in other.bounds)
        shift = (low + high) / 2 - (own_low + own_high) / 2
        axis = 0 if params.where is Where.beside else 1
        shift[axis] = high[axis] - own_low[axis] + params.gap_mm / 1000 / first.metres_per_unit
        if axis == 0:
            shift[1] = low[1] - own_low[1]
        move = np.eye(4)
        move[:3, 3] = shift
        other = transformed(other, move)
    context.progress(0.6)
    return Made(merged([first, other.changed(name=first.name)]))


MERGE = WorkshopTool(
    id="merge",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Merge"),
    summary=QT_TRANSLATE_NOOP("Tools", "Puts two meshes into one; their surfaces stay as they are."),
    params=MergeParams,
    make=_make,
    inputs=(*MESH_IN, OTHER_IN),
    new_surface=True,
)
