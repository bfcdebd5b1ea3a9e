"""Bake: the detail of one mesh becomes textures of a simpler one."""

from __future__ import annotations

import time
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.bake.bake import Baked, Plan, Work, bake
from orfeas_desktop.engine.bake.dress import (
    dressed,
    green_turned,
    png_of,
    sheets_of,
    taken_along,
    told_apart,
)
from orfeas_desktop.engine.bake.maps import Map
from orfeas_desktop.engine.bake.projection import Projection, project
from orfeas_desktop.engine.mesh.tangents import with_tangents
from orfeas_desktop.engine.tools.base import MESH_IN, MESH_OUT
from orfeas_desktop.engine.tools.workshop import MAPS_OUT, OTHER_IN, Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Material, Mesh

_TELLING = (Map.base_color, Map.normal, Map.occlusion, *Map)
_SHOWN_SIDE = 512
_SHOW_EVERY_S = 0.7


class Samples(StrEnum):
    """How many points of a texel are asked."""

    one = "1"
    four = "4"
    sixteen = "16"


class Green(StrEnum):
    """Which normal maps are left."""

    gltf = "gltf"
    directx = "directx"


class BakeParams(Params):
    """Settings of the tool `bake`."""

    texture_side: int = param(
        1024,
        QT_TRANSLATE_NOOP("Params", "Texture size"),
        QT_TRANSLATE_NOOP("Params", "Width and height of the textures."),
        ge=64,
        le=8192,
        traits=Traits(unit="px", step=256),
    )
    normal: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Normals"),
        QT_TRANSLATE_NOOP("Params", "The shape of the detailed surface, as a normal map."),
    )
    occlusion: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Ambient occlusion"),
        QT_TRANSLATE_NOOP("Params", "Darkens where the detailed surface hides itself from the sky."),
    )
    base_color: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Base colour"),
        QT_TRANSLATE_NOOP("Params", "Carries colours, and what glows, over where the other mesh has them."),
    )
    rough_metal: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Roughness and metal"),
        QT_TRANSLATE_NOOP("Params", "Carries roughness and metallic over where the other mesh has them."),
    )
    thickness: bool = param(
        False,
        QT_TRANSLATE_NOOP("Params", "Thickness"),
        QT_TRANSLATE_NOOP("Params", "How far it is through the body, as a picture; white is thick."),
    )
    curvature: bool = param(
        False,
        QT_TRANSLATE_NOOP("Params", "Curvature"),
        QT_TRANSLATE_NOOP("Params", "Where the surface bulges (white) and caves in (black), as a picture."),
    )
    green: Green = param(
        Green.gltf,
        QT_TRANSLATE_NOOP("Params", "Normal map files"),
        QT_TRANSLATE_NOOP("Params", "The mesh always holds the glTF form; its green points up."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "In the mesh only"),
                QT_TRANSLATE_NOOP("Params", "One for DirectX as well (green down)"),
            )
        ),
    )
    samples: Samples = param(
        Samples.one,
        QT_TRANSLATE_NOOP("Params", "Samples"),
        QT_TRANSLATE_NOOP("Params", "Points asked for each texel; more give smoother edges and take longer."),
    )
    rays: int = param(
        32,
        QT_TRANSLATE_NOOP("Params", "Rays"),
        QT_TRANSLATE_NOOP("Params", "Rays for each texel of ambient occlusion and thickness."),
        ge=4,
        le=512,
    )
    occlusion_reach: float = param(
        50.0,
        QT_TRANSLATE_NOOP("Params", "Occlusion reach"),
        QT_TRANSLATE_NOOP("Params", "What is farther does not darken, in per cent of the other mesh's size."),
        ge=0.1,
        le=100.0,
        traits=Traits(unit="%", advanced=True),
    )
    thickness_reach: float = param(
        25.0,
        QT_TRANSLATE_NOOP("Params", "Full thickness"),
        QT_TRANSLATE_NOOP("Params", "How thick is white, in per cent of the other mesh's size."),
        ge=0.1,
        le=100.0,
        traits=Traits(unit="%", advanced=True),
    )
    reach: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Search distance"),
        QT_TRANSLATE_NOOP(
            "Params",
            "How far the other surface is looked for, in per cent of its size; 0 takes it from both meshes.",
        ),
        ge=0.0,
        le=50.0,
        traits=Traits(unit="%", step=0.5, advanced=True),
    )
    dilation: int = param(
        16,
        QT_TRANSLATE_NOOP("Params", "Dilation"),
        QT_TRANSLATE_NOOP("Params", "How many texels charts are continued beyond their rims."),
        ge=0,
        le=64,
        traits=Traits(unit="px", advanced=True),
    )
    uv_set: int = param(
        0,
        QT_TRANSLATE_NOOP("Params", "UV set"),
        QT_TRANSLATE_NOOP("Params", "Which layout of the mesh is baked on; 0 is the first."),
        ge=0,
        le=7,
        traits=Traits(advanced=True),
    )


def _make(meshes: tuple[Mesh, ...], params: BakeParams, context: JobContext) -> Made:
    low, high = meshes
    uv_set = min(params.uv_set, max(len(low.uvs) - 1, 0))
    if not low.uvs or not np.ptp(low.uvs[uv_set], axis=0).all():
        raise refuse(low, "it has no texture layout; “Unwrap” makes one")
    low = with_tangents(low, uv_set)
    context.progress(0.05)
    plan = _plan(params, high, uv_set, context.seed)
    if not plan.maps:
        raise refuse(low, "there is nothing to bake; choose a map that the other mesh has")
    projection = _projection(low, high, params, context)
    context.progress(0.15)
    work = Work.projected(low, projection, plan, context.check_cancelled)
    sheets = sheets_of(low, uv_set)
    materials, files = list(low.materials), dict[str, bytes]()
    missed, samples = 0.0, 0
    for number, sheet in enumerate(sheets):
        groups = low.face_materials
        faces = None if groups is None else np.isin(groups, sheet)
        begun, share = 0.15 + 0.8 * number / len(sheets), 0.8 / len(sheets)
        baked = bake(
            work,
            plan,
            lambda done, at=begun, part=share: context.progress(at + part * done),
            faces,
            Showing(context).show,
        )
        missed = max(missed, baked.missed_share)
        samples += baked.samples
        if baked.full_curvature:
            context.fact("full_curvature_per_mm", round(baked.full_curvature / low.metres_per_unit / 1000, 6))
        for material in sheet:
            materials[material] = _dressed(materials[material], baked, high, params, uv_set)
        files |= _files(baked, params, "" if len(sheets) == 1 else f"-{number + 1}")
    if not samples:
        raise refuse(low, "its texture layout covers no texel; “Unwrap” makes a new one")
    _tell(plan, missed, projection.reach, context)
    made = low.changed(materials=tuple(materials), colors=None if Map.base_color in plan.maps else low.colors)
    return Made(made, pictures=files)


class Showing:
    """Shows what is baked so far: the most telling map, small, every now and then."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._next = 0.0
        self._count = 0

    def show(self, pictures: Mapping[Map, NDArray[np.uint8]], known: NDArray[np.bool_]) -> None:
        """Show one of the maps, unless one was shown a moment ago."""
        now = time.monotonic()
        kind = next((kind for kind in _TELLING if kind in pictures), None)
        if now < self._next or kind is None:
            return
        every = -(-known.shape[0] // _SHOWN_SIDE)
        pixels, known = pictures[kind][::every, ::every], known[::every, ::every]
        color = pixels[..., :3] if pixels.shape[2] >= 3 else pixels[..., :1].repeat(3, axis=2)
        shown = np.concatenate([color, 255 * known[..., None].astype(np.uint8)], axis=2)
        self._count += 1
        path = self._context.staging / f"so-far-{self._count}.png"
        path.write_bytes(png_of(shown))
        self._context.preview(path, AssetKind.picture)
        self._next = now + _SHOW_EVERY_S


def _projection(low: Mesh, high: Mesh, params: BakeParams, context: JobContext) -> Projection:
    ratio = np.float64(high.metres_per_unit / low.metres_per_unit)
    placed = (high.vertices * ratio).astype(np.float32)
    high = high.changed(vertices=placed, metres_per_unit=low.metres_per_unit)
    reach = params.reach / 100 if params.reach > 0 else None
    projection, turned = project(low, high, reach, context.seed)
    if projection is None:
        raise refuse(low, "the other mesh is nowhere near it; both must have the same place and size")
    if turned:
        context.warn(QT_TRANSLATE_NOOP("Warnings", "The other mesh looked inside out and was turned."))
    return projection


def _plan(params: BakeParams, high: Mesh, uv_set: int, seed: int) -> Plan:
    told = told_apart(high)
    wanted = {
        Map.normal: params.normal,
        Map.occlusion: params.occlusion,
        Map.base_color: params.base_color and Map.base_color in told,
        Map.emissive: params.base_color and Map.emissive in told,
        Map.rough_metal: params.rough_metal and Map.rough_metal in told,
        Map.thickness: params.thickness,
        Map.curvature: params.curvature,
    }
    return Plan(
        maps=frozenset(kind for kind, asked in wanted.items() if asked),
        side=params.texture_side,
        fine=round(int(params.samples.value) ** 0.5),
        uv_set=uv_set,
        rays=params.rays,
        occlusion_reach=params.occlusion_reach / 100,
        thickness_reach=params.thickness_reach / 100,
        dilation=params.dilation,
        seed=seed,
    )


def _dressed(material: Material, baked: Baked, high: Mesh, params: BakeParams, uv_set: int) -> Material:
    made = dressed(material, baked.pictures, uv_set)
    if params.rough_metal and made.metallic_roughness_texture is None:
        made = replace(made, roughness=high.materials[0].roughness, metallic=high.materials[0].metallic)
    return taken_along(made, high) if Map.base_color in baked.pictures else made


def _files(baked: Baked, params: BakeParams, ending: str) -> Mapping[str, bytes]:
    pictures = baked.pictures
    files = {
        f"{kind.value}{ending}": png_of(pictures[kind])
        for kind in (Map.thickness, Map.curvature)
        if kind in pictures
    }
    if params.green is Green.directx and Map.normal in pictures:
        files[f"normal-directx{ending}"] = png_of(green_turned(pictures[Map.normal]))
    return files


def _tell(plan: Plan, missed: float, reach: float, context: JobContext) -> None:
    context.fact("maps", ", ".join(kind.value for kind in Map if kind in plan.maps))
    context.fact("texture_side", plan.side)
    context.fact("missed_percent", round(100 * missed, 3))
    context.fact("reach_percent", round(100 * reach, 3))
    if missed > 0.02:
        context.warn(
            QT_TRANSLATE_NOOP(
                "Warnings",
                "For {percent} % of the texture nothing was found on the other mesh; neighbours fill it.",
            ),
            percent=round(100 * missed, 1),
        )


BAKE = WorkshopTool(
    id="bake",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Bake"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Makes textures of this mesh from the shape and surface of a more detailed one."
    ),
    params=BakeParams,
    make=_make,
    inputs=(*MESH_IN, OTHER_IN),
    outputs=(*MESH_OUT, MAPS_OUT),
    new_surface=True,
)
