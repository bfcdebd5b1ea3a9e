"""Toasts: short notices at the lower right that go by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QWidget

from orfeas_desktop.ui.pieces.buttons import IconName, Kind, icon_button, text_button
from orfeas_desktop.ui.pieces.labels import Role, label
from orfeas_desktop.ui.theme import Look

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QUndoStack

SECONDS = 6
SECONDS_TO_ACT = 20
"""How long a toast with an action stands; the action can be found elsewhere afterwards."""
MOST = 3
MARGIN = 16
WIDTH = 320
WIDE, RAISED = 720, 52
"""In a place narrower than the first, toasts leave the lower edge to what stands at its left."""


class Toast(QFrame):
    """One notice; with an action it stands longer, and none goes from under the pointer or the keyboard."""

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
        self.ensurePolished()

    def leave_with(self, stack: QUndoStack) -> None:
        """Close when `stack` moves on from where it stands now."""
        stack.indexChanged.connect(self.close)

    def leave(self) -> None:
        """Close, or later while somebody is at it."""
        if self.underMouse() or any(button.hasFocus() for button in self.findChildren(QAbstractButton)):
            QTimer.singleShot(SECONDS * 1000, self, self.leave)
        else:
            self.close()

    def _use(self) -> None:
        self.close()
        self._act()


class Toasts(QObject):
    """Stacks toasts in the lower right corner of a widget, inside it: they hide nothing that lies beside it."""

    def __init__(self, look: Look, over: QWidget) -> None:
        super().__init__(over)
        self._look = look
        self._over = over
        self._shown: list[Toast] = []
        over.installEventFilter(self)

    def show(self, text: str, action: tuple[str, Callable[[], object]] | None = None) -> Toast:
        """Show `text`, once; `action` is a button's words and what it does."""
        for old in [toast for toast in self._shown if toast.message.text() == text]:
            old.close()
        toast = Toast(self._look, self._over, text, action)
        toast.installEventFilter(self)
        self._shown.append(toast)
        for old in self._shown[:-MOST]:
            old.close()
        self._place()
        toast.show()
        toast.raise_()
        QTimer.singleShot((SECONDS if action is None else SECONDS_TO_ACT) * 1000, toast, toast.leave)
        return toast

    def show_undoable(self, text: str, stack: QUndoStack) -> Toast:
        """Offer to take back the step that `stack` has just taken; the offer goes with the stack's next move."""
        toast = self.show(text, (self.tr("Undo"), stack.undo))
        toast.leave_with(stack)
        return toast

    def shown(self) -> tuple[str, ...]:
        """Return what is being said."""
        return tuple(toast.message.text() for toast in self._shown)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() is QEvent.Type.Resize:
            self._place()
        elif event.type() is QEvent.Type.Close and isinstance(watched, Toast) and watched in self._shown:
            self._shown.remove(watched)
            watched.deleteLater()
            self._place()
        return False

    def _place(self) -> None:
        room = self._over.rect()
        width = min(WIDTH, room.width() - 2 * MARGIN)
        left, bottom = (
            room.right() - width - MARGIN,
            room.bottom() - (MARGIN if room.width() > WIDE else RAISED),
        )
        for toast in reversed(self._shown):
            height = max(44, toast.row.totalHeightForWidth(width))
            bottom -= height
            toast.setGeometry(left, bottom, width, height)
            bottom -= 8
