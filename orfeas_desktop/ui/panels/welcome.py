"""What the 3D view says while nothing is there: one line and the ways to begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QBoxLayout, QFrame, QVBoxLayout, QWidget

from orfeas_desktop.ui.pieces.buttons import IconName, Kind, text_button
from orfeas_desktop.ui.pieces.frames import row_of
from orfeas_desktop.ui.pieces.icon_label import IconLabel
from orfeas_desktop.ui.pieces.labels import Role, label
from orfeas_desktop.ui.signals import signal
from orfeas_desktop.ui.theme import Ink

if TYPE_CHECKING:
    from orfeas_desktop.ui.theme import Look

WIDTH = 460
BELOW_BAR = 56
EDGES, TALL = 48, 420
"""Both sides together; below the second height, ways that stand one below the other leave no room for more."""


class Welcome(QFrame):
    """Floats in the middle of its parent while the project is empty."""

    action_wanted = signal(str)

    def __init__(self, look: Look, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.setObjectName("welcome")
        self.setAccessibleName(self.tr("Begin"))
        self.icon = IconLabel(look, IconName("ph.image", Ink.muted), 32)
        self.line = label(self.tr("Drop a picture or a mesh here"), Role.display)
        self.note = label(
            self.tr(
                "Or paste a picture with Ctrl+V: it becomes a mesh on this machine. Nothing is sent anywhere."
            ),
            Role.muted,
            wrap=True,
        )
        for words in (self.line, self.note):
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.choose = text_button(self.tr("Choose a picture…"))
        self.choose.clicked.connect(lambda: self.action_wanted.emit("open-picture"))
        self.words = text_button(self.tr("Type words…"), tip=self.tr("A picture is made from them first"))
        self.words.clicked.connect(lambda: self.action_wanted.emit("words"))
        self.sample = text_button(
            self.tr("Open the samples"), Kind.plain, self.tr("A project with finished assets")
        )
        self.sample.clicked.connect(lambda: self.action_wanted.emit("open-sample"))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        column.addWidget(self.icon, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.line)
        column.addWidget(self.note)
        column.addSpacing(8)
        self._ways = row_of(None, self.choose, self.words, self.sample, None)
        column.addLayout(self._ways)
        over.installEventFilter(self)
        self.hide()

    def follow(self) -> None:
        """Take the middle of the parent."""
        over = self._over
        width = min(WIDTH, over.width() - 32)
        beside = (
            sum(way.sizeHint().width() + 8 for way in (self.choose, self.words, self.sample)) + EDGES <= width
        )
        self._ways.setDirection(
            QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        )
        for part in (self.icon, self.note):
            part.setVisible(beside or over.height() > TALL)
        size = QSize(width, max(self.heightForWidth(width), self.sizeHint().height()))
        self.resize(size)
        spare = over.height() - size.height()
        self.move((over.width() - size.width()) // 2, max(spare // 2, min(BELOW_BAR, spare - 4)))
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Resize, QEvent.Type.ChildAdded} and self.isVisible():
            self.follow()
        return super().eventFilter(watched, event)

    def showEvent(self, event: object) -> None:
        del event
        self.follow()
