"""Rays meet what they should, at any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.rays import RayTree

if TYPE_CHECKING:
    from orfeas_desktop.engine.mesh.mesh import Mesh


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e6])
def test_a_ray_from_a_face_meets_the_opposite_one(cube: Mesh, scale: float) -> None:
    mesh = cube.changed(vertices=(cube.vertices * scale + 40 * scale).astype(np.float32))
    starts = mesh.vertices[mesh.faces].mean(axis=1, dtype=np.float64)
    tree = RayTree.of(mesh)
    told: list[float] = []
    hits = tree.first(starts, -tree.normals, told.append)
    np.testing.assert_allclose(hits.distances, 2 * scale, rtol=1e-5)
    np.testing.assert_allclose(np.einsum("nd,nd->n", tree.normals, tree.normals[hits.faces]), -1, atol=1e-12)
    away = tree.first(starts, tree.normals)
    assert (away.faces == -1).all()
    assert np.isinf(away.distances).all()
    assert told == [0.0]
