"""Blender: a .blend file, made and read back by the Blender on this machine."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from orfeas_desktop.assets import COLLISION
from orfeas_desktop.engine.exporters.base import Contents, Exporter, ExportParams, Written, corner
from orfeas_desktop.engine.formats.blender import Blender
from orfeas_desktop.engine.formats.blender_exchange import FINISH, Exchange
from orfeas_desktop.engine.formats.reread import Reread
from orfeas_desktop.engine.formats.reread_blend import blend_mesh
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.scene.flatten import bounds_of
from orfeas_desktop.errors import BadMesh, ExportNotVerified
from orfeas_desktop.params import FieldKind, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.scene.scene import Scene

_ANSWER = "ORFEAS "


class BlendParams(ExportParams):
    """Settings of the Blender exporter."""

    program: str = param(
        "",
        QT_TRANSLATE_NOOP("Params", "Blender"),
        QT_TRANSLATE_NOOP(
            "Params", "The program, or a Python that has bpy; empty: the one that is found on this machine."
        ),
        traits=Traits(kind=FieldKind.file, counts=False),
    )
    pieces: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Collision pieces"),
        QT_TRANSLATE_NOOP("Params", "Puts them into a hidden collection."),
    )

    def refused(self) -> frozenset[str]:
        """Return the input slots that these settings keep out of the file."""
        return frozenset() if self.pieces else frozenset({COLLISION})


class _Answer(BaseModel):
    """What Blender found in the file; places in metres, y up."""

    faces: int
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    uvs: bool
    colors: bool
    textures: int
    version: str


def _write(scene: Scene, path: Path, params: BlendParams, context: JobContext) -> Written:
    blender = Blender.found(params.program)
    written = scene if params.pieces else scene.mapped(lambda node: replace(node, collision=()))
    folder = context.staging / "exchange"
    folder.mkdir()
    exchange = Exchange(folder)
    try:
        exchange.write(written, lambda share: context.progress(0.3 * share))
    except Broken as problem:
        raise BadMesh(name=scene.name, problem=str(problem)) from None
    blender.run(("write", str(folder), str(path)), context)
    context.progress(0.7)
    shutil.rmtree(folder)
    folder.mkdir()
    answer = _answered(blender.run(("read", str(path), *((str(folder),) if params.report else ())), context))
    seen = _seen(folder) if params.report else None
    shutil.rmtree(folder)
    context.fact("blender", answer.version)
    found = Contents(answer.faces, answer.low, answer.high, answer.uvs, answer.textures, answer.colors)
    return Written(_contents(written, len(exchange.pictures)), found=found, reread=seen, space="z up, metres")


def _seen(folder: Path) -> Reread | None:
    try:
        return Reread(blend_mesh(folder), "Blender")
    except (Broken, OSError, ValueError):
        return None


def _contents(scene: Scene, pictures: int) -> Contents:
    meshes = scene.meshes()
    faces = sum(
        mesh.face_count
        for placed in scene.walk()
        for mesh in (placed.node.mesh, *placed.node.lods, *placed.node.collision)
        if mesh is not None
    )
    low, high = bounds_of(scene)
    uvs, colors = any(mesh.uvs for mesh in meshes), any(mesh.colors is not None for mesh in meshes)
    return Contents(faces, corner(low), corner(high), uvs, pictures, colors)


def _answered(said: str) -> _Answer:
    lines = [line.removeprefix(_ANSWER) for line in said.splitlines() if line.startswith(_ANSWER)]
    try:
        return _Answer.model_validate(json.loads(lines[-1]))
    except (IndexError, ValueError, ValidationError):
        raise ExportNotVerified(format="Blender", problem="Blender did not say what it found") from None


def _read_back(path: Path) -> Contents:
    raise ExportNotVerified(format="Blender", problem=f"{path.name} was not opened again")


BLEND = Exporter(
    id="blend",
    version=3,
    title=QT_TRANSLATE_NOOP("Exporters", "Blender"),
    summary=QT_TRANSLATE_NOOP(
        "Exporters", "A .blend file made by the Blender on this machine, levels and hulls in collections."
    ),
    params=BlendParams,
    suffix=".blend",
    program="Blender",
    verified_by="Blender",
    finish=FINISH,
    write=_write,
    read_back=_read_back,
)
