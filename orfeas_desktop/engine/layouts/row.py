"""Row: side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.layouts.base import Footprint, Layout
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orfeas_desktop.engine.scene.scene import Transform


class RowParams(Params):
    """Settings of the layout `row`."""

    gap_mm: float = param(
        50.0,
        QT_TRANSLATE_NOOP("Params", "Gap"),
        QT_TRANSLATE_NOOP("Params", "Free space between neighbours."),
        ge=0.0,
        le=100_000.0,
        traits=Traits(unit="mm", step=10.0),
    )


def _arrange(footprints: Sequence[Footprint], params: RowParams) -> list[Transform]:
    gap = params.gap_mm / 1000
    x = -(sum(each.width for each in footprints) + gap * (len(footprints) - 1)) / 2
    places: list[Transform] = []
    for each in footprints:
        places.append(each.at(x + each.width / 2, 0.0))
        x += each.width + gap
    return places


ROW = Layout(
    id="row",
    version=1,
    title=QT_TRANSLATE_NOOP("Layouts", "Row"),
    summary=QT_TRANSLATE_NOOP("Layouts", "Side by side, from left to right."),
    params=RowParams,
    arrange=_arrange,
)
