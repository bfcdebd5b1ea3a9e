"""Colours on front, back and sides, and the hull that several silhouettes carve."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.engine.mesh.charts import chart_facts
from orfeas_desktop.engine.relief.atlas import packed
from orfeas_desktop.engine.relief.build import ReliefOptions, View, build_relief
from orfeas_desktop.engine.relief.build_views import build_from_views
from orfeas_desktop.engine.relief.detail import detail_height
from orfeas_desktop.engine.relief.height import Shape
from orfeas_desktop.engine.relief.mask import find_mask
from orfeas_desktop.engine.relief.paint import CHARTS, first_hit
from orfeas_desktop.engine.relief.surface import smoothed, zero_surface
from orfeas_desktop.engine.relief.texture import back_colours, canvas_of, front_colours
from orfeas_desktop.engine.relief.unwrap import charts_by_direction, face_neighbours, split_at_seams
from orfeas_desktop.engine.relief.views import Side, carve

SAMPLES = Path(__file__).parents[3] / "resources" / "samples"
RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 180, 30), (30, 30, 200), (200, 190, 20)


class Quiet:
    def stage(self, title):
        return contextlib.nullcontext()

    def progress(self, fraction):
        return None


def plain_view(mask, colour):
    picture = np.zeros((*mask.shape, 4), np.uint8)
    picture[..., :3] = np.where(mask[..., None], colour, 255)
    picture[..., 3] = 255
    return View(picture, mask)


def colours_by_normal(mesh):
    """Return the texture's colour at every vertex."""
    atlas = np.asarray(
        Image.open(io.BytesIO(mesh.materials[0].base_color_texture.data)).convert("RGB")
    ).astype(float)
    height, width = atlas.shape[:2]
    column = np.clip((mesh.uvs[0][:, 0] * width).astype(int), 0, width - 1)
    row = np.clip((mesh.uvs[0][:, 1] * height).astype(int), 0, height - 1)
    return atlas[row, column]


def test_beyond_the_outline_the_picture_goes_on_in_its_own_colours(disc):
    view = plain_view(disc(), RED)
    canvas = canvas_of(view.picture, view.mask)
    front = front_colours(canvas)
    np.testing.assert_allclose(front, np.broadcast_to(RED, front.shape), atol=1.5)
    np.testing.assert_allclose(back_colours(canvas, front), front, atol=1.5)


def test_the_back_takes_the_rim_and_not_the_face(disc):
    view = plain_view(disc(200, 80), RED)
    view.picture[disc(200, 40), :3] = (255, 255, 255)
    canvas = canvas_of(view.picture, view.mask)
    back = back_colours(canvas, front_colours(canvas))
    middle = back[back.shape[0] // 2, back.shape[1] // 2]
    np.testing.assert_allclose(middle, RED, atol=3)


def test_slim_objects_keep_a_core_and_need_no_fill():
    mask = np.zeros((80, 80), bool)
    mask[10:70, 39:41] = True
    view = plain_view(mask, GREEN)
    canvas = canvas_of(view.picture, mask)
    assert canvas.core.any()
    front = front_colours(canvas)
    assert back_colours(canvas, front).shape == front.shape


def test_large_pictures_are_brought_down_to_the_texture_size(disc):
    mask = disc(2000, 900)
    canvas = canvas_of(plain_view(mask, BLUE).picture, mask)
    assert max(canvas.inside.shape) <= 1025
    assert canvas.inside.sum() == pytest.approx(mask.sum() * canvas.scale**2, rel=0.01)


def test_detail_is_read_inside_only(disc, paint):
    mask = disc(200, 80)
    picture = paint(mask)
    picture[95:105, 60:140, :3] = 255
    canvas = canvas_of(picture, mask)
    height = detail_height(canvas)
    assert height.max() > 0.5
    assert (height[~canvas.core] == 0).all()
    assert np.abs(height).max() <= 1


def test_a_ball_has_two_charts_and_a_closed_seam():
    z, y, x = np.mgrid[0:31, 0:31, 0:31].astype(np.float32) - 15
    surface = smoothed(zero_surface(100 - x**2 - y**2 - z**2))
    chart = charts_by_direction(surface, np.array([[0, 0, 1], [0, 0, -1]], np.float32))
    seamed = split_at_seams(surface, chart)
    assert set(chart) == {0, 1}
    np.testing.assert_array_equal(seamed.origin[seamed.faces], surface.faces)
    assert (seamed.chart[seamed.faces] == chart[:, None]).all()
    across = face_neighbours(surface)
    assert (across != np.arange(len(across))[:, None]).all()
    shared = [
        len(set(surface.faces[face]) & set(surface.faces[other])) for face, other in enumerate(across[:, 0])
    ]
    assert set(shared) == {2}


@pytest.mark.parametrize("name", ["chair", "robot"])
def test_the_layout_of_a_picture_folds_nowhere_but_where_the_surface_does(name):
    picture = np.array(Image.open(SAMPLES / f"{name}.png").convert("RGBA"))
    mesh = build_relief(View(picture, find_mask(picture, name).inside), ReliefOptions(), Quiet())
    figures = chart_facts(mesh)
    assert figures.overlap < 0.004
    assert len(figures.overlapping) < 0.01 * mesh.face_count


def test_the_back_picture_lies_on_the_back(disc):
    front, back = plain_view(disc(), RED), plain_view(disc(160, 60), BLUE)
    mesh = build_relief(front, ReliefOptions(Shape.soft, 1, 64, False), Quiet(), behind=back)
    colours = colours_by_normal(mesh)
    np.testing.assert_allclose(np.median(colours[mesh.normals[:, 2] > 0.8], axis=0), RED, atol=4)
    np.testing.assert_allclose(np.median(colours[mesh.normals[:, 2] < -0.8], axis=0), BLUE, atol=4)


def test_two_discs_carve_a_ball_and_two_boxes_a_box():
    y, x = np.mgrid[0:100, 0:100] - 49.5
    ball = carve(x**2 + y**2 < 40**2, x**2 + y**2 < 40**2, 60).phi > 0
    assert ball.sum() == pytest.approx(4 / 3 * np.pi * 30**3, rel=0.1)
    wide, deep = np.zeros((100, 100), bool), np.zeros((100, 100), bool)
    wide[20:80, 10:90] = deep[20:80, 40:60] = True
    hull = carve(wide, deep, 80)
    assert (hull.rows, hull.columns, hull.layers) == (60, 80, 20)
    where = np.argwhere(hull.phi > 0)
    np.testing.assert_allclose(np.ptp(where, axis=0) + 1, (20, 60, 80), atol=2)


def test_four_legs_are_carved_from_two_pairs():
    mask = np.zeros((100, 100), bool)
    mask[20:40, 20:80] = True
    mask[40:90, 20:28] = mask[40:90, 72:80] = True
    phi = carve(mask, mask, 80).phi
    from scipy.ndimage import label

    assert label(phi[:, 70] > 0)[1] == 4


def test_slim_parts_beside_a_thick_one_stay_slim():
    front = np.zeros((120, 160), bool)
    front[10:110, 40:100] = True
    front[50:60, 130:140] = front[40:50, 100:140] = front[60:70, 100:140] = True
    side = np.zeros((120, 160), bool)
    side[10:110, 40:100] = True
    inside = carve(front, side, 100).phi > 0
    body, handle = inside[:, 49, :60].any(axis=1).sum(), inside[:, 49, 90:].any(axis=1).sum()
    assert 0 < handle < 0.75 * body


def test_charts_turn_places_into_points_and_back():
    volume = np.zeros((4, 5, 6), np.float32)
    points = np.random.default_rng(0).uniform(0, 3, (10, 3)).astype(np.float32)
    for chart in CHARTS:
        places = chart.places(points, volume.shape)
        np.testing.assert_allclose(chart.points(places, volume.shape), points, atol=1e-5)
        assert chart.seen(volume).shape == chart.shape(volume.shape)
        right, up, towards = np.array(chart.axes)
        np.testing.assert_array_equal(np.cross(right, up), towards)


def test_every_chart_meets_a_block_where_it_begins():
    phi = np.full((8, 9, 10), -1, np.float32)
    phi[3:5, 2:6, 4:9] = 1
    starts = [first_hit(chart, phi) for chart in CHARTS]
    assert [float(start[np.isfinite(start)].min()) for start in starts] == [2.5, 3.5, 2.5, 0.5, 1.5, 2.5]


def test_each_side_wears_its_own_picture():
    mask = np.zeros((80, 80), bool)
    mask[10:70, 15:65] = True
    views = {
        side: plain_view(mask, colour) for side, colour in zip(Side, (RED, GREEN, BLUE, YELLOW), strict=True)
    }
    mesh = build_from_views(views, 64, Quiet())
    colours = colours_by_normal(mesh)
    for direction, colour in (((0, 0, 1), RED), ((-1, 0, 0), GREEN), ((0, 0, -1), BLUE), ((1, 0, 0), YELLOW)):
        looking = mesh.normals @ np.array(direction) > 0.95
        np.testing.assert_allclose(np.median(colours[looking], axis=0), colour, atol=6)


@pytest.mark.parametrize("given", [Side.left, Side.right])
def test_a_missing_side_mirrors_the_other_and_a_missing_back_takes_the_rim(given):
    mask = np.zeros((80, 80), bool)
    mask[10:70, 15:65] = True
    mesh = build_from_views({Side.front: plain_view(mask, RED), given: plain_view(mask, GREEN)}, 64, Quiet())
    colours = colours_by_normal(mesh)
    for direction, colour in (((-1, 0, 0), GREEN), ((1, 0, 0), GREEN), ((0, 0, -1), RED)):
        looking = mesh.normals @ np.array(direction) > 0.95
        np.testing.assert_allclose(np.median(colours[looking], axis=0), colour, atol=6)


def test_the_left_picture_shows_the_front_at_its_right():
    """A block with a step at its front foot: from the left (-x) the step is to the right."""
    front = np.zeros((80, 80), bool)
    front[10:70, 20:60] = True
    left = np.zeros((80, 80), bool)
    left[10:70, 20:40] = left[50:70, 20:60] = True
    views = {Side.front: plain_view(front, RED), Side.left: plain_view(left, GREEN)}
    mesh = build_from_views(views, 64, Quiet())
    assert mesh.vertices[mesh.vertices[:, 1] < -0.3][:, 2].max() > 0.2
    assert mesh.vertices[mesh.vertices[:, 1] > 0][:, 2].max() < 0.05
    mirrored = {Side.front: views[Side.front], Side.right: plain_view(left[:, ::-1], GREEN)}
    np.testing.assert_allclose(build_from_views(mirrored, 64, Quiet()).vertices, mesh.vertices, atol=1e-5)


def test_pictures_are_packed_in_rows_and_found_again():
    pictures = [np.full((10 + number, 20, 3), number * 10, np.float32) for number in range(6)]
    atlas = packed(pictures)
    assert atlas.picture.shape == (13 + 15, 80, 3)
    for number, picture in enumerate(pictures):
        share = np.array([[0.5, 0.5]], np.float32)
        u, v = atlas.coordinates(number, share)[0] * [80, 28]
        assert (atlas.picture[int(v), int(u)] == picture[0, 0]).all()
