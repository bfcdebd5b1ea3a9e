"""GLB and glTF: glTF 2.0 in one file, or with its textures beside it."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from orfeas_desktop.assets import COLLISION, LODS
from orfeas_desktop.engine.exporters.base import Exporter, ExportParams, Written, largest_side_param
from orfeas_desktop.engine.exporters.glb_contents import glb_contents, glb_read_again, glb_read_back
from orfeas_desktop.engine.formats.ktx2 import CardFormat, Cards
from orfeas_desktop.engine.formats.surface_pictures import orm_picture
from orfeas_desktop.engine.jobs.recipe import NOTICE
from orfeas_desktop.engine.mesh.finish import ALL
from orfeas_desktop.engine.mesh.gltf_compress import Compression, in_cache_order
from orfeas_desktop.engine.mesh.mesh import Texture
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.mesh.textures import (
    LargestSide,
    TextureFormat,
    recoded,
    with_textures,
)
from orfeas_desktop.engine.scene.fitness import without_loose
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, LevelStyle, write_scene
from orfeas_desktop.engine.scene.tangents import with_tangents_where_needed
from orfeas_desktop.errors import BadMesh
from orfeas_desktop.params import Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Material, Mesh
    from orfeas_desktop.engine.scene.scene import Scene


class GlbParams(ExportParams):
    """Settings of the GLB exporter."""

    texture_format: TextureFormat = param(
        TextureFormat.keep,
        QT_TRANSLATE_NOOP("Params", "Texture format"),
        QT_TRANSLATE_NOOP(
            "Params",
            "JPEG is smaller, WebP smallest and for the web; normal maps keep every pixel, as PNG or WebP, and textures with alpha are never JPEG.",
        ),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "As they are"),
                QT_TRANSLATE_NOOP("Params", "PNG"),
                QT_TRANSLATE_NOOP("Params", "JPEG"),
                QT_TRANSLATE_NOOP("Params", "WebP"),
            )
        ),
    )
    jpeg_quality: int = param(
        90,
        QT_TRANSLATE_NOOP("Params", "JPEG and WebP quality"),
        QT_TRANSLATE_NOOP("Params", "Higher keeps more detail and makes a larger file."),
        ge=10,
        le=100,
    )
    card_format: CardFormat = param(
        CardFormat.none,
        QT_TRANSLATE_NOOP("Params", "Pictures for graphics cards"),
        QT_TRANSLATE_NOOP(
            "Params",
            "KTX2 takes a quarter to a sixth of the memory of a graphics card; needs toktx of KTX-Software on this machine. Not every program reads it, this one neither.",
        ),
        traits=Traits(
            advanced=True,
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "No"),
                QT_TRANSLATE_NOOP("Params", "ETC1S (small)"),
                QT_TRANSLATE_NOOP("Params", "UASTC (fine)"),
            ),
        ),
    )
    texture_side: LargestSide = largest_side_param()
    levels: LevelStyle = param(
        LevelStyle.extension,
        QT_TRANSLATE_NOOP("Params", "Levels of detail"),
        QT_TRANSLATE_NOOP(
            "Params",
            "MSFT_lod is hidden from programs that do not know it; named nodes show in all of them.",
        ),
        traits=Traits(
            choice_titles=(
                "MSFT_lod",
                QT_TRANSLATE_NOOP("Params", "Nodes named _LOD0, _LOD1 …"),
                QT_TRANSLATE_NOOP("Params", "None"),
            )
        ),
    )
    pieces: bool = param(
        False,
        QT_TRANSLATE_NOOP("Params", "Collision pieces"),
        QT_TRANSLATE_NOOP("Params", "Writes them as nodes named UCX_…; viewers show them."),
    )
    pack: bool = param(
        False,
        QT_TRANSLATE_NOOP("Params", "Pack textures"),
        QT_TRANSLATE_NOOP(
            "Params", "Puts occlusion, roughness and metal into one picture: a texture less for the engine."
        ),
    )
    tangents: bool = param(
        False,
        QT_TRANSLATE_NOOP("Params", "Tangents"),
        QT_TRANSLATE_NOOP(
            "Params", "Writes MikkTSpace tangents for normal maps; most programs compute them."
        ),
    )
    compression: Compression = param(
        Compression.none,
        QT_TRANSLATE_NOOP("Params", "Geometry"),
        QT_TRANSLATE_NOOP(
            "Params",
            "Draco is smallest and read by Blender and most viewers; meshoptimizer opens fastest, on the web and in engines. Both round places by less than a ten-thousandth of the size. Programs that do not know them cannot read the file.",
        ),
        traits=Traits(choice_titles=(QT_TRANSLATE_NOOP("Params", "As it is"), "Draco", "meshoptimizer")),
    )
    recipe: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Keep the recipe"),
        QT_TRANSLATE_NOOP("Params", "Stores with what settings the mesh was made in the file's extras."),
    )

    def refused(self) -> frozenset[str]:
        """Return the input slots that these settings keep out of the file."""
        kept = {LODS: self.levels is not LevelStyle.none, COLLISION: self.pieces}
        return frozenset(slot for slot, wanted in kept.items() if not wanted)


def _write(scene: Scene, path: Path, params: GlbParams, context: JobContext) -> Written:
    if params.tangents:
        scene = with_tangents_where_needed(scene)
    known: dict[tuple[str, bytes], Texture] = {}
    packs: dict[tuple[Texture, Texture], Texture] = {}
    cards = None if params.card_format is CardFormat.none else Cards(params.card_format, context)
    meshes = scene.meshes()
    done = count(1)

    def lighter(mesh: Mesh) -> Mesh:
        context.progress(0.8 * next(done) / len(meshes))
        try:
            smaller = [_smaller(material, params, known) for material in mesh.materials]
            packed = [_packed(material, packs) for material in smaller] if params.pack else smaller
            packed = [cards.material(each) for each in packed] if cards else packed
        except Broken as problem:
            raise BadMesh(name=mesh.name, problem=str(problem)) from None
        return mesh.changed(materials=tuple(packed))

    written = scene.with_meshes(lighter)
    kept = {NOTICE: scene.extras[NOTICE]} if NOTICE in scene.extras else {}
    style = GltfStyle(params.levels, params.pieces, params.compression)
    if style.compression is not Compression.none:
        written = without_loose(written)
    if style.compression is Compression.meshopt:
        written = written.with_meshes(in_cache_order)
    beside = write_scene(written, path, extras=scene.extras if params.recipe else kept, style=style)
    contents = glb_contents(written, style)
    if cards is not None:
        contents = replace(contents, textures=0)
    if cards is not None or style.compression is Compression.meshopt:
        found = glb_read_again(path, pictures=cards is None)
        return Written(contents, beside, found=found, verified_by="Orfeas Desktop")
    return Written(contents, beside)


_BUMPY = ("normal_map", "clearcoat_normal_texture")


def _smaller(material: Material, params: GlbParams, known: dict[tuple[str, bytes], Texture]) -> Material:
    def change(slot: str, texture: Texture) -> Texture:
        key = (slot, texture.data)
        if key not in known:
            known[key] = coded(slot, texture)
        return replace(known[key], uv_set=texture.uv_set)

    def coded(slot: str, texture: Texture) -> Texture:
        form, quality = params.texture_format, params.jpeg_quality
        if params.card_format is not CardFormat.none:
            form = TextureFormat.keep
        if slot in _BUMPY and form is TextureFormat.jpeg:
            form = TextureFormat.keep if texture.media_type == "image/png" else TextureFormat.png
        exact = slot in _BUMPY and form is TextureFormat.webp
        side = params.texture_side.pixels
        return recoded(texture, form, quality=None if exact else quality, max_side=side)

    smaller = with_textures(material, change)
    return replace(smaller, finish=material.finish.with_textures(change))


def _packed(material: Material, known: dict[tuple[Texture, Texture], Texture]) -> Material:
    """Return the material with occlusion, roughness and metal in one picture, where two of a size hold them."""
    shade, surface = material.occlusion_texture, material.metallic_roughness_texture
    if shade is None or surface is None or shade == surface or shade.uv_set != surface.uv_set:
        return material
    if (shade, surface) not in known:
        packed = orm_picture(shade, surface)
        if packed is None:
            return material
        known[shade, surface] = Texture(packed, "image/png", surface.uv_set)
    whole = known[shade, surface]
    return replace(material, occlusion_texture=whole, metallic_roughness_texture=whole)


GLB = Exporter(
    id="glb",
    version=4,
    title=QT_TRANSLATE_NOOP("Exporters", "GLB"),
    summary=QT_TRANSLATE_NOOP(
        "Exporters", "One file with materials and textures, for engines, Blender and the web."
    ),
    params=GlbParams,
    suffix=".glb",
    verified_by="trimesh",
    finish=ALL,
    write=_write,
    read_back=glb_read_back,
)
GLTF = Exporter(
    id="gltf",
    version=3,
    title=QT_TRANSLATE_NOOP("Exporters", "glTF"),
    summary=QT_TRANSLATE_NOOP(
        "Exporters", "The same as GLB in text, with the geometry and every texture as files beside it."
    ),
    params=GlbParams,
    suffix=".gltf",
    verified_by="trimesh",
    finish=ALL,
    write=_write,
    read_back=glb_read_back,
)
