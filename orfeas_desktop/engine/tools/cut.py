"""Cut: what lies on one side of a plane, closed where it was cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.solid import mesh_of, solid_of, solid_problem
from orfeas_desktop.engine.mesh.turn import Axis
from orfeas_desktop.engine.tools.base import MESH_OUT
from orfeas_desktop.engine.tools.workshop import PARTS_OUT, Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


class CutParams(Params):
    """Settings of the tool `cut`."""

    axis: Axis = param(
        Axis.y,
        QT_TRANSLATE_NOOP("Params", "Across"),
        QT_TRANSLATE_NOOP("Params", "The axis that the cut stands across."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "X (left and right)"),
                QT_TRANSLATE_NOOP("Params", "Y (up and down)"),
                QT_TRANSLATE_NOOP("Params", "Z (front and back)"),
            )
        ),
    )
    at: float = param(
        50.0,
        QT_TRANSLATE_NOOP("Params", "At"),
        QT_TRANSLATE_NOOP("Params", "Where along the mesh it is cut."),
        ge=1.0,
        le=99.0,
        traits=Traits(unit="%", step=1.0),
    )
    upper: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Keep the upper side"),
        QT_TRANSLATE_NOOP("Params", "The right, top or front side is the mesh, the other a further mesh."),
    )


def _make(meshes: tuple[Mesh, ...], params: CutParams, context: JobContext) -> Made:
    import manifold3d

    mesh = meshes[0]
    low, high = (float(side[params.axis.column]) for side in mesh.bounds)
    start = manifold3d.Manifold.reserve_ids(len(mesh.materials))
    solid = solid_of(mesh, start)
    if solid_problem(solid):
        raise refuse(mesh, "it is not one closed surface; “Repair” or “Rebuild” makes it one")
    if solid.volume() < 0:
        raise refuse(mesh, "it is inside out; “Repair” turns it")
    context.progress(0.3)
    normal = np.eye(3)[params.axis.column]
    sides = solid.split_by_plane(tuple(normal.tolist()), low + (high - low) * params.at / 100)
    if any(solid_problem(side) for side in sides):
        raise refuse(mesh, "one side of the cut is empty")
    context.progress(0.8)
    ids = range(start, start + len(mesh.materials))
    made = [mesh_of(side, mesh, ids) for side in sides]
    if mesh.normals is not None:
        made = [part.changed(normals=vertex_normals(part)) for part in made]
    kept, rest = made if params.upper else reversed(made)
    return Made(kept, {"rest": rest})


CUT = WorkshopTool(
    id="cut",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Cut"),
    summary=QT_TRANSLATE_NOOP("Tools", "Cuts a closed mesh with a plane; both halves are closed."),
    params=CutParams,
    make=_make,
    outputs=(*MESH_OUT, PARTS_OUT),
)
