"""Thin walls padded: a rounded piece as thick as needed is joined to the mesh around every thin face."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.solid import mesh_of, solid_of, solid_problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.printing.walls import Walls

MOST_FACES = 2000
_SIDES = 8
_ROUND = 1.1
"""How much larger a ball of few sides is made, so that none of its sides cuts below the limit."""
_FINE = 100
_AT_ONCE = 200


def padded(mesh: Mesh, walls: Walls, faces: NDArray[np.int64], step: Callable[[float], None]) -> Mesh | None:
    """Return the closed `mesh` joined with pads around the thin `faces`; None when that leaves no solid.

    A pad is the hull of balls as wide as the limit in the middle of the wall behind the face's corners, so that
    pads of neighbours overlap.
    """
    import manifold3d

    start = manifold3d.Manifold.reserve_ids(len(mesh.materials))
    whole = solid_of(mesh.changed(normals=None), start)
    ball = manifold3d.Manifold.sphere(_ROUND * walls.limit / 2, _SIDES).to_mesh()
    around = np.asarray(ball.vert_properties, np.float64)[:, :3]
    normals = face_normals(mesh.vertices, mesh.faces[faces])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    depth = walls.per_face(mesh.face_count)[faces] / 2
    middles = mesh.vertices[mesh.faces[faces]].astype(np.float64) - (normals * depth[:, None])[:, None]
    for first in range(0, len(faces), _AT_ONCE):
        step(first / len(faces))
        points = (middles[first : first + _AT_ONCE, :, None] + around).reshape(-1, 3 * len(around), 3)
        pads = [manifold3d.Manifold.hull_points(np.ascontiguousarray(some)) for some in points]
        whole = manifold3d.Manifold.batch_boolean([whole, *pads], manifold3d.OpType.Add)
    done = whole.simplify(walls.limit / _FINE)
    if solid_problem(done):
        return None
    return mesh_of(done, mesh, range(start, start + len(mesh.materials)))
