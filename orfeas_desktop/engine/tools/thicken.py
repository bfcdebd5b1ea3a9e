"""Thicken: walls that are too thin for a printer become thick enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.facts import signed_volume
from orfeas_desktop.engine.mesh.inspection import Inspection
from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.pick import with_new_normals
from orfeas_desktop.engine.mesh.solid import is_solid, simplified
from orfeas_desktop.engine.printing.pad import MOST_FACES, padded
from orfeas_desktop.engine.printing.profile import PrinterParams, profile_of
from orfeas_desktop.engine.printing.thicken import Way, needed_shifts, thickened, with_even_faces
from orfeas_desktop.engine.printing.walls import measured_walls
from orfeas_desktop.engine.tools.workshop import Made, WorkshopTool, refuse
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.printing.walls import Walls

_WAYS = (
    Way(wrinkle=0.0, evenings=0),
    Way(wrinkle=0.02, evenings=3),
    Way(wrinkle=0.02, evenings=10),
    Way(wrinkle=0.05, evenings=3),
    Way(wrinkle=0.05, evenings=10),
)


class ThickenParams(PrinterParams):
    """Settings of the tool `thicken`."""


def _make(meshes: tuple[Mesh, ...], params: ThickenParams, context: JobContext) -> Made:
    mesh = meshes[0]
    limit = profile_of(params, "thicken").min_wall / 1000 / mesh.metres_per_unit
    if not is_solid(mesh):
        raise refuse(mesh, "it is not one closed surface; “Repair” or “Rebuild” makes it one")
    if signed_volume(mesh) <= 0:
        raise refuse(mesh, "it is inside out; “Repair” turns it")
    before = measured_walls(mesh, limit)
    context.fact("thin_area_share_before", round(before.thin_share, 6))
    if not before.thin.any():
        context.fact("thin_area_share", 0.0)
        return Made(mesh)
    made, walls = _made(mesh, limit, context)
    context.fact("thin_area_share", round(walls.thin_share, 6))
    if walls.thin.any():
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "{percent} % of the surface is still too thin; run it again."),
            percent=round(100 * walls.thin_share, 3),
        )
    return Made(made)


def _made(mesh: Mesh, limit: float, context: JobContext) -> tuple[Mesh, Walls]:
    """Return the thickened mesh and its walls: the first of three ways that leaves a sound surface.

    The sides move apart, faces and layout stay; the same after small wrinkles are taken away, the moves evened out;
    rounded pads are joined to the thin places.
    """
    was = _crossings(mesh, context)
    smoother = mesh
    for number, way in enumerate(_WAYS):
        if way.wrinkle:
            smoother = simplified(mesh, way.wrinkle * limit) or mesh
        start = 0.1 + 0.08 * number
        made, walls = thickened(
            smoother, limit, way, lambda share, at=start: context.progress(at + 0.08 * share)
        )
        if not walls.thin.any() and is_solid(made) and _crossings(made, context) <= was:
            return _with_normals(made, mesh), walls
    context.progress(0.5)
    finer, walls = with_even_faces(smoother, limit)
    faces = np.flatnonzero(needed_shifts(finer, walls) > 0)
    if len(faces) > MOST_FACES:
        raise refuse(mesh, f"{len(faces)} faces of it are too thin; “Decimate” first leaves fewer")
    padding = padded(finer, walls, faces, lambda share: context.progress(0.5 + 0.3 * share))
    context.progress(0.8)
    if padding is None or _crossings(padding, context) > was:
        raise refuse(mesh, "its thin walls stand so close that they would run into each other")
    return _with_normals(padding, mesh), measured_walls(padding, limit)


def _with_normals(made: Mesh, given: Mesh) -> Mesh:
    if made.normals is not None:
        return with_new_normals(made)
    return made if given.normals is None else made.changed(normals=vertex_normals(made))


def _crossings(mesh: Mesh, context: JobContext) -> int:
    return len(Inspection.of(mesh, lambda _: context.check_cancelled()).crossing)


THICKEN = WorkshopTool(
    id="thicken",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Thicken"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Moves the sides of thin walls apart until the printer can print them; textures stay."
    ),
    params=ThickenParams,
    make=_make,
)
