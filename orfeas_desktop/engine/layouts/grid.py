"""Grid: in rows and columns, as in a shop window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orfeas_desktop.engine.layouts.base import Footprint, Layout
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orfeas_desktop.engine.scene.scene import Transform


class GridParams(Params):
    """Settings of the layout `grid`."""

    columns: int = param(
        0,
        QT_TRANSLATE_NOOP("Params", "Columns"),
        QT_TRANSLATE_NOOP("Params", "How many stand side by side; 0 makes the grid about square."),
        ge=0,
        le=1000,
    )
    gap_mm: float = param(
        50.0,
        QT_TRANSLATE_NOOP("Params", "Gap"),
        QT_TRANSLATE_NOOP("Params", "Free space between neighbours."),
        ge=0.0,
        le=100_000.0,
        traits=Traits(unit="mm", step=10.0),
    )


def _arrange(footprints: Sequence[Footprint], params: GridParams) -> list[Transform]:
    columns = params.columns or math.ceil(math.sqrt(len(footprints)))
    gap = params.gap_mm / 1000
    widths = [
        max(each.width for each in footprints[start::columns])
        for start in range(min(columns, len(footprints)))
    ]
    rows = [footprints[start : start + columns] for start in range(0, len(footprints), columns)]
    depths = [max(each.depth for each in row) for row in rows]
    xs, zs = _middles(widths, gap), _middles(depths, gap)
    return [each.at(xs[index % columns], zs[index // columns]) for index, each in enumerate(footprints)]


def _middles(sides: Sequence[float], gap: float) -> list[float]:
    """Return where the middles of neighbours of these sizes lie, around 0."""
    at = -(sum(sides) + gap * (len(sides) - 1)) / 2
    middles: list[float] = []
    for side in sides:
        middles.append(at + side / 2)
        at += side + gap
    return middles


GRID = Layout(
    id="grid",
    version=1,
    title=QT_TRANSLATE_NOOP("Layouts", "Grid"),
    summary=QT_TRANSLATE_NOOP("Layouts", "In rows and columns, from the back left."),
    params=GridParams,
    arrange=_arrange,
)
