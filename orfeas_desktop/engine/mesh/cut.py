"""Half a mesh: what lies on one side of a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh


def half(mesh: Mesh, axis: int, at: float, *, upper: bool) -> tuple[Mesh, NDArray[np.bool_]] | None:
    """Return what lies above (`upper`) or below `at` on `axis`, and (V,) which vertices lie on the plane.

    Triangles across are cut, new vertices interpolated; faces within the plane are left out, and so are tangents
    and polygons. The cut stays open. None when nothing lies there.
    """
    side = (mesh.vertices[:, axis].astype(np.float64) - at) * (1.0 if upper else -1.0)
    reach = float(np.abs(side).max())
    side = np.where(np.abs(side) <= 1e-6 * reach, 0.0, side)
    corners = side[mesh.faces]
    whole = (corners >= 0).all(axis=1) & (corners > 0).any(axis=1)
    across = (corners > 0).any(axis=1) & (corners < 0).any(axis=1)
    if not whole.any() and not across.any():
        return None
    cuts = _Cuts(side, mesh.vertex_count)
    pieces, owner = _clipped(mesh.faces[across], side, cuts)
    faces = np.concatenate([mesh.faces[whole], pieces])
    of_face = np.concatenate([np.flatnonzero(whole), np.flatnonzero(across)[owner]])
    grown = _with_cuts(mesh, cuts)
    on_plane = np.concatenate([side == 0, np.ones(cuts.count, bool)])
    used = np.unique(faces)
    number = np.zeros(grown.vertex_count, np.int32)
    number[used] = np.arange(len(used), dtype=np.int32)
    vertices = grown.vertices[used].copy()
    vertices[on_plane[used], axis] = np.float32(at)
    groups = mesh.face_materials
    result = grown.changed(
        vertices=vertices,
        faces=number[faces],
        normals=None if grown.normals is None else grown.normals[used],
        uvs=tuple(uv[used] for uv in grown.uvs),
        colors=None if grown.colors is None else grown.colors[used],
        face_materials=None if groups is None else groups[of_face],
    )
    return result, on_plane[used]


class _Cuts:
    """New vertices, one per cut edge of the mesh."""

    def __init__(self, side: NDArray[np.float64], vertex_count: int) -> None:
        self._side = side
        self._first = vertex_count
        self._edges: NDArray[np.int64] = np.zeros((0, 2), np.int64)

    @property
    def count(self) -> int:
        return len(self._edges)

    @property
    def edges(self) -> NDArray[np.int64]:
        return self._edges

    def shares(self) -> NDArray[np.float64]:
        """Return (N, 1) how much of the edge's second vertex each cut takes."""
        first, second = self._side[self._edges[:, 0]], self._side[self._edges[:, 1]]
        return (first / (first - second))[:, None]

    def take(self, pairs: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the numbers of the vertices that cut these (N, 2) edges, equal for equal edges."""
        ordered = np.sort(pairs, axis=1)
        keys, place = np.unique(ordered[:, 0] * self._first + ordered[:, 1], return_inverse=True)
        self._edges = np.stack([keys // self._first, keys % self._first], axis=1)
        return (place + self._first).astype(np.int32)


def _clipped(
    faces: NDArray[np.int32], side: NDArray[np.float64], cuts: _Cuts
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the triangles of `faces` on the positive side, and which face each is of."""
    if not len(faces):
        return np.zeros((0, 3), np.int32), np.zeros(0, np.int64)
    heights = side[faces]
    lone = np.where((heights > 0).sum(axis=1) == 1, np.argmax(heights, axis=1), np.argmin(heights, axis=1))
    rows = np.arange(len(faces))
    turned = np.stack([faces[rows, (lone + step) % 3] for step in range(3)], axis=1)
    a, b, c = turned.T
    above, flat_b, flat_c = side[a] > 0, side[b] == 0, side[c] == 0
    pairs = np.concatenate([np.stack([a, b], axis=1), np.stack([a, c], axis=1)]).astype(np.int64)
    crossing = side[pairs[:, 0]] * side[pairs[:, 1]] < 0
    new = np.where(flat_b, b, 0), np.where(flat_c, c, 0)
    points = np.concatenate(new).astype(np.int32)
    points[crossing] = cuts.take(pairs[crossing])
    ab, ac = points[: len(a)], points[len(a) :]
    tip = np.stack([a, ab, ac], axis=1)[above]
    below = ~above
    first = np.stack([ab, b, c], axis=1)
    second = np.stack([ab, c, ac], axis=1)
    pieces = np.concatenate([tip, first[below], second[below]]).astype(np.int32)
    owner = np.concatenate([rows[above], rows[below], rows[below]])
    order = np.argsort(owner, kind="stable")
    return pieces[order], owner[order]


def _with_cuts(mesh: Mesh, cuts: _Cuts) -> Mesh:
    if not cuts.count:
        return mesh.changed(tangents=None, polygons=None)
    a, b = cuts.edges.T
    share = cuts.shares()

    def grown(array: NDArray[np.float32]) -> NDArray[np.float32]:
        between = array[a].astype(np.float64) * (1 - share) + array[b].astype(np.float64) * share
        return np.concatenate([array, between.astype(np.float32)])

    normals = mesh.normals
    if normals is not None:
        normals = grown(normals)
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        normals = (normals / np.where(length > 0, length, 1)).astype(np.float32)
    colors = None if mesh.colors is None else np.rint(grown(mesh.colors.astype(np.float32))).astype(np.uint8)
    return mesh.changed(
        vertices=grown(mesh.vertices),
        normals=normals,
        tangents=None,
        uvs=tuple(grown(uv) for uv in mesh.uvs),
        colors=colors,
        polygons=None,
    )
