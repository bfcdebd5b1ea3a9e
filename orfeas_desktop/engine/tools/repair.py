"""Repair: a broken surface becomes one closed manifold; what is whole stays as it is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh import mend
from orfeas_desktop.engine.mesh.crossings import crossings_of
from orfeas_desktop.engine.mesh.holes import closed_holes
from orfeas_desktop.engine.mesh.pick import with_new_normals
from orfeas_desktop.engine.mesh.solid import is_solid
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.union import one_surface, pieces_that_meet
from orfeas_desktop.engine.mesh.untangle import untangled
from orfeas_desktop.engine.tools.workshop import Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

_ROUNDS = 4


class RepairParams(Params):
    """Settings of the tool `repair`."""

    weld_mm: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Weld within"),
        QT_TRANSLATE_NOOP("Params", "Points closer than this become one; 0 welds what lies at one place."),
        ge=0.0,
        le=1.0,
        traits=Traits(unit="mm", step=0.01),
    )
    smallest_piece: float = param(
        2.0,
        QT_TRANSLATE_NOOP("Params", "Smallest piece"),
        QT_TRANSLATE_NOOP("Params", "Loose pieces smaller than this share of the largest are taken away."),
        ge=0.0,
        le=100.0,
        traits=Traits(unit="%", step=0.5),
    )
    fill_holes: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Close holes"),
        QT_TRANSLATE_NOOP("Params", "Fills rims with faces."),
    )
    largest_hole: int = param(
        0,
        QT_TRANSLATE_NOOP("Params", "Largest hole"),
        QT_TRANSLATE_NOOP("Params", "Holes with more edges stay open; 0 closes all."),
        ge=0,
        le=1_000_000,
        traits=Traits(advanced=True, at_minimum=QT_TRANSLATE_NOOP("Params", "Any")),
    )
    untangle: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Smooth folds"),
        QT_TRANSLATE_NOOP("Params", "Where the surface runs through itself in small folds, it is smoothed."),
    )
    join: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Join pieces"),
        QT_TRANSLATE_NOOP("Params", "Closed pieces that run into each other become one surface."),
    )
    outward: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Turn outwards"),
        QT_TRANSLATE_NOOP("Params", "Pieces that are inside out are turned."),
    )


def _make(meshes: tuple[Mesh, ...], params: RepairParams, context: JobContext) -> Made:
    mesh, did = meshes[0], Counter[str]()
    if params.weld_mm:
        change = mend.snapped(mesh, params.weld_mm / 1000 / mesh.metres_per_unit)
        mesh, did["places_welded"] = change.mesh, change.count
    for number in range(_ROUNDS):
        context.progress(0.7 * number / _ROUNDS)
        mesh = _round(mesh, params, did, context)
        if not params.fill_holes or is_solid(mesh):
            break
    context.progress(0.7)
    if params.outward:
        change = mend.outward(mesh)
        mesh, did["faces_turned"] = change.mesh, did["faces_turned"] + change.count
    solid = is_solid(mesh)
    crossing = 0
    if solid and (params.untangle or params.join):
        mesh, crossing = _apart(mesh, params, did, context)
    for name in (
        "places_welded",
        "faces_removed",
        "faces_turned",
        "pieces_removed",
        "holes_filled",
        "holes_left",
        "pieces_joined",
        "places_smoothed",
    ):
        context.fact(name, did[name])
    context.fact("manifold", solid)
    if not solid:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "The mesh is still not one closed surface; “Rebuild” makes it one.")
        )
    if crossing:
        context.warn(
            QT_TRANSLATE_NOOP(
                "Warnings",
                "{count} pairs of faces still run through each other; “Rebuild” makes one surface.",
            ),
            count=crossing,
        )
    return Made(meshes[0] if not any(did.values()) else with_new_normals(mesh))


def _apart(mesh: Mesh, params: RepairParams, did: Counter[str], context: JobContext) -> tuple[Mesh, int]:
    """Return the closed mesh with its pieces joined and its folds smoothed, and how many pairs of faces cross still."""
    found = crossings_of(mesh, lambda share: context.progress(0.7 + 0.1 * share))
    if params.join and pieces_that_meet(mesh, found.every):
        made = one_surface(mesh, lambda share: context.progress(0.8 + 0.1 * share))
        if made is not None:
            pieces = (Topology.of(one).component_ids().max() + 1 for one in (mesh, made))
            did["pieces_joined"] = max(int(next(pieces) - next(pieces)), 1)
            mesh, found = made, None
    if not params.untangle:
        return mesh, 0 if found is None else len(found.every)
    mesh, did["places_smoothed"], left = untangled(
        mesh, lambda share: context.progress(0.9 + 0.1 * share), found
    )
    return mesh, left


def _round(mesh: Mesh, params: RepairParams, did: Counter[str], context: JobContext) -> Mesh:
    for step in (mend.without_useless_faces, mend.without_fins, mend.agreeing, mend.without_pinches):
        change = step(mesh)
        mesh = change.mesh
        did["faces_turned" if step is mend.agreeing else "faces_removed"] += change.count
        context.check_cancelled()
        if not mesh.face_count:
            raise refuse(mesh, "no face of it can be kept")
    change = mend.without_small_pieces(mesh, params.smallest_piece / 100)
    mesh = change.mesh
    did["pieces_removed"] += change.count
    if params.fill_holes and Topology.of(mesh).boundary.any():
        closed = closed_holes(mesh, params.largest_hole, lambda _: context.check_cancelled())
        mesh = closed.mesh
        did["holes_filled"] += closed.filled
        did["holes_left"] = closed.left
    return mesh.changed(vertices=np.ascontiguousarray(mesh.vertices))


REPAIR = WorkshopTool(
    id="repair",
    version=3,
    title=QT_TRANSLATE_NOOP("Tools", "Repair"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Closes holes, turns faces, removes doubles and loose bits, smooths folds; textures stay."
    ),
    params=RepairParams,
    make=_make,
)
