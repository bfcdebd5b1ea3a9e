"""Textures: what an encoded picture is, how large, and the same picture encoded otherwise."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material, Texture
from orfeas_desktop.engine.mesh.source_files import Broken

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PIL.Image import Image

MAX_TEXTURE_SIDE = 16384
SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
TEXTURE_SLOTS = (
    "base_color_texture",
    "metallic_roughness_texture",
    "normal_map",
    "occlusion_texture",
    "emissive_texture",
)


class TextureFormat(StrEnum):
    """How textures are encoded in an exported file."""

    keep = "keep"
    png = "png"
    jpeg = "jpeg"
    webp = "webp"


_MEDIA_TYPES = {
    TextureFormat.png: "image/png",
    TextureFormat.jpeg: "image/jpeg",
    TextureFormat.webp: "image/webp",
}


def media_type_of(data: bytes | memoryview) -> str:
    """Return the media type of encoded bytes. Raises Broken when they are not PNG, JPEG or WebP."""
    head = bytes(data[:12])
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    raise Broken("a texture in it is not a PNG, JPEG or WebP picture")


def texture_of(data: bytes, uv_set: int = 0) -> Texture:
    """Return a Texture of encoded bytes, its header looked at.

    Raises Broken when it is no PNG, JPEG or WebP picture or has a side over `MAX_TEXTURE_SIDE` pixels.
    """
    texture = Texture(data, media_type_of(data), uv_set)
    with _opened(texture) as picture:
        width, height = picture.size
    if max(width, height) > MAX_TEXTURE_SIDE:
        raise Broken(f"a texture in it is {width} × {height} pixels; the limit is {MAX_TEXTURE_SIDE}")
    return texture


def texture_from(data: bytes, uv_set: int = 0) -> Texture:
    """Return a Texture of a picture file's bytes; TGA, BMP, TIFF and GIF become PNG. Raises Broken."""
    try:
        return texture_of(data, uv_set)
    except Broken:
        with _opened(Texture(data, ""), ("TGA", "BMP", "TIFF", "GIF")) as picture:
            whole = _decoded(picture)
            plain = whole.convert("RGBA" if whole.has_transparency_data else "RGB")
    return Texture(_encoded(plain, "image/png", 0), "image/png", uv_set)


def texture_size(texture: Texture) -> tuple[int, int]:
    """Return width and height in pixels. Raises Broken for a damaged picture."""
    with _opened(texture) as picture:
        return picture.size


def pixels_of(texture: Texture, most: int = MAX_TEXTURE_SIDE) -> NDArray[np.uint8]:
    """Return the decoded picture as (height, width, 4) bytes, RGBA. Raises Broken for a damaged picture.

    One with a side over `most` is halved, or divided further, until it has none.
    """
    with _opened(texture) as picture:
        image = _decoded(picture)
        times = -(-max(image.size) // most)
        if times > 1:
            image = (image.convert("RGB") if image.mode == "P" else image).reduce(times)
        return np.asarray(image.convert("RGBA"))


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


def recoded(
    texture: Texture, form: TextureFormat, *, quality: int | None = 90, max_side: int = MAX_TEXTURE_SIDE
) -> Texture:
    """Return the texture in another format and no larger than `max_side`; itself when nothing changes.

    JPEG holds no alpha: a picture that uses it becomes PNG. WebP without `quality` keeps every pixel as it is.
    Raises Broken for a damaged picture.
    """
    from PIL.Image import Resampling

    with _opened(texture) as picture:
        shrink = max(picture.size) > max_side
        target = _MEDIA_TYPES.get(form, texture.media_type)
        if not shrink and target == texture.media_type:
            return texture
        image = _decoded(picture)
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        if target == "image/jpeg" and image.mode == "RGBA":
            lowest, _ = image.getchannel("A").getextrema()
            if lowest == 255:
                image = image.convert("RGB")
            else:
                target = "image/png"
        if shrink:
            image.thumbnail((max_side, max_side), resample=Resampling.BICUBIC)
    return Texture(_encoded(image, target, quality), target, texture.uv_set)


def with_textures(material: Material, change: Callable[[str, Texture], Texture | None]) -> Material:
    """Return `material`, each texture but those of its finish replaced by `change(slot, texture)`."""
    slots = {slot: getattr(material, slot) for slot in TEXTURE_SLOTS}
    return replace(material, **{slot: change(slot, old) for slot, old in slots.items() if old is not None})


def textures_of(material: Material) -> dict[str, Texture]:
    """Return the material's textures by slot, without those of its finish."""
    slots = {slot: getattr(material, slot) for slot in TEXTURE_SLOTS}
    return {slot: texture for slot, texture in slots.items() if texture is not None}


def needs_alpha(material: Material) -> bool:
    """Return whether the base colour's alpha is used."""
    return material.alpha_mode is not AlphaMode.opaque


def _opened(texture: Texture, formats: tuple[str, ...] = ("PNG", "JPEG", "WEBP")) -> Image:
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the side limit stands in for Pillow's warning of many pixels
        try:
            return Image.open(io.BytesIO(texture.data), formats=formats)
        except Image.DecompressionBombError:
            raise Broken("a texture in it has too many pixels") from None
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
            raise Broken("a texture in it is damaged") from None


def _decoded(picture: Image) -> Image:
    if max(picture.size) > MAX_TEXTURE_SIDE:
        raise Broken(f"a texture in it is wider or higher than {MAX_TEXTURE_SIDE} pixels")
    try:
        picture.load()
    except (OSError, ValueError, SyntaxError):
        raise Broken("a texture in it is damaged") from None
    return picture


def _encoded(image: Image, media_type: str, quality: int | None) -> bytes:
    out = io.BytesIO()
    if media_type == "image/jpeg":
        image.convert("RGB").save(out, "JPEG", quality=quality or 90, subsampling=0, optimize=True)
    elif media_type == "image/webp" and quality is None:
        image.save(out, "WEBP", lossless=True, quality=70, exact=True)
    elif media_type == "image/webp":
        image.save(out, "WEBP", quality=quality)
    else:
        image.save(out, "PNG", compress_level=6)
    return out.getvalue()
