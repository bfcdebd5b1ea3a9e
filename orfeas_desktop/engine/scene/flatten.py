"""A scene's meshes as one, for formats and tools that know no tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.transform import transformed
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Node, Scene


def in_metres(mesh: Mesh) -> Mesh:
    """Return the mesh with vertices in metres; itself when they are."""
    if mesh.metres_per_unit == 1.0:
        return mesh
    scaled = mesh.vertices * np.float32(mesh.metres_per_unit)
    return mesh.changed(vertices=scaled, metres_per_unit=1.0)


def moved(mesh: Mesh, matrix: NDArray[np.float64]) -> Mesh:
    """Return the mesh moved by `matrix`, in metres; itself when nothing moves."""
    plain = in_metres(mesh)
    return plain if np.array_equal(matrix, np.eye(4)) else transformed(plain, matrix)


def flat_parts(scene: Scene) -> tuple[tuple[str, Mesh], ...]:
    """Return the finest mesh of every node where it stands in the scene, with the node's name."""
    return tuple(
        (placed.node.name, moved(placed.node.mesh, placed.matrix))
        for placed in scene.walk()
        if placed.node.mesh is not None
    )


def flat_mesh(scene: Scene) -> Mesh:
    """Return the finest meshes of the scene as one, in metres. Raises BadMesh when there is none."""
    parts = flat_parts(scene)
    if not parts:
        raise BadMesh(name=scene.name, problem="it has no triangles")
    whole = parts[0][1] if len(parts) == 1 else merged([mesh for _, mesh in parts])
    return whole.changed(name=scene.name, extras=scene.extras).check()


def bounds_of(scene: Scene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest corner of the finest meshes, in metres. Raises BadMesh when there is none."""
    return _bounds(scene, lambda node: () if node.mesh is None else (node.mesh,))


def bounds_of_all(scene: Scene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest corner of all meshes, levels and collision pieces, in metres. Raises BadMesh."""
    return _bounds(scene, placed_meshes)


def placed_meshes(node: Node) -> tuple[Mesh, ...]:
    """Return the node's mesh, its levels and its collision pieces."""
    return (*(() if node.mesh is None else (node.mesh,)), *node.lods, *node.collision)


def _bounds(
    scene: Scene, meshes: Callable[[Node], tuple[Mesh, ...]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    corners = [
        side
        for placed in scene.walk()
        for mesh in meshes(placed.node)
        for side in _placed_bounds(mesh, placed.matrix)
    ]
    if not corners:
        raise BadMesh(name=scene.name, problem="it has no triangles")
    return np.min(corners, axis=0), np.max(corners, axis=0)


def _placed_bounds(
    mesh: Mesh, matrix: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    linear, offset = matrix[:3, :3] * mesh.metres_per_unit, matrix[:3, 3]
    if np.count_nonzero(linear) == 3 and np.count_nonzero(np.diag(linear)) == 3:
        ends = np.array(mesh.bounds, np.float64) * np.diag(linear) + offset
        return ends.min(axis=0), ends.max(axis=0)
    places = mesh.vertices @ linear.T + offset
    return places.min(axis=0), places.max(axis=0)
