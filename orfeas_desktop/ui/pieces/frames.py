"""Frames: the panels of the window, and what an empty one says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from orfeas_desktop.ui.pieces.buttons import Kind, text_button
from orfeas_desktop.ui.pieces.labels import Role, label

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog, QLayout

SCREEN_EDGE = QSize(24, 48)
"""What a dialog leaves free of the screen: its own frame and title."""


class Panel(QFrame):
    """A rounded frame: a head, over a column of content.

    A dock takes the head for its title bar, so that the panel is moved by it.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAccessibleName(name)
        self.head = QFrame()
        self.head.setObjectName("panelHead")
        self.head.setAccessibleName(name)
        self.head_row = QHBoxLayout(self.head)
        self.head_row.setContentsMargins(12, 10, 8, 0)
        self.head_row.setSpacing(8)
        self.column = QVBoxLayout()
        self.column.setContentsMargins(12, 8, 12, 12)
        self.column.setSpacing(8)
        self._whole = whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.head)
        whole.addLayout(self.column, 1)

    def fill_head(self, *parts: QWidget | int | None, spacing: int = 8) -> None:
        """Put these parts into the head: an integer is a gap in pixels, None a stretch."""
        self.head_row.addLayout(row_of(*parts, spacing=spacing), 1)

    def take_head(self) -> QWidget:
        """Give the head away; the frame is open to it from now on."""
        self.setProperty("headless", True)
        self.head.setProperty("apart", True)
        self._whole.removeWidget(self.head)
        return self.head


class EmptyState(QWidget):
    """One line of text and at most two actions, in the middle of an empty place."""

    chosen = Signal(str)
    """The id of the action that was pressed."""

    def __init__(
        self, text: str, actions: tuple[tuple[str, str], ...] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.text = label(text, Role.muted, wrap=True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text.setMinimumWidth(160)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 4, 16, 4)
        column.setSpacing(12 if actions else 0)
        column.addStretch(1)
        column.addWidget(self.text)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        for action, title in actions:
            button = text_button(title, Kind.plain)
            button.clicked.connect(lambda _=False, wanted=action: self.chosen.emit(wanted))
            row.addWidget(button)
        row.addStretch(1)
        if actions:
            column.addLayout(row)
        column.addStretch(1)


def row_of(*parts: QWidget | int | None, spacing: int = 8) -> QHBoxLayout:
    """Return a row: widgets as they come, an integer for a gap in pixels, None for a stretch."""
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(spacing)
    for part in parts:
        if part is None:
            row.addStretch(1)
        elif isinstance(part, int):
            row.addSpacing(part)
        else:
            row.addWidget(part)
    return row


def holder(layout: QLayout) -> QWidget:
    """Return a widget around `layout`, so that it can be hidden as one."""
    widget = QWidget()
    layout.setContentsMargins(0, 0, 0, 0)
    widget.setLayout(layout)
    return widget


def divider(*, upright: bool = False) -> QFrame:
    """Return a line of one pixel."""
    line = QFrame()
    line.setObjectName("divider")
    if upright:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line


def fit_screen(dialog: QDialog, over: QWidget) -> None:
    """Keep a dialog that is about to open inside the screen of the window it stands over."""
    room = over.screen().availableGeometry().size() - SCREEN_EDGE
    dialog.ensurePolished()
    wanted = dialog.size() if dialog.testAttribute(Qt.WidgetAttribute.WA_Resized) else dialog.sizeHint()
    if wanted.width() > room.width() or wanted.height() > room.height():
        dialog.setMinimumSize(dialog.minimumSize().boundedTo(room))
        dialog.resize(wanted.boundedTo(room))
