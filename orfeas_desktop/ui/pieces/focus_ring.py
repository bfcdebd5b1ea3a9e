"""The ring around what the keyboard works on; the mouse leaves none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPen
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

_BY_KEYBOARD = frozenset(
    {
        Qt.FocusReason.TabFocusReason,
        Qt.FocusReason.BacktabFocusReason,
        Qt.FocusReason.ShortcutFocusReason,
    }
)
_SHOWS_ITS_OWN = (QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QTextEdit, QAbstractItemView)


class _Frame(QFocusFrame):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setAccessibleName("")

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  (Qt's name)
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._look.color("accent"), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 7, 7)


class FocusRing(QObject):
    """Watches the focus of the whole application and frames what the keyboard reached."""

    def __init__(self, app: QApplication, look: Look) -> None:
        super().__init__(app)
        self._look = look
        self._frame = _Frame(look)
        app.installEventFilter(self)

    def framed(self) -> QWidget | None:
        """Return the widget inside the ring."""
        return self._frame.widget() if isValid(self._frame) else None

    def close(self) -> None:
        """Stop watching."""
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)
        self._surround(None)
        if isValid(self._frame):
            self._frame.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  (Qt's name)
        if event.type() is QEvent.Type.FocusIn and isinstance(watched, QWidget):
            by_keyboard = isinstance(event, QFocusEvent) and event.reason() in _BY_KEYBOARD
            self._surround(watched if by_keyboard and not isinstance(watched, _SHOWS_ITS_OWN) else None)
        return False

    def _surround(self, widget: QWidget | None) -> None:
        """Frame `widget`; the frame lives beside what it framed last and goes with it."""
        if not isValid(self._frame):
            if widget is None:
                return
            self._frame = _Frame(self._look)
        self._frame.setWidget(widget)  # pyright: ignore[reportArgumentType]  # Qt takes a null here
