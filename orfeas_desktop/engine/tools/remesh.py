"""Remesh: the same shape with new faces, even triangles, quads or those of a grid."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh import mend
from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.remesh import (
    even_triangles,
    quads,
    quads_can_be_made,
    surface_mesh,
    welded_surface,
)
from orfeas_desktop.engine.mesh.winding import enclosed
from orfeas_desktop.engine.tools.child import FEW_CELLS, FEW_FACES, bare, ended_at_will, in_child
from orfeas_desktop.engine.tools.resurface import resurfaced, texture_side_param
from orfeas_desktop.engine.tools.workshop import Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

_AT_ONCE = 2000
"""Fewer faces are clustered in a moment, in this process."""
_LIMIT_S = 900.0


class Faces(StrEnum):
    """What the new faces are."""

    triangles = "triangles"
    quads = "quads"
    grid = "grid"


class RemeshParams(Params):
    """Settings of the tool `remesh`."""

    kind: Faces = param(
        Faces.triangles,
        QT_TRANSLATE_NOOP("Params", "New faces"),
        QT_TRANSLATE_NOOP("Params", "What the surface is made of afterwards."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Even triangles"),
                QT_TRANSLATE_NOOP("Params", "Quads that follow the shape"),
                QT_TRANSLATE_NOOP("Params", "Cells of a grid (closes everything)"),
            )
        ),
    )
    faces: int = param(
        10_000,
        QT_TRANSLATE_NOOP("Params", "Faces"),
        QT_TRANSLATE_NOOP("Params", "About how many triangles or quads; not for the grid."),
        ge=100,
        le=200_000,
        traits=Traits(step=1000),
    )
    cells: int = param(
        128,
        QT_TRANSLATE_NOOP("Params", "Resolution"),
        QT_TRANSLATE_NOOP("Params", "For the grid: cells along the longest side."),
        ge=24,
        le=400,
    )
    texture_side: int = texture_side_param()


def _make(meshes: tuple[Mesh, ...], params: RemeshParams, context: JobContext) -> Made:
    given = meshes[0]
    surface = _grid(given, params, context) if params.kind is Faces.grid else _drawn(given, params, context)
    if surface is None:
        raise refuse(given, "no new surface came about; “Repair” first may help")
    context.progress(0.6)
    made = resurfaced(given, surface, params.texture_side, context, 0.6)
    if given.normals is not None and made.tangents is None:
        made = made.changed(normals=vertex_normals(made))
    if made.polygons is not None:
        sizes = made.polygons.offsets[1:] - made.polygons.offsets[:-1]
        context.fact("quads", int((sizes == 4).sum()))
        context.fact("polygons", len(sizes))
    return Made(made)


def _grid(given: Mesh, params: RemeshParams, context: JobContext) -> Mesh | None:
    if not mend.without_useless_faces(given).mesh.face_count:
        raise refuse(given, "no face of it has an area")
    return ended_at_will(
        gridded,
        (bare(given), params.cells),
        context,
        lambda share: context.progress(0.6 * share),
        small=given.face_count <= FEW_FACES and params.cells <= FEW_CELLS,
    )


def gridded(mesh: Mesh, cells: int, step: Callable[[float], None]) -> Mesh | None:
    """Return the surface on a grid around what `mesh` encloses."""
    whole = mend.without_useless_faces(mesh).mesh
    whole = mend.outward(mend.agreeing(whole).mesh, open_too=True).mesh
    return enclosed(whole, cells, step)


def _drawn(given: Mesh, params: RemeshParams, context: JobContext) -> Mesh | None:
    places, faces = welded_surface(given)
    if len(faces) < 4:
        raise refuse(given, "it has too few faces with an area")
    context.progress(0.1)
    if params.kind is Faces.quads:
        if not quads_can_be_made():
            raise refuse(given, "quads cannot be made on this system; even triangles can")
        made = in_child(quads, (places, faces, params.faces), context, _LIMIT_S)
    elif max(len(faces), params.faces) <= _AT_ONCE:
        made = even_triangles(places, faces, params.faces)
    else:
        made = in_child(even_triangles, (places, faces, params.faces), context, _LIMIT_S)
    context.progress(0.5)
    return None if made is None else surface_mesh(made, given)


REMESH = WorkshopTool(
    id="remesh",
    version=3,
    title=QT_TRANSLATE_NOOP("Tools", "Remesh"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Draws the surface anew with even triangles, quads or a grid; textures are carried over."
    ),
    params=RemeshParams,
    make=_make,
    new_surface=True,
)
