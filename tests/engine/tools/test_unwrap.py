"""Unwrap makes charts that do not overlap and carries the colours over."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from orfeas_desktop.engine.bake.surface import Spots, Surface
from orfeas_desktop.engine.mesh.box_charts import box_layout
from orfeas_desktop.engine.mesh.charts import chart_facts
from orfeas_desktop.engine.mesh.distance import sampled_spots
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.layout import atlas_layout
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.raster import texels_of
from orfeas_desktop.engine.mesh.transfer import colors_near
from orfeas_desktop.engine.mesh.weld import welded_ids
from orfeas_desktop.engine.tools.child import in_child
from orfeas_desktop.errors import Cancelled, MeshUnfit
from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable


def laid(mesh: Mesh, make: Callable[..., Any]) -> Mesh:
    layout = make(mesh.vertices, mesh.faces, 512, 2)
    return Mesh(mesh.vertices[layout.rows], layout.faces, uvs=(layout.uv,))


@pytest.mark.parametrize("charts", ["atlas", "box"])
def test_the_colours_come_along(run_tool: Callable[..., Any], ball: Mesh, charts: str) -> None:
    ran = run_tool("unwrap", ball, charts=charts, texture_side=512)
    assert ran.facts["uv_how"] == charts
    assert ran.facts["uv_overlap"] < 0.001
    assert ran.facts["watertight"] is True
    assert ran.warnings == []
    assert [material.base_color for material in ran.mesh.materials] == [
        material.base_color for material in ball.materials
    ]
    corners = ball.vertices[ball.faces[40:-40:7]].astype(np.float64)
    points = corners.mean(axis=1)
    old = colors_near(ball, points).astype(int)
    new = colors_near(ran.mesh, points * 0.001 / ran.mesh.metres_per_unit).astype(int)
    assert np.abs(old - new).mean() < 4
    lower, upper = ran.mesh.materials
    assert lower.normal_map is not None
    assert (upper.normal_map, upper.metallic_roughness_texture) == (None, None)
    assert upper.metallic == 0.5
    was, becomes = Surface(ball), Surface(ran.mesh)
    spots = Spots(*sampled_spots(ball, 3000))
    turn = np.einsum("nd,nd->n", was.normals(spots), becomes.normals(spots))
    assert np.median(np.degrees(np.arccos(np.clip(turn, -1, 1)))) < 3
    assert np.abs(was.rough_metal(spots) - becomes.rough_metal(spots)).mean() < 0.01


def test_occlusion_and_glow_come_along_with_their_factors(run_tool: Callable[..., Any], ball: Mesh) -> None:
    picture = ball.materials[0].base_color_texture
    glowing = replace(
        ball.materials[1],
        occlusion_texture=picture,
        occlusion_strength=0.5,
        emissive_texture=picture,
        emissive=(0.5, 0.0, 0.0),
    )
    given = ball.changed(materials=(ball.materials[0], glowing))
    ran = run_tool("unwrap", given, charts="box", texture_side=512)
    made = ran.mesh.materials[1]
    assert (made.occlusion_strength, made.emissive) == (0.5, (0.5, 0.0, 0.0))
    assert ran.mesh.materials[0].occlusion_texture is None
    was, becomes = Surface(given), Surface(ran.mesh)
    spots = Spots(*sampled_spots(ball, 3000))
    for ask in (Surface.occlusion, Surface.emissive):
        assert ask(was, spots).std() > 0.02
        assert np.abs(ask(was, spots) - ask(becomes, spots)).mean() < 0.01


@pytest.mark.parametrize(("side", "padding"), [(256, 4), (512, 12)])
def test_charts_are_as_far_apart_as_asked(torus: Mesh, side: int, padding: int) -> None:
    """No texel of the texture within reach of two charts at once."""
    layout = atlas_layout(torus.vertices, torus.faces, side, padding)
    made = Mesh(torus.vertices[layout.rows], layout.faces, uvs=(layout.uv,))
    assert not chart_facts(made).outside
    ids = welded_ids(made.vertices, made.uvs[0])[made.faces]
    links = coo_array(
        (np.ones(2 * len(ids)), (ids[:, :2].T.reshape(-1), ids[:, 1:].T.reshape(-1))), (ids.max() + 1,) * 2
    )
    chart = connected_components(links, directed=False)[1][ids[:, 0]]
    owner = np.full((side, side), -1)
    for texels in texels_of(layout.uv[layout.faces].astype(float) * side, side, side):
        owner[texels.rows, texels.columns] = chart[texels.faces]
    nearest = [distance_transform_edt(owner != number) for number in np.unique(owner[owner >= 0])]
    apart = np.sort(nearest, axis=0)[1][owner >= 0]
    assert apart.min() >= padding


def test_a_larger_mesh_is_unwrapped_in_a_child(run_tool: Callable[..., Any], torus: Mesh) -> None:
    ran = run_tool("unwrap", torus)
    assert ran.facts["uv_how"] == "atlas"
    assert ran.facts["uv_overlap"] == 0
    assert ran.facts["uv_coverage"] > 0.3
    assert ran.facts["uv_stretch"] < 1.5
    assert ran.facts["distance_max_mm"] == pytest.approx(0, abs=1e-4)
    assert ran.mesh.materials == torus.materials
    assert ran.warnings == []


def test_crowded_edges_and_too_many_faces(run_tool: Callable[..., Any], cube: Mesh, torus: Mesh) -> None:
    fin = cube.changed(
        vertices=np.concatenate([cube.vertices, np.float32([[0, 5, 0]])]),
        faces=np.concatenate([cube.faces, np.int32([[2, 3, 8]])]),
    )
    ran = run_tool("unwrap", fin)
    assert ran.facts["uv_how"] == "box"
    assert "“Repair” mends them" in ran.warnings[0]
    with pytest.raises(MeshUnfit, match="more than 1000 faces"):
        run_tool("unwrap", torus, most_faces=1000)
    assert run_tool("unwrap", torus, most_faces=1000, charts="box").facts["uv_how"] == "box"


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_charts_never_overlap(ball: Mesh, seed: int) -> None:
    random = np.random.default_rng(seed)
    bend = random.normal(size=(3, 3)).astype(np.float32) / 5
    bent = Mesh((ball.vertices + 2 * np.sin(ball.vertices @ bend)).astype(np.float32), ball.faces)
    for how in (atlas_layout, box_layout):
        made = laid(bent, how)
        figures = chart_facts(made)
        assert figures.overlap < 0.001
        assert not figures.outside
        assert mesh_facts(made).watertight


def test_the_box_fits_whatever_comes(cube: Mesh) -> None:
    made = laid(cube, box_layout)
    figures = chart_facts(made)
    assert (figures.charts, figures.overlap, figures.outside) == (6, 0, False)
    assert figures.stretch == pytest.approx(1)
    random = np.random.default_rng(0)
    soup = Mesh(random.random((1500, 3)).astype(np.float32), np.arange(1500, dtype=np.int32).reshape(-1, 3))
    assert not chart_facts(laid(soup, box_layout)).outside
    dot = Mesh(np.zeros((3, 3), np.float32), np.int32([[0, 1, 2]]))
    assert np.isfinite(laid(dot, box_layout).uvs[0]).all()


def spring(turns: int, around: int = 12) -> Mesh:
    """Return a wire wound upwards: all that looks up hangs together, turn above turn."""
    along = np.linspace(0, 2 * np.pi * turns, 40 * turns)
    middle = np.stack([20 * np.cos(along), 8 * along / (2 * np.pi), 20 * np.sin(along)], axis=1)
    out, up = middle * [1, 0, 1] / 20, np.array([0.0, 1.0, 0.0])
    angle = 2 * np.pi * np.arange(around) / around
    ring = np.cos(angle)[None, :, None] * out[:, None] + np.sin(angle)[None, :, None] * up
    at = np.arange(len(along) * around).reshape(len(along), around)
    a, b, c, d = (
        each.reshape(-1) for each in (at[:-1], at[1:], np.roll(at[1:], -1, 1), np.roll(at[:-1], -1, 1))
    )
    faces = np.concatenate([np.stack([a, c, b], axis=1), np.stack([a, d, c], axis=1)])
    places = (middle[:, None] + 3 * ring).reshape(-1, 3)
    return Mesh(places.astype(np.float32), faces.astype(np.int32))


def test_the_box_has_few_charts_and_nothing_lies_on_itself(ball: Mesh) -> None:
    figures = chart_facts(laid(ball, box_layout))
    assert (figures.charts, figures.overlap) == (6, 0)
    assert figures.stretch < 1.1
    wound = laid(spring(4), box_layout)
    figures = chart_facts(wound)
    assert (len(figures.overlapping), figures.outside) == (0, False)
    assert figures.charts < 150
    assert mesh_facts(wound).boundary_edges == mesh_facts(spring(4)).boundary_edges
    twice = Mesh(ball.vertices, np.concatenate([ball.faces[:20], ball.faces[:20]]))
    assert not len(chart_facts(laid(twice, box_layout)).overlapping)


def test_a_child_is_ended_when_it_takes_too_long_or_is_cancelled(make_context: Callable[..., Any]) -> None:
    assert in_child(abs, (-3,), make_context(), PATIENCE_S) == 3
    assert in_child(time.sleep, (600,), make_context(), 0.3) is None
    with pytest.raises(Cancelled):
        in_child(time.sleep, (600,), make_context(cancel_at=3), 600)
    assert in_child(time.sleep, ("no number",), make_context(), PATIENCE_S) is None
