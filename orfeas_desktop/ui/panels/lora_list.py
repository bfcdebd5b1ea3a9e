"""The LoRAs of the library: which are used, and how strongly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QInputDialog,
    QMenu,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from orfeas_desktop.engine.weights.lora_shelf import LEAST_WEIGHT, MOST_WEIGHT, written_uses
from orfeas_desktop.engine.weights.torch_file import ONE_FILE
from orfeas_desktop.ui.forms.editors import guard_wheel
from orfeas_desktop.ui.pieces.buttons import IconName, Kind, icon_button, text_button
from orfeas_desktop.ui.pieces.frames import row_of
from orfeas_desktop.ui.pieces.labels import Role, label
from orfeas_desktop.ui.pieces.places import Place
from orfeas_desktop.ui.signals import TypedSignal, signal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orfeas_desktop.engine.weights.lora_shelf import Lora
    from orfeas_desktop.engine.weights.picture_base import PictureBase
    from orfeas_desktop.ui.pieces.places import Places
    from orfeas_desktop.ui.theme import Look

STEP = 0.05


class LoraRow(QWidget):
    """One LoRA: whether it is used, its weight, and what else can be done with it."""

    changed = Signal()
    words_wanted = signal(str)
    rename_wanted = Signal()
    triggers_wanted = Signal()
    remove_wanted = Signal()

    def __init__(self, look: Look, lora: Lora) -> None:
        super().__init__()
        self.lora = lora
        self.used = QCheckBox(lora.name)
        self.used.setToolTip(self.tr("{name}, made for {base}").format(name=lora.name, base=lora.base.value))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(round(LEAST_WEIGHT / STEP), round(MOST_WEIGHT / STEP))
        self.spin = QDoubleSpinBox()
        self.spin.setRange(LEAST_WEIGHT, MOST_WEIGHT)
        self.spin.setSingleStep(STEP)
        self.spin.setDecimals(2)
        self.spin.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.spin.setFixedWidth(64)
        for part in (self.slider, self.spin):
            part.setAccessibleName(self.tr("Weight of {name}").format(name=lora.name))
            guard_wheel(part)
        self.spin.lineEdit().setAccessibleName(self.tr("Weight of {name}").format(name=lora.name))
        self.triggers = text_button(
            self.tr("Add “{words}”").format(words=lora.triggers),
            Kind.plain,
            self.tr("Put its words into the prompt"),
        )
        self.more = icon_button(
            look, IconName("ph.dots-three"), self.tr("More for {name}").format(name=lora.name)
        )
        self.more.clicked.connect(self._open_menu)
        self.why = label("", Role.caption, wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        head = row_of(self.used, self.more)
        head.setStretch(0, 1)
        column.addLayout(head)
        column.addWidget(self.why)
        column.addLayout(row_of(self.slider, self.spin))
        column.addLayout(row_of(self.triggers, None))
        self.slider.valueChanged.connect(self._take_place)
        self.spin.valueChanged.connect(self._take_weight)
        self.used.toggled.connect(self._dress)
        self.used.toggled.connect(self.changed)
        self.triggers.clicked.connect(lambda: self.words_wanted.emit(lora.triggers))
        self.spin.setValue(lora.weight)
        self._take_weight(lora.weight)
        self._dress()

    def fit(self, base: PictureBase | None) -> None:
        """Offer it only where it fits."""
        fits = base is None or base is self.lora.base
        self.used.setEnabled(fits)
        if not fits:
            self.used.setChecked(False)
        self.why.setText("" if fits else self.tr("Made for {base}").format(base=self.lora.base.value))
        self.why.setVisible(not fits)

    def _take_place(self, place: int) -> None:
        self.spin.setValue(place * STEP)

    def _take_weight(self, weight: float) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(weight / STEP))
        self.changed.emit()

    def _dress(self) -> None:
        used = self.used.isChecked()
        self.slider.setVisible(used)
        self.spin.setVisible(used)
        self.triggers.setVisible(used and bool(self.lora.triggers))

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Rename…")).triggered.connect(self.rename_wanted)
        menu.addAction(self.tr("Trigger words…")).triggered.connect(self.triggers_wanted)
        menu.addAction(self.tr("Remove from the library")).triggered.connect(self.remove_wanted)
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))


class LoraList(QWidget):
    """Every LoRA of the library; those made for something else than the chosen engine stand greyed."""

    changed = Signal()
    words_wanted = signal(str)
    file_given: TypedSignal[Path] = signal(Path)
    rename_given: TypedSignal[tuple[str, str]] = signal(tuple)  # pyright: ignore[reportAssignmentType]  # a tuple of two
    triggers_given: TypedSignal[tuple[str, str]] = signal(tuple)  # pyright: ignore[reportAssignmentType]  # a tuple of two
    removed = signal(str)

    def __init__(self, look: Look, places: Places, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._places = places
        self._base: PictureBase | None = None
        self.rows: dict[str, LoraRow] = {}
        self.dialog: QInputDialog | None = None
        self.empty = label(
            self.tr("Small files that change the style. None is in your library yet."),
            Role.caption,
            wrap=True,
        )
        self.add = text_button(
            self.tr("Add LoRA…"), Kind.plain, self.tr("A .safetensors, .pt or .bin file on this machine")
        )
        self.add.clicked.connect(self._pick)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        head = row_of(label(self.tr("LoRAs"), Role.heading), None, self.add)
        self._column.addLayout(head)
        self._column.addWidget(self.empty)

    def show_loras(self, loras: Sequence[Lora]) -> None:
        """Show these; what is used of those that stay, stays used."""
        kept = {digest: (row.used.isChecked(), row.spin.value()) for digest, row in self.rows.items()}
        for row in self.rows.values():
            self._column.removeWidget(row)
            row.deleteLater()
        self.rows = {lora.digest: self._row(lora) for lora in loras}
        for digest, (used, weight) in kept.items():
            if digest in self.rows:
                self.rows[digest].used.setChecked(used)
                self.rows[digest].spin.setValue(weight)
        self.empty.setVisible(not self.rows)
        self.fit(self._base)
        self.changed.emit()

    def fit(self, base: PictureBase | None) -> None:
        """Offer what fits this base."""
        self._base = base
        for row in self.rows.values():
            row.fit(base)

    def value(self) -> str:
        """Return what is used, as a request names it."""
        used = (row for row in self.rows.values() if row.used.isChecked() and row.used.isEnabled())
        return written_uses(row.lora.use(round(row.spin.value(), 2)) for row in used)

    def _row(self, lora: Lora) -> LoraRow:
        row = LoraRow(self._look, lora)
        row.changed.connect(self.changed)
        row.words_wanted.connect(self.words_wanted.emit)
        row.rename_wanted.connect(
            lambda: self._ask(
                self.tr("Rename LoRA"),
                self.tr("Name"),
                lora.name,
                lambda text: self.rename_given.emit((lora.name, text)),
            )
        )
        row.triggers_wanted.connect(
            lambda: self._ask(
                self.tr("Trigger words"),
                self.tr("Words it wants in the prompt, with commas"),
                lora.triggers,
                lambda text: self.triggers_given.emit((lora.name, text)),
            )
        )
        row.remove_wanted.connect(lambda: self.removed.emit(lora.name))
        self._column.addWidget(row)
        return row

    def _ask(self, title: str, words: str, text: str, then: Callable[[str], object]) -> None:
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(title)
        dialog.setLabelText(words)
        dialog.setTextValue(text)
        dialog.setMinimumWidth(360)
        dialog.accepted.connect(lambda: then(dialog.textValue()))
        self.dialog = dialog
        dialog.open()

    def _pick(self) -> None:
        path = self._places.open_file(self, Place.weights, self.tr("Add LoRA"), ONE_FILE)
        if path is not None:
            self.file_given.emit(path)
