"""The promise of an export for printing: what cannot be printed is not written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.pick import picked, without_loose
from orfeas_desktop.engine.mesh.weld import welded_ids
from orfeas_desktop.engine.printing.check import Verdict, standing, verdict_on
from orfeas_desktop.engine.printing.profile import profile_of
from orfeas_desktop.errors import NotPrintable
from orfeas_desktop.printers import PrinterParams
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.printing.profile import Profile

_SHOWN = 200


@dataclass(frozen=True)
class _Proof:
    """What is said of a mesh that may be printed."""

    supports: bool
    overhang_mm2: float
    islands: int
    facts: tuple[tuple[str, str | int | float], ...]


def judged(mesh: Mesh, profile: Profile, step: Callable[[float], None]) -> Verdict:
    """Return the verdict; an export of the very same surface for the same printer need not find it again."""
    verdict = verdict_on(mesh, profile, step)
    proofs = _proofs(_told_apart(mesh, profile))
    if not verdict.stopping and not proofs:
        proofs.append(_proof(verdict))
    return verdict


def printable(
    mesh: Mesh, params: PrinterParams, entry: str, context: JobContext, step: Callable[[float], None]
) -> Mesh:
    """Return the mesh as it is printed: in millimetres, z up, its middle at the origin, no face without area.

    Raises NotPrintable, whose details are the report of the fault list (JSON, as `print-check` writes it), unless
    it is one closed manifold without self-intersections, with walls as thick as the printer needs, inside the bed.
    """
    profile = profile_of(params, entry)
    proofs = _proofs(_told_apart(mesh, profile))
    if not proofs:
        verdict = judged(mesh, profile, step)
        if verdict.stopping:
            raise _refusal(mesh, verdict)
    (proof,) = proofs
    step(1.0)
    if proof.supports:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "It needs supports: {area} mm² of overhangs, {islands} islands."),
            area=round(proof.overhang_mm2, 1),
            islands=proof.islands,
        )
    for name, value in proof.facts:
        context.fact(name, value)
    return _without_flat_faces(standing(without_loose(mesh))[0])


def _proof(verdict: Verdict) -> _Proof:
    facts = verdict.plain(0).items()
    return _Proof(
        supports=bool(verdict.supports),
        overhang_mm2=verdict.overhangs.area if verdict.overhangs else 0.0,
        islands=len(verdict.islands.vertices) if verdict.islands else 0,
        facts=tuple((name, value) for name, value in facts if isinstance(value, str | int | float)),
    )


@lru_cache(maxsize=32)
def _proofs(surface: str) -> list[_Proof]:
    """Return what this process has proven of a surface on a printer, one proof at most; the list is to be added to."""
    del surface
    return []


def _told_apart(mesh: Mesh, profile: Profile) -> str:
    """Return a name that no other surface on no other printer has."""
    digest = sha256(f"{profile!r} {mesh.metres_per_unit!r} {mesh.vertices.shape}".encode())
    digest.update(mesh.vertices.tobytes())
    digest.update(mesh.faces.tobytes())
    return digest.hexdigest()


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
