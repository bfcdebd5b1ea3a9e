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
        self._frame = _Frame(look)
        app.installEventFilter(self)

    def framed(self) -> QWidget | None:
        """Return the widget inside the ring."""
        return self._frame.widget()

    def close(self) -> None:
        """Stop watching."""
        QApplication.instance().removeEventFilter(self)  # pyright: ignore[reportOptionalMemberAccess]  # it filters, so it is there
        self._frame.setWidget(None)  # pyright: ignore[reportArgumentType]  # Qt takes a null here
        self._frame.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  (Qt's name)
        if event.type() is QEvent.Type.FocusIn and isinstance(watched, QWidget):
            by_keyboard = isinstance(event, QFocusEvent) and event.reason() in _BY_KEYBOARD
            shown = by_keyboard and not isinstance(watched, _SHOWS_ITS_OWN)
            self._frame.setWidget(watched if shown else None)  # pyright: ignore[reportArgumentType]  # Qt takes a null here
        return False
