"""Several meshes become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import vertex_normals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Material, Mesh


def merged(meshes: Sequence[Mesh]) -> Mesh:
    """Return one mesh of all `meshes`, which share a unit; faces keep their order.

    What some lack is filled in: normals are computed, UV sets are zero, colours white; tangents need all.
    Equal materials become one, unless all meshes hold the same tuple of them. Polygons are left out.
    """
    shared = all(mesh.materials is meshes[0].materials for mesh in meshes)
    palette: dict[Material, int] = {}
    faces: list[NDArray[np.int32]] = []
    groups: list[NDArray[np.int32]] = []
    start = 0
    for mesh in meshes:
        own = mesh.face_materials
        group = np.zeros(mesh.face_count, np.int32) if own is None else own
        if not shared:
            group = np.array([palette.setdefault(m, len(palette)) for m in mesh.materials], np.int32)[group]
        groups.append(group)
        faces.append(mesh.faces + np.int32(start) if start else mesh.faces)
        start += mesh.vertex_count
    group = np.concatenate(groups)
    return meshes[0].changed(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        faces=np.concatenate(faces),
        normals=_normals(meshes),
        tangents=_tangents(meshes),
        uvs=_uvs(meshes),
        colors=_colors(meshes),
        materials=meshes[0].materials if shared else tuple(palette),
        face_materials=group if group.any() else None,
        polygons=None,
    )


def _normals(meshes: Sequence[Mesh]) -> NDArray[np.float32] | None:
    if all(mesh.normals is None for mesh in meshes):
        return None
    return np.concatenate([vertex_normals(mesh) if mesh.normals is None else mesh.normals for mesh in meshes])


def _tangents(meshes: Sequence[Mesh]) -> NDArray[np.float32] | None:
    own = [mesh.tangents for mesh in meshes if mesh.tangents is not None]
    return np.concatenate(own) if len(own) == len(meshes) else None


def _uvs(meshes: Sequence[Mesh]) -> tuple[NDArray[np.float32], ...]:
    sets = max(len(mesh.uvs) for mesh in meshes)
    return tuple(
        np.concatenate(
            [
                mesh.uvs[index] if index < len(mesh.uvs) else np.zeros((mesh.vertex_count, 2), np.float32)
                for mesh in meshes
            ]
        )
        for index in range(sets)
    )


def _colors(meshes: Sequence[Mesh]) -> NDArray[np.uint8] | None:
    if all(mesh.colors is None for mesh in meshes):
        return None
    return np.concatenate(
        [
            np.full((mesh.vertex_count, 4), 255, np.uint8) if mesh.colors is None else mesh.colors
            for mesh in meshes
        ]
    )
