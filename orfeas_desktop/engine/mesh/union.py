"""Closed pieces that run into each other, joined into one surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.pick import picked
from orfeas_desktop.engine.mesh.solid import mesh_of, solid_of, solid_problem
from orfeas_desktop.engine.mesh.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifold3d import Manifold
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_WITHIN = 0.999
"""A hollow belongs to the smallest body that holds this share of it."""


def pieces_that_meet(mesh: Mesh, pairs: NDArray[np.int64]) -> bool:
    """Return whether one of the (N, 2) pairs of the topology's faces is of two separate pieces."""
    if not len(pairs):
        return False
    of_face = Topology.of(mesh).component_ids()
    return bool((of_face[pairs[:, 0]] != of_face[pairs[:, 1]]).any())


def one_surface(mesh: Mesh, step: Callable[[float], None]) -> Mesh | None:
    """Return the union of the bodies of a closed mesh, each without its hollows; None when that is no solid.

    Every face must have three different places. Where the bodies do not meet, faces and UVs stay. `step` is told
    how far it is, 0..1.
    """
    import manifold3d

    of_face = Topology.of(mesh).component_ids()
    start = manifold3d.Manifold.reserve_ids(len(mesh.materials))
    bare = mesh.changed(normals=None)
    bodies: list[Manifold] = []
    hollows: list[Manifold] = []
    count = int(of_face.max()) + 1
    for piece in range(count):
        step(0.6 * piece / count)
        solid = solid_of(picked(bare, of_face == piece), start)
        if solid_problem(solid):
            return None
        if solid.volume() < 0:
            faces = picked(bare, of_face == piece)
            solid = solid_of(faces.changed(faces=np.ascontiguousarray(faces.faces[:, ::-1])), start)
            hollows.append(solid)
        else:
            bodies.append(solid)
    for hollow in hollows:
        around = [at for at, body in enumerate(bodies) if _holds(body, hollow)]
        if not around:
            return None
        owner = min(around, key=lambda at: bodies[at].volume())
        bodies[owner] = bodies[owner] - hollow
    step(0.7)
    done = manifold3d.Manifold.batch_boolean(bodies, manifold3d.OpType.Add)
    if solid_problem(done):
        return None
    made = mesh_of(done, bare, range(start, start + len(mesh.materials)))
    step(1.0)
    return made if mesh.normals is None else made.changed(normals=vertex_normals(made))


def _holds(body: Manifold, hollow: Manifold) -> bool:
    return (body ^ hollow).volume() >= _WITHIN * hollow.volume()
