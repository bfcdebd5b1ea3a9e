"""Textures carried over to another layout of the same faces."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orfeas_desktop.engine.bake.bake import Plan, Work, bake
from orfeas_desktop.engine.bake.dress import dressed
from orfeas_desktop.engine.bake.maps import Map
from orfeas_desktop.engine.mesh.mesh import Material
from orfeas_desktop.engine.mesh.tangents import with_tangents
from orfeas_desktop.engine.mesh.textures import textures_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh

_MAP_OF = {
    "base_color_texture": Map.base_color,
    "metallic_roughness_texture": Map.rough_metal,
    "normal_map": Map.normal,
    "occlusion_texture": Map.occlusion,
    "emissive_texture": Map.emissive,
}


def carried(old: Mesh, new: Mesh, side: int, step: Callable[[float], None]) -> Mesh:
    """Return `new`, which has the faces of `old` in their order, with the textures of `old` on its only UV set.

    The materials share pictures of `side` × `side` texels and keep their factors; normal maps are turned into the
    tangent frames of the new layout.
    """
    slots = {slot for material in old.materials for slot in textures_of(material)}
    if not slots:
        return new
    if "normal_map" in slots:
        new = with_tangents(new)
    plan = Plan(maps=frozenset(_MAP_OF[slot] for slot in slots), side=side)
    made = bake(Work.same_faces(new, _bare(old)), plan, step)
    shared = textures_of(dressed(Material(), made.pictures, 0))
    materials = tuple(
        replace(
            material,
            finish=material.finish.without_textures(),
            **{slot: shared[slot] for slot in textures_of(material)},
        )
        for material in old.materials
    )
    return new.changed(materials=materials)


def _bare(mesh: Mesh) -> Mesh:
    """Return the mesh with nothing but its textures, so that factors are not counted twice."""
    plain = {
        "base_color": (1.0, 1.0, 1.0, 1.0),
        "metallic": 1.0,
        "roughness": 1.0,
        "normal_scale": 1.0,
        "occlusion_strength": 1.0,
        "emissive": (1.0, 1.0, 1.0),
    }
    return mesh.changed(colors=None, materials=tuple(replace(one, **plain) for one in mesh.materials))
