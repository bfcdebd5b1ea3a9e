"""USD: a folder with a stage and its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.assets import COLLISION
from orfeas_desktop.engine.exporters.base import (
    ENCODING_TITLES,
    Contents,
    Encoding,
    Exporter,
    ExportParams,
    Written,
    corner,
)
from orfeas_desktop.engine.formats.usd_check import read_usd
from orfeas_desktop.engine.formats.usd_material import FINISH
from orfeas_desktop.engine.formats.usd_stage import UsdStyle, write_stage
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.scene.flatten import bounds_of
from orfeas_desktop.errors import BadMesh, ExportNotVerified
from orfeas_desktop.params import Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.scene.scene import Scene


class UsdParams(ExportParams):
    """Settings of the USD exporter."""

    encoding: Encoding = param(
        Encoding.binary,
        QT_TRANSLATE_NOOP("Params", "Encoding"),
        QT_TRANSLATE_NOOP("Params", "Binary is smaller and faster; text can be read by people."),
        traits=Traits(choice_titles=ENCODING_TITLES),
    )
    pieces: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Collision pieces"),
        QT_TRANSLATE_NOOP("Params", "Writes them as guides for physics; pictures do not show them."),
    )
    recipe: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Keep the recipe"),
        QT_TRANSLATE_NOOP("Params", "Stores with what settings the mesh was made in the file."),
    )

    def refused(self) -> frozenset[str]:
        """Return the input slots that these settings keep out of the file."""
        return frozenset() if self.pieces else frozenset({COLLISION})


def _write(scene: Scene, path: Path, params: UsdParams, context: JobContext) -> Written:
    text = params.encoding is Encoding.text
    style = UsdStyle(pieces=params.pieces, recipe=params.recipe, text=text)
    file = path / f"{path.name}.usd{'a' if text else 'c'}"
    try:
        stage = write_stage(scene, file, style, lambda share: context.progress(0.9 * share))
    except Broken as problem:
        raise BadMesh(name=scene.name, problem=str(problem)) from None
    low, high = bounds_of(scene)
    contents = Contents(stage.faces, corner(low), corner(high), stage.uvs, stage.textures, stage.colors)
    return Written(contents, main=file)


def _read_back(path: Path) -> Contents:
    found = read_usd(next(path.glob("*.usd[ac]")))
    if found.problems:
        raise ExportNotVerified(format="USD", problem=found.problems[0])
    low, high = found.bounds
    return Contents(found.faces, corner(low), corner(high), found.uvs, found.textures, found.colors)


USD = Exporter(
    id="usd",
    version=3,
    title=QT_TRANSLATE_NOOP("Exporters", "USD"),
    summary=QT_TRANSLATE_NOOP(
        "Exporters",
        "A folder with a stage and its pictures, for Omniverse, Houdini, Maya, Blender and Unreal.",
    ),
    params=UsdParams,
    suffix="",
    folder=True,
    verified_by="UsdValidation",
    finish=FINISH,
    write=_write,
    read_back=_read_back,
)
