"""The terms of a weight set, to be read and accepted before its first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from orfeas_desktop.ui.pieces.labels import Role, label

if TYPE_CHECKING:
    from orfeas_desktop.engine.weights.catalog import WeightSet


class LicenceDialog(QDialog):
    """Shows the territory first, then the terms; accepts only with the box ticked."""

    def __init__(self, weights: WeightSet, *, to_accept: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.weights = weights
        self.setWindowTitle(self.tr("Licence of {title}").format(title=weights.title))
        self.resize(560, 420)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        self.territory = label(weights.territory, Role.warning, wrap=True)
        self.territory.setVisible(bool(weights.territory))
        self.text = QPlainTextEdit(weights.terms.text)
        self.text.setReadOnly(True)
        self.text.setAccessibleName(self.tr("Terms"))
        self.box = QCheckBox(self.tr("I have read the terms and accept them"))
        self.box.setVisible(to_accept)
        column.addWidget(self.territory)
        column.addWidget(self.text, 1)
        column.addWidget(self.box)
        column.addWidget(self._buttons(to_accept))

    def _buttons(self, to_accept: bool) -> QDialogButtonBox:
        buttons = QDialogButtonBox(self)
        self.refuse = QPushButton(self.tr("Not now") if to_accept else self.tr("Close"))
        self.refuse.setAutoDefault(False)
        self.refuse.clicked.connect(self.reject)
        buttons.addButton(self.refuse, QDialogButtonBox.ButtonRole.RejectRole)
        self.agree = QPushButton(self.tr("Accept"))
        self.agree.setProperty("primary", True)
        self.agree.setEnabled(False)
        self.agree.setVisible(to_accept)
        self.agree.clicked.connect(self.accept)
        self.box.toggled.connect(self.agree.setEnabled)
        if to_accept:
            buttons.addButton(self.agree, QDialogButtonBox.ButtonRole.AcceptRole)
        else:
            self.agree.setParent(self)
        return buttons
