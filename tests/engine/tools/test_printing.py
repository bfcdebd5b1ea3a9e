"""What the tools for printing say of known bodies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.facts import mesh_facts
from tests.print_bodies import box, hollow_box, mesh_of_body

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_check_reports_faults_with_places_and_tools(run_tool: Callable[..., Any]) -> None:
    fin = mesh_of_body(box(20, 20, 5) + box(0.4, 15, 12))
    ran = run_tool("print-check", fin, price_per_kg=25)
    report = json.loads(ran.report.read_text())
    (thin,) = (fault for fault in report["faults"] if fault["fault"] == "thin-walls")
    assert thin["tool"] == "thicken"
    assert thin["stops_printing"] is True
    points = np.array(thin["points"]) * 1000
    assert np.abs(points[:, 0]).max() == pytest.approx(0.2, abs=1e-3)
    assert points[:, 1].min() > 5
    assert report["printable"] is False
    assert report["thinnest_wall_mm"] == pytest.approx(0.4, abs=1e-4)
    assert report["cost"] == ran.facts["cost"]
    assert report["weight_g"] == pytest.approx(
        report["print_cm3"] * 1.24 + report["support_cm3"] * 1.24, rel=1e-3
    )
    assert ran.warnings
    assert set(ran.parts) == {"mesh-walls.glb", "mesh-overhangs.glb"}
    colors = ran.parts["mesh-walls.glb"].colors
    assert colors is not None
    assert {tuple(row) for row in colors[:, :3].tolist()} > {(214, 40, 40)}


def test_a_printable_body_is_called_so(run_tool: Callable[..., Any]) -> None:
    ran = run_tool("print-check", mesh_of_body(box(20, 20, 20)), maps=False, printer="bambu-a1-mini")
    report = json.loads(ran.report.read_text())
    assert report["printable"] is True
    assert report["supports_needed"] is False
    assert report["faults"] == []
    assert report["volume_cm3"] == pytest.approx(8, rel=1e-5)
    assert ran.parts == {}
    assert ran.warnings == []


def test_resin_is_kept_in_by_closed_hollows(run_tool: Callable[..., Any]) -> None:
    ran = run_tool("print-check", mesh_of_body(hollow_box(20, 2)), printer="resin", material="pla")
    report = json.loads(ran.report.read_text())
    assert [fault["fault"] for fault in report["faults"] if fault["tool"] == "hollow"] == ["closed-cavities"]
    assert report["printable"] is True
    assert any("does not print with PLA" in warning for warning in ran.warnings)


def test_an_open_mesh_is_judged_as_far_as_it_can_be(run_tool: Callable[..., Any]) -> None:
    body = mesh_of_body(box(20, 20, 20))
    ran = run_tool("print-check", body.changed(faces=body.faces[2:]))
    report = json.loads(ran.report.read_text())
    assert [fault["fault"] for fault in report["faults"]] == ["open-edges"]
    points = np.array(report["faults"][0]["points"])
    assert np.abs(points).max() == pytest.approx(0.02, rel=1e-3)
    assert report["thinnest_wall_mm"] is None
    assert report["supports_needed"] is None
    assert ran.parts == {}
    assert mesh_facts(ran.mesh).boundary_edges > 0
