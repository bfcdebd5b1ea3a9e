from __future__ import annotations

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material, Texture
from orfeas_desktop.engine.render.surface import surfaces_of
from orfeas_desktop.errors import BadMesh

HALF = np.zeros((4, 4, 4), np.uint8)
HALF[:, :, 0] = 200
HALF[:2, :, 3] = 255
HALF[2:, :, 3] = 100


def test_one_material_shares_the_arrays_of_the_mesh(plate):
    mesh = plate()
    (surface,) = surfaces_of(mesh)
    assert surface.vertices is mesh.vertices
    assert surface.faces is mesh.faces
    assert surface.texture is None


def test_each_material_gets_the_faces_and_only_the_vertices_it_uses(plate):
    mesh = plate(
        materials=(Material(base_color=(1, 0, 0, 1)), Material("unused"), Material(base_color=(0, 0, 1, 1))),
        face_materials=np.array([2, 0], np.int32),
        colors=np.full((4, 4), 255, np.uint8),
    )
    red, blue = surfaces_of(mesh)
    assert red.finish.color == (1, 0, 0, 1)
    assert blue.finish.color == (0, 0, 1, 1)
    np.testing.assert_array_equal(red.vertices[red.faces], mesh.vertices[mesh.faces[1:]])
    np.testing.assert_array_equal(blue.vertices[blue.faces], mesh.vertices[mesh.faces[:1]])
    assert len(red.vertices) == len(red.normals) == len(red.uv) == len(red.colors) == 3


def test_one_used_material_of_several_is_found(plate):
    mesh = plate(materials=(Material(), Material(roughness=0.3)), face_materials=np.array([1, 1], np.int32))
    (surface,) = surfaces_of(mesh)
    assert surface.finish.roughness == 0.3


@pytest.mark.parametrize(
    ("mode", "channels", "alphas"),
    [(AlphaMode.opaque, 3, None), (AlphaMode.mask, 4, {0, 255}), (AlphaMode.blend, 4, {100, 255})],
)
def test_alpha_is_used_as_the_material_says(plate, picture_of, mode, channels, alphas):
    material = Material(base_color_texture=picture_of(HALF), alpha_mode=mode, base_color=(1, 1, 1, 0.8))
    (surface,) = surfaces_of(plate(material))
    assert surface.texture.shape == (4, 4, channels)
    if alphas:
        assert set(np.unique(surface.texture[..., 3])) == alphas
    assert surface.finish.color[3] == (0.8 if mode is AlphaMode.blend else 1.0)


def test_linear_factors_are_shown_as_srgb(plate):
    (surface,) = surfaces_of(plate(Material(base_color=(0.2140, 0.0, 1.0, 1.0), emissive=(0.0, 0.2140, 0.0))))
    assert surface.finish.color[:3] == pytest.approx((0.5, 0.0, 1.0), abs=1e-3)
    assert surface.finish.emissive == pytest.approx((0.0, 0.5, 0.0), abs=1e-3)


def test_vertex_colours_of_an_opaque_material_let_nothing_through(plate):
    colors = np.full((4, 4), 90, np.uint8)
    (surface,) = surfaces_of(plate(colors=colors))
    assert (surface.colors[:, 3] == 255).all()
    assert (surface.colors[:, :3] == 90).all()
    (through,) = surfaces_of(plate(Material(alpha_mode=AlphaMode.blend), colors=colors))
    assert (through.colors == 90).all()


def test_a_texture_without_its_uv_set_is_left_out(plate, picture_of):
    texture = picture_of(np.full((4, 4, 3), 9))
    material = Material(base_color_texture=Texture(texture.data, texture.media_type, uv_set=1))
    (surface,) = surfaces_of(plate(material))
    assert surface.texture is None
    assert surface.uv is None


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_large_texture_is_made_smaller(plate, picture_of, form):
    material = Material(base_color_texture=picture_of(np.full((300, 600, 3), 128), form))
    (surface,) = surfaces_of(plate(material), max_texture_side=100)
    assert surface.texture.shape == (50, 100, 3)
    assert np.abs(surface.texture.astype(int) - 128).max() <= 3


def test_materials_that_share_a_texture_decode_it_once(plate, picture_of):
    texture = picture_of(np.full((4, 4, 3), 77))
    mesh = plate(
        materials=(Material(base_color_texture=texture), Material(base_color_texture=texture)),
        face_materials=np.array([0, 1], np.int32),
    )
    first, second = surfaces_of(mesh)
    assert first.texture is second.texture


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n broken"])
def test_a_broken_texture_is_a_bad_mesh(plate, data):
    with pytest.raises(BadMesh, match="a texture is damaged"):
        surfaces_of(plate(Material(base_color_texture=Texture(data, "image/png"))))


def test_a_texture_cut_short_is_a_bad_mesh(plate, picture_of):
    whole = picture_of(np.random.default_rng(0).integers(0, 255, (64, 64, 3))).data
    with pytest.raises(BadMesh, match="damaged"):
        surfaces_of(plate(Material(base_color_texture=Texture(whole[: len(whole) // 2], "image/png"))))


def test_a_texture_of_absurd_size_is_refused_before_it_is_decoded(plate, picture_of):
    material = Material(base_color_texture=picture_of(np.zeros((1, 20_000, 3))))
    with pytest.raises(BadMesh, match="16384"):
        surfaces_of(plate(material))
