"""Collision shapes are closed, convex and hold the mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.hulls import convex_parts
from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.errors import MeshUnfit

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh


def is_convex(mesh: Mesh) -> bool:
    normals = face_normals(mesh.vertices, mesh.faces)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    at = np.einsum("fd,fd->f", normals, mesh.vertices[mesh.faces[:, 0]])
    return bool((mesh.vertices @ normals.T <= at + 1e-4 * np.ptp(mesh.vertices)).all())


@pytest.mark.parametrize("shape", ["hull", "box"])
def test_one_shape_holds_it_all(run_tool: Callable[..., Any], torus: Mesh, shape: str) -> None:
    ran = run_tool("collision", torus, shape=shape)
    (part,) = ran.parts.values()
    assert mesh_facts(part).watertight
    assert is_convex(part)
    assert part.size_m == pytest.approx(torus.size_m, rel=1e-5)
    assert ran.facts["collision_volume_ratio"] > 1
    assert ran.mesh.face_count == torus.face_count
    assert (part.vertex_count == 8) is (shape == "box")


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
    for shape in ("hull", "box"):
        with pytest.raises(MeshUnfit, match="no solid shape"):
            run_tool("collision", flat, shape=shape)
