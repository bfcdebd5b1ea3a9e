"""Scenes whose meshes have the tangents that normal maps are read with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.tangents import with_tangents

if TYPE_CHECKING:
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Scene


def with_tangents_where_needed(scene: Scene, *, everywhere: bool = False) -> Scene:
    """Return the scene, MikkTSpace tangents on meshes with a normal map (or `everywhere` with UVs) that lack them."""

    def change(mesh: Mesh) -> Mesh:
        sets = [
            material.normal_map.uv_set
            for material in mesh.materials
            if material.normal_map is not None and material.normal_map.uv_set < len(mesh.uvs)
        ]
        if mesh.tangents is not None or not mesh.uvs or not (sets or everywhere):
            return mesh
        return with_tangents(mesh, sets[0] if sets else 0)

    return scene.with_meshes(change)
