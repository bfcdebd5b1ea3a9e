"""Small folds, where a surface runs through itself, smoothed away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.crossings import crossing_faces
from orfeas_desktop.engine.mesh.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from orfeas_desktop.engine.mesh.crossings import Crossings
    from orfeas_desktop.engine.mesh.mesh import Mesh

_ROUNDS = 12
_PASSES = 2
_LARGEST = 0.05
"""No more than this share of all places is moved: what is tangled further is no fold."""


def untangled(
    mesh: Mesh, step: Callable[[float], None], found: Crossings | None = None
) -> tuple[Mesh, int, int]:
    """Return the mesh without folds, how many places were moved and how many pairs of faces cross still.

    It is the mesh itself when nothing crosses or that cannot be mended. `found` is what crosses, where it is known.
    The corners of faces that pierce or lie on each other go towards the mean of their neighbours, in a neighbourhood that
    grows until nothing pierces. UVs and faces stay. `step` is told how far it is, 0..1.
    """
    topology = Topology.of(mesh)
    places = np.zeros((topology.count, 3))
    places[topology.ids] = mesh.vertices
    given, left = places.copy(), 0
    near = _neighbours(topology)
    region = np.ones(topology.count, bool)
    for number in range(_ROUNDS):
        step(number / _ROUNDS)
        if found is None:
            moved = np.asarray(region[topology.faces].any(axis=1))
            found = crossing_faces(places, topology.faces, among=moved)
        pairs, found = found.every, None
        left = left if number else len(pairs)
        if not len(pairs):
            changed = (places != given).any(axis=1)
            if not changed.any():
                return mesh, 0, 0
            vertices = np.where(changed[topology.ids][:, None], places[topology.ids], mesh.vertices)
            return mesh.changed(vertices=vertices.astype(np.float32), polygons=None), int(changed.sum()), 0
        region = np.zeros(topology.count, bool)
        region[topology.faces[np.unique(pairs)]] = True
        for _ in range(1 + number // 3):
            region = region | (near @ region.astype(np.float32) > 0)
        if region.sum() > _LARGEST * topology.count:
            break
        places = _smoothed(places, near, region)
    return mesh, 0, left


def _neighbours(topology: Topology) -> csr_array:
    from scipy.sparse import coo_array

    one, other = topology.edges.T
    both = (np.concatenate([one, other]), np.concatenate([other, one]))
    return coo_array((np.ones(2 * len(one), np.float32), both), (topology.count, topology.count)).tocsr()


def _smoothed(places: NDArray[np.float64], near: csr_array, region: NDArray[np.bool_]) -> NDArray[np.float64]:
    rows = near[np.flatnonzero(region)]
    count = np.maximum(np.asarray(rows.sum(axis=1)).reshape(-1, 1), 1)
    for _ in range(_PASSES):
        mean = (rows @ places) / count
        places = places.copy()
        places[region] = (places[region] + mean) / 2
        places = places.astype(np.float32).astype(np.float64)
    return places
