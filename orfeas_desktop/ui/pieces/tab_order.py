"""The order in which Tab goes through the window: region by region, and there as one reads."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

ROW_PX = 14


def tab_stops(window: QWidget, regions: Sequence[QWidget]) -> list[QWidget]:
    """Return what the keyboard can reach now, in order."""
    stops: list[QWidget] = []
    for region in regions:
        here = [widget for widget in (region, *region.findChildren(QWidget)) if _is_stop(widget)]
        stops.extend(sorted(here, key=lambda widget: _place(widget, window)))
    return stops


def next_stop(stops: Sequence[QWidget], current: QWidget | None, *, forwards: bool) -> QWidget | None:
    """Return the stop after or before `current`, going round at the ends."""
    if not stops:
        return None
    if current not in stops:
        return stops[0 if forwards else -1]
    return stops[(stops.index(current) + (1 if forwards else -1)) % len(stops)]


def _is_stop(widget: QWidget) -> bool:
    reachable = widget.isVisible() and widget.isEnabled() and widget.focusProxy() is None
    return reachable and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def _place(widget: QWidget, window: QWidget) -> tuple[int, int]:
    corner = widget.mapTo(window, QPoint(0, widget.height() // 2 if widget.height() < 2 * ROW_PX else ROW_PX))
    return corner.y() // ROW_PX, corner.x()
