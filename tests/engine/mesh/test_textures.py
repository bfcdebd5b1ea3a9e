"""Textures keep what they show whatever they are encoded as."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.color import encoded_bytes, encoded_of, linear_of, linear_words
from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material, Mesh, Texture
from orfeas_desktop.engine.mesh.sample import bilinear, surface_colors
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.mesh.textures import (
    TextureFormat,
    media_type_of,
    needs_alpha,
    pixels_of,
    recoded,
    texture_from,
    texture_of,
    texture_size,
    textures_of,
    with_textures,
)

if TYPE_CHECKING:
    pass

Encoder = "Callable[..., bytes]"


@pytest.mark.parametrize(
    ("form", "media"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_pictures_are_told_by_their_bytes(encoded_picture: Encoder, form: str, media: str) -> None:
    texture = texture_of(encoded_picture(form), 2)
    assert (texture.media_type, texture.uv_set, texture_size(texture)) == (media, 2, (16, 8))


def test_a_large_picture_can_be_looked_at_smaller(encoded_picture: Encoder) -> None:
    texture = texture_of(encoded_picture())
    whole, half = pixels_of(texture).astype(int), pixels_of(texture, 8)
    assert half.shape == (4, 8, 4)
    np.testing.assert_allclose(half, whole.reshape(4, 2, 8, 2, 4).mean(axis=(1, 3)), atol=1)
    assert pixels_of(texture, 3).shape == (2, 3, 4)


def test_other_pictures_become_png(encoded_picture: Encoder) -> None:
    texture = texture_from(encoded_picture("BMP"))
    assert texture.media_type == "image/png"
    np.testing.assert_array_equal(pixels_of(texture), pixels_of(texture_of(encoded_picture())))
    with pytest.raises(Broken, match="damaged"):
        texture_from(b"no picture")


def test_what_is_no_picture_is_refused(encoded_picture: Encoder) -> None:
    with pytest.raises(Broken, match="not a PNG"):
        media_type_of(b"GIF89a")
    with pytest.raises(Broken, match="damaged"):
        pixels_of(Texture(encoded_picture()[:60], "image/png"))


def test_the_same_form_and_size_is_the_same_texture(encoded_picture: Encoder) -> None:
    texture = texture_of(encoded_picture())
    assert recoded(texture, TextureFormat.keep) is texture
    assert recoded(texture, TextureFormat.png, max_side=16) is texture


def test_jpeg_is_smaller_but_never_loses_alpha(encoded_picture: Encoder) -> None:
    opaque = texture_of(encoded_picture(size=(64, 64)))
    jpeg = recoded(opaque, TextureFormat.jpeg, quality=95)
    assert jpeg.media_type == "image/jpeg"
    assert np.abs(pixels_of(jpeg).astype(int) - pixels_of(opaque)).mean() < 4
    see_through = texture_of(encoded_picture(mode="RGBA"))
    assert recoded(see_through, TextureFormat.jpeg).media_type == "image/png"
    webp = texture_of(encoded_picture("WEBP"))
    assert recoded(webp, TextureFormat.png).media_type == "image/png"


def test_unused_alpha_does_not_stop_jpeg() -> None:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (9, 8, 7, 255)).save(out, "PNG")
    assert recoded(texture_of(out.getvalue()), TextureFormat.jpeg).media_type == "image/jpeg"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_large_pictures_are_scaled_down(encoded_picture: Encoder, form: str) -> None:
    texture = recoded(texture_of(encoded_picture(form, (64, 32))), TextureFormat.keep, max_side=16)
    assert texture_size(texture) == (16, 8)
    assert texture.media_type == f"image/{form.lower()}"


def test_too_wide_to_decode(encoded_picture: Encoder) -> None:
    wide = Texture(encoded_picture(size=(16385, 1)), "image/png")
    with pytest.raises(Broken, match="wider or higher"):
        pixels_of(wide)
    with pytest.raises(Broken, match="limit"):
        texture_of(wide.data)


def test_every_texture_of_a_material_can_be_changed(encoded_picture: Encoder) -> None:
    texture = texture_of(encoded_picture())
    material = Material(base_color_texture=texture, normal_map=texture, alpha_mode=AlphaMode.mask)
    assert needs_alpha(material)
    assert list(textures_of(material)) == ["base_color_texture", "normal_map"]
    bare = with_textures(material, lambda slot, old: old if slot == "normal_map" else None)
    assert list(textures_of(bare)) == ["normal_map"]


def test_srgb_and_back() -> None:
    values = np.linspace(0, 1, 257)
    np.testing.assert_allclose(encoded_of(linear_of(values)), values, atol=1e-6)
    assert linear_of(np.array([0.5])) == pytest.approx(0.2140, abs=1e-4)
    colors = np.stack([np.arange(256)] * 4, axis=1).astype(np.uint8)
    words = linear_words(colors)
    np.testing.assert_array_equal(encoded_bytes((words / 65535).astype(np.float32)), colors)
    assert encoded_bytes(np.array([[2.0, -1.0, 0.0]], np.float32)).tolist() == [[255, 0, 0, 255]]


def test_bilinear_meets_pixel_centres_and_repeats() -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 1] = 255
    uv = np.array([[0.75, 0.25], [1.75, -0.75], [0.25, 0.25], [0.5, 0.25]], np.float32)
    np.testing.assert_allclose(bilinear(pixels, uv)[:, 0], [1, 1, 0, 0.5], atol=1e-6)


def test_surface_colours(cube: Mesh, encoded_picture: Encoder) -> None:
    assert surface_colors(cube) is None
    painted = cube.changed(materials=(Material(base_color=(1.0, 0.5, 0.0, 0.5)),))
    colors = surface_colors(painted)
    assert colors is not None
    assert colors[0].tolist() == [255, 188, 0, 128]
    toned = surface_colors(cube.changed(colors=np.full((8, 4), 100, np.uint8)))
    assert toned is not None
    assert toned[0].tolist() == [100] * 4
    texture = texture_of(encoded_picture())
    two = cube.changed(
        uvs=(np.tile(np.array([0.5, 0.999], np.float32), (8, 1)),),
        materials=(Material(), Material(base_color_texture=texture), Material(base_color=(0, 0, 0, 1))),
        face_materials=np.array([0] * 10 + [1] * 2, np.int32),
    )
    mixed = surface_colors(two)
    assert mixed is not None
    assert len({tuple(row) for row in mixed.tolist()}) == 2
