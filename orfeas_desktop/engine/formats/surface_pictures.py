"""The pictures of a material as engines and editors want them: one channel alone, or channels packed together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from orfeas_desktop.engine.mesh.color import encoded_of, linear_of
from orfeas_desktop.engine.mesh.mesh import AlphaMode
from orfeas_desktop.engine.mesh.textures import SUFFIXES, TextureFormat, pixels_of, recoded, texture_size
from orfeas_desktop.engine.mesh.whole_picture import whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Material, Texture


class Role(StrEnum):
    """What a picture says of a surface; the value ends file names."""

    base_color = "BaseColor"
    normal = "Normal"
    emissive = "Emissive"
    occlusion = "Occlusion"
    roughness = "Roughness"
    metallic = "Metallic"
    opacity = "Opacity"
    orm = "ORM"
    """Occlusion, roughness and metal in red, green and blue."""
    metallic_smoothness = "MetallicSmoothness"
    """Metal in red, smoothness in alpha: Unity's Standard and Lit shaders."""
    mask_map = "MaskMap"
    """Metal, occlusion, detail and smoothness: Unity's HDRP."""


@dataclass(frozen=True)
class Picture:
    """An encoded picture on a UV set; `linear`: its values are numbers, not colours."""

    data: bytes = field(repr=False)
    suffix: str
    uv_set: int
    linear: bool


@dataclass
class SurfacePictures:
    """Makes the pictures of materials, each once; `uv_sets` is how many UV sets their meshes have.

    Packed pictures hold the material's factors; others only with `factors`.
    """

    flip_green: bool = False
    """Whether normal maps point down along V, as in DirectX and Unreal."""
    factors: bool = False
    """Whether colours and factors are multiplied in, for formats where a picture takes the place of them.

    A glow keeps its hue in the picture; how bright it is stays in the material.
    """
    _made: dict[tuple[Role, object], Picture | None] = field(
        default_factory=dict[tuple[Role, object], "Picture | None"]
    )

    def picture(self, material: Material, role: Role, uv_sets: int) -> Picture | None:
        """Return the picture of that role, None where the material has none. Raises Broken for a damaged texture."""
        sources = [texture for texture in _sources(material, role) if texture is not None]
        if not any(texture.uv_set < uv_sets for texture in sources):
            return None
        factors = _factors(material, role) if self.factors or role in _ORDERS else ()
        key = (role, (*sources, *factors))
        if key not in self._made:
            self._made[key] = self._make(material, role, factors)
        return self._made[key]

    def _make(self, material: Material, role: Role, factors: tuple[float, ...]) -> Picture | None:
        if role in _CHANNELS:
            (texture,) = _sources(material, role)
            return None if texture is None else _channel(texture, _CHANNELS[role], *factors)
        if role in _ORDERS:
            return _packed(material, _ORDERS[role])
        if role is Role.normal:
            return self._normal(material.normal_map, *factors)
        texture = material.base_color_texture if role is Role.base_color else material.emissive_texture
        return _tinted(texture, factors) if texture and set(factors) > {1.0} else _plain(texture)

    def _normal(self, texture: Texture | None, scale: float = 1.0) -> Picture | None:
        if texture is None or (not self.flip_green and scale == 1.0):
            return _plain(texture, linear=True)
        pixels = bent(pixels_of(texture)[:, :, :3], scale)
        if self.flip_green:
            pixels = np.stack([pixels[:, :, 0], 255 - pixels[:, :, 1], pixels[:, :, 2]], axis=-1)
        return Picture(png_of(pixels), ".png", texture.uv_set, linear=True)


def bent(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Return the pixels of a normal map, its slopes as many times as steep."""
    if scale == 1.0:
        return pixels
    normals = pixels.astype(np.float32) / np.float32(127.5) - np.float32(1)
    normals[:, :, :2] *= np.float32(scale)
    normals /= np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-6)
    return np.rint((normals + 1) * np.float32(127.5)).astype(np.uint8)


def _sources(material: Material, role: Role) -> tuple[Texture | None, ...]:
    surface, occlusion = material.metallic_roughness_texture, material.occlusion_texture
    match role:
        case Role.base_color:
            return (material.base_color_texture,)
        case Role.opacity:
            return (material.base_color_texture if material.alpha_mode is not AlphaMode.opaque else None,)
        case Role.normal:
            return (material.normal_map,)
        case Role.emissive:
            return (material.emissive_texture,)
        case Role.occlusion:
            return (occlusion,)
        case Role.roughness | Role.metallic:
            return (surface,)
        case Role.orm | Role.metallic_smoothness | Role.mask_map:
            return (surface, occlusion)


def _factors(material: Material, role: Role) -> tuple[float, ...]:
    match role:
        case Role.orm | Role.metallic_smoothness | Role.mask_map:
            return (material.metallic, material.roughness, material.occlusion_strength)
        case Role.base_color:
            see_through = material.alpha_mode is not AlphaMode.opaque
            return material.base_color if see_through else material.base_color[:3]
        case Role.emissive:
            return tuple(part / (max(material.emissive) or 1.0) for part in material.emissive)
        case Role.roughness:
            return (material.roughness,)
        case Role.metallic:
            return (material.metallic,)
        case Role.opacity:
            return (material.base_color[3],)
        case Role.normal:
            return (material.normal_scale,)
        case Role.occlusion:
            return ()


def _tinted(texture: Texture, factors: tuple[float, ...]) -> Picture:
    """Return the picture multiplied by a linear colour."""
    pixels = pixels_of(texture).copy()
    light = linear_of(np.arange(256) / 255.0)
    for channel, factor in enumerate(factors[:3]):
        table = np.rint(encoded_of(light * factor) * 255.0).astype(np.uint8)
        pixels[:, :, channel] = table[pixels[:, :, channel]]
    if len(factors) == 4:
        pixels[:, :, 3] = _scaled(pixels[:, :, 3], factors[3], 0.0)
    opaque = bool((pixels[:, :, 3] == 255).all())
    return Picture(png_of(pixels[:, :, :3] if opaque else pixels), ".png", texture.uv_set, linear=False)


def _plain(texture: Texture | None, *, linear: bool = False) -> Picture | None:
    if texture is None:
        return None
    form = TextureFormat.png if texture.media_type == "image/webp" else TextureFormat.keep
    coded = recoded(whole(texture), form)
    return Picture(coded.data, SUFFIXES[coded.media_type], texture.uv_set, linear)


def _channel(texture: Texture, index: int, factor: float = 1.0) -> Picture:
    grey = _scaled(pixels_of(texture)[:, :, index], factor, 0.0)
    return Picture(png_of(grey), ".png", texture.uv_set, linear=True)


class _Surface(NamedTuple):
    """Grey values of a surface, (height, width) each."""

    shade: NDArray[np.uint8]
    rough: NDArray[np.uint8]
    metal: NDArray[np.uint8]


_CHANNELS = {Role.occlusion: 0, Role.roughness: 1, Role.metallic: 2, Role.opacity: 3}
_ORDERS: dict[Role, Callable[[_Surface], list[NDArray[np.uint8]]]] = {
    Role.orm: lambda s: [s.shade, s.rough, s.metal],
    Role.metallic_smoothness: lambda s: [s.metal, s.metal, s.metal, 255 - s.rough],
    Role.mask_map: lambda s: [s.metal, s.shade, np.full_like(s.metal, 255), 255 - s.rough],
}


def _packed(material: Material, order: Callable[[_Surface], list[NDArray[np.uint8]]]) -> Picture | None:
    """Return channels of the surface's textures, factors multiplied in, side by side in one picture."""
    surface, occlusion = material.metallic_roughness_texture, material.occlusion_texture
    main = surface or occlusion
    if main is None:
        return None
    if surface is not None and occlusion is not None and surface.uv_set != occlusion.uv_set:
        occlusion = None
    rough_metal = None if surface is None else pixels_of(surface)
    shade = _matching(occlusion, rough_metal)
    like = rough_metal if rough_metal is not None else shade
    if like is None:
        return None
    white = np.full(like.shape[:2], 255, np.uint8)
    strength = material.occlusion_strength
    dark = white if shade is None else _scaled(shade[:, :, 0], strength, 255 * (1 - strength))
    rough = _scaled(white if rough_metal is None else rough_metal[:, :, 1], material.roughness, 0.0)
    metal = _scaled(white if rough_metal is None else rough_metal[:, :, 2], material.metallic, 0.0)
    return Picture(
        png_of(np.stack(order(_Surface(dark, rough, metal)), axis=-1)), ".png", main.uv_set, linear=True
    )


def orm_picture(shade: Texture, surface: Texture) -> bytes | None:
    """Return a PNG of the red of `shade` and green and blue of `surface`; None when they differ in size.

    Raises Broken for a damaged texture.
    """
    if texture_size(shade) != texture_size(surface):
        return None
    whole = pixels_of(surface)[:, :, :3].copy()
    whole[:, :, 0] = pixels_of(shade)[:, :, 0]
    return png_of(whole)


def _matching(texture: Texture | None, like: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    """Return the texture's pixels, stretched to the size of `like`."""
    import cv2

    if texture is None:
        return None
    pixels = pixels_of(texture)
    if like is None or pixels.shape[:2] == like.shape[:2]:
        return pixels
    size = (like.shape[1], like.shape[0])
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _scaled(values: NDArray[np.uint8], factor: float, offset: float) -> NDArray[np.uint8]:
    if factor == 1.0 and offset == 0.0:
        return values
    table = np.clip(np.rint(np.arange(256) * factor + offset), 0, 255).astype(np.uint8)
    return table[values]


def png_of(pixels: NDArray[np.uint8]) -> bytes:
    """Return grey, RGB or RGBA bytes as a PNG that is quick to write."""
    import cv2

    colors = {2: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    code = colors[2 if pixels.ndim == 2 else pixels.shape[2]]
    ordered = np.ascontiguousarray(pixels) if code is None else cv2.cvtColor(pixels, code)
    quick = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    done, data = cv2.imencode(".png", ordered, quick)
    if not done:
        raise ValueError("the picture could not be encoded")
    return data.tobytes()
