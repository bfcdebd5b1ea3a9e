"""Decimate and levels of detail: fewer faces, nothing torn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orfeas_desktop.engine.mesh.charts import chart_facts
from orfeas_desktop.engine.mesh.collapse import collapsed
from orfeas_desktop.engine.mesh.decimate import decimated
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.engine.mesh.solid import is_solid
from orfeas_desktop.engine.mesh.textures import texture_size
from orfeas_desktop.engine.mesh.thin import thinned

if TYPE_CHECKING:
    from collections.abc import Callable


def textured(mesh: Mesh) -> Mesh:
    """Cut the ring open into one chart with a seam each way round."""
    around, across = 96, 48
    at = np.arange(around * across).reshape(around, across)
    grid = np.pad(at, ((0, 1), (0, 1)), mode="wrap")
    u, v = np.meshgrid(np.arange(around + 1) / around, np.arange(across + 1) / across, indexing="ij")
    number = np.arange(grid.size).reshape(grid.shape)
    quads = np.stack([number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]], axis=-1).reshape(
        -1, 4
    )
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    uv = np.stack([u, v], axis=-1).reshape(-1, 2).astype(np.float32)
    return mesh.changed(vertices=mesh.vertices[grid.reshape(-1)], faces=faces, uvs=(uv,))


@pytest.mark.parametrize("share", [50, 10])
def test_seams_stay_closed_and_the_texture_stays_in_place(
    run_tool: Callable[..., Any], torus: Mesh, share: int
) -> None:
    mesh = textured(torus)
    ran = run_tool("decimate", mesh, share=share)
    assert ran.facts["faces"] == pytest.approx(mesh.face_count * share / 100, rel=0.02)
    assert ran.facts["boundary_edges"] == ran.facts["boundary_edges_before"] == 0
    assert is_solid(ran.mesh)
    assert ran.facts["distance_mean_mm"] < 0.07
    charts = chart_facts(ran.mesh)
    assert (charts.charts, charts.overlap) == (1, 0)
    assert charts.coverage > 0.97
    assert charts.stretch == pytest.approx(chart_facts(mesh).stretch, rel=0.1)


def test_a_ragged_seam_holds_neither_the_number_of_faces_nor_the_shape_back(
    run_tool: Callable[..., Any], torus: Mesh
) -> None:
    """A picture laid on front and back, each taking faces of the other's side where they meet."""
    corners = torus.vertices[torus.faces].astype(np.float64)
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing /= np.linalg.norm(facing, axis=1, keepdims=True)
    front = facing[:, 1] + 0.2 * np.random.default_rng(0).normal(size=len(facing)) > 0
    keys, corner = np.unique(torus.faces * 2 + front[:, None], return_inverse=True)
    places = torus.vertices[keys // 2]
    uv = places[:, [0, 2]] / 64 + np.where(keys % 2, 0.25, 0.75)[:, None]
    mesh = torus.changed(
        vertices=places, faces=corner.reshape(-1, 3).astype(np.int32), uvs=(uv.astype(np.float32),)
    )
    ran = run_tool("decimate", mesh, faces=300)
    assert (ran.facts["faces"], ran.facts["boundary_edges"]) == (300, 0)
    assert ran.facts["distance_mean_mm"] < 0.6
    assert ran.warnings == []


def test_materials_keep_their_border(run_tool: Callable[..., Any], ball: Mesh) -> None:
    ran = run_tool("decimate", ball, share=40)
    assert ran.facts["watertight"] is True
    groups = ran.mesh.face_materials
    assert groups is not None
    heights = ran.mesh.vertices[ran.mesh.faces][:, :, 1]
    assert heights[groups == 0].max() <= 1e-6
    assert heights[groups == 1].min() >= -1e-6


def test_an_error_bound_ends_it(run_tool: Callable[..., Any], torus: Mesh) -> None:
    ran = run_tool("decimate", torus, faces=4, largest_error_mm=0.1)
    assert 200 < ran.mesh.face_count < 0.7 * torus.face_count
    assert ran.facts["distance_max_mm"] < 0.11
    assert ran.warnings == []


def test_flat_parts_go_without_any_error(run_tool: Callable[..., Any], cube: Mesh) -> None:
    fine = cube
    for _ in range(3):
        middles = fine.vertices[fine.faces[:, [0, 1, 2]]] + fine.vertices[fine.faces[:, [1, 2, 0]]]
        soup = np.concatenate([fine.vertices[fine.faces], middles / 2], axis=1).astype(np.float32)
        vertices, number = np.unique(soup.reshape(-1, 3), axis=0, return_inverse=True)
        at = number.reshape(-1, 6)
        faces = at[:, [0, 3, 5, 3, 1, 4, 5, 4, 2, 3, 4, 5]].reshape(-1, 3).astype(np.int32)
        fine = fine.changed(vertices=vertices, faces=faces)
    ran = run_tool("decimate", fine, faces=4, largest_error_mm=0.001)
    assert ran.mesh.face_count < 50 < fine.face_count
    assert ran.facts["volume_m3"] == pytest.approx(8)


def test_rims_of_an_open_mesh_stay(run_tool: Callable[..., Any], torus: Mesh) -> None:
    tube = torus.changed(faces=torus.faces[torus.vertices[torus.faces[:, 0], 0] > 0])
    ran = run_tool("decimate", tube, share=20)
    assert ran.facts["components"] == 1
    assert ran.facts["nonmanifold_edges"] == 0
    assert ran.facts["distance_max_mm"] < 1


def test_what_cannot_go_is_said(run_tool: Callable[..., Any], cube: Mesh) -> None:
    soup = cube.changed(
        vertices=cube.vertices[cube.faces].reshape(-1, 3),
        faces=np.arange(36, dtype=np.int32).reshape(-1, 3),
        uvs=(np.random.default_rng(0).random((36, 2)).astype(np.float32),),
    )
    ran = run_tool("decimate", soup, faces=1)
    assert ran.mesh.face_count == 12
    assert "no fewer than 12" in ran.warnings[0]


def test_large_plain_meshes_take_the_quick_way_and_stay_closed(torus: Mesh) -> None:
    from orfeas_desktop.engine.tools import TOOLS

    assert "decimate" in TOOLS
    other = torus.changed(vertices=torus.vertices + np.float32([40, 0, 0]))
    both = torus.changed(
        vertices=np.concatenate([torus.vertices, other.vertices, other.vertices + np.float32([0, 40, 0])]),
        faces=np.concatenate([torus.faces + at * torus.vertex_count for at in range(3)]).astype(np.int32),
        normals=np.zeros((3 * torus.vertex_count, 3), np.float32) + np.float32([0, 0, 1]),
    )
    fewer = decimated(both, 6000, None, lambda share: None)
    facts = mesh_facts(fewer)
    assert fewer.face_count == pytest.approx(6000, rel=0.02)
    assert facts.watertight
    assert facts.components == 3
    assert fewer.normals is not None
    right, up = (fewer.vertices[fewer.faces][:, 0] > 20)[:, :2].T
    assert [both.sum() for both in (~right & ~up, right & ~up, right & up)] == pytest.approx(
        [2000] * 3, rel=0.15
    )


def three_of(mesh: Mesh) -> Mesh:
    """Return three of the mesh side by side: enough faces for the quick way."""
    shift = np.repeat(np.float32([0, 40, 80]), mesh.vertex_count)[:, None] * np.float32([1, 0, 0])
    return mesh.changed(
        vertices=np.concatenate([mesh.vertices] * 3) + shift,
        faces=np.concatenate([mesh.faces + at * mesh.vertex_count for at in range(3)]).astype(np.int32),
        uvs=tuple(np.concatenate([uv] * 3) for uv in mesh.uvs),
    )


def test_the_quick_way_keeps_textures_in_place_and_seams_closed(torus: Mesh) -> None:
    mesh = three_of(textured(torus))
    fewer = decimated(mesh, 4000, None, lambda share: None)
    before, facts = mesh_facts(mesh), mesh_facts(fewer)
    assert fewer.face_count == pytest.approx(4000, rel=0.02)
    assert (facts.watertight, facts.components) == (before.watertight, before.components) == (True, 3)
    at = fewer.vertices - np.float32([40, 0, 0]) * (fewer.vertices[:, :1] > 20)
    at -= np.float32([40, 0, 0]) * (at[:, :1] > 20)
    around = np.arctan2(-at[:, 2], at[:, 0]) / (2 * np.pi)
    drift = np.abs((fewer.uvs[0][:, 0] - around + 0.5) % 1 - 0.5)
    assert drift.max() < 0.002
    charts = chart_facts(fewer)
    assert charts.charts == 3
    assert charts.stretch == pytest.approx(chart_facts(mesh).stretch, rel=0.1)


def test_the_quick_way_keeps_colours_rims_and_materials(torus: Mesh) -> None:
    mesh = three_of(torus)
    shade = np.clip(128 + 6 * mesh.vertices[:, 1:2], 0, 255).astype(np.uint8)
    mesh = mesh.changed(
        faces=mesh.faces[mesh.vertices[mesh.faces[:, 0], 0] > 0],
        colors=np.concatenate([np.repeat(shade, 3, axis=1), np.full_like(shade, 255)], axis=1),
        materials=(mesh.materials[0], mesh.materials[0]),
    )
    mesh = mesh.changed(face_materials=(mesh.vertices[mesh.faces[:, 0], 2] > 0).astype(np.int32))
    fewer = decimated(mesh, 4000, None, lambda share: None)
    assert fewer.face_count == pytest.approx(4000, rel=0.02)
    assert fewer.colors is not None
    assert fewer.face_materials is not None
    assert np.abs(fewer.colors[:, 0] - np.clip(128 + 6 * fewer.vertices[:, 1], 0, 255)).max() < 8
    middles = fewer.vertices[fewer.faces].mean(axis=1)[:, 2]
    assert ((middles > 0) == (fewer.face_materials == 1))[np.abs(middles) > 1].all()
    before, facts = mesh_facts(mesh), mesh_facts(fewer)
    assert (facts.components, facts.nonmanifold_edges) == (before.components, 0)
    assert np.ptp(fewer.vertices, axis=0) == pytest.approx(
        np.ptp(mesh.vertices[mesh.faces].reshape(-1, 3), axis=0), rel=0.01
    )


def test_what_is_all_seams_goes_the_careful_way(torus: Mesh) -> None:
    mesh = three_of(textured(torus))
    loose = mesh.changed(
        vertices=mesh.vertices[mesh.faces].reshape(-1, 3),
        faces=np.arange(3 * mesh.face_count, dtype=np.int32).reshape(-1, 3),
        uvs=(np.random.default_rng(0).random((3 * mesh.face_count, 2)).astype(np.float32),),
    )
    assert thinned(loose, 4000) is None


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 0.9))
def test_whatever_the_shape_it_stays_closed(ball: Mesh, seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    axis = random.normal(size=(3, 3)).astype(np.float32)
    bent = ball.changed(
        vertices=(ball.vertices + 3 * np.sin(ball.vertices @ axis / 5)).astype(np.float32), normals=None
    )
    before = mesh_facts(bent)
    fewer = collapsed(bent, round(share * bent.face_count), np.inf, lambda told: None)
    facts = mesh_facts(fewer)
    assert (facts.watertight, facts.components) == (before.watertight, before.components)
    assert facts.faces <= before.faces


def test_levels_share_the_material_and_grow_coarser(run_tool: Callable[..., Any], ball: Mesh) -> None:
    ran = run_tool("lod", ball)
    assert list(ran.parts) == ["mesh-lod1.glb", "mesh-lod2.glb", "mesh-lod3.glb"]
    counts = [ran.mesh.face_count, *(part.face_count for part in ran.parts.values())]
    assert counts == sorted(counts, reverse=True)
    for part in ran.parts.values():
        assert part.materials == ran.mesh.materials
        assert mesh_facts(part).watertight
    assert ran.facts["faces_lod1"] == counts[1]


def test_levels_go_by_the_size_on_the_screen(run_tool: Callable[..., Any], torus: Mesh) -> None:
    ran = run_tool("lod", torus, measure="screen", share=50, levels=2)
    assert ran.facts["faces_lod1"] == pytest.approx(torus.face_count / 4, rel=0.05)
    assert ran.facts["faces_lod2"] == pytest.approx(torus.face_count / 16, rel=0.05)
    assert (ran.facts["screen_lod1"], ran.facts["screen_lod2"]) == (0.5, 0.25)
    assert 0 < ran.facts["distance_lod1_mm"] < ran.facts["distance_lod2_mm"] < 0.5


def test_where_seams_stand_in_the_way_textures_are_baked_on_a_new_layout(
    run_tool: Callable[..., Any], ball: Mesh, encoded_picture: Callable[..., bytes]
) -> None:
    """Every face is a chart of its own, so nothing can collapse."""
    count = ball.face_count
    picture = Texture(encoded_picture("PNG"), "image/png")
    corner = np.arange(count, dtype=np.float32)[:, None, None] / count
    uv = (np.float32([[0, 0], [0.01, 0], [0, 0.01]]) + 0.9 * corner).astype(np.float32).reshape(-1, 2)
    torn = Mesh(
        ball.vertices[ball.faces].reshape(-1, 3),
        np.arange(3 * count, dtype=np.int32).reshape(-1, 3),
        uvs=(uv,),
        materials=(Material("paint", base_color_texture=picture, roughness=0.25),),
        metres_per_unit=ball.metres_per_unit,
    )
    ran = run_tool("decimate", torn, faces=200)
    assert (ran.facts["faces"], ran.facts["laid_out_anew"]) == (200, True)
    assert ran.facts["watertight"] is True
    assert f"Seams would have left {count} faces" in ran.warnings[0]
    charts, (material,) = chart_facts(ran.mesh), ran.mesh.materials
    assert (charts.charts < 60, charts.overlap) == (True, 0)
    assert material.base_color_texture is not None
    assert texture_size(material.base_color_texture) == (256, 256)
    assert material.roughness == 0.25
    assert material.normal_map is not None
    held = run_tool("decimate", torn, faces=200, new_layout=False)
    assert (held.facts["faces"], "laid_out_anew" in held.facts) == (count, False)
    assert f"no fewer than {count}" in held.warnings[0]


def test_without_textures_only_the_shape_counts(run_tool: Callable[..., Any], ball: Mesh) -> None:
    ran = run_tool("decimate", ball, faces=200, textures=False)
    assert (ran.mesh.uvs, ran.mesh.colors, ran.mesh.face_materials) == ((), None, None)
    assert ran.mesh.face_count <= 220
    assert ran.facts["watertight"] is True
    (material,) = ran.mesh.materials
    assert (material.name, material.base_color_texture) == (ball.materials[0].name, None)


@pytest.mark.parametrize("flat", [False, True])
def test_faces_that_share_no_vertices_are_collapsed_all_the_same(torus: Mesh, flat: bool) -> None:
    """As many programs write meshes: each face with corners of its own, shaded flat or without normals."""
    count = torus.face_count
    corners = torus.vertices[torus.faces]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing /= np.linalg.norm(facing, axis=1, keepdims=True)
    soup = Mesh(
        corners.reshape(-1, 3),
        np.arange(3 * count, dtype=np.int32).reshape(-1, 3),
        normals=np.repeat(facing, 3, axis=0) if flat else None,
    )
    made = decimated(soup, 500, None, lambda _: None)
    assert made.face_count == 500
    assert made.normals is None
    assert is_solid(made)
    hard = decimated(torus.changed(normals=torus.vertices / 100), 500, None, lambda _: None)
    assert hard.normals is not None
