"""A mesh whose arrays do not fit is refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.errors import BadMesh


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"faces": np.zeros((0, 3), np.int32)}, "no faces"),
        ({"vertices": np.zeros((0, 3), np.float32)}, "no faces"),
        ({"faces": np.array([[0, 1, 8]], np.int32)}, "vertex that is not there"),
        ({"faces": np.array([[0, 1, -1]], np.int32)}, "vertex that is not there"),
        ({"normals": np.zeros((7, 3), np.float32)}, "normals has 7 rows for 8"),
        ({"uvs": (np.full((8, 2), np.nan, np.float32),)}, "uv set 0 holds a value that is not finite"),
        ({"materials": ()}, "no material"),
        ({"face_materials": np.zeros(3, np.int32)}, "material that is not there"),
        ({"face_materials": np.ones(12, np.int32)}, "material that is not there"),
    ],
)
def test_what_does_not_fit_is_named(cube: Mesh, changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadMesh, match=said):
        cube.changed(**changes).check()


def test_a_mesh_knows_its_size(cube: Mesh) -> None:
    assert cube.check() is cube
    assert cube.changed(metres_per_unit=0.5).size_m == (1.0, 1.0, 1.0)
    assert (cube.vertex_count, cube.face_count) == (8, 12)
