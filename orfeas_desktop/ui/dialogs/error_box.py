"""The one way to show a failure when nothing in the window is nearer to it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from orfeas_desktop.errors import OrfeasError


def translated(text: str) -> str:
    """Translate a sentence of the error tree."""
    return QCoreApplication.translate("Errors", text)


class ErrorBox(QDialog):
    """Says what happened and what to do; details can be unfolded and copied."""

    def __init__(self, error: OrfeasError, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.error = error
        self.setWindowTitle(self.tr("Problem"))
        self.setMinimumWidth(440)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(8)
        self.message = self._label(error.say(translated), "heading", self.tr("What happened"))
        self.remedy = self._label(error.advise(translated), "muted", self.tr("What you can do"))
        column.addWidget(self.message)
        column.addWidget(self.remedy)
        self.details = QPlainTextEdit(error.details)
        self.details.setReadOnly(True)
        self.details.setAccessibleName(self.tr("Details"))
        self.details.setMinimumHeight(160)
        self.details.hide()
        column.addSpacing(8)
        column.addWidget(self.details)
        column.addWidget(self._buttons())

    @classmethod
    def show_error(cls, parent: QWidget | None, error: OrfeasError) -> ErrorBox:
        """Open the box over `parent` without blocking, and return it."""
        box = cls(error, parent)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()
        return box

    def text(self) -> str:
        """Return everything the box knows, for a report."""
        parts = [self.error.say(translated), self.error.advise(translated), f"[{self.error.code}]"]
        return "\n".join([*parts, "", self.error.details] if self.error.details else parts)

    def _label(self, text: str, role: str, name: str) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setProperty("role", role)
        label.setAccessibleName(name)
        label.setAccessibleDescription(text)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(self)
        self.toggle = QPushButton(self.tr("Details"))
        self.toggle.setCheckable(True)
        self.toggle.toggled.connect(self._show_details)
        self.copy = QPushButton(self.tr("Copy"))
        self.copy.setToolTip(self.tr("Copy the message and its details"))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text()))
        self.ok = QPushButton(self.tr("Close"))
        self.ok.setProperty("primary", True)
        self.ok.clicked.connect(self.accept)
        buttons.addButton(self.toggle, QDialogButtonBox.ButtonRole.HelpRole)
        buttons.addButton(self.copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.ok, QDialogButtonBox.ButtonRole.AcceptRole)
        self.toggle.setVisible(bool(self.error.details))
        for button in (self.toggle, self.copy):
            button.setAutoDefault(False)
        self.ok.setDefault(True)
        return buttons

    def _show_details(self, shown: bool) -> None:
        self.details.setVisible(shown)
        self.adjustSize()
