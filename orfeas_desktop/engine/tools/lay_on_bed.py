"""Lay on bed: turned and scaled so that it stands inside the printer's bed."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.pick import without_loose
from orfeas_desktop.engine.mesh.transform import transformed
from orfeas_desktop.engine.printing.profile import profile_of
from orfeas_desktop.engine.tools.base import MeshTool
from orfeas_desktop.engine.tools.workshop import refuse
from orfeas_desktop.params import Traits, param
from orfeas_desktop.printers import PrinterParams
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

_TURNS_DEG = 90
_SAFE = 1 - 1e-5
"""What float32 places could add to a side must not leave the bed."""


class Scaling(StrEnum):
    """How the size follows the bed."""

    shrink = "shrink"
    fill = "fill"
    keep = "keep"


class LayOnBedParams(PrinterParams):
    """Settings of the tool `lay-on-bed`."""

    scaling: Scaling = param(
        Scaling.shrink,
        QT_TRANSLATE_NOOP("Params", "Size"),
        QT_TRANSLATE_NOOP("Params", "What happens when it is larger or smaller than the bed."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Shrink what is too large"),
                QT_TRANSLATE_NOOP("Params", "As large as fits"),
                QT_TRANSLATE_NOOP("Params", "Keep"),
            )
        ),
    )
    margin_mm: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Margin"),
        QT_TRANSLATE_NOOP("Params", "How much of the bed stays free on every side."),
        ge=0.0,
        le=100.0,
        traits=Traits(unit="mm", step=1.0),
    )
    turn: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Turn"),
        QT_TRANSLATE_NOOP("Params", "May be turned about its upright axis to fit better."),
    )


def _apply(mesh: Mesh, params: LayOnBedParams, context: JobContext) -> Mesh:
    mesh = without_loose(mesh)
    profile = profile_of(params, "lay-on-bed")
    width, depth, height = profile.bed
    room = np.array([width - 2 * params.margin_mm, height, depth - 2 * params.margin_mm])
    if (room <= 0).any():
        raise refuse(mesh, f"a margin of {params.margin_mm:g} mm leaves nothing of the bed")
    places = mesh.vertices.astype(np.float64) * mesh.metres_per_unit * 1000
    context.progress(0.3)
    angle, fits = _best_turn(places, room, turn=False)
    if params.turn and (fits < 1.0 or params.scaling is Scaling.fill):
        angle, fits = _best_turn(places, room, turn=True)
    factor = {Scaling.fill: fits, Scaling.shrink: min(fits, 1.0), Scaling.keep: 1.0}[params.scaling]
    context.progress(0.8)
    matrix = np.eye(4)
    matrix[:3, :3] = factor * _upright(angle)
    turned = mesh.vertices.astype(np.float64) @ matrix[:3, :3].T
    low, high = turned.min(axis=0), turned.max(axis=0)
    matrix[:3, 3] = -(low + high) / 2
    matrix[1, 3] = -low[1]
    context.fact("scaled_by", round(factor, 6))
    context.fact("turned_deg", angle)
    context.fact("fits", bool(factor <= fits))
    if factor > fits:
        context.warn(
            QT_TRANSLATE_NOOP(
                "Warnings", "It is still larger than the bed; scaled by {factor} it would fit."
            ),
            factor=round(fits, 4),
        )
    return transformed(mesh, matrix)


def _best_turn(places: NDArray[np.float64], room: NDArray[np.float64], *, turn: bool) -> tuple[int, float]:
    """Return the angle in whole degrees at which it may be largest, the smallest such, and that factor."""
    from scipy.spatial import ConvexHull, QhullError

    flat = places[:, [0, 2]]
    try:
        flat = flat[ConvexHull(flat).vertices]
    except QhullError:
        flat = np.unique(flat, axis=0)
    tall = float(np.ptp(places[:, 1]))
    best, most = 0, 0.0
    for angle in range(_TURNS_DEG + 1 if turn else 1):
        sides = np.ptp(flat @ _upright(angle)[np.ix_([0, 2], [0, 2])].T, axis=0)
        box = np.array([sides[0], tall, sides[1]])
        factor = float(np.min(room / np.maximum(box, 1e-12))) * _SAFE
        if factor > most * (1 + 1e-9):
            best, most = angle, factor
    return best, most


def _upright(angle_deg: float) -> NDArray[np.float64]:
    turn = np.radians(angle_deg)
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.array([[cosine, 0, sine], [0, 1.0, 0], [-sine, 0, cosine]])


LAY_ON_BED = MeshTool(
    id="lay-on-bed",
    version=2,
    title=QT_TRANSLATE_NOOP("Tools", "Lay on bed"),
    summary=QT_TRANSLATE_NOOP("Tools", "Centres on the printer's bed, turned and scaled so that it fits."),
    params=LayOnBedParams,
    apply=_apply,
    moves=True,
)
