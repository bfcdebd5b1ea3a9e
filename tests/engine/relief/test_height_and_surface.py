"""Depth from silhouettes: inflation, the lathe rule, the lean; the surface around it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from orfeas_desktop.engine.relief.grid import mask_box, work_grid
from orfeas_desktop.engine.relief.height import Shape, height_of, inflate, lathe_axis
from orfeas_desktop.engine.relief.pitch import MOST, lean_of
from orfeas_desktop.engine.relief.surface import relief_volume, smoothed, vertex_normals, zero_surface


def goblet(tilt=0.0):
    """A silhouette that a lathe could have turned: wide cup, slim stem, wide foot."""
    mask = np.zeros((220, 160), bool)
    for row in range(20, 200):
        radius = 45 if row < 90 else 6 if row < 180 else 35
        centre = 80 + tilt * (row - 110)
        mask[row, int(centre - radius) : int(centre + radius)] = True
    return mask


def box(height=120, width=80):
    mask = np.zeros((160, 160), bool)
    mask[20 : 20 + height, 40 : 40 + width] = True
    return mask


def test_the_grid_has_the_asked_cells_and_knows_its_place():
    mask = box()
    assert mask_box(mask) == (40, 20, 120, 140)
    grid = work_grid(mask, 60)
    assert grid.size == 60
    x0, y0, x1, y1 = mask_box(grid.inside)
    assert (x1 - x0, y1 - y0) == (40, 60)
    place = np.array([41.0, 77.5, 119.0], np.float32)
    np.testing.assert_allclose(grid.picture_x(grid.column(place)), place, atol=1e-4)
    np.testing.assert_allclose(grid.picture_y(grid.row(place)), place, atol=1e-4)


def test_slim_parts_survive_the_grid():
    mask = np.zeros((600, 600), bool)
    mask[300:500, 200:400] = True
    cv2.line(mask_view := mask.astype(np.uint8), (300, 300), (340, 60), 1, 4)
    grid = work_grid(mask_view > 0, 100)
    assert grid.inside[:40].any(axis=1)[8:].all()


def test_small_masks_are_enlarged():
    mask = np.zeros((20, 20), bool)
    mask[5:15, 5:15] = True
    assert work_grid(mask, 64).inside.sum() == pytest.approx(64 * 64, rel=0.1)


def test_the_middle_of_a_disc_is_its_highest_point(disc):
    grid = work_grid(disc(), 80)
    squared = inflate(grid.inside, 80)
    top = np.unravel_index(squared.argmax(), squared.shape)
    assert np.hypot(top[0] - 43.5, top[1] - 43.5) < 3
    assert np.sqrt(squared.max()) == pytest.approx(36, abs=8)
    assert (squared[~grid.inside] == 0).all()


def test_the_lathe_rule_sees_vessels_and_nothing_else(disc):
    assert lathe_axis(work_grid(goblet(), 160)) is not None
    assert lathe_axis(work_grid(box(), 160)) is None
    assert lathe_axis(work_grid(goblet(0.1), 160)) is None
    assert lathe_axis(work_grid(disc(120, 50) & ~disc(120, 20), 160)) is None
    two = np.roll(disc(160, 25), -40, 1) | np.roll(disc(160, 25), 40, 1)
    assert lathe_axis(work_grid(two, 160)) is None


def test_shape_overrules_the_lathe_rule():
    assert height_of(work_grid(goblet(), 96), Shape.auto).lathe
    assert not height_of(work_grid(goblet(), 96), Shape.soft).lathe
    assert height_of(work_grid(box(), 96), Shape.round).lathe
    assert not height_of(work_grid(box(), 96), Shape.auto).lathe


def test_turned_rows_are_circles():
    grid = work_grid(goblet(), 160)
    squared = height_of(grid, Shape.auto).squared
    for row in (30, 60, 110):
        width = grid.soft[row].sum()
        assert np.sqrt(squared[row].max()) == pytest.approx(width / 2, abs=0.8)


@pytest.mark.parametrize("mask", [goblet(), box()], ids=["lathe", "soft"])
def test_gain_multiplies_depth(mask):
    grid = work_grid(mask, 96)
    one, more = (height_of(grid, Shape.auto, gain).squared.max() for gain in (1.0, 1.5))
    assert more == pytest.approx(one * 2.25, rel=1e-5)


def test_the_surface_of_a_ball_is_a_ball():
    z, y, x = np.mgrid[0:41, 0:41, 0:41].astype(np.float32) - 20
    surface = zero_surface(15.0**2 - x**2 - y**2 - z**2)
    around = surface.vertices + np.array([-20, 20, 0])
    np.testing.assert_allclose(np.linalg.norm(around, axis=1), 15, atol=0.1)
    normals = vertex_normals(surface)
    assert (np.einsum("ij,ij->i", normals, around) > 14).all()
    smooth = smoothed(surface)
    np.testing.assert_allclose(np.linalg.norm(smooth.vertices + np.array([-20, 20, 0]), axis=1), 15, atol=0.3)


def test_exact_zeros_and_shapes_at_the_border_are_closed():
    phi = np.full((9, 9, 9), -4, np.float32)
    phi[2:7, 2:7, 0:5] = 0
    phi[3:6, 3:6, 0:4] = 5
    surface = zero_surface(phi)
    edges = np.sort(
        np.concatenate([surface.faces[:, [0, 1]], surface.faces[:, [1, 2]], surface.faces[:, [2, 0]]]), axis=1
    )
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    corners = surface.vertices[surface.faces]
    assert (
        np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) > 0
    ).all()


def test_the_volume_reaches_past_the_highest_point(disc):
    squared = height_of(work_grid(disc(), 64), Shape.soft).squared
    phi = relief_volume(squared)
    assert (phi[0] < 0).all()
    assert (phi[-1] < 0).all()
    np.testing.assert_allclose(phi[len(phi) // 2], squared)


def test_a_level_foot_does_not_lean_and_a_sagging_one_does():
    assert lean_of(box()) == 0
    cylinder = box()
    cv2.ellipse(view := cylinder.astype(np.uint8), (80, 139), (40, 14), 0, 0, 360, 1, -1)
    assert 0.05 < lean_of(view > 0) <= MOST
    corner = np.zeros((200, 200), np.uint8)
    cv2.fillPoly(corner, [np.array([[40, 40], [160, 40], [160, 150], [100, 185], [40, 150]])], 1)
    assert lean_of(corner > 0) == MOST


def test_what_hangs_above_the_foot_does_not_count():
    assert lean_of(goblet()) == 0
