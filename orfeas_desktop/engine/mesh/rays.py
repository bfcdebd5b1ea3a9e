"""Where rays first meet a surface (Embree)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from orfeas_desktop.engine.mesh.normals import face_normals

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from embreex.rtcore_scene import EmbreeScene
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_AT_ONCE = 200_000
_ALONE = 20_000
"""Fewer rays are asked by one thread."""
_START = 3e-6
"""How far along a ray looking begins, in sizes of the surface: more than float32 rounds, so that no ray meets the
face it starts on."""


@dataclass(frozen=True, eq=False)
class Hits:
    """faces (N,) the first one each ray meets, -1 for none; distances (N,) in units of the mesh, infinite for none."""

    faces: NDArray[np.int64]
    distances: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Met:
    """faces (N,) the first one each ray meets, -1 for none; weights (N, 3) barycentric; distances (N,) as given."""

    faces: NDArray[np.int64]
    weights: NDArray[np.float32]
    distances: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RayTree:
    """A surface ready to be asked; Embree works in float32 on a copy of size 1 around the origin."""

    scene: EmbreeScene
    places: NDArray[np.float64]
    faces: NDArray[np.int32]
    normals: NDArray[np.float64]
    """Unit length, zero for a face without area."""
    middle: NDArray[np.float64]
    size: float

    @classmethod
    def of(cls, mesh: Mesh) -> Self:
        """Return the tree over `mesh`, built once."""
        known = mesh.known.get("rays")
        if not isinstance(known, cls):
            known = mesh.known["rays"] = cls._built(mesh)
        return known

    @classmethod
    def _built(cls, mesh: Mesh) -> Self:
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene

        low, high = (side.astype(np.float64) for side in mesh.bounds)
        middle, size = (low + high) / 2, float(np.linalg.norm(high - low)) or 1.0
        places = (mesh.vertices.astype(np.float64) - middle) / size
        scene = EmbreeScene(robust=True)
        TriangleMesh(scene, places.astype(np.float32), np.ascontiguousarray(mesh.faces, np.int32))
        scene.run(np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32))  # builds it, before threads ask
        normals = face_normals(places, mesh.faces)
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        return cls(scene, places, mesh.faces, normals / np.where(length > 0, length, 1.0), middle, size)

    def first(
        self,
        starts: NDArray[np.floating],
        directions: NDArray[np.floating],
        step: Callable[[float], None] | None = None,
    ) -> Hits:
        """Return what rays from (N, 3) `starts` along (N, 3) unit `directions` meet; `step` is told 0..1.

        Distances come from the plane of the face met, in float64.
        """
        faces = np.full(len(starts), -1, np.int64)
        distances = np.full(len(starts), np.inf)
        for start in range(0, len(starts), _AT_ONCE):
            if step is not None:
                step(start / len(starts))
            part = slice(start, start + _AT_ONCE)
            faces[part], distances[part] = self._some(
                (starts[part] - self.middle) / self.size, directions[part].astype(np.float64)
            )
        return Hits(faces, distances * self.size)

    def met(self, starts: NDArray[np.floating], directions: NDArray[np.floating], reach: float) -> Met:
        """Return what rays meet within `reach`, in single precision; places and lengths are `placed` ones."""
        found = self._run(starts, directions, reach, query="INTERSECT", output=True)
        second, third = found["u"], found["v"]
        weights = np.stack([1 - second - third, second, third], axis=1)
        return Met(found["primID"].astype(np.int64), weights, found["tfar"])

    def blocked(
        self, starts: NDArray[np.floating], directions: NDArray[np.floating], reach: float
    ) -> NDArray[np.bool_]:
        """Return whether rays meet anything within `reach`; places and lengths are `placed` ones."""
        return self._run(starts, directions, reach, query="OCCLUDED") >= 0

    def _run(
        self, starts: NDArray[np.floating], directions: NDArray[np.floating], reach: float, **how: str | bool
    ) -> Any:
        def ask(part: slice) -> Any:
            some = starts[part].astype(np.float32)
            limits = np.full(len(some), reach, np.float32)
            return self.scene.run(some, directions[part].astype(np.float32), dists=limits, **how)

        found = _in_halves(ask, len(starts))
        if isinstance(found[0], dict):
            return {name: np.concatenate([some[name] for some in found]) for name in found[0]}
        return np.concatenate(found)

    def placed(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return points of the mesh's space where they lie in the tree's, of which the surface has the size 1."""
        return ((points - self.middle) / self.size).astype(np.float32)

    def _some(
        self, starts: NDArray[np.float64], directions: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        begun = starts + _START * directions

        def ask(part: slice) -> Any:
            return self.scene.run(begun[part].astype(np.float32), directions[part].astype(np.float32))

        met = np.concatenate(_in_halves(ask, len(starts))).astype(np.int64)
        hit = np.flatnonzero(met >= 0)
        normal = self.normals[met[hit]]
        slope = np.einsum("nd,nd->n", normal, directions[hit])
        rise = np.einsum("nd,nd->n", normal, self.places[self.faces[met[hit], 0]] - starts[hit])
        known = np.abs(slope) > 1e-9
        distances = np.full(len(starts), np.inf)
        distances[hit[known]] = np.maximum(rise[known] / slope[known], 0.0)
        met[hit[~known]] = -1
        return met, distances


def _in_halves(ask: Callable[[slice], Any], count: int) -> list[Any]:
    """Return what `ask` finds of each half of so many rays, two threads asking; few are asked at once."""
    if count < _ALONE:
        return [ask(slice(None))]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(ask, (slice(count // 2), slice(count // 2, None))))
