"""Fewer faces by the quickest way that keeps what the mesh has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.collapse import collapsed
from orfeas_desktop.engine.mesh.holes import place_rows
from orfeas_desktop.engine.mesh.normals import face_normals, vertex_normals
from orfeas_desktop.engine.mesh.pick import with_new_normals, with_vertices
from orfeas_desktop.engine.mesh.thin import simplified, thinned
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.weld import first_of_each, welded_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh

_QUICK_FROM = 20_000
"""Meshes of fewer faces are collapsed with more care from the start."""
_FLAT = 0.9999
_FACETED = 0.99
"""Where so many faces have the normal of their plane at every corner, the mesh is shaded flat."""


def decimated(mesh: Mesh, target: int, largest_error: float | None, step: Callable[[float], None]) -> Mesh:
    """Return the mesh with about `target` faces, no error above `largest_error` (units of the mesh) when given.

    Large meshes go through fast-simplification: a plain closed one as it is, whatever has UVs, colours, materials
    or rims with these kept (`thinned`). Seams and rims, small meshes and those with a bound go through `collapsed`,
    as does what would not stay whole.
    """
    if mesh.face_count <= target:
        return mesh
    quick = largest_error is None and mesh.face_count >= _QUICK_FROM
    if quick and _is_plain(mesh):
        made = _quick(mesh, target)
        if made is not None:
            return made
    start = _shared(mesh)
    if quick:
        start = thinned(start, target) or start
    if start.face_count > target:
        start = collapsed(start, target, np.inf if largest_error is None else largest_error, step)
    return with_new_normals(start)


def _shared(mesh: Mesh) -> Mesh:
    """Return the mesh, vertices that differ in nothing made one, and facets without normals: they say nothing more."""
    if _is_faceted(mesh):
        mesh = mesh.changed(normals=None, tangents=None)
    dress = [mesh.vertices, *mesh.uvs]
    dress += [] if mesh.normals is None else [mesh.normals]
    dress += [] if mesh.colors is None else [mesh.colors.astype(np.float32)]
    ids = welded_ids(*dress)
    first = first_of_each(ids)
    if len(first) == mesh.vertex_count:
        return mesh
    return with_vertices(mesh, first).changed(faces=ids[mesh.faces].astype(np.int32))


def _is_faceted(mesh: Mesh) -> bool:
    """Return whether nearly every face is shaded as flat as it is."""
    if mesh.normals is None:
        return False
    normals = face_normals(mesh.vertices, mesh.faces)
    length = np.linalg.norm(normals, axis=1)
    sound = length > 0
    unit = normals[sound] / length[sound, None]
    along = np.einsum("fcd,fd->fc", mesh.normals[mesh.faces[sound]].astype(np.float64), unit)
    return bool((along.min(axis=1) > _FLAT).mean() > _FACETED) if sound.any() else False


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
