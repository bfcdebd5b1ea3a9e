"""Some faces of a mesh, and a mesh with vertices added."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.weld import welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh


def picked(mesh: Mesh, faces: NDArray[np.integer] | NDArray[np.bool_]) -> Mesh:
    """Return the chosen faces and the vertices they use; polygons are left out."""
    chosen = mesh.faces[faces]
    groups = mesh.face_materials
    used = np.zeros(mesh.vertex_count, bool)
    used[chosen] = True
    number = (np.cumsum(used) - 1).astype(np.int32)
    return with_vertices(mesh, np.flatnonzero(used)).changed(
        faces=number[chosen], face_materials=None if groups is None else groups[faces]
    )


def without_loose(mesh: Mesh) -> Mesh:
    """Return the mesh without vertices of no face; itself when it has none."""
    used = np.zeros(mesh.vertex_count, bool)
    used[mesh.faces] = True
    return mesh if used.all() else picked(mesh, np.arange(mesh.face_count))


def with_vertices(mesh: Mesh, rows: NDArray[np.integer]) -> Mesh:
    """Return the mesh with these of its vertices, in this order; the faces keep their numbers."""
    return mesh.changed(
        vertices=mesh.vertices[rows],
        normals=None if mesh.normals is None else mesh.normals[rows],
        tangents=None if mesh.tangents is None else mesh.tangents[rows],
        uvs=tuple(uv[rows] for uv in mesh.uvs),
        colors=None if mesh.colors is None else mesh.colors[rows],
        polygons=None,
    )


def with_new_normals(mesh: Mesh) -> Mesh:
    """Return the mesh, normals computed anew where it has some: one for the vertices that shared one."""
    if mesh.normals is None:
        return mesh
    groups = welded_ids(mesh.vertices, mesh.normals)
    return mesh.changed(normals=vertex_normals(mesh, groups=groups), tangents=None)
