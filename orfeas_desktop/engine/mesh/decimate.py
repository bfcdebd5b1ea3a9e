"""Fewer faces by the quickest way that keeps what the mesh has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.collapse import collapsed
from orfeas_desktop.engine.mesh.holes import place_rows
from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.pick import with_new_normals
from orfeas_desktop.engine.mesh.thin import simplified, thinned
from orfeas_desktop.engine.mesh.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh

_QUICK_FROM = 20_000
"""Meshes of fewer faces are collapsed with more care from the start."""


def decimated(mesh: Mesh, target: int, largest_error: float | None, step: Callable[[float], None]) -> Mesh:
    """Return the mesh with about `target` faces, no error above `largest_error` (units of the mesh) when given.

    Large meshes go through fast-simplification: a plain closed one as it is, whatever has UVs, colours, materials
    or rims with these kept (`thinned`). Seams and rims, small meshes and those with a bound go through `collapsed`,
    as does what would not stay whole.
    """
    if mesh.face_count <= target:
        return mesh
    start = mesh
    if largest_error is None and mesh.face_count >= _QUICK_FROM:
        quick = _quick(mesh, target) if _is_plain(mesh) else None
        if quick is not None:
            return quick
        start = thinned(mesh, target) or mesh
    if start.face_count > target:
        start = collapsed(start, target, np.inf if largest_error is None else largest_error, step)
    return with_new_normals(start)


def _is_plain(mesh: Mesh) -> bool:
    bare = not mesh.uvs and mesh.colors is None and mesh.face_materials is None
    return bare and Topology.of(mesh).closed


def _quick(mesh: Mesh, target: int) -> Mesh | None:
    ids, first = place_rows(mesh)
    vertices, faces, _ = simplified(mesh, mesh.vertices[first], ids[mesh.faces], target)
    made = mesh.changed(vertices=vertices, faces=faces, normals=None, tangents=None, polygons=None)
    if not len(faces) or not Topology.of(made).closed:
        return None
    return made if mesh.normals is None else made.changed(normals=vertex_normals(made))
