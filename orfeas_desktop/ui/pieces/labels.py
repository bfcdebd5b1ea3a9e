"""Labels: their roles in the style sheet, and one that shortens what does not fit."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent


class Role(StrEnum):
    """How the style sheet dresses a label."""

    body = "body"
    muted = "muted"
    caption = "caption"
    heading = "heading"
    display = "title"
    warning = "warning"
    danger = "danger"
    success = "success"


def set_role(widget: QWidget, role: Role) -> None:
    """Dress `widget` for that role."""
    if widget.property("role") != role.value:
        widget.setProperty("role", role.value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def label(text: str, role: Role = Role.body, *, wrap: bool = False) -> QLabel:
    """Return a plain-text label of that role."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role.value)
    made.setWordWrap(wrap)
    return made


class ElidedLabel(QLabel):
    """One line that ends in … where it does not fit; the whole text is its tooltip then."""

    def __init__(self, text: str = "", role: Role = Role.body, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role.value)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._whole = ""
        self.set_text(text)

    def whole_text(self) -> str:
        """Return the text, not shortened."""
        return self._whole

    def set_text(self, text: str) -> None:
        """Show `text` on one line."""
        self._whole = " ".join(text.split())
        self.setAccessibleName(self._whole)
        self.updateGeometry()
        self._fit()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 2, hint.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        self._fit()
        super().paintEvent(event)

    def _fit(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, max(0, self.width()))
        if shown != self.text():
            super().setText(shown)
        tip = self._whole if shown != self._whole else ""
        if tip != self.toolTip():
            self.setToolTip(tip)
