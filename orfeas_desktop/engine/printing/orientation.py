"""Which way up a mesh prints best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.printing.overhangs import overhang_faces

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

    Vectors = NDArray[np.float64]

_FLATS = 60
_AROUND = 200
_MOST_FACES = 60_000
_ASK_EVERY = 32


@dataclass(frozen=True)
class Standing:
    """How a mesh stands when `down` points down: height, area of overhangs, air under them to the bed, area of
    the base that lies on the bed. In units of the mesh."""

    down: tuple[float, float, float]
    height: float
    overhang: float
    air: float
    base: float


@dataclass(frozen=True, eq=False)
class Facets:
    """Faces as an orientation sees them: normals (F, 3) of length area, middles (F, 3), hull points (H, 3)."""

    normals: Vectors
    middles: Vectors
    hull: Vectors

    @classmethod
    def of(cls, mesh: Mesh) -> Facets:
        """Return the faces of `mesh`; of very many, every n-th stands for its neighbours."""
        from scipy.spatial import ConvexHull, QhullError

        places = mesh.vertices.astype(np.float64)
        normals, middles = face_normals(mesh.vertices, mesh.faces) / 2, places[mesh.faces].mean(axis=1)
        every = max(mesh.face_count // _MOST_FACES, 1)
        try:
            hull = places[ConvexHull(places).vertices]
        except QhullError:
            hull = places
        return cls(normals[::every] * every, middles[::every], hull)

    def standing(self, down: Vectors, steepest_deg: float, layer: float) -> Standing:
        """Return how the mesh stands with the unit vector `down` pointing down."""
        reach = self.hull @ down
        floor = float(reach.max())
        heights = floor - self.middles @ down
        up = np.stack([np.zeros(len(heights)), np.zeros(len(heights)), -(self.normals @ down)], axis=1)
        across = np.linalg.norm(self.normals, axis=1)
        up[:, 0] = np.sqrt(np.maximum(across**2 - up[:, 2] ** 2, 0.0))
        hangs = overhang_faces(up, heights, steepest_deg, layer)
        shadow = np.maximum(-up[:, 2], 0.0)
        lies = (heights <= layer) & (shadow > 0.99 * across)
        x, y, z = down.tolist()
        return Standing(
            down=(x, y, z),
            height=floor - float(reach.min()),
            overhang=float(shadow[hangs].sum()),
            air=float((shadow * heights)[hangs].sum()),
            base=float(shadow[lies].sum()),
        )


def candidates(facets: Facets) -> Vectors:
    """Return (N, 3) unit directions to try as down: the largest flats, and ones all around."""
    area = np.linalg.norm(facets.normals, axis=1)
    unit = facets.normals / np.where(area > 0, area, 1.0)[:, None]
    rounded = np.round(unit * 20).astype(np.int64)
    kinds, where = np.unique(rounded, axis=0, return_inverse=True)
    where = where.reshape(-1)
    total = np.bincount(where, area, len(kinds))
    summed = np.stack([np.bincount(where, facets.normals[:, axis], len(kinds)) for axis in range(3)], axis=1)
    largest = summed[np.argsort(-total, kind="stable")[:_FLATS]]
    length = np.linalg.norm(largest, axis=1)
    flats = largest[length > 0] / length[length > 0][:, None]
    number = np.arange(_AROUND) + 0.5
    height, turn = 1 - 2 * number / _AROUND, np.pi * (1 + 5**0.5) * number
    flat = np.sqrt(1 - height**2)
    around = np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1)
    return np.concatenate([np.eye(3), -np.eye(3), flats, around])


def best_standing(
    facets: Facets,
    given: Vectors,
    weights: tuple[float, float],
    limits: tuple[float, float],
    step: Callable[[float], None],
) -> tuple[Standing, Standing]:
    """Return how it stands now, `given` pointing down, and the best way; the same when none is better.

    weights: of the air under overhangs and of the height; limits: steepest overhang in degrees, layer height.
    What a candidate costs is its share of the worst one's air and height; a larger base breaks ties.
    """
    now = facets.standing(given, *limits)
    tried = [now]
    downs = candidates(facets)
    for number, down in enumerate(downs):
        if number % _ASK_EVERY == 0:
            step(number / len(downs))
        tried.append(facets.standing(down, *limits))
    air = max(max(one.air for one in tried), 1e-30)
    height = max(max(one.height for one in tried), 1e-30)
    base = max(max(one.base for one in tried), 1e-30)

    def cost(one: Standing) -> float:
        return weights[0] * one.air / air + weights[1] * one.height / height - 0.02 * one.base / base

    best = min(tried, key=cost)
    return now, best if cost(best) < cost(now) - 1e-6 else now


def turn_down(down: Vectors) -> Vectors:
    """Return the (3, 3) rotation of the least angle that brings the unit vector `down` to -y."""
    target = np.array([0.0, -1.0, 0.0])
    axis, cosine = np.cross(down, target), float(down @ target)
    if cosine > 1 - 1e-12:
        return np.eye(3)
    if cosine < -1 + 1e-12:
        return np.diag([1.0, -1.0, -1.0])
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + cross + cross @ cross / (1 + cosine)
