"""Lines of a name and a value that can be copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10

from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from orfeas_desktop.ui.pieces.labels import Role, label
from orfeas_desktop.ui.theme import tabular


@dataclass(frozen=True)
class Fact:
    """One line: what, and its value."""

    name: str
    value: str


def number_words(value: float, digits: int = 4) -> str:
    """Return a number with that many digits that count, none before the point rounded away, never as a power."""
    size = floor(log10(abs(value))) if value and isfinite(value) else 0
    return QLocale().toString(float(value), "f", max(digits - 1 - size, 0))


class FactGrid(QWidget):
    """Shows facts one below the other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: tuple[Fact, ...] = ()
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(8)
        self.grid.setVerticalSpacing(6)
        self.grid.setColumnMinimumWidth(0, 110)
        self.grid.setColumnStretch(1, 1)

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these in place of what is shown."""
        if tuple(facts) == self._facts:
            return
        self._facts = tuple(facts)
        while (item := self.grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for row, fact in enumerate(self._facts):
            add_fact(self.grid, row, fact)

    def facts(self) -> tuple[Fact, ...]:
        """Return what is shown."""
        return self._facts


def add_fact(grid: QGridLayout, row: int, fact: Fact) -> None:
    """Lay one line out."""
    name = label(fact.name, Role.muted, wrap=True)
    name.setMaximumWidth(120)
    value = label(fact.value, Role.body, wrap=True)
    value.setFont(tabular(value.font()))
    value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    value.setAccessibleName(f"{fact.name}: {fact.value}")
    grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
    grid.addWidget(value, row, 1, Qt.AlignmentFlag.AlignTop)
