"""Fewer faces in seconds where vertices carry UVs, colours, normals or materials: seams and rims stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.inspection import HalfEdges
from orfeas_desktop.engine.mesh.pick import with_vertices
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.transfer import barycentric
from orfeas_desktop.engine.mesh.weld import first_of_each, welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_BOX = 256.0
"""Fast-simplification collapses in rounds whose largest squared error starts at 2e-6 units, in a round the faces
as they come. In a box of one unit the first rounds would do it all, the first faces far more than the last."""

_ROOM = 1.25
"""Where seams stay, so many times the faces asked for are left, for a collapse that thins seams too."""

_AT_SEAM = 3
"""No fewer faces are left for each edge of a rim that stays."""

_FEW = 1e-4
"""The share of faces that may turn over in the texture: slivers at its seams."""


@dataclass(frozen=True, eq=False)
class _Wedges:
    """Vertices that differ in place, dress or material: faces (F, 3) name them, rows (W,) tell the vertex of each."""

    faces: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, mesh: Mesh) -> _Wedges:
        dress = [mesh.vertices, *mesh.uvs]
        dress += [array for array in (mesh.normals,) if array is not None]
        dress += [] if mesh.colors is None else [mesh.colors.astype(np.float32)]
        ids = welded_ids(*dress)
        faces, rows = ids[mesh.faces], first_of_each(ids)
        if mesh.face_materials is None:
            return cls(faces, rows)
        many = len(mesh.materials)
        keys, inverse = np.unique(faces * many + mesh.face_materials[:, None], return_inverse=True)
        return cls(inverse.reshape(-1, 3), rows[keys // many])


def thinned(mesh: Mesh, target: int) -> Mesh | None:
    """Return the mesh with about `target` faces, more where seams and rims must be thinned too.

    Vertices of seams, material borders and rims stay; others move to where the quadric error is least and take
    their UVs, colours and normals from the face of the mesh that they came to lie on. None when that would tear
    the surface, turn a face in the texture or save little.
    """
    wedges = _Wedges.of(mesh)
    whole = np.flatnonzero(_solid(wedges.faces))
    rims = int((HalfEdges.of(wedges.faces[whole], len(wedges.rows)).uses == 1).sum())
    goal = max(round(_ROOM * target), _AT_SEAM * rims) if rims else target
    if goal > 0.8 * mesh.face_count:
        return None
    places, faces, collapses = simplified(mesh, mesh.vertices[wedges.rows], wedges.faces[whole], goal)
    lead = _leads(len(wedges.rows), collapses)
    moved = lead[wedges.faces]
    owner = np.flatnonzero(_solid(moved))
    left = np.flatnonzero(np.bincount(moved[owner].reshape(-1), minlength=len(lead)))
    if len(owner) != len(faces) or len(left) != len(places):
        return None
    groups = mesh.face_materials
    made = _dressed(mesh, wedges, lead, left, places).changed(
        faces=faces.astype(np.int32),
        face_materials=None if groups is None else groups[owner],
        polygons=None,
        tangents=None,
    )
    turned = int(_turned(mesh, made, owner).sum())
    return made if _as_whole(mesh, made) and turned <= _FEW * made.face_count else None


def simplified(
    mesh: Mesh, places: NDArray[np.float32], faces: NDArray[np.int64], target: int
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """Return places and faces after edge collapses down to `target`, and (N, 2) which place went into which."""
    import fast_simplification

    low, high = mesh.bounds
    scale = (float((high - low).max()) or 1.0) / _BOX
    given = np.ascontiguousarray((places - low) / scale, np.float64)
    made, thin, *more = fast_simplification.simplify(
        given, faces.astype(np.int32), target_count=target, return_collapses=True, preserve_border=True
    )
    return (made * scale + low).astype(np.float32), thin.astype(np.int32), np.asarray(more[0], np.int32)


def _solid(faces: NDArray[np.int64]) -> NDArray[np.bool_]:
    a, b, c = faces.T
    return (a != b) & (b != c) & (a != c)


def _leads(count: int, collapses: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return (count,) what each place went into at last."""
    lead = np.arange(count)
    lead[collapses[:, 1]] = collapses[:, 0]
    while True:
        onward = lead[lead]
        if np.array_equal(onward, lead):
            return lead
        lead = onward


def _dressed(
    mesh: Mesh,
    wedges: _Wedges,
    lead: NDArray[np.int64],
    left: NDArray[np.int64],
    places: NDArray[np.float32],
) -> Mesh:
    """Return vertices at `places`, dressed as the faces of the mesh around the nearest vertex that went into each."""
    number = np.zeros(len(lead), np.int64)
    number[left] = np.arange(len(left))
    members = np.flatnonzero(np.isin(lead, left))
    into = number[lead[members]]
    away = np.linalg.norm(mesh.vertices[wedges.rows[members]] - places[into], axis=1)
    order = np.lexsort((away, into))
    nearest = members[order[np.searchsorted(into[order], np.arange(len(left)))]]
    made = with_vertices(mesh, wedges.rows[nearest])
    owner = np.full(len(lead), -1, np.int64)
    owner[nearest] = np.arange(len(left))
    around = np.flatnonzero((owner[wedges.faces] >= 0).any(axis=1))
    rows = np.repeat(around, 3)
    vertex = owner[wedges.faces[around]].reshape(-1)
    rows, vertex = rows[vertex >= 0], vertex[vertex >= 0]
    corners = mesh.vertices[mesh.faces[rows]].astype(np.float64)
    weights = barycentric(corners, places[vertex].astype(np.float64))
    gap = np.linalg.norm(np.einsum("nc,ncd->nd", weights, corners) - places[vertex], axis=1)
    best = np.lexsort((gap, vertex))
    best = best[np.searchsorted(vertex[best], np.arange(len(left)))]
    stays = (made.vertices == places).all(axis=1)[:, None]
    at, share = mesh.faces[rows[best]], weights[best]

    def laid(array: NDArray[np.float32] | NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.einsum("nc,ncd->nd", share, array[at].astype(np.float64))

    def kept(own: NDArray[np.float32], array: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.where(stays, own, laid(array)).astype(np.float32)

    colors = mesh.colors
    return made.changed(
        vertices=places,
        uvs=tuple(kept(own, uv) for own, uv in zip(made.uvs, mesh.uvs, strict=True)),
        colors=None if colors is None else laid(colors).round().astype(np.uint8),
    )


def _as_whole(mesh: Mesh, made: Mesh) -> bool:
    """Return whether no rim and no crowded edge has come up."""
    before, after = Topology.of(mesh), Topology.of(made)
    return bool(
        after.boundary.sum() <= before.boundary.sum() and (after.uses > 2).sum() <= (before.uses > 2).sum()
    )


def _turned(mesh: Mesh, made: Mesh, owner: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (F,) whether a face is turned over in a texture that was not before."""
    turned = np.zeros(made.face_count, bool)
    for uv, now in zip(mesh.uvs, made.uvs, strict=True):
        turned |= _areas(uv[mesh.faces[owner]]) * _areas(now[made.faces]) < 0
    return turned


def _areas(corners: NDArray[np.float32]) -> NDArray[np.float64]:
    ab, ac = (corners[:, at].astype(np.float64) - corners[:, 0] for at in (1, 2))
    return ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
