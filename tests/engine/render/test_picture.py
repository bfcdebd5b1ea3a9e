from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material, Mesh
from orfeas_desktop.engine.render.picture import Ground, Shot, draw_mesh, save_picture

FRONT = {"yaw_deg": 0.0, "pitch_deg": 0.0}
QUARTERS = np.zeros((64, 64, 3), np.uint8)
QUARTERS[:32, :32] = (230, 0, 0)
QUARTERS[:32, 32:] = (0, 230, 0)
QUARTERS[32:, :32] = (0, 0, 230)
QUARTERS[32:, 32:] = (230, 230, 0)


def at(pixels, across, down):
    height, width, _ = pixels.shape
    return pixels[int(down * height), int(across * width)].astype(int)


def test_the_texture_is_upright_and_not_mirrored(plate, picture_of):
    pixels = draw_mesh(plate(Material(base_color_texture=picture_of(QUARTERS))), Shot(96, 96, **FRONT))
    assert pixels.shape == (96, 96, 4)
    for across, down, channels in ((0.3, 0.3, {0}), (0.7, 0.3, {1}), (0.3, 0.7, {2}), (0.7, 0.7, {0, 1})):
        color = at(pixels, across, down)
        assert {channel for channel in range(3) if color[channel] > 60} == channels, color
        assert color[3] == 255


def test_a_transparent_ground_is_clear_and_edges_keep_the_mesh_s_colour(plate):
    pixels = draw_mesh(plate(Material(base_color=(1, 0, 0, 1))), Shot(65, 65, **FRONT))
    assert (pixels[0, 0] == 0).all()
    half = pixels[(pixels[..., 3] > 0) & (pixels[..., 3] < 255)]
    solid = pixels[pixels[..., 3] == 255]
    assert len(solid) > 500
    if len(half):
        assert np.abs(half[:, 0].astype(int) - int(np.median(solid[:, 0]))).max() < 60


@pytest.mark.parametrize(("ground", "bright"), [(Ground.dark, False), (Ground.light, True)])
def test_a_plain_ground_is_opaque(plate, ground, bright):
    pixels = draw_mesh(plate(), Shot(64, 48, ground))
    assert pixels.shape == (48, 64, 4)
    assert (pixels[..., 3] == 255).all()
    assert bool(pixels[0, 0, :3].mean() > 128) is bright


def test_the_whole_mesh_is_in_the_picture_and_fills_it(plate):
    for yaw in (0.0, 30.0, 75.0, 200.0):
        alpha = draw_mesh(plate(), Shot(128, 128, yaw_deg=yaw))[..., 3] > 0
        assert not alpha[[0, -1]].any()
        assert not alpha[:, [0, -1]].any()
        rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
        assert max(np.ptp(rows), np.ptp(columns)) > 100


def test_light_shapes_a_mesh_with_and_without_normals():
    rng = np.linspace(0, 1, 20)
    u, v = (part.reshape(-1) for part in np.meshgrid(rng, rng))
    vertices = np.stack((u - 0.5, v - 0.5, -((u - 0.5) ** 2) * 3), axis=1).astype(np.float32)
    row = np.arange(19 * 19)
    a = row // 19 * 20 + row % 19
    faces = np.concatenate((np.stack((a, a + 1, a + 20), 1), np.stack((a + 1, a + 21, a + 20), 1))).astype(
        np.int32
    )
    bare = draw_mesh(Mesh(vertices, faces), Shot(96, 96, **FRONT))
    shades = bare[48, :, 0][bare[48, :, 3] == 255]
    assert np.ptp(shades.astype(int)) > 30


def test_vertex_colours_and_blending_are_drawn(plate):
    colors = np.tile(np.array([0, 255, 0, 255], np.uint8), (4, 1))
    green = at(draw_mesh(plate(colors=colors), Shot(64, 64, **FRONT)), 0.5, 0.5)
    assert green[1] > 100 > 20 > green[0]
    glass = Material(base_color=(1, 1, 1, 0.4), alpha_mode=AlphaMode.blend)
    through = at(draw_mesh(plate(glass), Shot(64, 64, **FRONT)), 0.5, 0.5)
    assert 50 < through[3] < 200


def test_what_glows_needs_no_light(plate):
    dim = at(draw_mesh(plate(Material(base_color=(0, 0, 0, 1))), Shot(64, 64, **FRONT)), 0.5, 0.5)
    lit = at(
        draw_mesh(plate(Material(base_color=(0, 0, 0, 1), emissive=(0, 1, 0))), Shot(64, 64, **FRONT)),
        0.5,
        0.5,
    )
    assert dim[1] < 20
    assert lit[1] > 230


def test_above_2048_pixels_the_picture_is_drawn_at_its_size(plate):
    pixels = draw_mesh(plate(), Shot(2100, 64))
    assert pixels.shape == (64, 2100, 4)


def test_the_file_holds_what_was_drawn(plate, tmp_path):
    pixels = draw_mesh(plate(), Shot(64, 64))
    save_picture(pixels, tmp_path / "shot.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "shot.png")), pixels)


PROGRAM = """
import sys
import numpy as np
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.render.picture import Shot, draw_mesh
from orfeas_desktop.errors import OrfeasError
mesh = Mesh(np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32))
try:
    pixels = draw_mesh(mesh, Shot(64, 64))
except OrfeasError as error:
    print(error.code)
else:
    print("drawn", int((pixels[..., 3] > 0).sum() > 100))
print(sorted({name.partition(".")[0] for name in sys.modules} & {"matplotlib", "scipy", "trimesh", "PySide6"}))
"""


WORLDS = {
    "display": ({}, "drawn 1"),
    "none": ({"DISPLAY": None}, "drawn 1"),
    "dead": ({"DISPLAY": ":98765"}, "drawn 1"),
    "no EGL": ({"__EGL_VENDOR_LIBRARY_DIRS": "/nonexistent"}, "drawn 1"),
    "neither": ({"DISPLAY": None, "__EGL_VENDOR_LIBRARY_DIRS": "/nonexistent"}, "program-missing"),
    "no EGL, dead": ({"DISPLAY": ":98765", "__EGL_VENDOR_LIBRARY_DIRS": "/nonexistent"}, "program-missing"),
}
if sys.platform != "linux":  # elsewhere the system draws, whatever these variables say
    WORLDS = {"display": WORLDS["display"]}


@pytest.mark.parametrize(("changes", "answer"), WORLDS.values(), ids=WORLDS)
def test_with_any_display_or_none_it_draws_or_says_why_not(changes, answer):
    world = {**os.environ, **{name: value for name, value in changes.items() if value is not None}}
    for name, value in changes.items():
        if value is None:
            world.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=world, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said, loaded = done.stdout.splitlines()
    assert said == answer
    assert loaded == "[]"
