"""The ring around what the keyboard works on; the mouse leaves none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFocusFrame,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)
from shiboken6 import isValid

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from orfeas_desktop.ui.theme import Look

_SHOWS_ITS_OWN = (QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QTextEdit, QAbstractItemView)


class _Frame(QFocusFrame):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setAccessibleName("")

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._look.color("accent"), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 7, 7)


class FocusRing(QObject):
    """Follows the focus of the whole application and frames what the keyboard reached.

    Qt marks a window once its focus was moved by Tab or a shortcut; a pressed button tells that the mouse did it.
    """

    def __init__(self, app: QApplication, look: Look) -> None:
        super().__init__(app)
        self._look = look
        self._frame = _Frame(look)
        self._app = app
        app.focusChanged.connect(self._follow)

    def framed(self) -> QWidget | None:
        """Return the widget inside the ring."""
        return self._frame.widget() if isValid(self._frame) else None

    def close(self) -> None:
        """Stop following."""
        self._app.focusChanged.disconnect(self._follow)
        self._surround(None)
        if isValid(self._frame):
            self._frame.deleteLater()

    def _follow(self, old: QWidget | None, new: QWidget | None) -> None:
        del old
        by_keyboard = (
            new is not None
            and new.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
            and QGuiApplication.mouseButtons() == Qt.MouseButton.NoButton
        )
        self._surround(new if by_keyboard and not isinstance(new, _SHOWS_ITS_OWN) else None)

    def _surround(self, widget: QWidget | None) -> None:
        """Frame `widget`; the frame lives beside what it framed last and goes with it."""
        if not isValid(self._frame):
            if widget is None:
                return
            self._frame = _Frame(self._look)
        self._frame.setWidget(widget)  # pyright: ignore[reportArgumentType]  # Qt takes a null here
