"""Thin walls made thicker: their sides move apart, corners slide along the sides that stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.inspection import HalfEdges
from orfeas_desktop.engine.mesh.normals import corner_angles, face_normals
from orfeas_desktop.engine.mesh.split_edges import edges_split
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.weld import welded_ids
from orfeas_desktop.engine.printing.walls import measured_walls

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.printing.walls import Walls

_MORE = 1.01
"""Walls are aimed at this much of the limit, so that rounding leaves none below it."""
_LOOSE = 1e-3
_ROUNDS = 4
_EVEN = 0.1
_CUTS = 8
_MOST_FACES = 200_000
_FARTHEST = 2.0
"""No corner moves farther than this many times what its side must."""


@dataclass(frozen=True)
class Way:
    """The share of the limit that wrinkles taken away before may have, and how often moves are evened out."""

    wrinkle: float
    evenings: int


def needed_shifts(mesh: Mesh, walls: Walls) -> NDArray[np.float64]:
    """Return (F,) how far each face must move outwards, 0 for those of walls that are thick enough.

    Sides of a wall share the way. Thin faces that hang together with none that counts (tips) stay.
    """
    limit = walls.limit
    thickness = walls.per_face(mesh.face_count)
    shifts = np.where(thickness < limit, (_MORE * limit - thickness) / 2, 0.0)
    counted = np.zeros(mesh.face_count, bool)
    counted[walls.faces[walls.thin]] = True
    return np.where(_connected_to(mesh, shifts > 0, counted), shifts, 0.0)


def _connected_to(mesh: Mesh, thin: NDArray[np.bool_], counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the thin faces from which a counted one is reached over thin faces."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ids = welded_ids(mesh.vertices)
    one, other = (side // 3 for side in HalfEdges.of(ids[mesh.faces], int(ids.max()) + 1).pairs())
    both = thin[one] & thin[other]
    links = coo_array((np.ones(int(both.sum()), np.int8), (one[both], other[both])), (mesh.face_count,) * 2)
    _, group = connected_components(links, directed=False)
    return thin & np.isin(group, group[counted & thin])


def corner_moves(mesh: Mesh, shifts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (V, 3) moves with which the plane of each face moves out by its shift, as nearly as corners allow.

    Each place solves least squares over its faces, weighted by their angle there, so that a corner between a side
    that moves and one that stays slides along the latter.
    """
    ids = welded_ids(mesh.vertices)
    count = int(ids.max()) + 1
    normals = face_normals(mesh.vertices, mesh.faces)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = normals / np.where(length > 0, length, 1.0)
    where = ids[mesh.faces].reshape(-1)
    weights = corner_angles(mesh).reshape(-1)
    planes = np.repeat(normals, 3, axis=0)
    pull = np.repeat(shifts, 3) * weights
    system = np.empty((count, 3, 3))
    aim = np.empty((count, 3))
    for row in range(3):
        aim[:, row] = np.bincount(where, pull * planes[:, row], count)
        for column in range(3):
            system[:, row, column] = np.bincount(where, weights * planes[:, row] * planes[:, column], count)
    total = np.trace(system, axis1=1, axis2=2)
    system += (_LOOSE * np.where(total > 0, total, 1.0) / 3)[:, None, None] * np.eye(3)
    moves = np.linalg.solve(system, aim[:, :, None])[:, :, 0]
    most = np.zeros(count)
    np.maximum.at(most, where, np.repeat(shifts, 3))
    far = np.linalg.norm(moves, axis=1)
    moves *= np.minimum(1.0, _FARTHEST * most / np.where(far > 0, far, 1.0))[:, None]
    return moves[ids].astype(np.float64)


def _mixed_faces(mesh: Mesh, walls: Walls) -> NDArray[np.bool_]:
    """Return which faces have places of both kinds, too thin and thick enough, or differ much within."""
    thin = walls.opposed & (walls.thickness < walls.limit)
    least, most = np.full(mesh.face_count, np.inf), np.zeros(mesh.face_count)
    capped = np.minimum(walls.thickness, walls.limit)
    np.minimum.at(least, walls.faces, capped)
    np.maximum.at(most, walls.faces, capped)
    some = np.zeros(mesh.face_count, bool)
    some[walls.faces[thin]] = True
    return some & (most - least > _EVEN * walls.limit)


def with_even_faces(mesh: Mesh, limit: float) -> tuple[Mesh, Walls]:
    """Return the mesh, large faces that are thin in one place and thick in another made smaller, and its walls."""
    walls = measured_walls(mesh, limit)
    for _ in range(_CUTS):
        smaller = edges_split(mesh, _mixed_faces(mesh, walls), 2 * limit)
        if smaller is mesh or smaller.face_count > _MOST_FACES + 2 * mesh.face_count:
            break
        mesh, walls = smaller, measured_walls(smaller, limit)
    return mesh, walls


def evened(mesh: Mesh, moves: NDArray[np.float64], times: int) -> NDArray[np.float64]:
    """Return the moves, those of each place `times` half way to the mean of its neighbours'."""
    from scipy.sparse import coo_array

    topology = Topology.of(mesh)
    per_place = np.zeros((topology.count, 3))
    per_place[topology.ids] = moves
    one, other = topology.edges.T
    both = (np.concatenate([one, other]), np.concatenate([other, one]))
    links = coo_array((np.ones(2 * len(one)), both), (topology.count, topology.count)).tocsr()
    neighbours = np.maximum(np.asarray(links.sum(axis=1)).reshape(-1, 1), 1)
    for _ in range(times):
        per_place = (per_place + (links @ per_place) / neighbours) / 2
    return per_place[topology.ids]


def thickened(mesh: Mesh, limit: float, way: Way, step: Callable[[float], None]) -> Mesh:
    """Return the mesh with its thin walls moved apart; faces and UVs stay."""
    for number in range(_ROUNDS):
        step(number / _ROUNDS)
        walls = measured_walls(mesh, limit)
        if not walls.thin.any():
            break
        moves = evened(mesh, corner_moves(mesh, needed_shifts(mesh, walls)), way.evenings)
        mesh = mesh.changed(vertices=(mesh.vertices + moves).astype(np.float32), polygons=None)
    return mesh
