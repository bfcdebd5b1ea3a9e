"""Four faces for one: Loop subdivision, or plain halves that keep the shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.pick import picked, with_new_normals
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.weld import first_of_each

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh


def subdivided(mesh: Mesh, *, smooth: bool) -> Mesh | None:
    """Return the mesh with each face in four; None when no face has three different places.

    `smooth` moves vertices by Loop's rules (1987), rims and crowded edges as curves of their own; otherwise
    vertices stay. UVs and colours lie halfway along each edge.
    """
    corners = Topology.of(mesh).ids[mesh.faces]
    whole = (corners != np.roll(corners, 1, axis=1)).all(axis=1)
    if not whole.any():
        return None
    if not whole.all():
        mesh = picked(mesh, whole)
    topology = Topology.of(mesh)
    places = mesh.vertices[first_of_each(topology.ids)].astype(np.float64)
    count = mesh.vertex_count
    ends = np.sort(np.stack([mesh.faces, np.roll(mesh.faces, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    keys, sides = np.unique(ends[:, 0].astype(np.int64) * count + ends[:, 1], return_inverse=True)
    first, second = keys // count, keys % count
    even, odd = _moved(places, topology) if smooth else (places, places[topology.edges].mean(axis=1))
    lows = np.sort(np.stack([topology.ids[first], topology.ids[second]], axis=1), axis=1)
    known = topology.edges[:, 0] * topology.count + topology.edges[:, 1]
    middles = odd[np.searchsorted(known, lows[:, 0] * topology.count + lows[:, 1])]
    a, b, c = mesh.faces.T
    ab, bc, ca = (sides.reshape(-1, 3) + count).astype(np.int32).T
    faces = np.stack([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], axis=1).reshape(-1, 3)

    def halved(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.concatenate([rows, ((rows[first] + rows[second]) / 2).astype(np.float32)])

    colors = mesh.colors
    if colors is not None:
        between = (colors[first].astype(np.uint16) + colors[second] + 1) // 2
        colors = np.concatenate([colors, between.astype(np.uint8)])
    made = mesh.changed(
        vertices=np.concatenate([even[topology.ids], middles]).astype(np.float32),
        faces=faces.astype(np.int32),
        normals=None if mesh.normals is None else halved(mesh.normals),
        tangents=None,
        uvs=tuple(halved(uv) for uv in mesh.uvs),
        colors=colors,
        face_materials=None if mesh.face_materials is None else np.repeat(mesh.face_materials, 4),
        polygons=None,
    )
    return with_new_normals(made)


def _moved(
    places: NDArray[np.float64], topology: Topology
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where Loop's rules put the places, and the middles of the edges."""
    count, edges = topology.count, topology.edges
    sharp = topology.uses != 2
    faces = topology.faces
    tails, heads = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    lows, highs = np.minimum(tails, heads), np.maximum(tails, heads)
    at = np.searchsorted(edges[:, 0] * count + edges[:, 1], lows * count + highs)
    opposite = _summed(at, places[np.roll(faces, -2, axis=1).reshape(-1)], len(edges))
    odd = places[edges].mean(axis=1)
    odd[~sharp] = 0.75 * odd[~sharp] + 0.125 * opposite[~sharp]
    around = _neighbours(places, edges)
    valence = np.bincount(edges.reshape(-1), minlength=count)
    share = np.maximum(valence, 1)
    beta = (0.625 - (0.375 + 0.25 * np.cos(2 * np.pi / share)) ** 2) / share
    even = places * (1 - valence * beta)[:, None] + around * beta[:, None]
    rims = np.bincount(edges[sharp].reshape(-1), minlength=count)
    curve = 0.75 * places + 0.125 * _neighbours(places, edges[sharp])
    even = np.where((rims == 2)[:, None], curve, even)
    return np.where(((rims != 0) & (rims != 2))[:, None], places, even), odd


def _neighbours(places: NDArray[np.float64], edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sum of each place's neighbours along the edges."""
    return _summed(edges[:, 0], places[edges[:, 1]], len(places)) + _summed(
        edges[:, 1], places[edges[:, 0]], len(places)
    )


def _summed(at: NDArray[np.int64], rows: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    columns = [np.bincount(at, rows[:, axis], count) for axis in range(3)]
    return np.stack(columns, axis=1).astype(np.float64)
