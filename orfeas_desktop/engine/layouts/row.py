"""Row: side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.layouts.base import Footprint, Layout, gap_param, middles
from orfeas_desktop.params import Params
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orfeas_desktop.engine.scene.scene import Transform


class RowParams(Params):
    """Settings of the layout `row`."""

    gap_mm: float = gap_param()


def _arrange(footprints: Sequence[Footprint], params: RowParams) -> list[Transform]:
    xs = middles([each.width for each in footprints], params.gap_mm / 1000)
    return [each.at(x, 0.0) for each, x in zip(footprints, xs, strict=True)]


ROW = Layout(
    id="row",
    version=1,
    title=QT_TRANSLATE_NOOP("Layouts", "Row"),
    summary=QT_TRANSLATE_NOOP("Layouts", "Side by side, from left to right."),
    params=RowParams,
    arrange=_arrange,
)
