"""The panels around the 3D view as docks: moved by their heads, floated, hidden, brought back, remembered."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMenu, QToolButton

from orfeas_desktop.ui.pieces.buttons import IconName, icon_button

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QSize
    from PySide6.QtWidgets import QMainWindow

    from orfeas_desktop.ui.pieces.frames import Panel
    from orfeas_desktop.ui.theme import Look

LEFT, RIGHT, BOTTOM = 292, 340, 132
SHORT, LOW = 640, 84
"""In a window lower than the first, the queue begins with the second."""
NARROW, SLIM = 880, 600
"""Below the first width the library folds away, below the second the inspector too."""
FORM = 1
"""Of the saved layout; another one is not restored."""


class Docking(QObject):
    """Owns the three docks of the window and says which of them are seen."""

    def __init__(self, look: Look, window: QMainWindow, panels: Sequence[tuple[str, str, Panel]]) -> None:
        super().__init__(window)
        self._window = window
        self._look = look
        self._seen_before: tuple[QDockWidget, ...] | None = None
        self._folded: set[QDockWidget] = set()
        self._width, self._height = NARROW, SHORT
        areas = (
            Qt.DockWidgetArea.LeftDockWidgetArea,
            Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )
        self.docks = tuple(
            self._dock(name, title, panel, area)
            for (name, title, panel), area in zip(panels, areas, strict=True)
        )
        window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.BottomDockWidgetArea)
        window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.BottomDockWidgetArea)
        self._size()
        self._first = window.saveState(FORM)

    @property
    def all_hidden(self) -> bool:
        """Whether every panel was hidden at once."""
        return self._seen_before is not None

    def hide_all(self, hidden: bool) -> None:
        """Hide every dock, or bring back those that were seen before."""
        if hidden and self._seen_before is None:
            self._seen_before = tuple(dock for dock in self.docks if not dock.isHidden())
            for dock in self.docks:
                dock.hide()
        elif not hidden and self._seen_before is not None:
            seen, self._seen_before = self._seen_before, None
            for dock in seen:
                dock.show()

    def toggle(self, dock: QDockWidget) -> None:
        """Show or hide one dock; what a person asks for is not folded away again."""
        self._folded.discard(dock)
        dock.setVisible(dock.isHidden())

    def fold(self, size: QSize) -> None:
        """Fold away what leaves the 3D view no room in a small window; bring it back in a larger one."""
        library, inspector, _ = self.docks
        for dock, least in ((library, NARROW), (inspector, SLIM)):
            if size.width() >= least and dock in self._folded:
                self._folded.discard(dock)
                if not self.all_hidden:
                    dock.show()
            elif size.width() < least <= self._width and not (dock.isHidden() or dock.isFloating()):
                self._folded.add(dock)
                dock.hide()
        if (size.height() < SHORT) != (self._height < SHORT):
            height = LOW if size.height() < SHORT else BOTTOM
            QTimer.singleShot(0, self, partial(self._lower, height))
        self._width, self._height = size.width(), size.height()

    def reset(self) -> None:
        """Put every dock back to its first place."""
        self._seen_before = None
        self._folded.clear()
        self._window.restoreState(self._first, FORM)
        self._size()

    def state(self) -> QByteArray:
        """Return where the docks are, as they would be in a window large enough."""
        self.hide_all(False)
        for dock in tuple(self._folded):
            self.toggle(dock)
        return self._window.saveState(FORM)

    def restore(self, state: QByteArray) -> None:
        """Put the docks where `state` says; what cannot be read changes nothing."""
        self._window.restoreState(state, FORM)
        self._width, self._height = NARROW, SHORT

    def _lower(self, height: int) -> None:
        self._window.resizeDocks([self.docks[2]], [height], Qt.Orientation.Vertical)

    def _size(self) -> None:
        library, inspector, queue = self.docks
        self._window.resizeDocks([library, inspector], [LEFT, RIGHT], Qt.Orientation.Horizontal)
        self._window.resizeDocks([queue], [BOTTOM], Qt.Orientation.Vertical)

    def _dock(self, name: str, title: str, panel: Panel, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(name)
        dock.setAccessibleName(title)
        dock.setTitleBarWidget(panel.take_head())
        dock.setWidget(panel)
        panel.head_row.addWidget(self._menu_button(dock))
        self._window.addDockWidget(area, dock)
        return dock

    def _menu_button(self, dock: QDockWidget) -> QToolButton:
        words = self.tr("Arrange: {panel}").format(panel=dock.windowTitle())
        button = icon_button(
            self._look, IconName("ph.dots-three-vertical"), words, self.tr("Arrange the panel")
        )
        menu = QMenu(button)
        menu.setAccessibleName(words)
        self._fill(menu, dock)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def _fill(self, menu: QMenu, dock: QDockWidget) -> None:
        float_it = menu.addAction(self.tr("Float"))
        float_it.setCheckable(True)
        float_it.triggered.connect(lambda: dock.setFloating(float_it.isChecked()))
        dock.topLevelChanged.connect(float_it.setChecked)
        menu.addSeparator()
        for title, area in (
            (self.tr("Move to the left"), Qt.DockWidgetArea.LeftDockWidgetArea),
            (self.tr("Move to the right"), Qt.DockWidgetArea.RightDockWidgetArea),
            (self.tr("Move to the bottom"), Qt.DockWidgetArea.BottomDockWidgetArea),
        ):
            menu.addAction(title).triggered.connect(lambda _=False, to=area: self._move(dock, to))
        menu.addSeparator()
        menu.addAction(self.tr("Hide")).triggered.connect(lambda: self.toggle(dock))

    def _move(self, dock: QDockWidget, area: Qt.DockWidgetArea) -> None:
        dock.setFloating(False)
        self._window.addDockWidget(area, dock)
