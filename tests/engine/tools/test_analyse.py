"""Analyse finds each fault, names its tool and changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.charts import chart_facts
from orfeas_desktop.engine.mesh.crossings import crossing_faces
from orfeas_desktop.engine.mesh.distance import closest_on, sampled_points, surface_distance
from orfeas_desktop.engine.mesh.inspection import Inspection
from orfeas_desktop.engine.mesh.mesh import Mesh

if TYPE_CHECKING:
    from collections.abc import Callable


def faults(mesh: Mesh, run_tool: Callable[..., Any]) -> dict[str, Any]:
    report = json.loads(run_tool("analyse", mesh).report.read_text())
    return {fault["fault"]: fault for fault in report["faults"]}


def test_a_whole_mesh_has_no_fault_and_passes_through(run_tool: Callable[..., Any], ball: Mesh) -> None:
    ran = run_tool("analyse", ball)
    assert ran.facts["faults"] == 0
    assert ran.facts["uv_charts"] == 1
    assert ran.facts["uv_coverage"] == pytest.approx(0.92, abs=0.02)  # the poles' triangles leave gaps
    np.testing.assert_array_equal(ran.mesh.vertices, ball.vertices)
    assert "distance_mean_mm" not in ran.facts


def test_holes_turned_faces_and_pieces_are_counted(run_tool: Callable[..., Any], damaged: Mesh) -> None:
    found = faults(damaged, run_tool)
    assert {"open-edges", "turned-faces"} <= found.keys()
    assert found["turned-faces"]["count"] == pytest.approx(0.02 * damaged.face_count, rel=0.25)
    assert {fault["tool"] for fault in found.values()} == {"repair"}


def test_each_kind_of_fault_is_named(run_tool: Callable[..., Any], cube: Mesh) -> None:
    fin = np.concatenate([cube.vertices, np.float32([[0, 5, 0]])])
    with_fin = cube.changed(vertices=fin, faces=np.concatenate([cube.faces, np.int32([[2, 3, 8]])]))
    assert faults(with_fin, run_tool)["nonmanifold-edges"]["count"] == 1
    twice = cube.changed(faces=np.concatenate([cube.faces, cube.faces[:1]]))
    assert faults(twice, run_tool)["duplicate-faces"]["faces"] == [12]
    flat = cube.changed(faces=np.concatenate([cube.faces, np.int32([[0, 0, 1]])]))
    assert faults(flat, run_tool)["degenerate-faces"]["faces"] == [12]
    inverted = cube.changed(faces=cube.faces[:, ::-1].copy())
    assert set(faults(inverted, run_tool)) == {"inside-out"}
    touching = cube.changed(
        vertices=np.concatenate([cube.vertices, cube.vertices + np.float32(2)]),
        faces=np.concatenate([cube.faces, cube.faces + 8]),
    )
    assert faults(touching, run_tool)["nonmanifold-vertices"]["points"] == [[1.0, 1.0, 1.0]]


def test_faces_that_pierce_each_other_are_found(run_tool: Callable[..., Any], cube: Mesh) -> None:
    both = cube.changed(
        vertices=np.concatenate(
            [cube.vertices, cube.vertices * np.float32(0.7) + np.float32([0.9, 0.3, 0.2])]
        ),
        faces=np.concatenate([cube.faces, cube.faces + 8]),
    )
    found = faults(both, run_tool)["self-intersections"]
    assert found["tool"] == "repair"
    assert any(face < 12 for face in found["faces"])
    assert any(face >= 12 for face in found["faces"])


def test_crossings_agree_with_trying_every_pair() -> None:
    random = np.random.default_rng(2)
    places = random.random((120, 3)) * 3
    faces = np.arange(120).reshape(-1, 3)
    places[faces[:, 1]] = places[faces[:, 0]] + random.normal(scale=0.7, size=(40, 3))
    places[faces[:, 2]] = places[faces[:, 0]] + random.normal(scale=0.7, size=(40, 3))
    found = {tuple(sorted(pair)) for pair in crossing_faces(places, faces).every.tolist()}
    tried = set()
    for one in range(40):
        for other in range(one + 1, 40):
            pair = np.concatenate([faces[[one]], faces[[other]]])
            if len(crossing_faces(places, pair).every):
                tried.add((one, other))
    assert found == tried
    assert found
    for face in range(40):
        some = crossing_faces(places, faces, among=np.arange(40) == face).every.tolist()
        assert {tuple(sorted(pair)) for pair in some} == {pair for pair in found if face in pair}
    assert not len(crossing_faces(places, faces, among=np.zeros(40, bool)).every)


def test_a_band_with_one_twist_cannot_agree_and_is_left() -> None:
    ring = np.arange(10)
    angle = 2 * np.pi * ring / 10
    twist = angle / 2
    across = np.stack([np.cos(twist) * np.cos(angle), np.sin(twist), np.cos(twist) * np.sin(angle)], axis=1)
    middle = np.stack([3 * np.cos(angle), 0 * angle, 3 * np.sin(angle)], axis=1)
    places = np.concatenate([middle + across, middle - across]).astype(np.float32)
    a, b = ring, (ring + 1) % 10
    c, d = np.where(ring == 9, 0, 10 + b), 10 + ring
    b = np.where(ring == 9, 10, b)
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]).astype(np.int32)
    seen = Inspection.of(Mesh(places, faces), lambda share: None)
    assert seen.turned.size == 0
    assert seen.boundary_loops == 1


def test_overlapping_charts_are_found(run_tool: Callable[..., Any], cube: Mesh) -> None:
    square = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]])
    quad = Mesh(
        np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]),
        np.int32([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]]),
        uvs=(np.concatenate([square, square]),),
    )
    charts = chart_facts(quad)
    assert charts.overlap == pytest.approx(1, abs=0.02)
    assert charts.charts == 2
    assert charts.stretch == pytest.approx(1)
    assert "uv-overlap" in faults(quad, run_tool)
    flat = quad.changed(uvs=(np.zeros((8, 2), np.float32),))
    assert faults(flat, run_tool)["uv-flat"]["count"] == 4


def test_huge_charts_laid_over_each_other_are_bounded(torus: Mesh) -> None:
    random = np.random.default_rng(0)
    smeared = torus.changed(uvs=(random.random((torus.vertex_count, 2)).astype(np.float32),))
    assert chart_facts(smeared).overlap > 0.9


def test_distances_are_those_of_the_surfaces(cube: Mesh) -> None:
    found = closest_on(cube, np.float32([[0, 3, 0], [0.5, 0, 0]]))
    np.testing.assert_allclose(found.distances, [2, 0.5])
    np.testing.assert_allclose(found.points[0], [0, 1, 0])
    points = sampled_points(cube, 500)
    np.testing.assert_allclose(np.abs(points).max(axis=1), 1, atol=1e-6)
    mean, largest = surface_distance(cube, cube.changed(vertices=cube.vertices * np.float32(1.1)))
    assert 0.1 <= mean < largest < 0.18
    dot = cube.changed(vertices=np.zeros_like(cube.vertices))
    assert sampled_points(dot, 3).shape == (3, 3)
