"""Scenes whose meshes have the tangents that normal maps are read with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.tangents import with_tangents

if TYPE_CHECKING:
    from orfeas_desktop.engine.mesh.mesh import Material, Mesh
    from orfeas_desktop.engine.scene.scene import Scene


def with_tangents_for_finish(scene: Scene) -> Scene:
    """Return the scene, tangents on meshes whose highlights follow them: glTF asks for them in the file then."""
    if not any(_follows(material) for mesh in scene.meshes() for material in mesh.materials):
        return scene

    def change(mesh: Mesh) -> Mesh:
        needed = mesh.tangents is None and mesh.uvs and any(map(_follows, mesh.materials))
        return with_tangents(mesh) if needed else mesh

    return scene.with_meshes(change)


def _follows(material: Material) -> bool:
    finish = material.finish
    return "anisotropy" in finish.used() or finish.clearcoat.clearcoat_normal_texture is not None


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
