"""Collision: simple closed shapes that stand for the mesh in a game's physics."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.enclose import box_along, capsule_around, sphere_around, turned_box
from orfeas_desktop.engine.mesh.facts import mesh_facts, signed_volume
from orfeas_desktop.engine.mesh.hulls import (
    concave_parts,
    convex_hull,
    convex_parts,
    hull_mesh,
    simpler_hull,
)
from orfeas_desktop.engine.tools.base import MESH_OUT
from orfeas_desktop.engine.tools.child import in_child
from orfeas_desktop.engine.tools.workshop import COLLISION_OUT, Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.hulls import Part
    from orfeas_desktop.engine.mesh.mesh import Mesh


class Shape(StrEnum):
    """What stands for the mesh."""

    hull = "hull"
    box = "box"
    turned_box = "turned-box"
    sphere = "sphere"
    capsule = "capsule"
    parts = "parts"
    close_parts = "close-parts"


class CollisionParams(Params):
    """Settings of the tool `collision`."""

    shape: Shape = param(
        Shape.hull,
        QT_TRANSLATE_NOOP("Params", "Shape"),
        QT_TRANSLATE_NOOP("Params", "What stands for the mesh."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "One convex hull"),
                QT_TRANSLATE_NOOP("Params", "Box along the axes"),
                QT_TRANSLATE_NOOP("Params", "Smallest box"),
                QT_TRANSLATE_NOOP("Params", "Sphere"),
                QT_TRANSLATE_NOOP("Params", "Capsule"),
                QT_TRANSLATE_NOOP("Params", "Several convex parts (V-HACD)"),
                QT_TRANSLATE_NOOP("Params", "Several convex parts, closer and slower (CoACD)"),
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
        QT_TRANSLATE_NOOP("Params", "How many vertices a convex hull or part may have."),
        ge=8,
        le=255,
    )
    concavity: float = param(
        10.0,
        QT_TRANSLATE_NOOP("Params", "Concavity"),
        QT_TRANSLATE_NOOP(
            "Params", "How far close parts may stand off; less means more parts and more time."
        ),
        ge=1.0,
        le=100.0,
        traits=Traits(unit="%", advanced=True),
    )
    limit_s: int = param(
        300,
        QT_TRANSLATE_NOOP("Params", "Time limit"),
        QT_TRANSLATE_NOOP("Params", "After this quicker parts are taken instead of close ones, or one hull."),
        ge=5,
        le=3600,
        traits=Traits(unit="s", advanced=True),
    )


def _make(meshes: tuple[Mesh, ...], params: CollisionParams, context: JobContext) -> Made:
    mesh = meshes[0]
    hull = convex_hull(mesh.vertices)
    context.progress(0.1)
    found = [] if hull is None else _found(mesh, hull, params, context)
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
    context.fact("collision_most_vertices", max(part.vertex_count for part in parts.values()))
    context.fact("collision_volume_ratio", round(filled / abs(volume), 4) if volume else None)
    return Made(mesh, parts)


def _found(mesh: Mesh, hull: Part, params: CollisionParams, context: JobContext) -> Sequence[Part]:
    shape, points = params.shape, hull[0]
    if shape in (Shape.parts, Shape.close_parts):
        return _several(mesh, params, context) or [simpler_hull(hull, params.most_corners)]
    if shape is Shape.hull:
        return [simpler_hull(hull, params.most_corners)]
    if shape is Shape.box:
        return _one(box_along(points, np.eye(3)))
    if shape is Shape.turned_box:
        return _one(turned_box(hull))
    round_one = sphere_around(points) if shape is Shape.sphere else capsule_around(points)
    context.fact("collision_radius_mm", round(round_one.radius * mesh.metres_per_unit * 1000, 4))
    context.fact("collision_length_mm", round(round_one.length * mesh.metres_per_unit * 1000, 4))
    return _one(round_one.solid())


def _one(part: Part | None) -> Sequence[Part]:
    return [] if part is None else [part]


def _several(mesh: Mesh, params: CollisionParams, context: JobContext) -> Sequence[Part]:
    """Return convex parts by the way asked for, else by the quicker one; none when both take too long."""
    arguments = (mesh.vertices, mesh.faces, params.most_parts, params.most_corners)
    if params.shape is Shape.close_parts:
        close = (*arguments, params.concavity / 100, context.seed % 2**31)
        found = in_child(concave_parts, close, context, params.limit_s)
        if found:
            return found
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "Close parts did not come about; quicker ones were taken.")
        )
    found = in_child(convex_parts, arguments, context, params.limit_s)
    if not found:
        context.warn(QT_TRANSLATE_NOOP("Warnings", "Parts did not come about; one hull was taken."))
    return found or []


COLLISION = WorkshopTool(
    id="collision",
    version=3,
    title=QT_TRANSLATE_NOOP("Tools", "Collision"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Gives simple closed shapes that stand for the mesh in a game's physics."
    ),
    params=CollisionParams,
    make=_make,
    outputs=(*MESH_OUT, COLLISION_OUT),
)
