"""Rebuild: a new closed surface around what a broken one encloses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh import mend
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.solid import is_solid
from orfeas_desktop.engine.mesh.winding import enclosed
from orfeas_desktop.engine.tools.child import ENDED, FEW_CELLS, FEW_FACES, bare, ended_at_will
from orfeas_desktop.engine.tools.resurface import resurfaced, texture_side_param
from orfeas_desktop.engine.tools.workshop import Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.params import PlainParams


class RebuildParams(Params):
    """Settings of the tool `rebuild`."""

    cells: int = param(
        200,
        QT_TRANSLATE_NOOP("Params", "Resolution"),
        QT_TRANSLATE_NOOP(
            "Params", "Grid cells along the longest side; walls thinner than two cells may vanish."
        ),
        ge=24,
        le=400,
    )
    smallest_piece: float = param(
        5.0,
        QT_TRANSLATE_NOOP("Params", "Smallest piece"),
        QT_TRANSLATE_NOOP("Params", "Loose pieces smaller than this share of the largest are taken away."),
        ge=0.0,
        le=100.0,
        traits=Traits(unit="%", step=0.5),
    )
    texture_side: int = texture_side_param()


def rebuilt(mesh: Mesh, cells: int, smallest: float, step: Callable[[float], None]) -> Mesh | str:
    """Return the closed surface around what `mesh` encloses, or why there is none."""
    whole = mend.without_useless_faces(mesh).mesh
    if not whole.face_count:
        return "no face of it has an area"
    whole = mend.outward(mend.agreeing(whole).mesh, open_too=True).mesh
    step(0.15)
    surface = enclosed(whole, cells, lambda share: step(0.15 + 0.75 * share))
    if surface is None:
        return "it encloses nothing at this resolution"
    surface = mend.without_small_pieces(surface, smallest).mesh
    if not is_solid(surface) or not mesh_facts(surface).watertight:
        return "no closed surface was found; another resolution may help"
    return surface


def _make(meshes: tuple[Mesh, ...], params: RebuildParams, context: JobContext) -> Made:
    given = meshes[0]
    surface = ended_at_will(
        rebuilt,
        (bare(given), params.cells, params.smallest_piece / 100),
        context,
        lambda share: context.progress(0.65 * share),
        small=given.face_count <= FEW_FACES and params.cells <= FEW_CELLS,
    )
    if not isinstance(surface, Mesh):
        raise refuse(given, surface or ENDED)
    made = resurfaced(given, surface, params.texture_side, context, 0.65)
    return Made(made if made.tangents is not None else made.changed(normals=vertex_normals(made)))


def _upgrade(params: PlainParams, version: int) -> PlainParams:
    """Version 1 asked whether to keep `colors`, in the vertices."""
    if version >= 2:
        return params
    return {name: value for name, value in params.items() if name != "colors"} | (
        {} if params.get("colors", True) else {"texture_side": 0}
    )


REBUILD = WorkshopTool(
    id="rebuild",
    version=4,
    title=QT_TRANSLATE_NOOP("Tools", "Rebuild"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Makes a new closed surface around a broken one; textures are carried over."
    ),
    params=RebuildParams,
    make=_make,
    new_surface=True,
    upgrade=_upgrade,
)
