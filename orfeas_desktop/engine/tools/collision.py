"""Collision: simple closed shapes that stand for the mesh in a game's physics."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.facts import mesh_facts, signed_volume
from orfeas_desktop.engine.mesh.hulls import box_around, convex_hull, convex_parts, hull_mesh
from orfeas_desktop.engine.tools.base import MESH_OUT
from orfeas_desktop.engine.tools.child import in_child
from orfeas_desktop.engine.tools.workshop import COLLISION_OUT, Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

_LIMIT_S = 600.0


class Shape(StrEnum):
    """What stands for the mesh."""

    hull = "hull"
    box = "box"
    parts = "parts"


class CollisionParams(Params):
    """Settings of the tool `collision`."""

    shape: Shape = param(
        Shape.hull,
        QT_TRANSLATE_NOOP("Params", "Shape"),
        QT_TRANSLATE_NOOP("Params", "What stands for the mesh."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "One convex hull"),
                QT_TRANSLATE_NOOP("Params", "Box"),
                QT_TRANSLATE_NOOP("Params", "Several convex parts"),
            )
        ),
    )
    most_parts: int = param(
        16,
        QT_TRANSLATE_NOOP("Params", "Most parts"),
        QT_TRANSLATE_NOOP("Params", "How many convex parts there may be."),
        ge=1,
        le=128,
    )
    most_corners: int = param(
        32,
        QT_TRANSLATE_NOOP("Params", "Most corners"),
        QT_TRANSLATE_NOOP("Params", "How many vertices a convex part may have."),
        ge=8,
        le=255,
    )


def _make(meshes: tuple[Mesh, ...], params: CollisionParams, context: JobContext) -> Made:
    mesh = meshes[0]
    if params.shape is Shape.parts:
        arguments = (mesh.vertices, mesh.faces, params.most_parts, params.most_corners)
        found = in_child(convex_parts, arguments, context, _LIMIT_S)
    else:
        one = box_around(mesh) if params.shape is Shape.box else convex_hull(mesh.vertices)
        found = [] if one is None else [one]
    if not found:
        raise refuse(mesh, "no solid shape fits around it")
    parts = {
        f"collision{number}": hull_mesh(part, mesh, f"{mesh.name} collision {number}")
        for number, part in enumerate(found, start=1)
    }
    volume = mesh_facts(mesh).volume_m3
    filled = sum(signed_volume(part) for part in parts.values()) * mesh.metres_per_unit**3
    context.fact("collision_parts", len(parts))
    context.fact("collision_vertices", sum(part.vertex_count for part in parts.values()))
    context.fact("collision_volume_ratio", round(filled / abs(volume), 4) if volume else None)
    return Made(mesh, parts)


COLLISION = WorkshopTool(
    id="collision",
    version=2,
    title=QT_TRANSLATE_NOOP("Tools", "Collision"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Gives simple closed shapes that stand for the mesh in a game's physics."
    ),
    params=CollisionParams,
    make=_make,
    outputs=(*MESH_OUT, COLLISION_OUT),
)
