"""A new surface takes over what the old one looked like: textures on a new layout, or colours of vertices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.layout import Layout, box_layout
from orfeas_desktop.engine.mesh.pick import with_vertices
from orfeas_desktop.engine.mesh.polygons import joined, starts_of
from orfeas_desktop.engine.mesh.retexture import plain_material, retextured, texture_slots
from orfeas_desktop.engine.mesh.transfer import colors_near, has_colors
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

_PADDING = 4


def resurfaced(given: Mesh, bare: Mesh, side: int, context: JobContext, start: float) -> Mesh:
    """Return `bare` with the looks of `given`, progress told from `start` on; polygons stay.

    Textures are carried over to a new layout of `side` texels, which always ends; “Unwrap” makes a finer one.
    Without any the colours go to the vertices.
    `side` 0 leaves all looks out but the first material's factors.
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
    new = laid(plain, box_layout(plain.vertices, plain.faces, side, _PADDING))
    context.progress(start + 0.1 * span)
    material = retextured(
        given, new, side, lambda share: context.progress(start + span * (0.1 + 0.9 * share))
    )
    if "normal_map" in slots:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "The normal map belonged to the old surface and was left out.")
        )
    return new.changed(materials=(material,))


def laid(mesh: Mesh, layout: Layout) -> Mesh:
    """Return the mesh with its vertices split as the layout wants; a polygon that is cut apart becomes triangles."""
    new = with_vertices(mesh, layout.rows).changed(faces=layout.faces, uvs=(layout.uv,), tangents=None)
    if mesh.polygons is None:
        return new
    return new.changed(polygons=joined(layout.faces, starts_of(mesh.polygons)))
