"""Engine choice, its form, the estimate, and a Generate that says why it cannot."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QCoreApplication, QSize, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QGridLayout, QSpinBox, QVBoxLayout, QWidget

from orfeas_desktop.ui.forms.form import LABEL_WIDTH, Form
from orfeas_desktop.ui.pieces.buttons import IconName, Kind, icon_button, text_button
from orfeas_desktop.ui.pieces.frames import row_of
from orfeas_desktop.ui.pieces.labels import ElidedLabel, Role, label
from orfeas_desktop.ui.pieces.scroll_column import OVERHANG, ScrollColumn
from orfeas_desktop.ui.theme import Ink

if TYPE_CHECKING:
    from orfeas_desktop.params import Params, PlainParams, Scalar
    from orfeas_desktop.ui.theme import Look

SEED_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class EngineChoice:
    """A backend as the panel offers it; `why_not` is why it cannot run here, or nothing."""

    id: str
    title: str
    summary: str
    params: type[Params]
    why_not: str = ""
    runs_on: str = ""
    hidden: frozenset[str] = frozenset()
    """Fields that the picture panel edits instead."""


class GeneratePanel(QWidget):
    """The recipe of the next generation; `above` scrolls with the form, the button always stays in sight."""

    generate_wanted = Signal()
    changed = Signal()

    def __init__(
        self,
        look: Look,
        above: QWidget,
        *,
        choice: QWidget | None = None,
        below: QWidget | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`choice` stands below the engine, `below` under its settings."""
        super().__init__(parent)
        self.setAccessibleName(self.tr("Generate"))
        self._look = look
        self._choices: dict[str, EngineChoice] = {}
        self._kept: dict[str, PlainParams] = {}
        self._shown = ""
        self.form: Form | None = None
        self.engine = QComboBox()
        self.engine.setAccessibleName(self.tr("Engine"))
        self.engine.setIconSize(QSize(16, 16))
        self.engine.currentIndexChanged.connect(self._show_engine)
        self.summary = label("", Role.caption, wrap=True)
        self.slot = QVBoxLayout()
        self.slot.setContentsMargins(0, 0, 0, 0)
        self.seed, seed_row = self._seed_row()
        self.scroll_area = ScrollColumn(self.tr("Recipe"))
        inside = self.scroll_area.column
        inside.addWidget(above)
        inside.addSpacing(4)
        inside.addWidget(label(self.tr("Engine"), Role.heading))
        inside.addWidget(self.engine)
        inside.addWidget(self.summary)
        if choice is not None:
            inside.addWidget(choice)
        inside.addLayout(self.slot)
        inside.addWidget(seed_row)
        if below is not None:
            inside.addSpacing(4)
            inside.addWidget(below)
        inside.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.scroll_area, 1)
        column.addLayout(self._bottom())
        look.changed.connect(self._dress_choices)

    def offer(self, choices: Sequence[EngineChoice], chosen: str = "") -> None:
        """Offer these engines; those that cannot run stand greyed with their reason."""
        self._choices = {choice.id: choice for choice in choices}
        self.engine.blockSignals(True)
        self.engine.clear()
        for choice in choices:
            self.engine.addItem(_backend_words(choice.title), choice.id)
        self.engine.blockSignals(False)
        self._dress_choices()
        able = next((choice.id for choice in choices if not choice.why_not), "")
        self.choose_engine(chosen if chosen in self._choices else able)
        self._show_engine()

    def engine_id(self) -> str:
        """Return the chosen engine's id, or nothing."""
        return str(self.engine.currentData() or "")

    def values(self) -> PlainParams:
        """Return the form's values."""
        return self.form.values() if self.form else {}

    def seed_value(self) -> int:
        """Return the seed."""
        return self.seed.value()

    def choose_engine(self, engine: str) -> bool:
        """Choose an engine; says whether it is there."""
        place = self.engine.findData(engine)
        if place >= 0:
            self.engine.setCurrentIndex(place)
        return place >= 0

    def show_recipe(self, engine: str, values: Mapping[str, Scalar], seed: int) -> None:
        """Fill the form with what a version was made from."""
        if self.choose_engine(engine) and self.form is not None:
            self.form.set_values(values)
            self.seed.setValue(seed)

    def say(self, *, estimate: str, target: str, why_not: str) -> None:
        """Show what it will cost, what it makes, and why it cannot start (nothing: it can)."""
        self.estimate.set_text(estimate)
        self.target.set_text(target)
        self.generate.setEnabled(not why_not)
        self.generate.setToolTip(why_not or self.tr("Generate (Ctrl+Enter)"))
        self.generate.setAccessibleDescription(why_not)
        self.why.setText(why_not)
        self.why.setVisible(bool(why_not))

    def another_seed(self) -> None:
        """Draw another seed."""
        self.seed.setValue(secrets.randbelow(SEED_LIMIT))

    def add_beside_generate(self, button: QWidget) -> None:
        """Put another way to begin beside the main one."""
        self._begin.addWidget(button)

    def _bottom(self) -> QVBoxLayout:
        self.target = ElidedLabel("", Role.muted)
        self.estimate = ElidedLabel("", Role.caption)
        self.why = label("", Role.muted, wrap=True)
        self.why.setAccessibleName(self.tr("Why it cannot start"))
        self.generate = text_button(self.tr("Generate"), Kind.primary)
        self.generate.clicked.connect(self.generate_wanted)
        self.generate.setEnabled(False)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, OVERHANG, 0)
        column.setSpacing(4)
        column.addWidget(self.target)
        column.addWidget(self.estimate)
        column.addWidget(self.why)
        column.addSpacing(4)
        self._begin = row_of(self.generate)
        self._begin.setStretch(0, 1)
        column.addLayout(self._begin)
        return column

    def _seed_row(self) -> tuple[QSpinBox, QWidget]:
        seed = QSpinBox()
        seed.setRange(0, SEED_LIMIT)
        seed.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        seed.setAccessibleName(self.tr("Seed"))
        seed.lineEdit().setAccessibleName(self.tr("Seed"))
        seed.setToolTip(self.tr("The same seed and settings give the same result"))
        seed.valueChanged.connect(self.changed)
        dice = icon_button(self._look, IconName("ph.shuffle"), self.tr("Another seed"))
        dice.clicked.connect(self.another_seed)
        row = QWidget()
        grid = QGridLayout(row)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        name = label(self.tr("Seed"), Role.muted)
        name.setBuddy(seed)
        grid.addWidget(name, 0, 0)
        grid.addLayout(row_of(seed, dice, spacing=4), 0, 1)
        return seed, row

    def _dress_choices(self) -> None:
        model = cast("QStandardItemModel", self.engine.model())
        for place, choice in enumerate(self._choices.values()):
            item = model.item(place)
            ink = Ink.disabled if choice.why_not else Ink.accent
            item.setIcon(self._look.icon("ph.lightning", ink))
            item.setEnabled(not choice.why_not)
            item.setToolTip(choice.why_not or _backend_words(choice.summary))

    def _show_engine(self) -> None:
        choice = self._choices.get(self.engine_id())
        if choice is None or choice.id == self._shown:
            return
        if self.form is not None:
            self._kept[self._shown] = self.form.values()
            self.slot.removeWidget(self.form)
            self.form.deleteLater()
        self._shown = choice.id
        self.form = Form(choice.params, skip=choice.hidden)
        self.form.set_values(self._kept.get(choice.id, {}))
        self.form.changed.connect(self.changed)
        self.slot.addWidget(self.form)
        self.summary.setText(_backend_words(choice.summary))
        self.engine.setToolTip(_backend_words(choice.summary))
        self.changed.emit()


def _backend_words(text: str) -> str:
    return QCoreApplication.translate("Backends", text) if text else ""
