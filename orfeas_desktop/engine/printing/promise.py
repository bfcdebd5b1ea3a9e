"""The promise of an export for printing: what cannot be printed is not written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.pick import picked
from orfeas_desktop.engine.mesh.weld import welded_ids
from orfeas_desktop.engine.printing.check import Verdict, verdict_on
from orfeas_desktop.engine.printing.profile import PrinterParams, profile_of
from orfeas_desktop.errors import NotPrintable
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

_SHOWN = 200


def printable(
    mesh: Mesh, params: PrinterParams, entry: str, context: JobContext, step: Callable[[float], None]
) -> Mesh:
    """Return the mesh as it is printed: in millimetres, z up, its middle at the origin, no face without area.

    Raises NotPrintable, whose details are the report of the fault list (JSON, as `print-check` writes it), unless
    it is one closed manifold without self-intersections, with walls as thick as the printer needs, inside the bed.
    """
    profile = profile_of(params, entry)
    verdict = verdict_on(mesh, profile, step)
    if verdict.stopping:
        raise _refusal(mesh, verdict)
    if verdict.supports:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "It needs supports: {area} mm² of overhangs, {islands} islands."),
            area=round(verdict.overhangs.area, 1) if verdict.overhangs else 0,
            islands=len(verdict.islands.vertices) if verdict.islands else 0,
        )
    for name, value in verdict.plain(0).items():
        if isinstance(value, str | int | float):
            context.fact(name, value)
    return _without_flat_faces(verdict.standing)


def _refusal(mesh: Mesh, verdict: Verdict) -> NotPrintable:
    faults = verdict.stopping
    tools = dict.fromkeys(fault.tool for fault in faults)
    return NotPrintable(
        name=mesh.name,
        printer=verdict.profile.title,
        faults="; ".join(_clause(fault.sentence) for fault in faults),
        tools=", ".join(f"“{tool}”" for tool in tools),
        details=json.dumps({"mesh": mesh.name, **verdict.plain(_SHOWN)}),
    )


def _clause(sentence: str) -> str:
    """Return a sentence as a part of another: “The surface has holes.” -> “the surface has holes”."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _without_flat_faces(mesh: Mesh) -> Mesh:
    corners = welded_ids(mesh.vertices)[mesh.faces]
    whole = (corners != np.roll(corners, 1, axis=1)).all(axis=1)
    return mesh if whole.all() else picked(mesh, whole)
