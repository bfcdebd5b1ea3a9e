"""Guessed materials and larger textures."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.engine.bake.enlarge import Enlarging, enlarged
from orfeas_desktop.engine.bake.guess import Rule, guessed
from orfeas_desktop.engine.bake.maps import Map
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.engine.mesh.textures import pixels_of, texture_size
from orfeas_desktop.errors import MeshUnfit
from tests.textured import textured

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Run = Callable[..., Any]


def quiet(share: float) -> None:
    assert 0 <= share <= 1


def png(pixels: Any) -> Texture:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return Texture(out.getvalue(), "image/png")


def bump(side: int) -> NDArray[np.uint8]:
    """A bright round hill on dark ground, opaque."""
    y, x = (np.mgrid[:side, :side] + 0.5) / side - 0.5
    light = np.rint(40 + 180 * np.exp(-((x / 0.15) ** 2) - (y / 0.15) ** 2)).astype(np.uint8)
    return np.dstack([light, light, light, np.full_like(light, 255)])


def test_a_bright_hill_rises_and_its_dark_foot_is_rougher() -> None:
    made = guessed(bump(64), Rule(metallic=0.5), quiet)
    normal = made[Map.normal].astype(int) - 128
    assert normal[32, 20, 0] < -10 < 10 < normal[32, 44, 0]
    assert normal[20, 32, 1] > 10 > -10 > normal[44, 32, 1]
    assert np.abs(normal[2:5, 2:5, :2]).max() <= 1
    rough, metal = made[Map.rough_metal][..., 0], made[Map.rough_metal][..., 1]
    assert rough[2, 2] > rough[32, 32]
    assert (metal == 128).all()
    steep = guessed(bump(64), Rule(strength=4), quiet)[Map.normal].astype(int) - 128
    assert np.abs(steep[..., 0]).max() > np.abs(normal[..., 0]).max()


def test_bands_do_not_show() -> None:
    """A picture that repeats every 8 rows has maps that do so too, across the bands they are worked off in."""
    tile = np.random.default_rng(0).integers(0, 255, (8, 8, 4)).astype(np.uint8)
    tall = np.tile(tile, (130, 2, 1))
    for picture in guessed(tall, Rule(), quiet).values():
        np.testing.assert_array_equal(picture[:8], picture[512:520])
        np.testing.assert_array_equal(picture[:-8], picture[8:])
    for way in Enlarging:
        large = enlarged(tall, 2, way, quiet)[64:-64]
        np.testing.assert_array_equal(large[:-16], large[16:])


def test_the_material_is_filled_up_and_what_was_there_stays(run_tool: Run, ball: Mesh, cube: Mesh) -> None:
    ran = run_tool("material", ball)
    lower, upper = ran.mesh.materials
    assert lower.normal_map == ball.materials[0].normal_map
    assert lower.metallic_roughness_texture == ball.materials[0].metallic_roughness_texture
    assert upper.normal_map is not None
    assert upper.base_color == ball.materials[1].base_color
    assert (upper.roughness, upper.metallic) == (1.0, 1.0)
    packed = pixels_of(upper.metallic_roughness_texture)
    assert (packed[..., 2] == 128).all()
    assert ran.mesh.tangents is not None
    assert ran.facts["guessed"] == "normal, rough_metal"
    again = run_tool("material", ran.mesh)
    assert again.mesh.materials == ran.mesh.materials
    assert "nothing was changed" in again.warnings[0]
    anew = run_tool("material", ran.mesh, replace_maps=True, roughness=False, strength=5)
    assert anew.mesh.materials[0].normal_map != lower.normal_map
    assert anew.mesh.materials[1].metallic_roughness_texture == upper.metallic_roughness_texture
    with pytest.raises(MeshUnfit, match="no base colour texture"):
        run_tool("material", cube)


def test_maps_on_two_uv_sets_get_no_tangents(run_tool: Run, cube: Mesh) -> None:
    mesh = textured(cube)
    (material,) = mesh.materials
    second = Texture(material.base_color_texture.data, "image/png", uv_set=1)
    groups = np.arange(mesh.face_count, dtype=np.int32) % 2
    both = mesh.changed(
        uvs=(mesh.uvs[0], mesh.uvs[0]),
        materials=(material, Material("other", base_color_texture=second)),
        face_materials=groups,
    )
    ran = run_tool("material", both)
    assert [one.normal_map.uv_set for one in ran.mesh.materials] == [0, 1]
    assert ran.mesh.tangents is None


@pytest.mark.parametrize("factor", [2, 4])
def test_edges_are_truer_than_lanczos_and_lanczos_than_linear(factor: int) -> None:
    y, x = np.mgrid[:256, :256] / 256
    light = (
        np.clip((0.3 - np.hypot(x - 0.5, y - 0.5)) * 256, 0, 1) * 100
        + np.clip(np.sin(40 * (x + 0.6 * y)) * 4, -1, 1) * 50
    )
    truth = np.repeat(light[..., None] + 70, 3, axis=2)
    small = np.rint(truth.reshape(256 // factor, factor, 256 // factor, factor, 3).mean(axis=(1, 3))).astype(
        np.uint8
    )
    linear = np.asarray(Image.fromarray(small).resize((256, 256), Image.Resampling.BILINEAR), float)
    errors = [np.abs(linear - truth).mean()]
    for way in (Enlarging.lanczos, Enlarging.edges):
        made = enlarged(small, factor, way, quiet)
        assert made.shape == (256, 256, 3)
        errors.append(float(np.abs(made - truth).mean()))
    assert errors[0] > errors[1] > errors[2]


def test_every_texture_grows_and_normals_stay_unit_length(run_tool: Run, ball: Mesh, cube: Mesh) -> None:
    ran = run_tool("upscale", ball, factor="4")
    assert ran.facts["texture_side"] == 64
    lower, upper = ran.mesh.materials
    assert texture_size(upper.base_color_texture) == (64, 32)
    assert lower.metallic_roughness_texture.data == upper.base_color_texture.data
    normals = pixels_of(lower.normal_map)[..., :3] / 127.5 - 1
    np.testing.assert_allclose(np.linalg.norm(normals, axis=2), 1, atol=0.02)
    with pytest.raises(MeshUnfit, match="no textures"):
        run_tool("upscale", cube)


def test_textures_do_not_grow_without_end(run_tool: Run, cube: Mesh) -> None:
    mesh = textured(cube)
    wide = png(np.zeros((2, 8192, 3), np.uint8))
    with pytest.raises(MeshUnfit, match="too large already"):
        run_tool("upscale", mesh.changed(materials=(Material(base_color_texture=wide),)))
    clear = png(np.full((4, 4, 4), 100, np.uint8))
    longish = png(np.zeros((2, 4096, 3), np.uint8))
    both = (Material(base_color_texture=clear, emissive_texture=wide, occlusion_texture=longish),)
    ran = run_tool("upscale", mesh.changed(materials=both), factor="4")
    made = ran.mesh.materials[0]
    assert texture_size(made.base_color_texture) == (16, 16)
    assert (pixels_of(made.base_color_texture) == 100).all()
    assert texture_size(made.occlusion_texture) == (8192, 4)
    assert texture_size(made.emissive_texture) == (8192, 2)
    assert "8192" in ran.warnings[0]
