"""Mending: what makes a broken surface one closed manifold again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.holes import place_rows
from orfeas_desktop.engine.mesh.inspection import HalfEdges, corner_fans, duplicates, turned_faces
from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.pick import picked, with_new_normals
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.weld import first_of_each

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_ROUNDS = 6


@dataclass(frozen=True, eq=False)
class Change:
    """The mesh and how many faces, places or pieces the step took, turned or moved."""

    mesh: Mesh
    count: int


def snapped(mesh: Mesh, distance: float) -> Change:
    """Return the mesh with places closer than `distance` brought together; faces and UVs stay."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    ids, first = place_rows(mesh)
    places = mesh.vertices[first].astype(np.float64)
    pairs = KDTree(places).query_pairs(distance, output_type="ndarray")
    if not len(pairs):
        return Change(mesh, 0)
    links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), (len(places), len(places)))
    count, labels = connected_components(links, directed=False)
    lead = np.zeros(count, np.int64)
    lead[labels[::-1]] = np.arange(len(places))[::-1]
    vertices = mesh.vertices[first[lead[labels]]][ids]
    return Change(mesh.changed(vertices=vertices, polygons=None), len(places) - count)


def without_useless_faces(mesh: Mesh) -> Change:
    """Return the mesh without faces that have two corners at one place or lie on the corners of another."""
    ids, _ = place_rows(mesh)
    a, b, c = ids[mesh.faces].T
    keep = np.flatnonzero((a != b) & (b != c) & (a != c))
    doubled = duplicates(ids[mesh.faces[keep]])
    keep = np.delete(keep, doubled)
    taken = mesh.face_count - len(keep)
    return Change(picked(mesh, keep) if taken else mesh, taken)


def without_fins(mesh: Mesh) -> Change:
    """Return the mesh with at most two faces at each edge: fins that end in the open go first, then the smallest."""
    taken = 0
    for _ in range(_ROUNDS):
        ids, first = place_rows(mesh)
        sides = HalfEdges.of(ids[mesh.faces], len(first))
        crowded = sides.uses[sides.edge] > 2
        if not crowded.any():
            break
        open_side = (sides.uses[sides.edge] == 1).any(axis=1)
        drop = crowded.any(axis=1) & open_side
        if not drop.any():
            drop = _smallest_of_crowds(mesh, sides)
        taken += int(drop.sum())
        mesh = picked(mesh, ~drop)
    return Change(mesh, taken)


def _smallest_of_crowds(mesh: Mesh, sides: HalfEdges) -> NDArray[np.bool_]:
    areas = np.linalg.norm(face_normals(mesh.vertices, mesh.faces), axis=1)
    edge = sides.edge.reshape(-1)
    order = np.lexsort((-np.repeat(areas, 3), edge))
    starts = np.cumsum(sides.uses) - sides.uses
    rank = np.arange(len(edge)) - starts[edge[order]]
    drop = np.zeros(mesh.face_count, bool)
    drop[order[rank >= 2] // 3] = True
    return drop


def without_pinches(mesh: Mesh) -> Change:
    """Return the mesh with one fan of faces at each place, the smaller fans taken away."""
    taken = 0
    for _ in range(_ROUNDS):
        ids, first = place_rows(mesh)
        sides = HalfEdges.of(ids[mesh.faces], len(first))
        fans = corner_fans(sides)
        corners = sides.faces.reshape(-1)
        many = np.bincount(corners[first_of_each(fans)], minlength=len(first)) > 1
        pinched = np.flatnonzero(many[corners])
        if not len(pinched):
            break
        sizes = np.bincount(fans)
        largest = np.zeros(len(first), np.int64)
        order = pinched[np.lexsort((-fans[pinched], sizes[fans[pinched]]))]
        largest[corners[order]] = fans[order]
        drop = np.zeros(mesh.face_count, bool)
        drop[pinched[fans[pinched] != largest[corners[pinched]]] // 3] = True
        taken += int(drop.sum())
        mesh = picked(mesh, ~drop)
    return Change(mesh, taken)


def without_small_pieces(mesh: Mesh, share: float) -> Change:
    """Return the mesh without pieces whose box is smaller than `share` of the largest one's, by the diagonal."""
    ids, first = place_rows(mesh)
    pieces = _pieces(mesh)
    places = mesh.vertices[first].astype(np.float64)
    owner = np.zeros(len(first), np.int64)
    owner[ids[mesh.faces]] = pieces[:, None]
    count = int(pieces.max()) + 1
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    used = np.unique(ids[mesh.faces])
    np.minimum.at(low, owner[used], places[used])
    np.maximum.at(high, owner[used], places[used])
    sizes = np.linalg.norm(high - low, axis=1)
    small = sizes < share * sizes.max()
    return Change(picked(mesh, ~small[pieces]) if small.any() else mesh, int(small.sum()))


def _pieces(mesh: Mesh) -> NDArray[np.int64]:
    """Return (F,) the piece of each face; faces must have three different places."""
    return Topology.of(mesh).component_ids()


def agreeing(mesh: Mesh) -> Change:
    """Return the mesh with neighbours that agree which side is out, the fewer turned."""
    ids, first = place_rows(mesh)
    turned = turned_faces(HalfEdges.of(ids[mesh.faces], len(first)))
    return Change(_turned(mesh, turned), len(turned))


def outward(mesh: Mesh, *, open_too: bool = False) -> Change:
    """Return the mesh with closed pieces that look out of what they enclose, hollows looking inwards.

    With `open_too` pieces with holes are judged by the volume under their faces.
    """
    pieces = _pieces(mesh)
    count = int(pieces.max()) + 1
    volumes = _volumes(mesh, pieces, count)
    judged = np.ones(count, bool)
    if not open_too:
        ids, first = place_rows(mesh)
        sides = HalfEdges.of(ids[mesh.faces], len(first))
        judged[pieces[(sides.uses[sides.edge] != 2).any(axis=1)]] = False
    wrong = [
        piece
        for piece in np.flatnonzero(judged & (volumes < 0)).tolist()
        if not _is_within(mesh, pieces, piece)
    ]
    turned = np.flatnonzero(np.isin(pieces, wrong))
    return Change(_turned(mesh, turned), len(turned))


def _volumes(mesh: Mesh, pieces: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return the signed volume of each piece, its faces seen from their middle."""
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    sizes = np.bincount(pieces, minlength=count)
    middle = np.stack(
        [np.bincount(pieces, corners[:, :, axis].mean(axis=1), count) / sizes for axis in range(3)], axis=1
    )
    reach = np.einsum("fd,fd->f", corners[:, 0] - middle[pieces], face_normals(mesh.vertices, mesh.faces))
    return np.bincount(pieces, reach, count) / 6


def _is_within(mesh: Mesh, pieces: NDArray[np.int64], piece: int) -> bool:
    """Return whether a ray from a face of the piece leaves the other pieces an odd number of times."""
    corners = mesh.vertices[mesh.faces[pieces == piece][0]]
    others = mesh.vertices[mesh.faces[pieces != piece]].astype(np.float64)
    if not len(others):
        return False
    start = corners.mean(axis=0, dtype=np.float64)
    ray = np.array([0.36, 0.48, 0.8])
    edge_b, edge_c = others[:, 1] - others[:, 0], others[:, 2] - others[:, 0]
    across = np.cross(ray, edge_c)
    area = np.einsum("fd,fd->f", edge_b, across)
    good = area != 0
    share = 1.0 / np.where(good, area, 1.0)
    off = start - others[:, 0]
    u = np.einsum("fd,fd->f", off, across) * share
    turned = np.cross(off, edge_b)
    v = turned @ ray * share
    t = np.einsum("fd,fd->f", edge_c, turned) * share
    return bool((good & (u >= 0) & (v >= 0) & (u + v < 1) & (t > 0)).sum() % 2)


def _turned(mesh: Mesh, faces: NDArray[np.int64]) -> Mesh:
    if not len(faces):
        return mesh
    turned = mesh.faces.copy()
    turned[faces] = turned[faces][:, ::-1]
    return with_new_normals(mesh.changed(faces=turned, polygons=None))
