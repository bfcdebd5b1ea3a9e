"""Holes are closed: rims become triangles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.inspection import HalfEdges
from orfeas_desktop.engine.mesh.pick import with_vertices
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.weld import first_of_each, welded_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_MOST_CORNERS = 48
"""Larger rims are closed by a fan around their middle."""


@dataclass(frozen=True, eq=False)
class Closed:
    """The mesh, how many holes were closed and how many were left."""

    mesh: Mesh
    filled: int
    left: int


def closed_holes(mesh: Mesh, most_edges: int = 0, step: Callable[[float], None] | None = None) -> Closed:
    """Return the mesh with its holes of at most `most_edges` edges closed (0: all).

    Small ones get the triangulation of least area (Barequet and Sharir 1995), others a fan around their middle.
    New faces take UVs and material from the rim; where the rim runs over several charts, one colour of it.
    """
    ids = welded_ids(mesh.vertices)
    sides = HalfEdges.of(ids[mesh.faces], int(ids.max()) + 1)
    rims = [rim for rim in _rims(sides) if len(rim) >= 3]
    known = sides.ends[:, 0] * (int(ids.max()) + 1) + sides.ends[:, 1]
    patch = _Patch(mesh, ids, known)
    filled = 0
    for number, rim in enumerate(rims):
        if step is not None and number % 64 == 0:
            step(number / len(rims))
        if (most_edges and len(rim) > most_edges) or len(np.unique(rim // 3)) == 1:
            continue
        patch.close(rim)
        filled += 1
    return Closed(patch.grown() if filled else mesh, filled, len(rims) - filled)


def _rims(sides: HalfEdges) -> list[NDArray[np.int64]]:
    """Return each hole as sides `3 * face + corner` in the order that runs round it against the faces."""
    flat = sides.faces.reshape(-1)
    heads = np.roll(sides.faces, -1, axis=1).reshape(-1)
    rim = np.flatnonzero(sides.uses[sides.edge.reshape(-1)] == 1)
    leaving: dict[int, list[int]] = {}
    for side in rim.tolist():
        leaving.setdefault(int(heads[side]), []).append(side)
    loops: list[NDArray[np.int64]] = []
    for start in list(leaving):
        while leaving.get(start):
            loops += _walk(start, leaving, flat)
    return loops


def _walk(start: int, leaving: dict[int, list[int]], tails: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the loops met from `start`, taken out of `leaving`; a way that visits a place twice is parted there."""
    loops: list[NDArray[np.int64]] = []
    way: list[int] = []
    seen: dict[int, int] = {start: 0}
    at = start
    while leaving.get(at):
        side = leaving[at].pop()
        way.append(side)
        at = int(tails[side])
        if at in seen:
            cut = seen[at]
            loops.append(np.array(way[cut:], np.int64))
            for passed in way[cut:]:
                seen.pop(int(tails[passed]), None)
            seen[at] = cut
            way = way[:cut]
        else:
            seen[at] = len(way)
    return loops


class _Patch:
    """Collects the faces that close holes, and the vertices they need."""

    def __init__(self, mesh: Mesh, ids: NDArray[np.int64], known_edges: NDArray[np.int64]) -> None:
        self._mesh = mesh
        self._ids = ids
        self._places = int(ids.max()) + 1
        self._known = known_edges
        self._faces: list[NDArray[np.int64]] = []
        self._materials: list[NDArray[np.int64]] = []
        self._rows: list[NDArray[np.int64]] = []
        self._middles: list[tuple[int, NDArray[np.int64]]] = []
        self._plain: list[NDArray[np.int64]] = []
        self._count = mesh.vertex_count

    def close(self, rim: NDArray[np.int64]) -> None:
        """Close the hole whose sides, against the faces, are `rim`."""
        faces, corners = np.divmod(rim, 3)
        heads = self._mesh.faces[faces, (corners + 1) % 3].astype(np.int64)
        tails = self._mesh.faces[faces, corners].astype(np.int64)
        points = self._mesh.vertices[heads].astype(np.float64)
        triangles = _least_area(points) if len(rim) <= _MOST_CORNERS else None
        if triangles is None or self._doubled(triangles, self._ids[heads]):
            ring = np.arange(len(rim))
            triangles = np.stack([ring, np.roll(ring, -1), np.full_like(ring, len(rim))], axis=1)
        vertices = heads
        if self._mesh.uvs and (np.roll(heads, -1) != tails).any():
            self._plain.append(np.arange(self._count, self._count + len(heads)))
            vertices = self._take(heads)
        if triangles.max() == len(rim):
            vertices = np.append(vertices, self._count)
            self._middles.append((self._count, heads))
            self._take(vertices[:1] if vertices[0] < self._mesh.vertex_count else heads[:1])
            if self._plain and self._plain[-1][0] == vertices[0]:
                self._plain[-1] = np.append(self._plain[-1], vertices[-1])
        self._faces.append(vertices[triangles])
        groups = self._mesh.face_materials
        material = 0 if groups is None else int(groups[faces[0]])
        self._materials.append(np.full(len(triangles), material))

    def _take(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        self._rows.append(rows)
        numbers = np.arange(self._count, self._count + len(rows))
        self._count += len(rows)
        return numbers

    def _doubled(self, triangles: NDArray[np.int64], places: NDArray[np.int64]) -> bool:
        """Return whether a diagonal is an edge that the mesh has already."""
        count = len(places)
        pairs = np.sort(
            np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]]), axis=1
        )
        inner = pairs[(pairs[:, 1] - pairs[:, 0] != 1) & (pairs[:, 1] - pairs[:, 0] != count - 1)]
        ends = np.sort(places[inner], axis=1)
        keys = ends[:, 0] * self._places + ends[:, 1]
        at = np.minimum(np.searchsorted(self._known, keys), len(self._known) - 1)
        return bool((self._known[at] == keys).any())

    def grown(self) -> Mesh:
        """Return the mesh with the new faces."""
        mesh = self._mesh
        rows = np.concatenate([np.arange(mesh.vertex_count), *self._rows])
        grown = with_vertices(mesh, rows).changed(tangents=None)
        vertices = grown.vertices.copy()
        uvs = tuple(uv.copy() for uv in grown.uvs)
        for number, around in self._middles:
            vertices[number] = mesh.vertices[around].mean(axis=0, dtype=np.float64)
            for old, new in zip(mesh.uvs, uvs, strict=True):
                new[number] = old[around].mean(axis=0)
        for alike in self._plain:
            for new in uvs:
                new[alike] = new[alike[0]]
        groups = mesh.face_materials
        if groups is not None:
            groups = np.concatenate([groups, *self._materials]).astype(np.int32)
        faces = np.concatenate([mesh.faces, *self._faces]).astype(np.int32)
        return grown.changed(vertices=vertices, uvs=uvs, faces=faces, face_materials=groups)


def _least_area(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the (n - 2, 3) triangulation of least area of the closed way through (n, 3) `points`."""
    count = len(points)
    cost = np.zeros((count, count))
    best = np.zeros((count, count), np.int64)
    for span in range(2, count):
        for start in range(count - span):
            end = start + span
            middle = np.arange(start + 1, end)
            cross = np.cross(points[middle] - points[start], points[end] - points[start])
            total = cost[start, middle] + cost[middle, end] + np.linalg.norm(cross, axis=1)
            pick = int(total.argmin())
            cost[start, end], best[start, end] = total[pick], middle[pick]
    triangles: list[tuple[int, int, int]] = []
    waiting = [(0, count - 1)]
    while waiting:
        start, end = waiting.pop()
        if end - start >= 2:
            middle = int(best[start, end])
            triangles.append((start, middle, end))
            waiting += [(start, middle), (middle, end)]
    return np.array(triangles, np.int64)


def place_rows(mesh: Mesh) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (V,) the place of each vertex and the first vertex of each place."""
    ids = Topology.of(mesh).ids if "topology" in mesh.known else welded_ids(mesh.vertices)
    return ids, first_of_each(ids)
