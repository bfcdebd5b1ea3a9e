"""Long edges split in the middle, so that faces become smaller where it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.inspection import HalfEdges
from orfeas_desktop.engine.mesh.weld import welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh


def edges_split(mesh: Mesh, faces: NDArray[np.bool_], longest: float) -> Mesh:
    """Return the mesh with the edges of the (F,) chosen faces that are longer than `longest` cut in half.

    Both faces of an edge are cut, so that a closed mesh stays closed; what vertices carry is averaged.
    """
    ids = welded_ids(mesh.vertices)
    sides = HalfEdges.of(ids[mesh.faces], int(ids.max()) + 1)
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    length = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2)
    cut = np.zeros(len(sides.uses), bool)
    cut[sides.edge[(length > longest) & faces[:, None]]] = True
    marked = cut[sides.edge]
    if not marked.any():
        return mesh
    grown, middles = _with_middles(mesh, marked)
    made, origin = _smaller_faces(mesh.faces, middles, marked)
    groups = mesh.face_materials
    return grown.changed(faces=made, face_materials=None if groups is None else groups[origin], polygons=None)


def _with_middles(mesh: Mesh, marked: NDArray[np.bool_]) -> tuple[Mesh, NDArray[np.int64]]:
    """Return the mesh with a vertex in the middle of each marked side, and (F, 3) their numbers."""
    tails, heads = mesh.faces, np.roll(mesh.faces, -1, axis=1)
    low, high = np.minimum(tails, heads)[marked], np.maximum(tails, heads)[marked]
    pairs, where = np.unique(np.stack([low, high], axis=1), axis=0, return_inverse=True)
    middles = np.zeros(mesh.faces.shape, np.int64)
    middles[marked] = mesh.vertex_count + where.reshape(-1)
    one, other = pairs.T

    def grown(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.concatenate([rows, (rows[one] + rows[other]) / np.float32(2)]).astype(np.float32)

    normals = mesh.normals
    if normals is not None:
        normals = grown(normals)
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        normals = (normals / np.where(length > 0, length, 1.0)).astype(np.float32)
    colors = mesh.colors
    if colors is not None:
        mean = (colors[one].astype(np.uint16) + colors[other] + 1) // 2
        colors = np.concatenate([colors, mean.astype(np.uint8)])
    return mesh.changed(
        vertices=grown(mesh.vertices),
        normals=normals,
        tangents=None,
        uvs=tuple(grown(uv) for uv in mesh.uvs),
        colors=colors,
    ), middles


def _smaller_faces(
    faces: NDArray[np.int32], middles: NDArray[np.int64], marked: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the faces after the cuts, and which face each comes from."""
    made: list[NDArray[np.int64]] = [faces[~marked.any(axis=1)].astype(np.int64)]
    origin = [np.flatnonzero(~marked.any(axis=1))]
    count = marked.sum(axis=1)
    for cuts, first in ((1, marked.argmax(axis=1)), (2, (~marked).argmax(axis=1)), (3, np.zeros_like(count))):
        mine = np.flatnonzero(count == cuts)
        turn = (first[mine, None] + np.arange(3)) % 3
        a, b, c = np.take_along_axis(faces[mine].astype(np.int64), turn, axis=1).T
        ab, bc, ca = np.take_along_axis(middles[mine], turn, axis=1).T
        parts = {
            1: [(a, ab, c), (ab, b, c)],
            2: [(a, b, bc), (a, bc, ca), (ca, bc, c)],
            3: [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)],
        }[cuts]
        made += [np.stack(part, axis=1) for part in parts]
        origin += [mine] * len(parts)
    return np.concatenate(made).astype(np.int32), np.concatenate(origin)
