"""Toasts: short notices at the lower right that go by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from orfeas_desktop.ui.pieces.buttons import IconName, Kind, icon_button, text_button
from orfeas_desktop.ui.pieces.labels import Role, label
from orfeas_desktop.ui.theme import Look

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QUndoStack

SECONDS = 6
MARGIN = 16
WIDTH = 320


class Toast(QFrame):
    """One notice; with an action it stays until it is used or closed."""

    def __init__(
        self, look: Look, parent: QWidget, text: str, action: tuple[str, Callable[[], object]] | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.setAccessibleName(text)
        self.row = row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 8, 8)
        row.setSpacing(8)
        self.message = label(text, Role.body, wrap=True)
        row.addWidget(self.message, 1)
        self.button = text_button(action[0], Kind.link) if action else None
        if action and self.button:
            self._act = action[1]
            self.button.clicked.connect(self._use)
            row.addWidget(self.button)
        close = icon_button(look, IconName("ph.x"), self.tr("Close"), size=14)
        close.clicked.connect(self.close)
        row.addWidget(close)
        self.setFixedWidth(WIDTH)
        self.ensurePolished()

    def leave_with(self, stack: QUndoStack) -> None:
        """Close when `stack` moves on from where it stands now."""
        stack.indexChanged.connect(self.close)

    def _use(self) -> None:
        self.close()
        self._act()


class Toasts(QObject):
    """Stacks toasts over the lower right corner of a widget, or of that part of it where they hide nothing."""

    def __init__(self, look: Look, over: QWidget, part: QWidget | None = None) -> None:
        super().__init__(over)
        self._look = look
        self._over = over
        self._part = part
        self._shown: list[Toast] = []
        for watched in (over, part):
            if watched is not None:
                watched.installEventFilter(self)

    def show(self, text: str, action: tuple[str, Callable[[], object]] | None = None) -> Toast:
        """Show `text`; `action` is a button's words and what it does."""
        toast = Toast(self._look, self._over, text, action)
        toast.installEventFilter(self)
        self._shown.append(toast)
        toast.show()
        toast.raise_()
        if action is None:
            QTimer.singleShot(SECONDS * 1000, toast, toast.close)
        for old in self._shown[:-3]:
            old.close()
        self._place()
        return toast

    def show_undoable(self, text: str, stack: QUndoStack) -> Toast:
        """Offer to take back the step that `stack` is taking; the offer goes with the stack's next move."""
        toast = self.show(text, (self.tr("Undo"), stack.undo))
        QTimer.singleShot(0, toast, lambda: toast.leave_with(stack))
        return toast

    def shown(self) -> tuple[str, ...]:
        """Return what is being said."""
        return tuple(toast.message.text() for toast in self._shown)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move) and not isinstance(watched, Toast):
            self._place()
        elif event.type() is QEvent.Type.Close and isinstance(watched, Toast) and watched in self._shown:
            self._shown.remove(watched)
            watched.deleteLater()
            self._place()
        return False

    def _place(self) -> None:
        room = self._room()
        left, bottom = room.right() - WIDTH - MARGIN, room.bottom() - MARGIN
        for toast in reversed(self._shown):
            height = max(44, toast.row.totalHeightForWidth(WIDTH))
            bottom -= height
            toast.setGeometry(left, bottom, WIDTH, height)
            bottom -= 8

    def _room(self) -> QRect:
        part = self._part
        if part is None or not part.isVisible() or part.width() < WIDTH + 2 * MARGIN:
            return self._over.rect()
        return QRect(part.mapTo(self._over, QPoint(0, 0)), part.size())
