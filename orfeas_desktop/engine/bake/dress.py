"""Baked pictures become textures of a mesh's materials."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.bake.maps import Map
from orfeas_desktop.engine.mesh.mesh import Texture
from orfeas_desktop.engine.mesh.raster import texels_of
from orfeas_desktop.engine.mesh.textures import needs_alpha

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Material, Mesh

    Pictures = Mapping[Map, NDArray[np.uint8]]

_LOOK = 256
"""Side of the grid on which sheets are looked at."""


def png_of(pixels: NDArray[np.uint8]) -> bytes:
    """Return pixels (H, W, 1, 3 or 4) as a PNG; alpha that hides nothing is left out."""
    from PIL import Image

    if pixels.shape[2] == 4 and pixels[..., 3].min() == 255:
        pixels = pixels[..., :3]
    out = io.BytesIO()
    shaped = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    Image.fromarray(np.ascontiguousarray(shaped)).save(out, "PNG", compress_level=4)
    return out.getvalue()


def green_turned(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a normal map with +Y down, as DirectX has it."""
    turned = pixels.copy()
    turned[..., 1] = 255 - turned[..., 1]
    return turned


def dressed(material: Material, pictures: Pictures, uv_set: int) -> Material:
    """Return the material with the pictures it has a place for; occlusion, roughness and metallic share one."""

    def texture(pixels: NDArray[np.uint8]) -> Texture:
        return Texture(png_of(pixels), "image/png", uv_set)

    if Map.base_color in pictures:
        color = texture(pictures[Map.base_color])
        material = replace(material, base_color=(1.0, 1.0, 1.0, 1.0), base_color_texture=color)
    if Map.normal in pictures:
        material = replace(material, normal_map=texture(pictures[Map.normal]), normal_scale=1.0)
    if Map.emissive in pictures:
        glow = texture(pictures[Map.emissive])
        material = replace(material, emissive=(1.0, 1.0, 1.0), emissive_texture=glow)
    occlusion, rough_metal = pictures.get(Map.occlusion), pictures.get(Map.rough_metal)
    if rough_metal is not None:
        packed = np.concatenate(
            [np.full_like(rough_metal[..., :1], 255) if occlusion is None else occlusion, rough_metal], axis=2
        )
        shared = texture(packed)
        material = replace(material, metallic=1.0, roughness=1.0, metallic_roughness_texture=shared)
        if occlusion is not None:
            material = replace(material, occlusion_texture=shared, occlusion_strength=1.0)
    elif occlusion is not None:
        material = replace(material, occlusion_texture=texture(occlusion), occlusion_strength=1.0)
    return material


def taken_along(material: Material, source: Mesh) -> Material:
    """Return the material with the transparency of `source`, where some of it is transparent."""
    clear = next((given for given in source.materials if needs_alpha(given)), None)
    if clear is None:
        return material
    return replace(material, alpha_mode=clear.alpha_mode, alpha_cutoff=clear.alpha_cutoff)


def told_apart(mesh: Mesh) -> frozenset[Map]:
    """Return which values of the mesh's surface differ from place to place, or from a new material's."""
    materials, maps = mesh.materials, set[Map]()
    plain = {(m.base_color, m.base_color_texture) for m in materials} == {((1.0, 1.0, 1.0, 1.0), None)}
    if not plain or mesh.colors is not None:
        maps.add(Map.base_color)
    rough = {(m.roughness, m.metallic) for m in materials}
    if len(rough) > 1 or any(m.metallic_roughness_texture is not None for m in materials):
        maps.add(Map.rough_metal)
    if any(any(m.emissive) for m in materials):
        maps.add(Map.emissive)
    if any(m.normal_map is not None for m in materials):
        maps.add(Map.normal)
    if any(m.occlusion_texture is not None for m in materials):
        maps.add(Map.occlusion)
    return frozenset(maps)


def sheets_of(mesh: Mesh, uv_set: int) -> list[tuple[int, ...]]:
    """Return the numbers of the materials that can share one texture: all, or each its own where they overlap."""
    groups = mesh.face_materials
    if groups is None:
        return [(0,)]
    used = [int(number) for number in np.unique(groups)]
    layers = np.zeros((_LOOK, _LOOK), np.int32)
    for number in used:
        mine = np.zeros((_LOOK, _LOOK), bool)
        for texels in texels_of(within_square(mesh, uv_set)[groups == number] * _LOOK, _LOOK, _LOOK):
            inside = (texels.weights > 1e-6).all(axis=1)
            mine[texels.rows[inside], texels.columns[inside]] = True
        layers += mine
    if (layers > 1).mean() > 0.0005:
        return [(number,) for number in used]
    return [tuple(used)]


def within_square(mesh: Mesh, uv_set: int) -> NDArray[np.float64]:
    """Return (F, 3, 2) the UVs of every corner, faces moved by whole numbers to where textures repeat from."""
    corners = mesh.uvs[uv_set][mesh.faces].astype(np.float64)
    return corners - np.floor(corners.min(axis=1, keepdims=True) + 1e-6)
