"""USDZ: a stage and its pictures in one package, for augmented reality on phones and tablets."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from orfeas_desktop.assets import COLLISION
from orfeas_desktop.engine.exporters.base import (
    Contents,
    Exporter,
    ExportParams,
    Written,
    corner,
    largest_side_param,
)
from orfeas_desktop.engine.formats.usd_check import read_usd
from orfeas_desktop.engine.formats.usd_material import FINISH
from orfeas_desktop.engine.formats.usd_stage import UsdStyle, write_package, write_stage
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.mesh.textures import LargestSide, TextureFormat, recoded, with_textures
from orfeas_desktop.engine.scene.flatten import bounds_of
from orfeas_desktop.errors import BadMesh, ExportNotVerified
from orfeas_desktop.params import param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Texture
    from orfeas_desktop.engine.scene.scene import Scene


class UsdzParams(ExportParams):
    """Settings of the USDZ exporter."""

    texture_side: LargestSide = largest_side_param()
    recipe: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Keep the recipe"),
        QT_TRANSLATE_NOOP("Params", "Stores with what settings the mesh was made in the file."),
    )

    def refused(self) -> frozenset[str]:
        """Return the input slots that are kept out of the file: viewers for AR know no collision."""
        return frozenset({COLLISION})


def _write(scene: Scene, path: Path, params: UsdzParams, context: JobContext) -> Written:
    loose = path.with_suffix("")
    loose.mkdir()
    style = UsdStyle(pieces=False, recipe=params.recipe)
    file = loose / f"{path.stem}.usdc"
    if any(placed.node.light for placed in scene.walk()):
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "Lights were left out: viewers for AR take the light of the room.")
        )
        scene = scene.mapped(lambda node: replace(node, light=None))
    try:
        scene = _smaller(scene, params.texture_side.pixels)
        stage = write_stage(scene, file, style, lambda share: context.progress(0.8 * share))
        write_package(path, (file, *stage.pictures))
    except Broken as problem:
        raise BadMesh(name=scene.name, problem=str(problem)) from None
    finally:
        shutil.rmtree(loose)
    low, high = bounds_of(scene)
    return Written(Contents(stage.faces, corner(low), corner(high), stage.uvs, stage.textures, stage.colors))


def _smaller(scene: Scene, side: int) -> Scene:
    """Return the scene, its textures no larger than `side`. Raises Broken."""
    known: dict[bytes, Texture] = {}

    def change(slot: str, texture: Texture) -> Texture:
        del slot
        if texture.data not in known:
            known[texture.data] = recoded(texture, TextureFormat.keep, max_side=side)
        return replace(known[texture.data], uv_set=texture.uv_set)

    return scene.with_meshes(
        lambda mesh: mesh.changed(materials=tuple(with_textures(each, change) for each in mesh.materials))
    )


def _read_back(path: Path) -> Contents:
    found = read_usd(path)
    if found.problems:
        raise ExportNotVerified(format="USDZ", problem=found.problems[0])
    low, high = found.bounds
    return Contents(found.faces, corner(low), corner(high), found.uvs, found.textures, found.colors)


USDZ = Exporter(
    id="usdz",
    version=3,
    title=QT_TRANSLATE_NOOP("Exporters", "USDZ"),
    summary=QT_TRANSLATE_NOOP("Exporters", "One package with everything inside, for AR on Apple devices."),
    params=UsdzParams,
    suffix=".usdz",
    verified_by="UsdValidation",
    unjudged="No Apple device was asked: how it looks in AR, only one can show.",
    finish=FINISH,
    write=_write,
    read_back=_read_back,
)
