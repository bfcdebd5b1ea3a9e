"""Grid: in rows and columns, as in a shop window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orfeas_desktop.engine.layouts.base import Footprint, Layout, gap_param, middles
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
        traits=Traits(at_minimum=QT_TRANSLATE_NOOP("Params", "Automatic")),
    )
    gap_mm: float = gap_param()


def _arrange(footprints: Sequence[Footprint], params: GridParams) -> list[Transform]:
    columns = params.columns or math.ceil(math.sqrt(len(footprints)))
    gap = params.gap_mm / 1000
    widths = [
        max(each.width for each in footprints[start::columns])
        for start in range(min(columns, len(footprints)))
    ]
    rows = [footprints[start : start + columns] for start in range(0, len(footprints), columns)]
    depths = [max(each.depth for each in row) for row in rows]
    xs, zs = middles(widths, gap), middles(depths, gap)
    return [each.at(xs[index % columns], zs[index // columns]) for index, each in enumerate(footprints)]


GRID = Layout(
    id="grid",
    version=1,
    title=QT_TRANSLATE_NOOP("Layouts", "Grid"),
    summary=QT_TRANSLATE_NOOP("Layouts", "In rows and columns, from the back left."),
    params=GridParams,
    arrange=_arrange,
)
