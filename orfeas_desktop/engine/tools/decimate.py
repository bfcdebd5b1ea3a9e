"""Decimate: fewer faces, by number, share or error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.decimate import decimated
from orfeas_desktop.engine.mesh.distance import farthest_distance, surface_distance
from orfeas_desktop.engine.mesh.retexture import plain_material, texture_slots
from orfeas_desktop.engine.mesh.textures import texture_size, textures_of
from orfeas_desktop.engine.tools.resurface import resurfaced
from orfeas_desktop.engine.tools.workshop import Made, WorkshopTool
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


_ATTEMPTS = 6
_STRAINED = 1.05
"""Where so many times the faces asked for are left, seams have bent the shape as well."""
_SAMPLES = 5000
_SMALLEST_SIDE, _LARGEST_SIDE = 256, 4096


class DecimateParams(Params):
    """Settings of the tool `decimate`."""

    faces: int = param(
        0,
        QT_TRANSLATE_NOOP("Params", "Faces"),
        QT_TRANSLATE_NOOP("Params", "How many faces to leave; 0 goes by the share."),
        ge=0,
        le=20_000_000,
        traits=Traits(step=1000, at_minimum=QT_TRANSLATE_NOOP("Params", "By share")),
    )
    share: float = param(
        50.0,
        QT_TRANSLATE_NOOP("Params", "Share"),
        QT_TRANSLATE_NOOP("Params", "How much of the faces to leave."),
        ge=0.1,
        le=100.0,
        traits=Traits(unit="%", step=5.0),
    )
    largest_error_mm: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Largest error"),
        QT_TRANSLATE_NOOP("Params", "Stops where the surface would move further than this; 0 sets no limit."),
        ge=0.0,
        le=1000.0,
        traits=Traits(unit="mm", step=0.01, at_minimum=QT_TRANSLATE_NOOP("Params", "No limit")),
    )
    textures: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Keep textures"),
        QT_TRANSLATE_NOOP(
            "Params",
            "Seams hold the shape back a little; without textures, to be baked anew, fewer faces say more.",
        ),
    )
    new_layout: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "New layout"),
        QT_TRANSLATE_NOOP(
            "Params",
            "Where seams leave many more faces than asked for, textures are baked on a new layout instead.",
        ),
    )


def _make(meshes: tuple[Mesh, ...], params: DecimateParams, context: JobContext) -> Made:
    mesh = meshes[0] if params.textures else _without_looks(meshes[0])
    target = params.faces or max(round(mesh.face_count * params.share / 100), 4)
    if params.largest_error_mm:
        return Made(_bounded(mesh, target, params.largest_error_mm / 1000, context))
    made = decimated(mesh, target, None, lambda share: context.progress(0.6 * share))
    if params.new_layout and texture_slots(mesh) and mesh.uvs and made.face_count > _STRAINED * target:
        anew = _laid_out_anew(mesh, made, target, context)
        if anew is not None:
            return Made(anew)
    if made.face_count > 1.1 * target + 8:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "Seams, borders and shape leave no fewer than {faces} faces."),
            faces=made.face_count,
        )
    return Made(made)


def _laid_out_anew(mesh: Mesh, held: Mesh, target: int, context: JobContext) -> Mesh | None:
    """Return the mesh with about `target` faces and its textures baked on a new layout; None when that helps little.

    `held` is as far as it comes with the old layout.
    """
    bare = decimated(_without_looks(mesh), target, None, lambda share: context.progress(0.6 + 0.1 * share))
    if bare.face_count > 0.9 * held.face_count and _away(mesh, bare, context) > 0.5 * _away(
        mesh, held, context
    ):
        return None
    made = resurfaced(mesh, bare, _texture_side(mesh), context, 0.7)
    context.fact("laid_out_anew", True)
    context.warn(
        QT_TRANSLATE_NOOP(
            "Warnings", "Seams would have left {faces} faces, so the textures were baked on a new layout."
        ),
        faces=held.face_count,
    )
    return made


def _away(mesh: Mesh, made: Mesh, context: JobContext) -> float:
    return surface_distance(mesh, made, samples=_SAMPLES, step=lambda _: context.check_cancelled())[0]


def _texture_side(mesh: Mesh) -> int:
    """Return how large textures must be for as many texels as the largest of the mesh's own has, within bounds."""
    sizes = [
        max(texture_size(texture))
        for material in mesh.materials
        for texture in textures_of(material).values()
    ]
    return min(max([_SMALLEST_SIDE, *sizes]), _LARGEST_SIDE)


def _without_looks(mesh: Mesh) -> Mesh:
    return mesh.changed(
        uvs=(),
        colors=None,
        tangents=None,
        materials=(plain_material(mesh),),
        face_materials=None,
        polygons=None,
    )


def _bounded(mesh: Mesh, target: int, bound_m: float, context: JobContext) -> Mesh:
    """Return the mesh with about `target` faces, or as few as leave every distance that is found within the bound.

    What collapses is judged by a mean; so the result is measured, and done again more carefully where it is too far.
    """
    limit = bound_m
    for attempt in range(_ATTEMPTS):
        start = attempt / _ATTEMPTS
        made = decimated(
            mesh,
            target,
            limit / mesh.metres_per_unit,
            lambda share, start=start: context.progress(start + 0.9 * share / _ATTEMPTS),
        )
        largest = farthest_distance(mesh, made, step=lambda _: context.check_cancelled())
        if largest <= bound_m:
            return made
        limit *= max(0.6 * bound_m / largest, 0.05)
    context.warn(
        QT_TRANSLATE_NOOP("Warnings", "No mesh of fewer faces keeps within the error; it was left as it is.")
    )
    return mesh


DECIMATE = WorkshopTool(
    id="decimate",
    version=5,
    title=QT_TRANSLATE_NOOP("Tools", "Decimate"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Leaves fewer faces; textures and their seams stay, what is closed stays closed."
    ),
    params=DecimateParams,
    make=_make,
)
