"""The material of one surface laid on another one near it, by the closest points."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.distance import closest_on
from orfeas_desktop.engine.mesh.mesh import Material, Texture
from orfeas_desktop.engine.mesh.raster import texels_of
from orfeas_desktop.engine.mesh.sample import bilinear
from orfeas_desktop.engine.mesh.textures import pixels_of, textures_of
from orfeas_desktop.engine.mesh.transfer import barycentric, colors_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

CARRIED = ("base_color_texture", "metallic_roughness_texture", "occlusion_texture", "emissive_texture")


def texture_slots(mesh: Mesh) -> set[str]:
    """Return which kinds of texture the materials have."""
    return {slot for material in mesh.materials for slot in textures_of(material)}


def plain_material(mesh: Mesh) -> Material:
    """Return the first material without textures, its colour left to them."""
    first = mesh.materials[0]
    return Material(
        name=first.name,
        metallic=first.metallic,
        roughness=first.roughness,
        alpha_mode=first.alpha_mode,
        alpha_cutoff=first.alpha_cutoff,
        double_sided=first.double_sided,
        finish=first.finish.without_textures(),
    )


def retextured(old: Mesh, new: Mesh, side: int, step: Callable[[float], None]) -> Material:
    """Return one material with the textures of `old` on the first UV set of `new`, `side` texels wide.

    Colours, factors and vertex colours go into the base colour; normal maps are left out, since they belong to the
    old surface. Texels outside the charts take what is nearest inside.
    """
    slots = ["base_color_texture", *sorted(texture_slots(old) & {*CARRIED} - {"base_color_texture"})]
    pixels = {slot: np.full((side, side, 4), 255, np.uint8) for slot in slots}
    known = np.zeros((side, side), bool)
    ratio = new.metres_per_unit / old.metres_per_unit
    corners = new.uvs[0][new.faces].astype(np.float64) * side
    for texels in texels_of(corners, side, side):
        places = new.vertices[new.faces[texels.faces]].astype(np.float64)
        points = np.einsum("nc,ncd->nd", texels.weights, places) * ratio
        end = (texels.faces[-1] + 1) / new.face_count if len(texels.faces) else 0.0
        found = closest_on(old, points, lambda share, end=end: step(0.95 * end * share))
        weights = barycentric(old.vertices[old.faces[found.faces]].astype(np.float64), found.points)
        for slot in slots:
            values = (
                colors_at(old, found.faces, weights)
                if slot == "base_color_texture"
                else _values_at(old, slot, found.faces, weights)
            )
            pixels[slot][texels.rows, texels.columns] = values
        known[texels.rows, texels.columns] = True
    textures = {slot: _encoded(_filled(values, known)) for slot, values in pixels.items()}
    return _with(plain_material(old), textures, old)


def _values_at(
    mesh: Mesh, slot: str, faces: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return (N, 4) bytes of a kind of texture, times its factors, at points given by face and weights."""
    values = np.ones((len(faces), 4), np.float32)
    groups = np.zeros(mesh.face_count, np.int32) if mesh.face_materials is None else mesh.face_materials
    for number, material in enumerate(mesh.materials):
        mine = np.flatnonzero(groups[faces] == number)
        values[mine] *= _factors(material, slot)
        texture: Texture | None = getattr(material, slot)
        if texture is not None and texture.uv_set < len(mesh.uvs) and len(mine):
            corners = mesh.uvs[texture.uv_set][mesh.faces[faces[mine]]].astype(np.float64)
            uv = np.einsum("nc,ncd->nd", weights[mine], corners).astype(np.float32)
            values[mine] *= bilinear(pixels_of(texture), uv, encoded=False)
    values[:, 3] = 1.0
    return np.rint(255 * values.clip(0, 1)).astype(np.uint8)


def _factors(material: Material, slot: str) -> NDArray[np.float32]:
    if slot == "metallic_roughness_texture":
        return np.array([1.0, material.roughness, material.metallic, 1.0], np.float32)
    if slot == "emissive_texture":
        return np.array([*material.emissive, 1.0], np.float32)
    return np.ones(4, np.float32)


def _with(plain: Material, textures: dict[str, Texture], old: Mesh) -> Material:
    made = replace(plain, **textures)
    if made.metallic_roughness_texture is not None:
        made = replace(made, metallic=1.0, roughness=1.0)
    if made.emissive_texture is not None:
        made = replace(made, emissive=(1.0, 1.0, 1.0))
    strengths = [one.occlusion_strength for one in old.materials if one.occlusion_texture is not None]
    return made if not strengths else replace(made, occlusion_strength=strengths[0])


def _filled(pixels: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the pixels, unknown ones like the nearest known."""
    from scipy.ndimage import distance_transform_edt

    if known.all() or not known.any():
        return pixels
    nearest: NDArray[np.int32] = np.asarray(
        distance_transform_edt(~known, return_distances=False, return_indices=True)
    )
    return pixels[nearest[0], nearest[1]]


def _encoded(pixels: NDArray[np.uint8]) -> Texture:
    """Return (H, W, 4) pixels as a PNG, without alpha where nothing is transparent."""
    from PIL import Image

    image = Image.fromarray(pixels if pixels[..., 3].min() < 255 else pixels[..., :3])
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=6)
    return Texture(out.getvalue(), "image/png")
