"""Boolean: two solids become one, or one is taken out of the other."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.solid import mesh_of, solid_of, solid_problem
from orfeas_desktop.engine.mesh.transform import transformed
from orfeas_desktop.engine.tools.base import MESH_IN
from orfeas_desktop.engine.tools.workshop import OTHER_IN, Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


class Way(StrEnum):
    """What is done with both."""

    union = "union"
    difference = "difference"
    intersection = "intersection"


class BooleanParams(Params):
    """Settings of the tool `boolean`."""

    way: Way = param(
        Way.union,
        QT_TRANSLATE_NOOP("Params", "Way"),
        QT_TRANSLATE_NOOP("Params", "What is left of both meshes."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Both together"),
                QT_TRANSLATE_NOOP("Params", "The first without the other"),
                QT_TRANSLATE_NOOP("Params", "What both share"),
            )
        ),
    )


def _make(meshes: tuple[Mesh, ...], params: BooleanParams, context: JobContext) -> Made:
    import manifold3d

    first, other = meshes
    scale = np.diag([*[other.metres_per_unit / first.metres_per_unit] * 3, 1.0])
    other = transformed(other, scale).changed(metres_per_unit=first.metres_per_unit)
    both = merged([first.changed(normals=None), other.changed(normals=None, name=first.name)])
    groups = np.zeros(both.face_count, np.int32) if both.face_materials is None else both.face_materials
    start = manifold3d.Manifold.reserve_ids(len(both.materials))
    solids: list[manifold3d.Manifold] = []
    ranges = ((0, first.face_count), (first.face_count, both.face_count))
    for mesh, (low, high) in zip((first, other), ranges, strict=True):
        part = both.changed(faces=both.faces[low:high], face_materials=groups[low:high])
        solid = solid_of(part, start)
        if solid_problem(solid):
            raise refuse(mesh, "it is not one closed surface; “Repair” or “Rebuild” makes it one")
        if solid.volume() < 0:
            raise refuse(mesh, "it is inside out; “Repair” turns it")
        solids.append(solid)
        context.progress(0.25 * len(solids))
    done = {
        Way.union: lambda: solids[0] + solids[1],
        Way.difference: lambda: solids[0] - solids[1],
        Way.intersection: lambda: solids[0] ^ solids[1],
    }[params.way]()
    if solid_problem(done):
        raise refuse(first, "nothing is left of it")
    context.progress(0.8)
    made = mesh_of(done, both, range(start, start + len(both.materials)))
    return Made(made if first.normals is None else made.changed(normals=vertex_normals(made)))


BOOLEAN = WorkshopTool(
    id="boolean",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Boolean"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Joins two closed meshes, takes one out of the other or keeps what they share."
    ),
    params=BooleanParams,
    make=_make,
    inputs=(*MESH_IN, OTHER_IN),
    new_surface=True,
)
