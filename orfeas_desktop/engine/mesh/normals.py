"""Normals of faces and vertices."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.weld import welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh


class NormalWeight(StrEnum):
    """How much each face counts at a vertex."""

    area = "area"
    angle = "angle"


def face_normals(vertices: NDArray[np.floating], faces: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return (F, 3) normals whose length is twice the face's area."""
    columns = [np.ascontiguousarray(vertices[:, axis], np.float64) for axis in range(3)]
    a, b, c = (np.ascontiguousarray(faces[:, corner], np.intp) for corner in range(3))
    ab, ac = ([at.take(end) - at.take(a) for at in columns] for end in (b, c))
    normals = np.empty((len(faces), 3))
    for axis in range(3):
        one, other = (axis + 1) % 3, (axis + 2) % 3
        np.subtract(ab[one] * ac[other], ab[other] * ac[one], out=normals[:, axis])
    return normals


def face_areas(mesh: Mesh, normals: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return (F,) the area of each face in square units, found once; `normals` are its `face_normals` if at hand."""
    known = mesh.known.get("areas")
    if not isinstance(known, np.ndarray):
        normals = face_normals(mesh.vertices, mesh.faces) if normals is None else normals
        known = mesh.known["areas"] = np.linalg.norm(normals, axis=1) / 2
    return known


def vertex_normals(
    mesh: Mesh, weight: NormalWeight = NormalWeight.area, *, groups: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """Return (V, 3) unit normals, smooth across seams: vertices of one group get one normal.

    `groups` is (V,) a number per vertex, by default its place in space. Weights: the face's area, or its angle
    at the vertex (Thürmer and Wüthrich 1998). A vertex of no face, or of faces that cancel, gets +z.
    """
    ids = welded_ids(mesh.vertices) if groups is None else groups
    normals = face_normals(mesh.vertices, mesh.faces)
    corners = np.repeat(normals[:, None, :], 3, axis=1)
    if weight is NormalWeight.angle:
        length = np.linalg.norm(normals, axis=1)
        unit = normals / np.where(length > 0, length, 1.0)[:, None]
        corners = unit[:, None, :] * corner_angles(mesh)[:, :, None]
    count = int(ids.max()) + 1
    where = ids[mesh.faces].reshape(-1)
    flat = corners.reshape(-1, 3)
    summed = np.stack([np.bincount(where, flat[:, axis], count) for axis in range(3)], axis=1)
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    unit = np.where(length > 0, summed / np.where(length > 0, length, 1.0), (0.0, 0.0, 1.0))
    return unit.astype(np.float32)[ids]


def corner_angles(mesh: Mesh) -> NDArray[np.float64]:
    """Return (F, 3) the angle at each corner in radians."""
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    ahead = np.roll(corners, -1, axis=1) - corners
    back = np.roll(corners, 1, axis=1) - corners
    sine = np.linalg.norm(np.cross(ahead, back), axis=2)
    return np.arctan2(sine, np.einsum("fij,fij->fi", ahead, back))
