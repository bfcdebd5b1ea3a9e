"""Repair closes what is broken and leaves what is whole; rebuild always ends closed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.engine.mesh import mend
from orfeas_desktop.engine.mesh.facts import mesh_facts, signed_volume
from orfeas_desktop.engine.mesh.holes import closed_holes
from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.solid import is_solid
from orfeas_desktop.engine.mesh.transfer import colors_near
from orfeas_desktop.engine.mesh.winding import enclosed
from orfeas_desktop.errors import BadMesh
from tests.print_bodies import box, crumpled, hollow_box, mesh_of_body, unfit_bodies

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_damaged_mesh_is_whole_again(run_tool: Callable[..., Any], damaged: Mesh, torus: Mesh) -> None:
    ran = run_tool("repair", damaged)
    facts = mesh_facts(ran.mesh)
    assert facts.watertight
    assert ran.facts["manifold"] is True
    assert ran.facts["pieces_removed"] == 5
    assert ran.facts["holes_filled"] > 10
    assert facts.components == 1
    assert facts.volume_m3 == pytest.approx(mesh_facts(torus).volume_m3, rel=1e-3)
    assert facts.size_m == pytest.approx(torus.size_m)
    assert 0 < ran.facts["distance_max_mm"] < 8  # to the floaters
    assert ran.facts["distance_mean_mm"] < 0.02
    assert ran.warnings == []


def test_small_folds_are_smoothed_and_the_doctor_says_so(run_tool: Callable[..., Any], torus: Mesh) -> None:
    folded = torus.changed(vertices=crumpled(torus.vertices, 1000))
    (fault,) = json.loads(run_tool("analyse", folded).report.read_text())["faults"]
    assert (fault["fault"], fault["tool"]) == ("self-intersections", "repair")
    ran = run_tool("repair", folded)
    assert 0 < ran.facts["places_smoothed"] < 100
    assert json.loads(run_tool("analyse", ran.mesh).report.read_text())["faults"] == []
    assert run_tool("repair", folded, untangle=False).facts["places_smoothed"] == 0


@pytest.mark.parametrize("kind", ["crossing", "flush", "stacked", "folded"])
def test_what_runs_through_itself_is_mended_and_can_be_printed(
    run_tool: Callable[..., Any], kind: str
) -> None:
    mesh, _ = unfit_bodies()[kind]
    (named,) = json.loads(run_tool("print-check", mesh, maps=False).report.read_text())["faults"]
    assert (named["tool"], named["stops_printing"]) == ("repair", True)
    ran = run_tool("repair", mesh)
    assert ran.warnings == []
    told = json.loads(run_tool("print-check", ran.mesh, maps=False).report.read_text())
    assert told["printable"] is True
    assert mesh_facts(ran.mesh).components == 1
    assert ran.facts["pieces_joined"] == (kind != "folded")


def test_joined_bodies_keep_hollows_textures_and_colours(run_tool: Callable[..., Any]) -> None:
    one, other = mesh_of_body(hollow_box(20, 2)), mesh_of_body(box(20, 20, 20, (15, 3, 0)))
    far = mesh_of_body(box(5, 5, 5, (90, 0, 0)))
    parts = [
        part.changed(
            uvs=(part.vertices[:, :2] / 100,),
            colors=np.full((part.vertex_count, 4), (shade, 0, 9, 255), np.uint8),
            normals=None,
        )
        for part, shade in ((one, 10), (other, 200), (far, 90))
    ]
    ran = run_tool("repair", merged(parts))
    facts = mesh_facts(ran.mesh)
    assert (facts.components, facts.watertight, ran.facts["pieces_joined"]) == (2 + 1, True, 1)
    overlap = 5 * 17 * 20 - 3 * 15 * 16
    assert facts.volume_m3 * 1e9 == pytest.approx(2 * 20**3 - 16**3 - overlap + 5**3, rel=1e-3)
    np.testing.assert_allclose(ran.mesh.uvs[0], ran.mesh.vertices[:, :2] / 100, atol=1e-5)
    assert set(np.unique(ran.mesh.colors[:, 0])) == {10, 90, 200}
    left = run_tool("repair", merged(parts), join=False)
    assert left.facts["pieces_joined"] == 0
    assert "still run through each other" in left.warnings[0]


def test_a_whole_mesh_passes_through_repair(run_tool: Callable[..., Any], ball: Mesh) -> None:
    ran = run_tool("repair", ball)
    np.testing.assert_array_equal(ran.mesh.vertices, ball.vertices)
    assert "distance_mean_mm" not in ran.facts


def test_holes_of_a_textured_ball_are_filled_and_keep_their_material(
    run_tool: Callable[..., Any], ball: Mesh
) -> None:
    faces = np.delete(np.arange(ball.face_count), [*range(60, 90), 300, 301, 400])
    assert ball.face_materials is not None
    open_ball = ball.changed(faces=ball.faces[faces], face_materials=ball.face_materials[faces])
    ran = run_tool("repair", open_ball)
    facts = mesh_facts(ran.mesh)
    assert facts.watertight
    assert len(ran.mesh.uvs) == 1
    assert ran.mesh.face_materials is not None
    assert facts.volume_m3 == pytest.approx(mesh_facts(ball).volume_m3, rel=0.05)


def test_a_large_hole_gets_a_fan_and_a_limit_is_kept(run_tool: Callable[..., Any], torus: Mesh) -> None:
    tube = torus.changed(faces=torus.faces[torus.vertices[torus.faces[:, 0], 0] > 0])
    filled = closed_holes(tube)
    assert (filled.filled, filled.left) == (2, 0)
    assert mesh_facts(filled.mesh).watertight
    ran = run_tool("repair", tube, largest_hole=10)
    assert ran.facts["holes_left"] == 2
    assert len(ran.warnings) == 1
    kept_open = run_tool("repair", tube, fill_holes=False)
    assert kept_open.facts["watertight"] is False


def test_a_fan_over_several_charts_is_one_colour(ball: Mesh) -> None:
    upper = ball.changed(faces=ball.faces[: ball.face_count // 2], face_materials=None)
    split = upper.changed(
        vertices=upper.vertices[upper.faces].reshape(-1, 3),
        faces=np.arange(3 * upper.face_count, dtype=np.int32).reshape(-1, 3),
        uvs=(np.random.default_rng(0).random((3 * upper.face_count, 2)).astype(np.float32),),
        normals=None,
    )
    few = closed_holes(split).mesh
    assert mesh_facts(few).watertight
    new = few.uvs[0][few.faces[upper.face_count :]].reshape(-1, 2)
    assert np.ptp(new, axis=0).max() == 0


def test_fins_crowds_and_pinches_are_taken_apart(run_tool: Callable[..., Any], cube: Mesh) -> None:
    fin = cube.changed(
        vertices=np.concatenate([cube.vertices, np.float32([[0, 5, 0]])]),
        faces=np.concatenate([cube.faces, np.int32([[2, 3, 8]])]),
    )
    mended = run_tool("repair", fin).mesh
    assert mended.face_count == 12
    other = cube.changed(vertices=cube.vertices + np.float32([2, 2, 0]))
    assert run_tool("repair", merged([cube, other])).facts["manifold"] is True
    corner = cube.changed(vertices=cube.vertices + np.float32(2))
    apart = run_tool("repair", merged([cube, corner])).mesh
    assert is_solid(apart)


def test_near_places_are_welded(run_tool: Callable[..., Any], cube: Mesh) -> None:
    loose = cube.vertices[cube.faces].reshape(-1, 3).copy()
    loose += np.random.default_rng(0).normal(scale=1e-4, size=loose.shape).astype(np.float32)
    soup = Mesh(loose, np.arange(36, dtype=np.int32).reshape(-1, 3), metres_per_unit=0.01)
    ran = run_tool("repair", soup, weld_mm=0.05)
    assert ran.facts["places_welded"] == 28
    assert ran.facts["watertight"] is True
    assert ran.mesh.face_count == 12


def test_hollows_look_in_and_the_rest_looks_out(cube: Mesh) -> None:
    inner = cube.changed(vertices=cube.vertices * np.float32(0.5))
    away = cube.changed(vertices=cube.vertices + np.float32(9), faces=cube.faces[:, ::-1].copy())
    hollow = merged([cube, inner.changed(faces=cube.faces[:, ::-1].copy()), away])
    done = mend.outward(hollow)
    assert done.count == 12
    assert signed_volume(done.mesh) == pytest.approx(8 - 1 + 8)
    alone = mend.outward(cube.changed(faces=cube.faces[:, ::-1].copy()))
    assert signed_volume(alone.mesh) == pytest.approx(8)


def test_nothing_to_keep_is_said(run_tool: Callable[..., Any]) -> None:
    flat = Mesh(np.zeros((3, 3), np.float32), np.int32([[0, 1, 2]]))
    with pytest.raises(BadMesh, match="no face of it can be kept"):
        run_tool("repair", flat)
    with pytest.raises(BadMesh, match="no face of it has an area"):
        run_tool("rebuild", flat)
    lone = Mesh(np.eye(3, dtype=np.float32), np.int32([[0, 1, 2]]))
    with pytest.raises(BadMesh, match="encloses nothing"):
        run_tool("rebuild", lone, cells=24)
    assert run_tool("repair", lone).facts["holes_left"] == 1


def test_rebuild_closes_a_badly_broken_mesh(run_tool: Callable[..., Any], damaged: Mesh, torus: Mesh) -> None:
    random = np.random.default_rng(1)
    worse = damaged.changed(faces=damaged.faces[random.random(damaged.face_count) > 0.02])
    ran = run_tool("rebuild", worse, cells=80)
    facts = mesh_facts(ran.mesh)
    assert facts.watertight
    assert facts.components == 1
    assert is_solid(ran.mesh)
    assert facts.volume_m3 == pytest.approx(mesh_facts(torus).volume_m3, rel=0.02)
    assert ran.facts["distance_mean_mm"] < 0.1


def test_rebuild_makes_one_of_pieces_that_pierce_each_other(run_tool: Callable[..., Any], cube: Mesh) -> None:
    both = merged(
        [cube, cube.changed(vertices=cube.vertices * np.float32(0.7) + np.float32([0.9, 0.3, 0.2]))]
    )
    facts = mesh_facts(run_tool("rebuild", both, cells=60).mesh)
    assert facts.watertight
    assert facts.components == 1


def test_colours_of_vertices_are_mixed(cube: Mesh) -> None:
    colors = np.where(cube.vertices[:, :1] > 0, np.uint8(255), np.uint8(0)).repeat(4, axis=1)
    colors[:, 3] = 255
    found = colors_near(cube.changed(colors=colors), np.float32([[-2, 0, 0], [2, 0, 0], [0, 2, 0.1]]))
    assert found[:, 0].tolist() == [0, 255, pytest.approx(188, abs=3)]


def test_a_point_encloses_nothing() -> None:
    dot = Mesh(np.zeros((3, 3), np.float32), np.int32([[0, 1, 2]]))
    assert enclosed(dot, 24, lambda share: None) is None
