"""Walls, overhangs, islands, pieces and amounts, measured on bodies of which they are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manifold3d import Manifold

from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.turn import UpAxis, fitted
from orfeas_desktop.engine.printing.overhangs import found_islands, found_overhangs
from orfeas_desktop.engine.printing.pieces import found_pieces, overlapping_pieces
from orfeas_desktop.engine.printing.profile import Profile, profile_of
from orfeas_desktop.engine.printing.use import Filling, estimated_use
from orfeas_desktop.engine.printing.walls import measured_walls
from orfeas_desktop.printers import PrinterParams, Process, printer_file
from tests.print_bodies import box, closed_bodies, hollow_box, mesh_of_body


def as_printed(body: Manifold) -> Mesh:
    return fitted(mesh_of_body(body), UpAxis.z, 1000.0)


@pytest.mark.parametrize("wall", [0.3, 0.79, 2.0])
def test_the_wall_of_a_hollow_box_is_measured_exactly(wall: float) -> None:
    walls = measured_walls(as_printed(hollow_box(20, wall)), 0.8)
    assert walls.thinnest == pytest.approx(wall, abs=2e-5)
    assert (walls.thin_share > 0.7) is (wall < 0.8)
    assert walls.thin.any() == (wall < 0.8)


@settings(max_examples=25)
@given(
    wall=st.floats(0.2, 5),
    scale=st.sampled_from([1e-6, 1.0, 1e4]),
    turn=st.tuples(*[st.floats(0, 360)] * 3),
)
def test_walls_are_measured_at_any_turn_and_scale(
    wall: float, scale: float, turn: tuple[float, float, float]
) -> None:
    body = hollow_box(20, wall).rotate(turn).translate((50, -30, 10))
    mesh = as_printed(body)
    mesh = mesh.changed(vertices=(mesh.vertices * scale).astype(np.float32))
    walls = measured_walls(mesh, 0.8 * scale)
    assert walls.thinnest == pytest.approx(wall * scale, rel=1e-3)


THIN_OR_NOT = {
    "fin": (box(20, 20, 5) + box(0.4, 15, 12), True),
    "thick fin": (box(20, 20, 5) + box(1.0, 15, 12), False),
    "low ridge": (box(20, 20, 5) + box(0.4, 15, 6), False),
    "ribbon": (box(0.4, 2, 30), True),
    "wire": (Manifold.cylinder(30, 0.2, 0.2, 32), True),
    "rod": (Manifold.cylinder(30, 0.5, 0.5, 32), False),
    "shell": (Manifold.sphere(10, 48) - Manifold.sphere(9.4, 48), True),
    "ball": (Manifold.sphere(10, 48), False),
    "cone": (Manifold.cylinder(30, 10, 0, 64), False),
    "needle": (Manifold.cylinder(30, 3, 0, 64), True),
    "tetrahedron": (Manifold.tetrahedron().scale((10, 10, 10)), False),
}
CASES = {name: (as_printed(body), thin) for name, (body, thin) in THIN_OR_NOT.items()}
del THIN_OR_NOT  # the library complains of solids that live until the interpreter ends


@pytest.mark.parametrize("name", CASES)
def test_thin_walls_are_found_and_tips_are_no_false_alarm(name: str) -> None:
    mesh, thin = CASES[name]
    walls = measured_walls(mesh, 0.8)
    assert walls.thin.any() == thin


def test_only_the_tip_of_a_needle_is_thin() -> None:
    mesh = as_printed(Manifold.cylinder(30, 3, 0, 64))
    walls = measured_walls(mesh, 0.8)
    assert walls.points(mesh)[walls.thin][:, 2].min() > 24
    assert walls.thin_share < 0.05


def test_overhangs_have_the_area_of_their_shadow_and_the_air_under_them() -> None:
    table = as_printed(box(30, 30, 3, (0, 0, 20)) + box(10, 10, 20.5))
    found = found_overhangs(table, 45, 0.2)
    assert found.area == pytest.approx(800, rel=1e-3)
    assert found.volume == pytest.approx(16000, rel=0.02)
    cone = as_printed(Manifold.cylinder(10, 2, 20, 64))
    assert found_overhangs(cone, 45, 0.2).area == pytest.approx(np.pi * (400 - 4), rel=0.01)
    assert found_overhangs(cone, 62, 0.2).area == 0


def test_a_ball_on_the_bed_overhangs_below_half_a_right_angle() -> None:
    ball = as_printed(Manifold.sphere(10, 128).translate((0, 0, 10)))
    assert found_overhangs(ball, 45, 0.0).area == pytest.approx(np.pi * 50, rel=0.03)
    assert found_islands(ball, 0.2).heights.size == 0


def test_islands_are_found_where_they_begin() -> None:
    stand = box(20, 20, 5) + box(5, 5, 40) + box(30, 5, 5, (10, 0, 35))
    hanging = stand + box(3, 3, 10, (22, 0, 26)) + Manifold.sphere(3, 24).translate((-15, 0, 30))
    assert found_islands(as_printed(hanging), 0.2).heights == pytest.approx([26, 27], abs=1e-4)
    dimple = box(20, 20, 5) - box(4, 4, 2, (0, 0, 4))
    assert found_islands(as_printed(dimple), 0.2).heights.size == 0


def test_an_island_lower_than_a_layer_is_none() -> None:
    arm = box(10, 10, 30) + box(40, 10, 5, (15, 0, 20)) + box(3, 3, 5, (30, 0, 19.9))
    heights = found_islands(as_printed(arm), 0.2).heights
    assert heights.size == 0
    assert found_islands(as_printed(arm), 0.05).heights == pytest.approx([19.9], abs=1e-4)


@settings(max_examples=15)
@given(seed=st.integers(0, 1000))
def test_heaps_of_parts_have_an_island_for_each_part_in_the_air(seed: int) -> None:
    random = np.random.default_rng(seed)
    floating = int(random.integers(1, 6))
    body = box(8, 8, 8)
    for number in range(floating):
        body += box(*random.uniform(2, 6, 3), (20 * (number + 1), 0, float(random.uniform(1, 30))))
    assert found_islands(as_printed(body), 0.2).heights.size == floating


def test_pieces_are_told_apart() -> None:
    hollow = as_printed(hollow_box(20, 2))
    pieces = found_pieces(hollow, Topology.of(hollow).component_ids(), lambda: None)
    assert pieces.cavities == 1
    assert not overlapping_pieces(hollow, pieces, lambda: None).any()
    rattle = as_printed(hollow_box(20, 2) + box(4, 4, 4, (0, 0, 8)))
    pieces = found_pieces(rattle, Topology.of(rattle).component_ids(), lambda: None)
    assert pieces.around.tolist() == [0, 0, 0]
    assert not overlapping_pieces(rattle, pieces, lambda: None).any()


def test_amounts_add_up() -> None:
    profile = profile_of(PrinterParams(), "x")
    pla = printer_file().material("pla")
    full = estimated_use(8000, 2400, 1000, profile, Filling(1.0, pla, 20.0))
    assert full.print_cm3 == pytest.approx(8)
    assert full.support_cm3 == pytest.approx(0.15)
    assert full.weight_g == pytest.approx(8.15 * 1.24)
    assert full.cost == pytest.approx(8.15 * 1.24 * 0.02)
    assert full.filament_m == pytest.approx(8150 / (np.pi / 4 * 1.75**2) / 1000)
    skin = estimated_use(8000, 2400, 0, profile, Filling(0.0, pla, 0.0))
    assert skin.print_cm3 == pytest.approx(1.92)
    assert skin.cost is None
    resin = profile_of(PrinterParams(printer="resin"), "x")
    made = estimated_use(8000, 2400, 0, resin, Filling(0.1, printer_file().material("resin"), 0.0))
    assert made.print_cm3 == 8
    assert made.filament_m is None


def test_every_printer_gives_a_profile() -> None:
    for printer in printer_file().printers:
        if printer.bed_mm is None:
            continue
        profile = profile_of(PrinterParams(printer=printer.id), "x")
        assert isinstance(profile, Profile)
        assert min(profile.bed) > 50
        assert 0.2 <= profile.min_wall <= 1.0
        assert (profile.nozzle > 0) is (profile.process is Process.fdm)
    changed = profile_of(PrinterParams(printer="prusa-mk4", min_wall_mm=1.2, layer_mm=0.1), "x")
    assert (changed.min_wall, changed.layer, changed.bed) == (1.2, 0.1, (250, 210, 220))


def test_the_closed_bodies_of_the_promise_are_solid() -> None:
    assert all(Topology.of(mesh).closed for mesh in closed_bodies().values())
