"""Fewer faces by the quickest way that keeps what the mesh has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.collapse import collapsed
from orfeas_desktop.engine.mesh.holes import place_rows
from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.pick import with_new_normals
from orfeas_desktop.engine.mesh.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh

_QUICK_FROM = 20_000
"""Plain meshes of fewer faces are collapsed with more care."""

_QUICK_SIZE = 256.0
"""Fast-simplification collapses in rounds whose largest squared error starts at 2e-6 units, in a round the faces
as they come. In a box of one unit the first rounds would do it all, the first faces far more than the last."""


def decimated(mesh: Mesh, target: int, largest_error: float | None, step: Callable[[float], None]) -> Mesh:
    """Return the mesh with about `target` faces, no error above `largest_error` (units of the mesh) when given.

    A plain closed mesh goes through fast-simplification; whatever has UVs, colours, several materials or rims goes
    through `collapsed`, as does what would not stay closed.
    """
    if mesh.face_count <= target:
        return mesh
    plain = not mesh.uvs and mesh.colors is None and mesh.face_materials is None
    if plain and largest_error is None and mesh.face_count >= _QUICK_FROM and Topology.of(mesh).closed:
        quick = _quick(mesh, target)
        if quick is not None:
            return quick
    bound = np.inf if largest_error is None else largest_error
    return with_new_normals(collapsed(mesh, target, bound, step))


def _quick(mesh: Mesh, target: int) -> Mesh | None:
    import fast_simplification

    ids, first = place_rows(mesh)
    low, high = mesh.bounds
    scale = float((high - low).max()) / _QUICK_SIZE
    places = np.ascontiguousarray((mesh.vertices[first] - low) / scale, np.float64)
    made = fast_simplification.simplify(places, ids[mesh.faces].astype(np.int32), target_count=target)
    vertices, faces = made[0], made[1]
    made = mesh.changed(
        vertices=(vertices * scale + low).astype(np.float32),
        faces=faces.astype(np.int32),
        normals=None,
        tangents=None,
        polygons=None,
    )
    if not len(faces) or not Topology.of(made).closed:
        return None
    return made if mesh.normals is None else made.changed(normals=vertex_normals(made))
