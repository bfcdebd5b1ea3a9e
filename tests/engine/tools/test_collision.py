"""Collision shapes are closed, convex and hold the mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.enclose import box_along, capsule_around, sphere_around
from orfeas_desktop.engine.mesh.facts import mesh_facts, signed_volume
from orfeas_desktop.engine.mesh.hulls import concave_parts, convex_hull, convex_parts, simpler_hull
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.tools import collision
from orfeas_desktop.errors import MeshUnfit

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh


def is_convex(mesh: Mesh) -> bool:
    normals = face_normals(mesh.vertices, mesh.faces)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    at = np.einsum("fd,fd->f", normals, mesh.vertices[mesh.faces[:, 0]])
    return bool((mesh.vertices @ normals.T <= at + 1e-4 * np.ptp(mesh.vertices)).all())


def outside(part: Mesh, points: Any) -> float:
    """How far the farthest point lies outside a convex part, in sizes of the part."""
    normals = face_normals(part.vertices, part.faces)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    at = np.einsum("fd,fd->f", normals, part.vertices[part.faces[:, 0]])
    return float((points @ normals.T - at).max() / np.ptp(part.vertices))


@pytest.mark.parametrize("shape", ["hull", "box", "turned-box", "sphere", "capsule"])
def test_one_shape_holds_it_all(run_tool: Callable[..., Any], torus: Mesh, shape: str) -> None:
    lain = torus.changed(vertices=(torus.vertices @ turn(20, 35)).astype(np.float32) + np.float32([5, 1, 2]))
    ran = run_tool("collision", lain, shape=shape)
    (part,) = ran.parts.values()
    assert mesh_facts(part).watertight
    assert is_convex(part)
    assert outside(part, lain.vertices[::7] * (lain.metres_per_unit / part.metres_per_unit)) < 1e-5
    assert ran.facts["collision_volume_ratio"] > 1
    assert ran.mesh.face_count == torus.face_count
    assert (part.vertex_count == 8) is shape.endswith("box")
    if shape == "hull":
        assert part.vertex_count <= 32
    if shape == "turned-box":
        assert sorted(part_sides(part)) == pytest.approx(sorted(np.multiply(torus.size_m, 1000)), rel=0.02)


def turn(first: float, second: float) -> Any:
    a, b = np.radians([first, second])
    about_x = [[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]
    return np.array(about_x) @ [[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]]


def part_sides(box: Mesh) -> list[float]:
    """The three sides of a box in millimetres."""
    away = np.linalg.norm(box.vertices - box.vertices[0], axis=1) * box.metres_per_unit * 1000
    return (
        np.sort(away)[[1, 2, 3]].tolist() if np.sort(away)[3] < np.hypot(*np.sort(away)[1:3]) - 1e-6 else []
    )


def test_fits_are_the_known_ones() -> None:
    random = np.random.default_rng(2)
    ways = random.normal(size=(4000, 3))
    ball = 3 * ways / np.linalg.norm(ways, axis=1, keepdims=True)
    sphere = sphere_around(ball + [1, 2, 3])
    assert sphere.radius == pytest.approx(3, rel=0.01)
    np.testing.assert_allclose(sphere.start, [1, 2, 3], atol=0.05)
    along = np.array([1.0, 2.0, 2.0]) / 3
    pill = np.where(ball @ along > 0, 1.0, -1.0)[:, None] * 5 * along + ball
    capsule = capsule_around(pill)
    assert capsule.radius == pytest.approx(3, rel=0.02)
    assert capsule.length == pytest.approx(10, rel=0.03)
    gap = np.clip((pill - capsule.start) @ (capsule.end - capsule.start) / capsule.length**2, 0, 1)
    nearest = capsule.start + gap[:, None] * (capsule.end - capsule.start)
    assert np.linalg.norm(pill - nearest, axis=1).max() <= capsule.radius * (1 + 1e-9)
    flat_ball = capsule_around(ball)
    assert flat_ball.volume == pytest.approx(4 / 3 * np.pi * 27, rel=0.05)
    box = box_along(np.array([[0.0, 0, 0], [1, 2, 3]]), np.eye(3))
    assert box is not None
    np.testing.assert_allclose(np.ptp(box[0], axis=0), [1, 2, 3], rtol=1e-5)
    hull = convex_hull(ball)
    assert hull is not None
    assert simpler_hull(hull, 10_000) is hull
    simple = simpler_hull(hull, 20)
    assert len(simple[0]) <= 20


def test_close_parts_fit_closer_and_quick_ones_step_in(run_tool: Callable[..., Any], ball: Mesh) -> None:
    ran = run_tool("collision", ball, shape="close-parts", most_corners=24)
    assert ran.warnings == []
    assert len(ran.parts) == 1
    assert ran.facts["collision_most_vertices"] <= 24
    corner = np.float32([[0, 0, 0], [4, 0, 0], [4, 1, 0], [1, 1, 0], [1, 4, 0], [0, 4, 0]])
    front = np.int32([[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 5]])
    rim = [[i, (i + 1) % 6, (i + 1) % 6 + 6] for i in range(6)] + [
        [i, (i + 1) % 6 + 6, i + 6] for i in range(6)
    ]
    faces = np.concatenate([front, front[:, ::-1] + 6, np.int32(rim)[:, ::-1]])
    parts = concave_parts(np.concatenate([corner, corner - np.float32([0, 0, 1])]), faces, 4, 24, 0.3, 0)
    assert 2 <= len(parts) <= 4
    filled = sum(signed_volume(Mesh(part[0].astype(np.float32), part[1])) for part in parts)
    assert filled == pytest.approx(7, rel=0.1)


def test_what_does_not_come_about_is_told(
    run_tool: Callable[..., Any], ball: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collision, "in_child", lambda *_: None)  # as if both took longer than allowed
    ran = run_tool("collision", ball, shape="close-parts")
    assert ran.warnings == [
        "Close parts did not come about; quicker ones were taken.",
        "Parts did not come about; one hull was taken.",
    ]
    assert len(ran.parts) == 1


def test_several_parts_leave_the_hole_of_a_ring_free(run_tool: Callable[..., Any], torus: Mesh) -> None:
    ran = run_tool("collision", torus, shape="parts", most_parts=8, most_corners=24)
    assert 4 <= len(ran.parts) <= 8
    for part in ran.parts.values():
        assert is_convex(part)
        assert mesh_facts(part).watertight
        assert part.vertex_count <= 24
    hull = run_tool("collision", torus)
    assert 0.8 < ran.facts["collision_volume_ratio"] < 0.9 * hull.facts["collision_volume_ratio"]


def test_parts_are_found_here_too(cube: Mesh) -> None:
    parts = convex_parts(cube.vertices, cube.faces, 4, 16)
    assert 1 <= len(parts) <= 4
    np.testing.assert_allclose(np.concatenate([part[0] for part in parts]).max(axis=0), 1, atol=0.05)


def test_a_flat_mesh_has_no_solid_around_it(run_tool: Callable[..., Any], cube: Mesh) -> None:
    flat = cube.changed(vertices=cube.vertices * np.float32([1, 1, 0]))
    for shape in ("hull", "box", "sphere"):
        with pytest.raises(MeshUnfit, match="no solid shape"):
            run_tool("collision", flat, shape=shape)
