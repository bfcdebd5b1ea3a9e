"""Hollow, thicken, orient and lay on bed: what comes out can be printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from manifold3d import Manifold

from orfeas_desktop.engine.mesh.facts import mesh_facts, signed_volume
from orfeas_desktop.engine.mesh.inspection import Inspection
from orfeas_desktop.engine.mesh.split_edges import edges_split
from orfeas_desktop.engine.mesh.turn import UpAxis, fitted
from orfeas_desktop.engine.printing.check import verdict_on
from orfeas_desktop.engine.printing.profile import profile_of
from orfeas_desktop.engine.printing.walls import measured_walls
from orfeas_desktop.errors import MeshUnfit
from orfeas_desktop.printers import PrinterParams
from tests.print_bodies import box, hollow_box, mesh_of_body, unfit_bodies

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.printing.walls import Walls


def walls_of(mesh: Mesh, limit_mm: float) -> Walls:
    return measured_walls(fitted(mesh, UpAxis.z, 1000.0), limit_mm)


def faults_of(mesh: Mesh) -> set[str]:
    verdict = verdict_on(mesh, profile_of(PrinterParams(), "x"), lambda _: None)
    return {fault.id for fault in verdict.stopping}


@pytest.mark.parametrize("wall", [1.5, 3.0])
@pytest.mark.parametrize(
    "body",
    [
        mesh_of_body(Manifold.sphere(15, 48)),
        mesh_of_body(box(30, 24, 20).rotate((20, 30, 40))),
        mesh_of_body(box(24, 24, 24) + box(10, 10, 34)),
    ],
    ids=["ball", "turned box", "house"],
)
def test_a_shell_is_nowhere_thinner_than_its_wall(
    run_tool: Callable[..., Any], body: Mesh, wall: float
) -> None:
    ran = run_tool("hollow", body, wall_mm=wall, holes=0, cells=64)
    walls = walls_of(ran.mesh, wall)
    assert not walls.thin.any()
    assert walls.thinnest == pytest.approx(1.05 * wall, rel=0.06)
    assert np.median(walls.thickness[walls.opposed]) < 1.35 * wall
    assert faults_of(ran.mesh) == set()
    assert ran.facts["closed_cavities"] == 1
    assert any("no hole" in warning for warning in ran.warnings)


def test_a_hollow_ball_keeps_its_skin_and_texture(run_tool: Callable[..., Any], ball: Mesh) -> None:
    ran = run_tool("hollow", ball, wall_mm=3, holes=0, cells=48)
    upper = ball.faces[ball.face_materials == 1]
    kept_faces = ran.mesh.faces[ran.mesh.face_materials == 1]
    np.testing.assert_allclose(ran.mesh.uvs[0][kept_faces], ball.uvs[0][upper], atol=1e-7)
    assert ran.mesh.materials == ball.materials
    kept = 1 - ran.facts["hollow_share"]
    assert ran.facts["volume_m3"] == pytest.approx(kept * ran.facts["volume_m3_before"], rel=1e-3)


def test_drain_holes_open_every_hollow(run_tool: Callable[..., Any]) -> None:
    ran = run_tool("hollow", mesh_of_body(Manifold.sphere(15, 48)), wall_mm=2, holes=2, hole_mm=4, cells=64)
    facts = mesh_facts(ran.mesh)
    assert (facts.components, facts.watertight) == (1, True)
    assert (ran.facts["drain_holes"], ran.facts["closed_cavities"]) == (2, 0)
    assert faults_of(ran.mesh) == set()
    genus = 1 - (facts.places - 1.5 * facts.faces + facts.faces) / 2
    assert genus == 1
    two = run_tool("hollow", mesh_of_body(box(20, 20, 20) + box(20, 20, 20, (60, 0, 0))), holes=1, cells=96)
    assert (two.facts["drain_holes"], two.facts["closed_cavities"]) == (2, 0)


def test_a_wall_finer_than_the_grid_becomes_thicker_and_that_is_said(run_tool: Callable[..., Any]) -> None:
    ran = run_tool("hollow", mesh_of_body(box(40, 40, 40)), wall_mm=0.5, holes=0, cells=32)
    assert any("2.5 mm" in warning for warning in ran.warnings)
    assert walls_of(ran.mesh, 2.5).thin_share == 0


def test_what_cannot_be_hollowed_is_said(run_tool: Callable[..., Any]) -> None:
    with pytest.raises(MeshUnfit, match="thicker than two walls"):
        run_tool("hollow", mesh_of_body(box(30, 30, 3)), wall_mm=2)
    for name in ("hole", "inside out"):
        for tool in ("hollow", "thicken"):
            with pytest.raises(MeshUnfit, match="Repair"):
                run_tool(tool, unfit_bodies()[name][0])


@pytest.mark.parametrize("name", ["plate", "thin box", "thin fin", "wire", "needle"])
def test_thin_bodies_can_be_printed_once_thickened(run_tool: Callable[..., Any], name: str) -> None:
    body, faults = unfit_bodies()[name]
    assert faults_of(body) == faults == {"thin-walls"}
    ran = run_tool("thicken", body)
    assert faults_of(ran.mesh) == set()
    assert ran.facts["thin_area_share"] == 0
    assert ran.facts["distance_max_mm"] < 0.6
    if name != "needle":
        assert ran.mesh.face_count == body.face_count


def test_only_thin_walls_move_and_by_no_more_than_they_must(run_tool: Callable[..., Any]) -> None:
    fin = mesh_of_body(box(20, 20, 5) + box(0.4, 15, 12))
    ran = run_tool("thicken", fin)
    moved = np.abs(fitted(ran.mesh, UpAxis.z, 1000.0).vertices - fitted(fin, UpAxis.z, 1000.0).vertices)
    assert moved[:, 0].max() == pytest.approx(0.204, abs=2e-3)
    assert moved[:, 1:].max() < 1e-3
    sturdy = run_tool("thicken", mesh_of_body(box(20, 20, 5)))
    assert sturdy.facts["thin_area_share_before"] == 0
    assert "distance_max_mm" not in sturdy.facts


def test_a_textured_shell_keeps_its_layout_when_thickened(run_tool: Callable[..., Any], ball: Mesh) -> None:
    thin = run_tool("hollow", ball, wall_mm=1.2, holes=0, cells=96).mesh
    ran = run_tool("thicken", thin, min_wall_mm=1.6)
    assert ran.facts["thin_area_share"] == 0
    assert faults_of(ran.mesh) == set()
    seen = {tuple(row) for row in np.round(thin.uvs[0], 5).tolist()}
    assert {tuple(row) for row in np.round(ran.mesh.uvs[0], 5).tolist()} <= seen
    assert ran.mesh.materials == ball.materials


def test_orient_finds_the_flat_side(run_tool: Callable[..., Any]) -> None:
    tee = mesh_of_body(box(10, 10, 40) + box(40, 10, 5, (0, 0, 35)))
    ran = run_tool("orient", tee)
    assert ran.facts["support_air_cm3_before"] == pytest.approx(10.5, rel=1e-3)
    assert ran.facts["support_air_cm3_after"] == 0
    assert ran.facts["height_mm"] == pytest.approx(10, abs=1e-3)
    tilted = mesh_of_body(Manifold.cube((20, 10, 5)).rotate((20, 30, 40)))
    flat = run_tool("orient", tilted, aim="height")
    assert flat.facts["height_mm"] == pytest.approx(5, abs=1e-3)
    cone = run_tool("orient", mesh_of_body(Manifold.cylinder(20, 2, 20, 48)), aim="support")
    assert cone.facts["overhang_area_mm2_after"] == 0
    assert signed_volume(cone.mesh) > 0


def test_orient_never_makes_it_worse(run_tool: Callable[..., Any]) -> None:
    random = np.random.default_rng(3)
    for _ in range(4):
        body = box(*random.uniform(5, 20, 3)) + Manifold.sphere(6, 16).translate(random.uniform(0, 8, 3))
        ran = run_tool("orient", mesh_of_body(body.rotate(random.uniform(0, 360, 3))), aim="support")
        assert ran.facts["support_air_cm3_after"] <= ran.facts["support_air_cm3_before"] + 1e-9
        assert ran.mesh.vertices[:, 1].min() == pytest.approx(0, abs=1e-6)
    upside = run_tool("orient", mesh_of_body(box(20, 20, 2).rotate((180, 0, 0))))
    assert upside.facts["height_mm"] == pytest.approx(2, abs=1e-4)


def test_lay_on_bed_shrinks_fills_turns_or_warns(run_tool: Callable[..., Any]) -> None:
    long = mesh_of_body(box(300, 20, 20))
    shrunk = run_tool("lay-on-bed", long)
    assert faults_of(shrunk.mesh) == set()
    assert shrunk.facts["turned_deg"] == 45
    assert shrunk.facts["scaled_by"] == pytest.approx(220 * 2**0.5 / 320, rel=1e-4)
    straight = run_tool("lay-on-bed", long, turn=False, margin_mm=10)
    assert straight.facts["width_mm"] == pytest.approx(200, rel=1e-4)
    kept = run_tool("lay-on-bed", long, scaling="keep")
    assert kept.facts["fits"] is False
    assert kept.facts["scaled_by"] == 1
    assert "scaled by" in kept.warnings[0]
    filled = run_tool("lay-on-bed", mesh_of_body(box(30, 20, 20)), scaling="fill", turn=False)
    assert filled.facts["width_mm"] == pytest.approx(220, rel=1e-4)
    small = run_tool("lay-on-bed", mesh_of_body(box(30, 20, 20)))
    assert (small.facts["turned_deg"], small.facts["scaled_by"]) == (0, 1)
    with pytest.raises(MeshUnfit, match="margin"):
        run_tool("lay-on-bed", long, printer="elegoo-mars-4-ultra", margin_mm=90)


def test_loose_vertices_do_not_count(run_tool: Callable[..., Any]) -> None:
    body = mesh_of_body(box(20, 20, 20))
    loose = body.changed(vertices=np.concatenate([body.vertices, [[9e5, 9e5, 9e5]]]).astype(np.float32))
    assert faults_of(loose) == set()
    assert run_tool("lay-on-bed", loose).facts["scaled_by"] == 1
    assert run_tool("orient", loose).facts["height_mm_after"] == pytest.approx(20, abs=1e-3)
    assert run_tool("hollow", loose, cells=48, holes=0).facts["closed_cavities"] == 1


@pytest.mark.parametrize("metres_per_unit", [1e-9, 1e3])
def test_any_scale_is_worked_on(run_tool: Callable[..., Any], metres_per_unit: float) -> None:
    body = mesh_of_body(box(20, 20, 20)).changed(metres_per_unit=metres_per_unit)
    assert run_tool("lay-on-bed", body, scaling="fill").facts["width_mm"] == pytest.approx(220, rel=1e-3)
    assert run_tool("print-check", body).facts["printable"] is False
    if metres_per_unit > 1:
        assert run_tool("hollow", body, cells=32).facts["hollow_share"] > 0.3


def test_a_flat_mesh_can_be_laid_and_turned(run_tool: Callable[..., Any], cube: Mesh) -> None:
    flat = cube.changed(vertices=cube.vertices * np.float32([1, 0, 0]), metres_per_unit=0.01)
    assert run_tool("lay-on-bed", flat, turn=True).facts["fits"] is True
    assert run_tool("orient", flat).facts["height_mm"] == pytest.approx(0, abs=1e-6)


def test_split_edges_keep_a_surface_closed_and_its_shape(ball: Mesh) -> None:
    before = mesh_facts(ball)
    chosen = np.arange(ball.face_count) % 5 == 0
    made = edges_split(ball, chosen, 2.0)
    after = mesh_facts(made.check())
    assert after.faces > before.faces
    assert after.watertight
    assert after.volume_m3 == pytest.approx(before.volume_m3, rel=1e-6)
    assert after.area_m2 == pytest.approx(before.area_m2, rel=1e-6)
    assert not len(Inspection.of(made, lambda _: None).crossing)
    assert edges_split(ball, np.zeros(ball.face_count, bool), 2.0) is ball
    colored = edges_split(ball.changed(colors=np.full((ball.vertex_count, 4), 200, np.uint8)), chosen, 2.0)
    assert colored.colors is not None
    assert (colored.colors == 200).all()


def test_a_hollow_box_with_thin_walls_is_one_solid_after_all_tools(run_tool: Callable[..., Any]) -> None:
    mesh = run_tool("orient", mesh_of_body(hollow_box(20, 0.5).rotate((10, 20, 30)))).mesh
    mesh = run_tool("thicken", mesh).mesh
    mesh = run_tool("lay-on-bed", mesh, scaling="fill").mesh
    assert faults_of(mesh) == set()
