"""Levels of detail: the mesh and coarser ones of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.decimate import decimated
from orfeas_desktop.engine.tools.base import MESH_OUT
from orfeas_desktop.engine.tools.workshop import LODS_OUT, Made, WorkshopTool
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


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
        QT_TRANSLATE_NOOP("Params", "How much of the faces each level leaves of the one before."),
        ge=5.0,
        le=90.0,
        traits=Traits(unit="%", step=5.0),
    )


def _make(meshes: tuple[Mesh, ...], params: LodParams, context: JobContext) -> Made:
    mesh = meshes[0]
    parts: dict[str, Mesh] = {}
    level = mesh
    for number in range(1, params.levels + 1):
        context.progress((number - 1) / params.levels)
        target = max(round(mesh.face_count * (params.share / 100) ** number), 4)
        level = decimated(level, target, None, lambda _: context.check_cancelled())
        parts[f"lod{number}"] = level
        context.fact(f"faces_lod{number}", level.face_count)
    return Made(mesh, parts)


LOD = WorkshopTool(
    id="lod",
    version=2,
    title=QT_TRANSLATE_NOOP("Tools", "Levels of detail"),
    summary=QT_TRANSLATE_NOOP("Tools", "Makes coarser meshes for the distance; all share the texture."),
    params=LodParams,
    make=_make,
    outputs=(*MESH_OUT, LODS_OUT),
)
