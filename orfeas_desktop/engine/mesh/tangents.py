"""Tangent frames as MikkTSpace defines them, so that normal maps look the same in every program.

Written against the published definition: Mikkelsen 2008, "Simulation of Wrinkled Surfaces Revisited", and the
rules at mikktspace.com; the default angular threshold of 180° is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.pick import with_vertices
from orfeas_desktop.engine.mesh.weld import first_of_each, row_ids, welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_TINY = float(np.finfo(np.float32).tiny)


def with_tangents(mesh: Mesh, uv_set: int = 0) -> Mesh:
    """Return the mesh with glTF tangents of that UV set, vertices split where faces need different ones.

    Normals are computed when there are none; polygons are left out when a vertex was split.
    """
    if mesh.normals is None:
        mesh = mesh.changed(normals=vertex_normals(mesh))
    corners = corner_tangents(mesh, uv_set).reshape(-1, 4)
    where = mesh.faces.reshape(-1)
    keys = np.concatenate(
        [where.astype(np.uint32)[:, None], np.ascontiguousarray(corners).view(np.uint32)], axis=1
    )
    ids = row_ids(keys)
    first = first_of_each(ids)
    tangents = np.zeros((mesh.vertex_count, 4), np.float32)
    tangents[:, (0, 3)] = 1.0
    if len(first) == len(np.unique(where)):
        tangents[where[first]] = corners[first]
        return mesh.changed(tangents=tangents)
    faces = ids.reshape(-1, 3).astype(np.int32)
    return with_vertices(mesh, where[first]).changed(faces=faces, tangents=corners[first])


def corner_tangents(mesh: Mesh, uv_set: int = 0) -> NDArray[np.float32]:
    """Return (F, 3, 4) the glTF tangent of every corner: unit xyz and the sign of the bitangent.

    The bitangent is `sign * cross(normal, tangent)` and points up in the texture, against glTF's v.
    The mesh has normals.
    """
    assert mesh.normals is not None
    uv = mesh.uvs[uv_set]
    ids = welded_ids(mesh.vertices, mesh.normals, uv)
    triangles = _triangles(mesh, ids[mesh.faces], uv)
    groups, preserving = _groups(triangles)
    normals = mesh.normals[mesh.faces].astype(np.float64)
    tangents = np.empty((mesh.face_count, 3, 4))
    tangents[..., :3] = _summed(triangles, mesh, normals, groups)[groups]
    tangents[..., 3] = np.where(preserving[groups], 1.0, -1.0)
    _lend(tangents, triangles)
    lost = np.linalg.norm(tangents[..., :3], axis=2) < 0.5
    tangents[lost, :3] = _across(normals[lost])
    return tangents.astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Triangles:
    """corners (F, 3) welded numbers; along (F, 3) the unit direction of u; and what holds for each face."""

    corners: NDArray[np.int64]
    along: NDArray[np.float64]
    preserving: NDArray[np.bool_]
    """The texture is not mirrored on it."""
    shapeless: NDArray[np.bool_]
    """Its UVs enclose nothing, so that it follows its neighbours."""
    degenerate: NDArray[np.bool_]
    """Two of its corners are one place."""


def _triangles(mesh: Mesh, corners: NDArray[np.int64], uv: NDArray[np.float32]) -> _Triangles:
    places = mesh.vertices[mesh.faces]
    same = (places == np.roll(places, -1, axis=1)).all(axis=2).any(axis=1)
    ahead, up = uv[mesh.faces][..., 0], np.float32(1) - uv[mesh.faces][..., 1]
    s, t = ahead[:, 1:] - ahead[:, :1], up[:, 1:] - up[:, :1]
    area = (
        s[:, 0] * t[:, 1] - t[:, 0] * s[:, 1]
    )  # in single precision like the definition: noise decides alike
    sign = np.where(area > 0, 1.0, -1.0)[:, None]
    d1, d2 = (places[:, corner].astype(np.float64) - places[:, 0] for corner in (1, 2))
    along = sign * (t[:, 1:] * d1 - t[:, :1] * d2)
    across = s[:, :1] * d2 - s[:, 1:] * d1
    flat = np.minimum(np.linalg.norm(along, axis=1), np.linalg.norm(across, axis=1)) <= _TINY
    return _Triangles(corners, _unit(along), area > 0, (np.abs(area) <= _TINY) | flat, same)


def _groups(triangles: _Triangles) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return (F, 3) the group of each corner, and whether each group keeps the texture's orientation.

    A group is what hangs together around one vertex over shared edges with one orientation.
    """
    first, second = _neighbours(triangles.corners, np.flatnonzero(~triangles.degenerate))
    preserving = _followed(triangles, first, second)
    labels = _pieces(preserving, first, second)
    kept = np.zeros(int(labels.max()) + 1, bool)
    kept[labels] = np.repeat(preserving, 3)
    return labels.reshape(-1, 3), kept


def _pieces(
    side: NDArray[np.integer] | NDArray[np.bool_], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return for each corner the number of its piece: linked corners of faces of the same `side`."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    same = side[first // 3] == side[second // 3]
    count = 3 * len(side)
    ones = np.ones(int(same.sum()), np.int8)
    graph = coo_array((ones, (first[same], second[same])), (count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _neighbours(
    corners: NDArray[np.int64], faces: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of corners (face · 3 + corner) that share their vertex across an edge of two of the `faces`.

    Faces meet at an edge that one runs forwards and the other backwards; of several, the first meets the first.
    """
    at = (faces[:, None] * 3 + np.arange(3)).reshape(-1)
    after = (faces[:, None] * 3 + np.array([1, 2, 0])).reshape(-1)
    tail, head = corners.reshape(-1)[at], corners.reshape(-1)[after]
    edges = np.minimum(tail, head) * (int(corners.max()) + 1) + np.maximum(tail, head)
    forwards, backwards = np.flatnonzero(tail < head), np.flatnonzero(tail > head)
    forwards, one = _by_turn(edges, forwards)
    backwards, other = _by_turn(edges, backwards)
    _, left, right = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    ahead, back = forwards[left], backwards[right]
    return np.concatenate([at[ahead], after[ahead]]), np.concatenate([after[back], at[back]])


def _by_turn(
    edges: NDArray[np.int64], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.complex128]]:
    """Return the chosen half-edges sorted by edge, and a key of edge and turn: the how manieth on that edge."""
    order = chosen[np.argsort(edges[chosen], kind="stable")]
    mine = edges[order]
    turn = np.arange(len(mine)) - np.searchsorted(mine, mine)
    return order, mine + 1j * turn


def _followed(
    triangles: _Triangles, first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return (F,) the orientation of each face; shapeless ones take that of the first group that reaches them."""
    preserving = triangles.preserving.copy()
    waiting = triangles.shapeless & ~triangles.degenerate
    one, other = np.concatenate([first, second]), np.concatenate([second, first])
    while True:
        reached = ~waiting[one // 3] & waiting[other // 3]
        if not reached.any():
            return preserving
        side = np.where(waiting, 2, preserving)
        labels = _pieces(side, first, second)
        eldest = first_of_each(labels)[labels[one[reached]]]
        order = np.argsort(eldest, kind="stable")
        faces, which = np.unique(other[reached][order] // 3, return_index=True)
        preserving[faces] = preserving[one[reached][order][which] // 3]
        waiting[faces] = False


def _summed(
    triangles: _Triangles, mesh: Mesh, normals: NDArray[np.float64], groups: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return (G, 3) the unit tangent of each group: its faces' directions, weighed by the angle at the vertex."""
    places = mesh.vertices[mesh.faces].astype(np.float64)
    along = _unit(_flattened(np.repeat(triangles.along[:, None], 3, axis=1), normals))
    ahead = _unit(_flattened(np.roll(places, -1, axis=1) - places, normals))
    back = _unit(_flattened(np.roll(places, 1, axis=1) - places, normals))
    angles = np.arccos(np.clip(np.einsum("fij,fij->fi", ahead, back), -1.0, 1.0))
    angles[triangles.shapeless | triangles.degenerate] = 0.0
    weighed = (along * angles[..., None]).reshape(-1, 3)
    where, count = groups.reshape(-1), int(groups.max()) + 1
    summed = np.stack([np.bincount(where, weighed[:, axis], count) for axis in range(3)], axis=1)
    return _unit(summed.astype(np.float64))


def _lend(tangents: NDArray[np.float64], triangles: _Triangles) -> None:
    """Give corners of degenerate faces the tangent of the first sound corner at the same vertex."""
    if not triangles.degenerate.any():
        return
    flat, sound = triangles.corners.reshape(-1), np.repeat(~triangles.degenerate, 3)
    lender = np.full(int(flat.max()) + 1, -1)
    at = np.flatnonzero(sound)[::-1]
    lender[flat[at]] = at
    needy = np.flatnonzero(~sound & (lender[flat] >= 0))
    tangents.reshape(-1, 4)[needy] = tangents.reshape(-1, 4)[lender[flat[needy]]]


def _flattened(vectors: NDArray[np.float64], normals: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors - np.einsum("fij,fij->fi", vectors, normals)[..., None] * normals


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vectors of length one; those next to nothing stay nothing."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > _TINY, vectors / np.where(length > _TINY, length, 1.0), 0.0)


def _across(normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a unit vector square to each normal: the x axis laid down, or z where the normal is along x."""
    axis = np.zeros_like(normals)
    steep = np.abs(normals[:, 0]) >= 0.9
    axis[~steep, 0] = axis[steep, 2] = 1.0
    return _unit(axis - (axis * normals).sum(axis=1, keepdims=True) * normals)
