"""Settings, drawn from their declarations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from orfeas_desktop.params import Params, PlainParams
from orfeas_desktop.ui.forms.form import Form


@dataclass(frozen=True)
class SettingsPage:
    """One section of the settings as it is now."""

    id: str
    title: str
    params: type[Params]
    values: PlainParams


@dataclass(frozen=True)
class SettingsChange:
    """New values of one section."""

    section: str
    values: PlainParams


class SettingsDialog(QDialog):
    """One page per section; emits `changed` for each section that differs when the user accepts."""

    changed = Signal(SettingsChange)

    def __init__(self, pages: Sequence[SettingsPage], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.resize(680, 460)
        self.pages = tuple(pages)
        self.forms: dict[str, Form] = {}
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Sections"))
        self.list.setFixedWidth(168)
        self.stack = QStackedWidget()
        for page in self.pages:
            self._add(page)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self.list)
        row.addWidget(self.stack, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addLayout(row, 1)
        column.addWidget(self._buttons())
        self.list.currentRowChanged.connect(self.stack.setCurrentIndex)
        self.list.setCurrentRow(0)

    def _add(self, page: SettingsPage) -> None:
        form = Form(page.params)
        form.set_values(page.values)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setAccessibleName(QCoreApplication.translate("Settings", page.title))
        scroll.setWidget(form)
        self.forms[page.id] = form
        self.list.addItem(QCoreApplication.translate("Settings", page.title))
        self.stack.addWidget(scroll)

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(self)
        self.defaults = QPushButton(self.tr("Defaults"))
        self.defaults.setToolTip(self.tr("Show the defaults of this section"))
        self.cancel = QPushButton(self.tr("Cancel"))
        self.save = QPushButton(self.tr("Save"))
        self.save.setProperty("primary", True)
        self.save.setDefault(True)
        buttons.addButton(self.defaults, QDialogButtonBox.ButtonRole.ResetRole)
        buttons.addButton(self.cancel, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(self.save, QDialogButtonBox.ButtonRole.AcceptRole)
        self.defaults.clicked.connect(self._show_defaults)
        self.cancel.clicked.connect(self.reject)
        self.save.clicked.connect(self._save)
        return buttons

    def _show_defaults(self) -> None:
        self.forms[self.pages[self.list.currentRow()].id].reset()

    def _save(self) -> None:
        for page in self.pages:
            values = self.forms[page.id].values()
            if values != page.values:
                self.changed.emit(SettingsChange(page.id, values))
        self.accept()
