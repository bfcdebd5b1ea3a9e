"""Levels of detail: the mesh and coarser ones of it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.decimate import decimated
from orfeas_desktop.engine.mesh.distance import surface_distance
from orfeas_desktop.engine.tools.base import MESH_OUT
from orfeas_desktop.engine.tools.workshop import LODS_OUT, Made, WorkshopTool
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


class Measure(StrEnum):
    """What the share is a share of."""

    faces = "faces"
    screen = "screen"


class LodParams(Params):
    """Settings of the tool `lod`."""

    levels: int = param(
        3,
        QT_TRANSLATE_NOOP("Params", "Levels"),
        QT_TRANSLATE_NOOP("Params", "How many coarser meshes to make."),
        ge=1,
        le=7,
    )
    share: float = param(
        50.0,
        QT_TRANSLATE_NOOP("Params", "Share"),
        QT_TRANSLATE_NOOP("Params", "How much each level leaves of the one before."),
        ge=5.0,
        le=90.0,
        traits=Traits(unit="%", step=5.0),
    )
    measure: Measure = param(
        Measure.faces,
        QT_TRANSLATE_NOOP("Params", "Share of"),
        QT_TRANSLATE_NOOP(
            "Params", "Of the faces, or of the size on the screen at which the level takes over."
        ),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "The faces"),
                QT_TRANSLATE_NOOP("Params", "The size on the screen"),
            )
        ),
    )


def _make(meshes: tuple[Mesh, ...], params: LodParams, context: JobContext) -> Made:
    mesh = meshes[0]
    parts: dict[str, Mesh] = {}
    level = mesh
    # At half the size on the screen a quarter of the faces are as large there as all were before.
    power = 2 if params.measure is Measure.screen else 1
    for number in range(1, params.levels + 1):
        context.progress((number - 1) / params.levels)
        share = (params.share / 100) ** number
        target = max(round(mesh.face_count * share**power), 4)
        level = decimated(level, target, None, lambda _: context.check_cancelled()).check()
        parts[f"lod{number}"] = level
        context.fact(f"faces_lod{number}", level.face_count)
        context.fact(f"screen_lod{number}", round(share if power == 2 else share**0.5, 4))
        mean, _ = surface_distance(mesh, level, samples=2000, step=lambda _: context.check_cancelled())
        context.fact(f"distance_lod{number}_mm", round(mean * 1000, 6))
    return Made(mesh, parts)


LOD = WorkshopTool(
    id="lod",
    version=4,
    title=QT_TRANSLATE_NOOP("Tools", "Levels of detail"),
    summary=QT_TRANSLATE_NOOP("Tools", "Makes coarser meshes for the distance; all share the texture."),
    params=LodParams,
    make=_make,
    outputs=(*MESH_OUT, LODS_OUT),
)
