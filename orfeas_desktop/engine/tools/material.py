"""Material: a normal map and roughness guessed from the base colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.bake.dress import dressed
from orfeas_desktop.engine.bake.guess import Rule, guessed
from orfeas_desktop.engine.bake.maps import Map
from orfeas_desktop.engine.mesh.tangents import with_tangents
from orfeas_desktop.engine.mesh.textures import pixels_of
from orfeas_desktop.engine.tools.workshop import Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Material, Mesh


class MaterialParams(Params):
    """Settings of the tool `material`."""

    normal: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Normals"),
        QT_TRANSLATE_NOOP("Params", "Guesses a normal map: what is darker is taken to lie deeper."),
    )
    roughness: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Roughness"),
        QT_TRANSLATE_NOOP("Params", "Guesses roughness: what is darker or busier is taken to be rougher."),
    )
    strength: float = param(
        1.0,
        QT_TRANSLATE_NOOP("Params", "Strength"),
        QT_TRANSLATE_NOOP("Params", "How steep the guessed relief is."),
        ge=0.1,
        le=10.0,
        traits=Traits(step=0.1),
    )
    detail: float = param(
        1.0,
        QT_TRANSLATE_NOOP("Params", "Finest detail"),
        QT_TRANSLATE_NOOP("Params", "Smaller detail of the picture is smoothed away first."),
        ge=0.3,
        le=20.0,
        traits=Traits(unit="px", step=0.1),
    )
    smoothest: float = param(
        0.5,
        QT_TRANSLATE_NOOP("Params", "Smoothest"),
        QT_TRANSLATE_NOOP("Params", "The lowest roughness that is guessed."),
        ge=0.0,
        le=1.0,
        traits=Traits(step=0.05),
    )
    roughest: float = param(
        0.95,
        QT_TRANSLATE_NOOP("Params", "Roughest"),
        QT_TRANSLATE_NOOP("Params", "The highest roughness that is guessed."),
        ge=0.0,
        le=1.0,
        traits=Traits(step=0.05),
    )
    replace_maps: bool = param(
        False,
        QT_TRANSLATE_NOOP("Params", "Replace"),
        QT_TRANSLATE_NOOP("Params", "Also takes the place of maps that are there already."),
    )


def _make(meshes: tuple[Mesh, ...], params: MaterialParams, context: JobContext) -> Made:
    mesh = meshes[0]
    wanted = [_wanted(mesh, material, params) for material in mesh.materials]
    count = sum(bool(maps) for maps in wanted)
    if not any(_has_picture(mesh, material) for material in mesh.materials):
        raise refuse(mesh, "it has no base colour texture to guess from; “Bake” makes one")
    if not count:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "Every material has these maps already; nothing was changed.")
        )
        return Made(mesh)
    materials, done = list(mesh.materials), 0
    for number, (material, maps) in enumerate(zip(mesh.materials, wanted, strict=True)):
        texture = material.base_color_texture
        if not maps or texture is None:
            continue
        begun = done / count
        rule = Rule(
            strength=params.strength,
            detail=params.detail,
            smoothest=min(params.smoothest, params.roughest),
            roughest=max(params.smoothest, params.roughest),
            metallic=material.metallic,
        )

        def told(share: float, at: float = begun) -> None:
            context.progress(at + 0.9 * share / count)

        pictures = guessed(pixels_of(texture), rule, told)
        chosen = {kind: picture for kind, picture in pictures.items() if kind in maps}
        materials[number] = dressed(material, chosen, texture.uv_set)
        done += 1
    context.fact("guessed", ", ".join(kind.value for kind in Map if any(kind in maps for maps in wanted)))
    return Made(_framed(mesh.changed(materials=tuple(materials))))


def _has_picture(mesh: Mesh, material: Material) -> bool:
    texture = material.base_color_texture
    return texture is not None and texture.uv_set < len(mesh.uvs)


def _wanted(mesh: Mesh, material: Material, params: MaterialParams) -> frozenset[Map]:
    if not _has_picture(mesh, material):
        return frozenset()
    asked = {
        Map.normal: params.normal and (params.replace_maps or material.normal_map is None),
        Map.rough_metal: params.roughness
        and (params.replace_maps or material.metallic_roughness_texture is None),
    }
    return frozenset(kind for kind, wanted in asked.items() if wanted)


def _framed(mesh: Mesh) -> Mesh:
    """Return the mesh with tangents for its normal maps, where they all lie on one UV set."""
    sets = {material.normal_map.uv_set for material in mesh.materials if material.normal_map is not None}
    return with_tangents(mesh, sets.pop()) if len(sets) == 1 else mesh.changed(tangents=None)


MATERIAL = WorkshopTool(
    id="material",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Guess material"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Guesses a normal map and roughness from the base colour: rules of thumb, no measurement."
    ),
    params=MaterialParams,
    make=_make,
    new_surface=True,
)
