"""Datasmith: a folder that Unreal imports as a scene of actors with meshes, materials and textures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.exporters.base import Contents, Exporter, ExportParams, Written, corner
from orfeas_desktop.engine.formats.datasmith_check import read_datasmith
from orfeas_desktop.engine.formats.datasmith_mesh import CENTIMETRES, SWAP
from orfeas_desktop.engine.formats.datasmith_scene import write_datasmith
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.scene.fitness import require_places, with_lone_cameras, without_loose
from orfeas_desktop.engine.scene.flatten import bounds_of
from orfeas_desktop.errors import BadMesh, ExportNotVerified
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.scene.scene import Scene

_TITLE = QT_TRANSLATE_NOOP("Exporters", "Unreal Datasmith")


class DatasmithParams(ExportParams):
    """Settings of the Datasmith exporter."""


def _write(scene: Scene, path: Path, params: DatasmithParams, context: JobContext) -> Written:
    del params
    require_places(scene)
    ready = with_lone_cameras(without_loose(scene))
    if len(ready.levels()) > 1 or ready.pieces():
        context.warn(
            QT_TRANSLATE_NOOP(
                "Warnings",
                "Datasmith takes the finest level only, without collision; the FBX for Unreal takes all.",
            )
        )
    sheet = path / f"{path.name}.udatasmith"
    try:
        uses = write_datasmith(ready, sheet, context.progress)
    except Broken as problem:
        raise BadMesh(name=scene.name, problem=str(problem)) from None
    low, high = bounds_of(ready)
    turned = np.array([SWAP @ low, SWAP @ high]) * CENTIMETRES
    meshes = [placed.node.mesh for placed in ready.walk() if placed.node.mesh is not None]
    contents = Contents(
        faces=sum(mesh.face_count for mesh in meshes),
        low=corner(turned[0]),
        high=corner(turned[1]),
        uvs=any(mesh.uvs for mesh in meshes),
        textures=uses,
        colors=any(mesh.colors is not None for mesh in meshes),
    )
    return Written(contents, main=sheet)


def _read_back(path: Path) -> Contents:
    (sheet,) = path.glob("*.udatasmith")
    try:
        scene = read_datasmith(sheet)
    except Broken as problem:
        raise ExportNotVerified(format=_TITLE, problem=str(problem)) from None
    places = [actor.mesh.vertices @ actor.matrix[:3, :3].T + actor.matrix[:3, 3] for actor in scene.actors]
    return Contents(
        faces=sum(len(actor.mesh.corners) for actor in scene.actors),
        low=corner(np.min([place.min(axis=0) for place in places], axis=0)),
        high=corner(np.max([place.max(axis=0) for place in places], axis=0)),
        uvs=any(actor.mesh.uvs for actor in scene.actors),
        textures=scene.textures,
        colors=any(len(actor.mesh.colors) for actor in scene.actors),
    )


DATASMITH = Exporter(
    id="datasmith",
    version=1,
    title=_TITLE,
    summary=QT_TRANSLATE_NOOP(
        "Exporters", "A folder that Unreal imports as a scene: actors, meshes, materials and textures."
    ),
    params=DatasmithParams,
    suffix="",
    folder=True,
    verified_by="Orfeas Desktop",
    write=_write,
    read_back=_read_back,
)
