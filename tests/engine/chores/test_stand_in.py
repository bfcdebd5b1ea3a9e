from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orfeas_desktop.engine.chores.stand_in import stand_in_of
from orfeas_desktop.engine.render.surface import Finish, Surface, surfaces_of


@pytest.mark.parametrize("most", [100, 1000, 5000])
def test_it_has_at_most_the_faces_allowed_and_not_far_fewer(ball, most):
    surface = stand_in_of(surfaces_of(ball(80)), most)
    assert 0.4 * most <= len(surface.faces) <= most


def test_it_keeps_the_shape_and_looks_outwards(ball):
    surface = stand_in_of(surfaces_of(ball(80)), 3000)
    distance = np.linalg.norm(surface.vertices, axis=1)
    assert distance.min() > 0.45
    assert distance.max() < 0.505
    outwards = (surface.normals * surface.vertices).sum(axis=1) / distance
    assert (outwards > 0.8).mean() > 0.98
    np.testing.assert_allclose(np.linalg.norm(surface.normals, axis=1), 1.0, atol=1e-5)


def test_it_wears_the_texture_as_vertex_colours(ball):
    surface = stand_in_of(surfaces_of(ball(80)), 3000)
    assert surface.texture is None
    right = surface.vertices[:, 0] > 0.1
    left = surface.vertices[:, 0] < -0.1
    assert (surface.colors[right, 0] > 200).all()
    assert (surface.colors[left, 2] > 200).all()
    assert (surface.colors[:, 3] == 255).all()


def test_surfaces_are_joined_each_with_its_colour(ball):
    whole = surfaces_of(ball(40, textured=False))[0]
    away = Surface(
        whole.vertices + np.float32(3),
        whole.faces,
        colors=np.full((len(whole.vertices), 4), 128, np.uint8),
        finish=Finish(color=(0.0, 1.0, 0.0, 1.0)),
    )
    joined = stand_in_of((whole, away), 2000)
    near = joined.vertices[:, 0] < 1.5
    assert (joined.colors[near] == 255).all()
    assert (joined.colors[~near] == (0, 128, 0, 255)).all()


@settings(max_examples=40)
@given(st.integers(3, 60), st.integers(1, 2000), st.integers(0, 2**32 - 1), st.integers(100, 400))
def test_any_triangles_stay_valid(vertices, faces, seed, most):
    rng = np.random.default_rng(seed)
    surface = Surface(
        rng.normal(size=(vertices, 3)).astype(np.float32),
        rng.integers(0, vertices, (faces, 3)).astype(np.int32),
    )
    reduced = stand_in_of((surface,), most)
    assert 0 < len(reduced.faces) <= most
    assert reduced.faces.min() >= 0
    assert reduced.faces.max() < len(reduced.vertices)
    assert len(reduced.colors) == len(reduced.normals) == len(reduced.vertices)


def test_loose_confetti_is_thinned_instead_of_vanishing():
    rng = np.random.default_rng(5)
    places = rng.uniform(-1, 1, (20_000, 1, 3))
    vertices = (places + rng.normal(0, 1e-4, (20_000, 3, 3))).reshape(-1, 3).astype(np.float32)
    surface = Surface(vertices, np.arange(60_000, dtype=np.int32).reshape(-1, 3))
    reduced = stand_in_of((surface,), 1000)
    assert 500 < len(reduced.faces) <= 1000
    assert np.ptp(reduced.vertices, axis=0).min() > 1.9


def test_a_crowded_surface_is_reduced_step_by_step():
    rng = np.random.default_rng(6)
    surface = Surface(
        rng.uniform(-1, 1, (5000, 3)).astype(np.float32), rng.integers(0, 5000, (40_000, 3)).astype(np.int32)
    )
    assert 0 < len(stand_in_of((surface,), 100).faces) <= 100


def test_faces_without_area_make_the_cells_grow():
    ends = np.random.default_rng(7).uniform(-1, 1, (3000, 2, 3))
    vertices = np.stack((ends[:, 0], ends.mean(axis=1), ends[:, 1]), axis=1).reshape(-1, 3)
    surface = Surface(vertices.astype(np.float32), np.arange(9000, dtype=np.int32).reshape(-1, 3))
    assert 0 < len(stand_in_of((surface,), 100).faces) <= 100
