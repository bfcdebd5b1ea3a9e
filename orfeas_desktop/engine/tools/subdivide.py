"""Subdivide: four faces for one, rounder or as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.subdivide import subdivided
from orfeas_desktop.engine.tools.workshop import Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

_MOST_FACES = 8_000_000


class SubdivideParams(Params):
    """Settings of the tool `subdivide`."""

    rounds: int = param(
        1,
        QT_TRANSLATE_NOOP("Params", "Rounds"),
        QT_TRANSLATE_NOOP("Params", "Each round makes four faces of one."),
        ge=1,
        le=4,
    )
    smooth: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Rounder"),
        QT_TRANSLATE_NOOP("Params", "Moves the vertices so that the surface becomes smooth."),
    )


def _make(meshes: tuple[Mesh, ...], params: SubdivideParams, context: JobContext) -> Made:
    mesh = meshes[0]
    if mesh.face_count * 4**params.rounds > _MOST_FACES:
        raise refuse(
            mesh, f"it would have more than {_MOST_FACES} faces; fewer rounds or “Decimate” first may help"
        )
    for number in range(params.rounds):
        context.progress(0.95 * number / params.rounds)
        finer = subdivided(mesh, smooth=params.smooth)
        if finer is None:
            raise refuse(mesh, "no face of it has an area")
        mesh = finer
    return Made(mesh)


SUBDIVIDE = WorkshopTool(
    id="subdivide",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Subdivide"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Makes four faces of one and rounds the surface; textures and seams stay."
    ),
    params=SubdivideParams,
    make=_make,
)
