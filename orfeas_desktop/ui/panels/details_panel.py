"""How the chosen version came to be: engine, settings, seed, seconds, and what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QGridLayout, QVBoxLayout, QWidget

from orfeas_desktop.ui.panels.fact_grid import Fact, add_fact
from orfeas_desktop.ui.pieces.buttons import text_button
from orfeas_desktop.ui.pieces.frames import EmptyState, row_of
from orfeas_desktop.ui.pieces.labels import ElidedLabel, Role, label
from orfeas_desktop.ui.pieces.scroll_column import OVERHANG, ScrollColumn
from orfeas_desktop.ui.signals import signal

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent


@dataclass(frozen=True)
class FactGroup:
    """Lines that belong together."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class VersionLine:
    """A version as the list offers it."""

    id: int
    title: str


class DetailsPanel(QWidget):
    """Shows one version of one asset; another may be chosen."""

    version_chosen = signal(int)
    action_wanted = signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Details"))
        self._groups: tuple[FactGroup, ...] = ()
        self._laid_out = True
        self.name = ElidedLabel("", Role.heading)
        self.versions = QComboBox()
        self.versions.setAccessibleName(self.tr("Version"))
        self.versions.activated.connect(self._choose)
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(8)
        self.grid.setVerticalSpacing(6)
        self.grid.setColumnMinimumWidth(0, 110)
        self.grid.setColumnStretch(1, 1)
        self.scroll_area = ScrollColumn(self.tr("Facts"))
        self.scroll_area.column.addLayout(self.grid)
        self.scroll_area.column.addStretch(1)
        self.again = text_button(self.tr("Make again"), tip=self.tr("Fill the form with this recipe"))
        self.again.clicked.connect(lambda: self.action_wanted.emit("make-again"))
        self.export = text_button(self.tr("Export…"), tip=self.tr("Export this version (Ctrl+E)"))
        self.export.clicked.connect(lambda: self.action_wanted.emit("export"))
        self.empty = EmptyState(self.tr("Choose an asset to see how it was made"))
        self.content = QWidget()
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        head = QVBoxLayout()
        head.setContentsMargins(0, 0, OVERHANG, 0)
        head.setSpacing(8)
        head.addWidget(self.name)
        head.addWidget(self.versions)
        column.addLayout(head)
        column.addWidget(self.scroll_area, 1)
        column.addLayout(row_of(self.again, self.export, None))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.empty)
        outer.addWidget(self.content)
        self.show_nothing()

    def show_nothing(self) -> None:
        """Say that nothing is chosen."""
        self.content.hide()
        self.empty.show()

    def show_version(
        self,
        name: str,
        versions: Sequence[VersionLine],
        current: int,
        groups: Sequence[FactGroup],
        *,
        again: bool,
    ) -> None:
        """Show the version `current` of the asset `name`; `again` tells whether it can be made again."""
        self.name.set_text(name)
        self.versions.clear()
        for version in versions:
            self.versions.addItem(version.title, version.id)
        self.versions.setCurrentIndex(max(0, self.versions.findData(current)))
        self.again.setEnabled(again)
        self.again.setToolTip(
            self.tr("Fill the form with this recipe") if again else self.tr("An imported mesh has no recipe")
        )
        if tuple(groups) != self._groups:
            self._groups = tuple(groups)
            self._laid_out = False
            if self.isVisible():
                self._lay_out()
        self.empty.hide()
        self.content.show()

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return every line as it is shown."""
        return tuple((fact.name, fact.value) for group in self._groups for fact in group.facts)

    def showEvent(self, event: QShowEvent) -> None:
        """Lay the lines out: most versions come and go without anybody looking at their details."""
        super().showEvent(event)
        if not self._laid_out:
            self._lay_out()

    def _lay_out(self) -> None:
        self._laid_out = True
        while (item := self.grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        row = 0
        for group in self._groups:
            if not group.facts:
                continue
            title = label(group.title, Role.heading)
            title.setContentsMargins(0, 8 if row else 0, 0, 0)
            self.grid.addWidget(title, row, 0, 1, 2)
            row += 1
            for fact in group.facts:
                add_fact(self.grid, row, fact)
                row += 1

    def _choose(self, place: int) -> None:
        self.version_chosen.emit(int(self.versions.itemData(place)))
