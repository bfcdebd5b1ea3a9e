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
from orfeas_desktop.engine.scene.flatten import bounds_of, placed_meshes
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
    _warn(ready, context)
    sheet = path / f"{path.name}.udatasmith"
    try:
        uses = write_datasmith(ready, sheet, context.progress)
    except Broken as problem:
        raise BadMesh(name=scene.name, problem=str(problem)) from None
    low, high = bounds_of(ready)
    turned = np.array([SWAP @ low, SWAP @ high]) * CENTIMETRES
    meshes = [mesh for placed in ready.walk() for mesh in placed_meshes(placed.node)]
    contents = Contents(
        faces=sum(mesh.face_count for mesh in meshes),
        low=corner(turned[0]),
        high=corner(turned[1]),
        uvs=any(mesh.uvs for mesh in meshes),
        textures=uses,
        colors=any(mesh.colors is not None for mesh in meshes),
    )
    return Written(contents, main=sheet, space="z up, left-handed, centimetres")


def _warn(scene: Scene, context: JobContext) -> None:
    """Say what Datasmith cannot hold."""
    nodes = [placed.node for placed in scene.walk()]
    if any(len(node.collision) > 1 for node in nodes):
        context.warn(
            QT_TRANSLATE_NOOP(
                "Warnings",
                "Datasmith takes one collision hull a mesh, so it goes around all pieces; FBX for Unreal keeps them.",
            )
        )
    if any(node.camera is not None and node.camera.height is not None for node in nodes):
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "Datasmith has no cameras without perspective: they get one.")
        )


def _read_back(path: Path) -> Contents:
    (sheet,) = path.glob("*.udatasmith")
    try:
        scene = read_datasmith(sheet)
    except Broken as problem:
        raise ExportNotVerified(format=_TITLE, problem=str(problem)) from None
    finest = [(actor.file.levels[0], actor.matrix) for actor in scene.actors]
    places = [mesh.vertices @ matrix[:3, :3].T + matrix[:3, 3] for mesh, matrix in finest]
    collision = [actor.file.collision for actor in scene.actors]
    every = [level for actor in scene.actors for level in actor.file.levels]
    every += [piece for piece in collision if piece is not None]
    return Contents(
        faces=sum(len(mesh.corners) for mesh in every),
        low=corner(np.min([place.min(axis=0) for place in places], axis=0)),
        high=corner(np.max([place.max(axis=0) for place in places], axis=0)),
        uvs=any(mesh.uvs for mesh in every),
        textures=scene.textures,
        colors=any(len(mesh.colors) for mesh in every),
    )


DATASMITH = Exporter(
    id="datasmith",
    version=2,
    title=_TITLE,
    summary=QT_TRANSLATE_NOOP(
        "Exporters", "A folder that Unreal imports as a scene: actors, meshes, materials and textures."
    ),
    params=DatasmithParams,
    suffix="",
    folder=True,
    verified_by="Orfeas Desktop",
    unjudged=(
        "No Unreal was asked. Meshes, names, places, levels, collision and pictures were read by a strict reader of "
        "the format, which is this program's own too; how the materials look, only Unreal can say."
    ),
    finish=frozenset(),
    write=_write,
    read_back=_read_back,
)
