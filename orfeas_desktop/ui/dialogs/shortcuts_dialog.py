"""Every action with its keys, and what this program is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from orfeas_desktop import __version__


@dataclass(frozen=True)
class Shortcut:
    """One row: where it stands, what it does, which keys."""

    menu: str
    title: str
    keys: str


class ShortcutsDialog(QDialog):
    """A searchable table of actions and keys."""

    def __init__(self, shortcuts: Sequence[Shortcut], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.resize(520, 560)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(self.tr("Filter actions and keys"))
        self.filter.setAccessibleName(self.tr("Filter actions and keys"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._show_matching)
        self.table = QTableWidget(len(shortcuts), 3)
        self.table.setAccessibleName(self.tr("Keyboard shortcuts"))
        self.table.setHorizontalHeaderLabels([self.tr("Menu"), self.tr("Action"), self.tr("Keys")])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        for row, shortcut in enumerate(shortcuts):
            for place, text in enumerate((shortcut.menu, shortcut.title, shortcut.keys)):
                self.table.setItem(row, place, QTableWidgetItem(text))
        version = QLabel(self.tr("Orfeas Desktop {version}").format(version=__version__))
        version.setProperty("role", "muted")
        buttons = QDialogButtonBox(self)
        close = QPushButton(self.tr("Close"))
        buttons.addButton(close, QDialogButtonBox.ButtonRole.AcceptRole)
        close.clicked.connect(self.accept)
        for widget in (self.filter, self.table, version, buttons):
            column.addWidget(widget)

    def _show_matching(self, text: str) -> None:
        wanted = text.casefold()
        for row in range(self.table.rowCount()):
            cells = (self.table.item(row, place) for place in range(3))
            said = " ".join(cell.text().casefold() for cell in cells if cell is not None)
            self.table.setRowHidden(row, wanted not in said)
