"""Upscale: textures with two or four times as many texels a side."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.bake.dress import png_of
from orfeas_desktop.engine.bake.enlarge import Enlarging, enlarged
from orfeas_desktop.engine.bake.maps import Map, bytes_of
from orfeas_desktop.engine.mesh.mesh import Texture
from orfeas_desktop.engine.mesh.textures import pixels_of, texture_size, textures_of, with_textures
from orfeas_desktop.engine.tools.workshop import Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

_LARGEST = 8192


class Factor(StrEnum):
    """How many times as wide and high."""

    two = "2"
    four = "4"


class UpscaleParams(Params):
    """Settings of the tool `upscale`."""

    factor: Factor = param(
        Factor.two,
        QT_TRANSLATE_NOOP("Params", "Factor"),
        QT_TRANSLATE_NOOP(
            "Params", "How many times as wide and high textures become, to 8192 pixels at most."
        ),
    )
    way: Enlarging = param(
        Enlarging.edges,
        QT_TRANSLATE_NOOP("Params", "Way"),
        QT_TRANSLATE_NOOP("Params", "How new texels are made; no detail is invented."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Along edges (clean outlines)"),
                QT_TRANSLATE_NOOP("Params", "Lanczos (plain)"),
            )
        ),
    )


def _make(meshes: tuple[Mesh, ...], params: UpscaleParams, context: JobContext) -> Made:
    mesh = meshes[0]
    uses = [item for material in mesh.materials for item in textures_of(material).items()]
    if not uses:
        raise refuse(mesh, "it has no textures")
    done: dict[tuple[bytes, bool], bytes] = {}
    kinds = list(dict.fromkeys((texture.data, slot == "normal_map") for slot, texture in uses))
    larger = 0
    for number, (data, bumpy) in enumerate(kinds):
        texture = next(given for _, given in uses if given.data is data)
        factor = _factor(texture, int(params.factor.value))
        larger += factor > 1

        def told(share: float, at: float = number / len(kinds)) -> None:
            context.progress(at + 0.95 * share / len(kinds))

        done[data, bumpy] = data if factor == 1 else _larger(texture, factor, params.way, told, bumpy=bumpy)
    if not larger:
        raise refuse(mesh, f"its textures are too large already; {_LARGEST} pixels are the most")
    if larger < len(kinds):
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "Textures that would become larger than {limit} pixels were left."),
            limit=_LARGEST,
        )

    def changed(slot: str, texture: Texture) -> Texture:
        made = done[texture.data, slot == "normal_map"]
        return texture if made is texture.data else Texture(made, "image/png", texture.uv_set)

    made = mesh.changed(materials=tuple(with_textures(material, changed) for material in mesh.materials))
    sides = [max(texture_size(texture)) for one in made.materials for texture in textures_of(one).values()]
    context.fact("texture_side", max(sides))
    return Made(made)


def _factor(texture: Texture, wanted: int) -> int:
    """Return by how much the texture can grow: `wanted`, less, or 1."""
    side = max(texture_size(texture))
    while wanted > 1 and side * wanted > _LARGEST:
        wanted //= 2
    return wanted


def _larger(
    texture: Texture, factor: int, way: Enlarging, step: Callable[[float], None], *, bumpy: bool
) -> bytes:
    pixels = pixels_of(texture)
    if bumpy or pixels[..., 3].min() == 255:
        pixels = pixels[..., :3]
    made = enlarged(np.ascontiguousarray(pixels), factor, way, step)
    if bumpy:
        for top in range(0, len(made), 512):
            made[top : top + 512] = bytes_of(
                Map.normal, made[top : top + 512].astype(np.float32) / np.float32(127.5) - 1
            )
    return png_of(made)


UPSCALE = WorkshopTool(
    id="upscale",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Upscale textures"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Gives textures two or four times as many texels a side, with clean edges."
    ),
    params=UpscaleParams,
    make=_make,
    new_surface=True,
)
