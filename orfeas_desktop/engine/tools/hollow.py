"""Hollow: a solid becomes a shell, with holes that let resin and powder out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh import mend
from orfeas_desktop.engine.mesh.facts import signed_volume
from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.pick import without_loose
from orfeas_desktop.engine.mesh.solid import is_solid, mesh_of, solid_of, solid_problem
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.printing.bores import Bore, found_bores
from orfeas_desktop.engine.printing.hollow import grid_cell, inner_surface
from orfeas_desktop.engine.printing.pieces import found_pieces
from orfeas_desktop.engine.tools.child import ENDED, FEW_CELLS, FEW_FACES, bare, ended_at_will
from orfeas_desktop.engine.tools.workshop import Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

_FEWEST_CELLS = 2.0
"""Cells that a wall must be thick for its thickness to be kept."""
_SMALLEST = 0.05
"""Hollows smaller than this share of the largest, by their boxes, are left full."""


class HollowParams(Params):
    """Settings of the tool `hollow`."""

    wall_mm: float = param(
        2.0,
        QT_TRANSLATE_NOOP("Params", "Wall"),
        QT_TRANSLATE_NOOP("Params", "How thick the shell is at least; coarse grids make it thicker."),
        ge=0.1,
        le=1000.0,
        traits=Traits(unit="mm", step=0.5),
    )
    holes: int = param(
        2,
        QT_TRANSLATE_NOOP("Params", "Drain holes"),
        QT_TRANSLATE_NOOP("Params", "How many holes each hollow gets, near its lowest places."),
        ge=0,
        le=8,
    )
    hole_mm: float = param(
        4.0,
        QT_TRANSLATE_NOOP("Params", "Hole width"),
        QT_TRANSLATE_NOOP("Params", "How wide a drain hole is; at most half as wide as the hollow."),
        ge=0.5,
        le=100.0,
        traits=Traits(unit="mm", step=0.5),
    )
    cells: int = param(
        200,
        QT_TRANSLATE_NOOP("Params", "Resolution"),
        QT_TRANSLATE_NOOP("Params", "Most grid cells along the longest side; a wall needs two of them."),
        ge=32,
        le=320,
        traits=Traits(advanced=True),
    )


def _make(meshes: tuple[Mesh, ...], params: HollowParams, context: JobContext) -> Made:
    given = without_loose(meshes[0])
    if not is_solid(given):
        raise refuse(given, "it is not one closed surface; “Repair” or “Rebuild” makes it one")
    volume = signed_volume(given)
    if volume <= 0:
        raise refuse(given, "it is inside out; “Repair” turns it")
    unit_mm = given.metres_per_unit * 1000
    depth = params.wall_mm / unit_mm
    cell = grid_cell(given, depth, params.cells)
    if depth < _FEWEST_CELLS * cell:
        depth = _FEWEST_CELLS * cell
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "At this size and resolution the wall became {wall} mm thick."),
            wall=round(depth * unit_mm, 3),
        )
    shell = ended_at_will(
        hollowed,
        (bare(given), depth, cell, params.holes, params.hole_mm / unit_mm / 2),
        context,
        lambda share: context.progress(0.98 * share),
        small=given.face_count <= FEW_FACES
        and float(np.ptp(given.vertices, axis=0).max()) <= FEW_CELLS * cell,
    )
    if not isinstance(shell, Shell):
        raise refuse(given, shell.format(wall=f"{depth * unit_mm:g}") if shell else ENDED)
    for name, value in {
        "hollow_share": round(shell.hollow / volume, 4),
        "drain_holes": shell.holes,
        "closed_cavities": shell.closed,
    }.items():
        context.fact(name, value)
    if shell.closed:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "{count} hollows have no hole: resin would stay in them."),
            count=shell.closed,
        )
    return Made(shell.mesh.changed(materials=given.materials))


@dataclass(frozen=True, eq=False)
class Shell:
    """A hollowed mesh, the volume of its hollows in cubic units, its drain holes and hollows without any."""

    mesh: Mesh
    hollow: float
    holes: int
    closed: int


def hollowed(
    mesh: Mesh, depth: float, cell: float, holes: int, radius: float, step: Callable[[float], None]
) -> Shell | str:
    """Return the shell of a closed mesh, or why there is none, a sentence with a place for the `wall`."""
    inner = inner_surface(mesh, depth, cell, lambda share: step(0.7 * share))
    if inner is None:
        return "no place in it is thicker than two walls of {wall} mm"
    inner = mend.without_small_pieces(inner, _SMALLEST).mesh
    made = merged([mesh, inner.changed(materials=mesh.materials, metres_per_unit=mesh.metres_per_unit)])
    step(0.75)
    bores = found_bores(mesh, inner, holes, radius, lambda: step(0.8))
    if bores:
        bored = _bored(made, bores)
        if bored is None:
            return "the drain holes leave nothing of it"
        made = bored
    if not is_solid(made):
        return "the shell did not become one closed surface; another resolution may help"
    step(0.95)
    whole = mend.without_useless_faces(made).mesh
    closed = found_pieces(whole, Topology.of(whole).component_ids(), lambda: step(0.98)).cavities
    return Shell(made, -signed_volume(inner), len(bores), closed)


def _bored(shell: Mesh, bores: list[Bore]) -> Mesh | None:
    import manifold3d

    start = manifold3d.Manifold.reserve_ids(len(shell.materials))
    solid = solid_of(shell.changed(normals=None), start)
    drills = manifold3d.Manifold.batch_boolean([bore.solid() for bore in bores], manifold3d.OpType.Add)
    done = solid - drills
    if solid_problem(done):
        return None
    made = mesh_of(done, shell, range(start, start + len(shell.materials)))
    return made if shell.normals is None else made.changed(normals=vertex_normals(made))


HOLLOW = WorkshopTool(
    id="hollow",
    version=3,
    title=QT_TRANSLATE_NOOP("Tools", "Hollow"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Makes a shell of a solid, with drain holes; the outside keeps its texture."
    ),
    params=HollowParams,
    make=_make,
)
