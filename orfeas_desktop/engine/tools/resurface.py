"""A new surface takes over what the old one looked like: textures on a new layout, or colours of vertices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.bake.bake import Plan, Work, bake
from orfeas_desktop.engine.bake.dress import dressed
from orfeas_desktop.engine.bake.maps import Map
from orfeas_desktop.engine.bake.projection import project
from orfeas_desktop.engine.mesh.box_charts import box_layout
from orfeas_desktop.engine.mesh.layout import Layout
from orfeas_desktop.engine.mesh.pick import with_vertices
from orfeas_desktop.engine.mesh.polygons import joined, starts_of
from orfeas_desktop.engine.mesh.retexture import plain_material, retextured, texture_slots
from orfeas_desktop.engine.mesh.tangents import with_tangents
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.transfer import colors_near, has_colors
from orfeas_desktop.engine.tools.charted import charted
from orfeas_desktop.params import Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

_PADDING = 4
_MOST_CHARTED = 40_000
"""Larger surfaces get the six sides of a box: an atlas takes much longer then, in more charts that fill less."""
_LIMIT_S = 60.0
_MUCH_FINER = 1.2
"""A surface with so many times the faces has detail that a normal map can tell."""
_MOST_MISSED = 0.3


def texture_side_param() -> int:
    """Declare the setting of how large textures of a new surface are."""
    return param(
        1024,
        QT_TRANSLATE_NOOP("Params", "Texture size"),
        QT_TRANSLATE_NOOP("Params", "What textures become on the new surface; 0 leaves colours out."),
        ge=0,
        le=8192,
        traits=Traits(unit="px", step=256, at_minimum=QT_TRANSLATE_NOOP("Params", "None")),
    )


def resurfaced(given: Mesh, bare: Mesh, side: int, context: JobContext, start: float) -> Mesh:
    """Return `bare` with the looks of `given`, progress told from `start` on; polygons stay.

    Textures are carried over to a new layout of `side` texels, which always ends; where the old surface is finer, or
    has a normal map, a new one tells its shape, and the mesh has normals and tangents. Without any textures the
    colours go to the vertices. `side` 0 leaves all looks out but the first material's factors.
    """
    plain = bare.changed(materials=(plain_material(given),), face_materials=None, uvs=(), colors=None)
    slots = texture_slots(given)
    if not slots and given.colors is None and len(given.materials) == 1:
        return plain.changed(materials=given.materials)
    if not side or not (slots or has_colors(given)):
        return plain
    span = 0.99 - start
    if not slots or not given.uvs:
        points = bare.vertices.astype(np.float64) * (bare.metres_per_unit / given.metres_per_unit)
        return plain.changed(
            colors=colors_near(given, points, lambda share: context.progress(start + span * share))
        )
    new = laid(plain, _layout(plain, side, context))
    context.progress(start + 0.3 * span)
    material = retextured(
        given, new, side, lambda share: context.progress(start + span * (0.3 + 0.4 * share))
    )
    new = new.changed(materials=(material,))
    if "normal_map" not in slots and given.face_count < _MUCH_FINER * new.face_count:
        return new
    return _with_normal_map(
        given, new, side, context, lambda share: context.progress(start + span * (0.7 + 0.3 * share))
    )


def _layout(mesh: Mesh, side: int, context: JobContext) -> Layout:
    layout = None
    if mesh.face_count <= _MOST_CHARTED and (Topology.of(mesh).uses <= 2).all():
        layout = charted(mesh, side, _PADDING, _LIMIT_S, context)
    return layout or box_layout(mesh.vertices, mesh.faces, side, _PADDING)


def laid(mesh: Mesh, layout: Layout) -> Mesh:
    """Return the mesh with its vertices split as the layout wants; a polygon that is cut apart becomes triangles."""
    new = with_vertices(mesh, layout.rows).changed(faces=layout.faces, uvs=(layout.uv,), tangents=None)
    return _with_polygons_of(mesh, new)


def _with_polygons_of(mesh: Mesh, new: Mesh) -> Mesh:
    if mesh.polygons is None:
        return new
    return new.changed(polygons=joined(new.faces, starts_of(mesh.polygons)))


def _with_normal_map(
    given: Mesh, new: Mesh, side: int, context: JobContext, step: Callable[[float], None]
) -> Mesh:
    """Return the mesh with a normal map of the old surface; without one where too little of that is beside it."""
    low = _with_polygons_of(new, with_tangents(new))
    ratio = np.float64(given.metres_per_unit / new.metres_per_unit)
    high = given.changed(
        vertices=(given.vertices * ratio).astype(np.float32), metres_per_unit=new.metres_per_unit
    )
    projection, _ = project(low, high, None, context.seed)
    if projection is not None:
        plan = Plan(maps=frozenset({Map.normal}), side=side)
        baked = bake(Work.projected(low, projection, plan, context.check_cancelled), plan, step)
        if baked.missed_share <= _MOST_MISSED:
            return low.changed(materials=(dressed(low.materials[0], baked.pictures, 0),))
    context.warn(
        QT_TRANSLATE_NOOP(
            "Warnings", "No normal map came about: the old surface is too far from the new one."
        )
    )
    return new
