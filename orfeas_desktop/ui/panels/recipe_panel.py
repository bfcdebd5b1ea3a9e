"""Recipes: pick a chain of tools, see its steps, run it on what is chosen or on a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from orfeas_desktop.ui.panels.fact_grid import Fact, FactGrid
from orfeas_desktop.ui.panels.work_picture import WorkPicture
from orfeas_desktop.ui.pieces.buttons import IconName, Kind, icon_button, text_button
from orfeas_desktop.ui.pieces.frames import row_of
from orfeas_desktop.ui.pieces.labels import ElidedLabel, Role, label
from orfeas_desktop.ui.pieces.scroll_column import OVERHANG, ScrollColumn
from orfeas_desktop.ui.signals import signal

if TYPE_CHECKING:
    from orfeas_desktop.ui.theme import Look

_ID = int(Qt.ItemDataRole.UserRole)
_ROWS = 7
_ROW = 30


@dataclass(frozen=True)
class RecipeChoice:
    """A recipe as the panel offers it, its steps in words."""

    id: str
    title: str
    summary: str
    steps: tuple[Fact, ...]
    own: bool


class RecipePanel(QWidget):
    """The list of recipes and the steps of the chosen one; Run always stays in sight."""

    run_wanted = signal(str)
    folder_wanted = signal(str)
    remove_wanted = signal(str)
    save_wanted = Signal()
    """Make a recipe of the steps that led to the chosen version."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Recipes"))
        self._choices: dict[str, RecipeChoice] = {}
        self.list = QListWidget()
        self.list.setObjectName("toolList")
        self.list.setAccessibleName(self.tr("Recipes"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.currentItemChanged.connect(self._show_current)
        self.title = ElidedLabel("", Role.heading)
        self.summary = label("", Role.caption, wrap=True)
        self.steps = FactGrid()
        self.remove = icon_button(look, IconName("ph.trash"), self.tr("Remove this recipe"))
        self.remove.clicked.connect(lambda: self.remove_wanted.emit(self.chosen()))
        self.save = text_button(
            self.tr("Save the steps of this version…"),
            Kind.link,
            self.tr("Make a recipe of the tools that led to the chosen version"),
        )
        self.save.clicked.connect(self.save_wanted)
        self.scroll_area = ScrollColumn(self.tr("Steps"))
        inside = self.scroll_area.column
        head = row_of(self.title)
        head.setStretch(0, 1)
        head.addWidget(self.remove)
        inside.addLayout(head)
        inside.addWidget(self.summary)
        inside.addWidget(self.steps)
        self.working = WorkPicture(look)
        inside.addWidget(self.working)
        inside.addStretch(1)
        self.why = label("", Role.muted, wrap=True)
        self.folder = text_button(
            self.tr("Run on a folder…"), tip=self.tr("Takes every mesh file of a folder into this project")
        )
        self.folder.clicked.connect(lambda: self.folder_wanted.emit(self.chosen()))
        self.run = text_button(self.tr("Run"), Kind.primary)
        self.run.clicked.connect(lambda: self.run_wanted.emit(self.chosen()))
        self._lay_out()

    def _lay_out(self) -> None:
        bottom = QVBoxLayout()
        bottom.setContentsMargins(0, 0, OVERHANG, 0)
        bottom.setSpacing(8)
        bottom.addLayout(row_of(self.save, None))
        for widget in (self.why, self.folder, self.run):
            bottom.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        head = row_of(self.list)
        head.setContentsMargins(0, 0, OVERHANG, 0)
        column.addLayout(head)
        column.addWidget(self.scroll_area, 1)
        column.addLayout(bottom)

    def offer(self, choices: Sequence[RecipeChoice], chosen: str = "") -> None:
        """Offer these recipes; `chosen` is shown, else the one that was."""
        wanted = chosen or self.chosen()
        self._choices = {choice.id: choice for choice in choices}
        self.list.clear()
        for choice in choices:
            item = QListWidgetItem(recipe_words(choice.title))
            item.setData(_ID, choice.id)
            item.setToolTip(recipe_words(choice.summary))
            self.list.addItem(item)
            if choice.id == wanted:
                self.list.setCurrentItem(item)
        if self.list.currentRow() < 0 and choices:
            self.list.setCurrentRow(0)
        self.list.setFixedHeight(_ROW * min(max(len(choices), 1), _ROWS))
        self._show_current()

    def chosen(self) -> str:
        """Return the chosen recipe's id, or nothing."""
        row = self.list.currentRow()
        return str(self.list.item(row).data(_ID)) if row >= 0 else ""

    def say(self, *, target: str, why_not: str, why_no_folder: str, why_not_saved: str) -> None:
        """Say what a run works on, and why it cannot start (nothing: it can)."""
        self.run.setText(target or self.tr("Run"))
        for button, why in ((self.run, why_not), (self.folder, why_no_folder), (self.save, why_not_saved)):
            button.setEnabled(not why)
            if why or button is self.run:
                button.setToolTip(why)
        self.why.setText(why_not)
        self.why.setVisible(bool(why_not))

    def _show_current(self) -> None:
        choice = self._choices.get(self.chosen())
        self.title.set_text(recipe_words(choice.title) if choice else "")
        self.summary.setText(recipe_words(choice.summary) if choice else "")
        self.summary.setHidden(choice is None or not choice.summary)
        self.remove.setHidden(choice is None or not choice.own)
        self.steps.show_facts(choice.steps if choice else ())


def recipe_words(text: str) -> str:
    """Translate words of a recipe that ships with the program."""
    return QCoreApplication.translate("Recipes", text) if text else ""
