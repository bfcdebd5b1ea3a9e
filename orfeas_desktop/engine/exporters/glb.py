"""GLB: glTF 2.0 in one file, materials and textures inside."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.exporters.base import Contents, Exporter, Written, corner
from orfeas_desktop.engine.jobs.recipe import NOTICE
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.mesh.textures import (
    MAX_TEXTURE_SIDE,
    TextureFormat,
    recoded,
    textures_of,
    with_textures,
)
from orfeas_desktop.errors import BadMesh
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture


class LargestSide(StrEnum):
    """The longest side a texture may have, in pixels."""

    keep = "keep"
    side_4096 = "4096"
    side_2048 = "2048"
    side_1024 = "1024"
    side_512 = "512"

    @property
    def pixels(self) -> int:
        """As a number."""
        return MAX_TEXTURE_SIDE if self is LargestSide.keep else int(self.value)


class GlbParams(Params):
    """Settings of the GLB exporter."""

    texture_format: TextureFormat = param(
        TextureFormat.keep,
        QT_TRANSLATE_NOOP("Params", "Texture format"),
        QT_TRANSLATE_NOOP("Params", "JPEG is smaller; normal maps and textures with alpha stay PNG."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "As they are"),
                QT_TRANSLATE_NOOP("Params", "PNG"),
                QT_TRANSLATE_NOOP("Params", "JPEG"),
            )
        ),
    )
    jpeg_quality: int = param(
        90,
        QT_TRANSLATE_NOOP("Params", "JPEG quality"),
        QT_TRANSLATE_NOOP("Params", "Higher keeps more detail and makes a larger file."),
        ge=10,
        le=100,
    )
    texture_side: LargestSide = param(
        LargestSide.keep,
        QT_TRANSLATE_NOOP("Params", "Largest texture"),
        QT_TRANSLATE_NOOP("Params", "Larger textures are scaled down to this many pixels."),
        traits=Traits(
            unit="px",
            choice_titles=(QT_TRANSLATE_NOOP("Params", "As they are"), "4096", "2048", "1024", "512"),
        ),
    )
    recipe: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Keep the recipe"),
        QT_TRANSLATE_NOOP("Params", "Stores with what settings the mesh was made in the file's extras."),
    )


def _write(mesh: Mesh, path: Path, params: GlbParams, context: JobContext) -> Written:
    materials: list[Material] = []
    for index, material in enumerate(mesh.materials):
        context.progress(0.8 * index / len(mesh.materials))
        materials.append(_smaller(material, mesh, params))
    context.progress(0.8)
    kept = {NOTICE: mesh.extras[NOTICE]} if NOTICE in mesh.extras else {}
    extras = mesh.extras if params.recipe else kept
    write_glb(mesh.changed(materials=tuple(materials), extras=extras), path)
    groups = mesh.face_materials
    used = {0} if groups is None else {int(index) for index in np.unique(groups)}
    laid = [
        texture
        for index in used
        for texture in textures_of(materials[index]).values()
        if texture.uv_set < len(mesh.uvs)
    ]
    contents = Contents.of(mesh, uvs=bool(mesh.uvs), textures=len(laid))
    unit = mesh.metres_per_unit
    low, high = (tuple(unit * value for value in side) for side in (contents.low, contents.high))
    return Written(replace(contents, low=low, high=high))


def _smaller(material: Material, mesh: Mesh, params: GlbParams) -> Material:
    def change(slot: str, texture: Texture) -> Texture:
        form = params.texture_format
        if slot == "normal_map" and form is TextureFormat.jpeg:
            form = TextureFormat.keep if texture.media_type == "image/png" else TextureFormat.png
        side = params.texture_side.pixels
        return recoded(texture, form, quality=params.jpeg_quality, max_side=side)

    try:
        return with_textures(material, change)
    except Broken as problem:
        raise BadMesh(name=mesh.name, problem=str(problem)) from None


def _read_back(path: Path) -> Contents:
    import trimesh

    scene = trimesh.load_scene(path, process=False)
    geometry = list(scene.geometry.values())
    pictures = [picture for part in geometry for picture in _pictures(part)]
    for picture in pictures:
        picture.load()
    low, high = scene.bounds
    return Contents(
        faces=sum(len(part.faces) for part in geometry),
        low=corner(low),
        high=corner(high),
        uvs=any(getattr(part.visual, "uv", None) is not None for part in geometry),
        textures=len(pictures),
    )


def _pictures(part: object) -> list[Image]:
    """Return the pictures of a trimesh part's material."""
    material = getattr(getattr(part, "visual", None), "material", None)
    found = [getattr(material, slot, None) for slot in _TRIMESH_SLOTS]
    return [picture for picture in found if picture is not None]


_TRIMESH_SLOTS = (
    "baseColorTexture",
    "metallicRoughnessTexture",
    "normalTexture",
    "occlusionTexture",
    "emissiveTexture",
)

GLB = Exporter(
    id="glb",
    version=1,
    title=QT_TRANSLATE_NOOP("Exporters", "GLB"),
    summary=QT_TRANSLATE_NOOP(
        "Exporters", "One file with materials and textures, for engines, Blender and the web."
    ),
    params=GlbParams,
    suffix=".glb",
    verified_by="trimesh",
    write=_write,
    read_back=_read_back,
)
