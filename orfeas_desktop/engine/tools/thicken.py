"""Thicken: walls that are too thin for a printer become thick enough."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.crossings import crossings_of
from orfeas_desktop.engine.mesh.facts import signed_volume
from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.pick import with_new_normals
from orfeas_desktop.engine.mesh.solid import is_solid, simplified
from orfeas_desktop.engine.printing.pad import MOST_FACES, padded
from orfeas_desktop.engine.printing.profile import profile_of
from orfeas_desktop.engine.printing.thicken import Way, needed_shifts, thickened, with_even_faces
from orfeas_desktop.engine.printing.walls import measured_walls
from orfeas_desktop.engine.tools.workshop import Made, WorkshopTool, refuse
from orfeas_desktop.printers import PrinterParams
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.printing.walls import Walls

_PADDINGS = 3
_FEW_FACES = 500
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
    return Made(made)


def _made(mesh: Mesh, limit: float, context: JobContext) -> tuple[Mesh, Walls]:
    """Return the thickened mesh and its walls: the first of the ways that leaves a sound surface.

    The sides move apart, faces and layout stay; rounded pads are joined to few thin places; the sides move apart
    after small wrinkles are taken away, the moves evened out; pads are joined to many thin places.
    """
    was = _crossings(mesh, context)
    ways: list[Callable[[], Mesh | None]] = [
        lambda: thickened(mesh, limit, _WAYS[0], lambda _: context.check_cancelled()),
        lambda: _padded(mesh, limit, _FEW_FACES, context),
        *(partial(_smoothed, mesh, limit, way, context) for way in _WAYS[1:]),
        lambda: _padded(simplified(mesh, _WAYS[-1].wrinkle * limit) or mesh, limit, MOST_FACES, context),
    ]
    for number, way in enumerate(ways):
        context.progress(0.2 + 0.7 * number / len(ways))
        made = way()
        if made is None or not is_solid(made) or _crossings(made, context) > was:
            continue
        walls = measured_walls(made, limit)
        if not walls.thin.any():
            return _with_normals(made, mesh), walls
    raise refuse(mesh, "its thin walls are too many or stand so close that they would run into each other")


def _smoothed(mesh: Mesh, limit: float, way: Way, context: JobContext) -> Mesh:
    return thickened(
        simplified(mesh, way.wrinkle * limit) or mesh, limit, way, lambda _: context.check_cancelled()
    )


def _padded(mesh: Mesh, limit: float, most: int, context: JobContext) -> Mesh | None:
    """Return `mesh` with pads at its thin places, again where pads leave thin places between them.

    None when more than `most` faces are thin, or nothing sound comes out.
    """
    for _ in range(_PADDINGS):
        finer, walls = with_even_faces(mesh, limit)
        faces = np.flatnonzero(needed_shifts(finer, walls) > 0)
        if not len(faces):
            break
        made = None
        if len(faces) <= most:
            made = padded(finer, walls, faces, lambda _: context.check_cancelled())
        if made is None:
            return None
        mesh = made
    return mesh


def _with_normals(made: Mesh, given: Mesh) -> Mesh:
    if made.normals is not None:
        return with_new_normals(made)
    return made if given.normals is None else made.changed(normals=vertex_normals(made))


def _crossings(mesh: Mesh, context: JobContext) -> int:
    return len(crossings_of(mesh, lambda _: context.check_cancelled()).every)


THICKEN = WorkshopTool(
    id="thicken",
    version=2,
    title=QT_TRANSLATE_NOOP("Tools", "Thicken"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Moves the sides of thin walls apart until the printer can print them; textures stay."
    ),
    params=ThickenParams,
    make=_make,
)
