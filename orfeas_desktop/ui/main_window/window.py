"""MainWindow: top bar, docks around the 3D view, and the status line; it lays out and remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QKeyCombination, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QMainWindow, QVBoxLayout

from orfeas_desktop.ui.main_window.commands import Commands
from orfeas_desktop.ui.main_window.docking import Docking
from orfeas_desktop.ui.panels.inspector import Inspector
from orfeas_desktop.ui.panels.job_panel import JobPanel
from orfeas_desktop.ui.panels.picture_tile import holds_picture
from orfeas_desktop.ui.panels.project_browser import AssetGrid, ProjectBrowser
from orfeas_desktop.ui.panels.status_line import StatusLine
from orfeas_desktop.ui.panels.top_bar import TopBar
from orfeas_desktop.ui.panels.welcome import Welcome
from orfeas_desktop.ui.pieces.tab_order import next_stop, tab_stops
from orfeas_desktop.ui.pieces.toasts import Toasts
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.viewport.modes import ViewportColours

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from orfeas_desktop.ui.pieces.places import Places
    from orfeas_desktop.ui.state.library_model import DragFiles
    from orfeas_desktop.ui.state.session import Session
    from orfeas_desktop.ui.theme import Look
    from orfeas_desktop.ui.viewport.viewport import Viewport

MARGIN = 8
DEFAULT_SIZE = (1440, 900)
FRAME = 16
"""What the window system draws around a window, roughly."""
SMALLEST = (420, 300)
LEAST_VIEW = (240, 140)
LEAST_PAGE = 150
"""Of the inspector: below it a page scrolls no further, it is cut."""


_START = {
    QKeyCombination(Qt.KeyboardModifier.ControlModifier, Qt.Key.Key_Return),
    QKeyCombination(Qt.KeyboardModifier.ControlModifier, Qt.Key.Key_Enter),
    QKeyCombination(
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.KeypadModifier, Qt.Key.Key_Enter
    ),
}


class MainWindow(QMainWindow):
    """Owns the panels; what they want is heard by whoever wires them to the session."""

    dropped: TypedSignal[QMimeData] = signal(object)  # pyright: ignore[reportAssignmentType]  # the class is Qt's
    closing = Signal()
    first_painted = Signal()
    viewport: Viewport
    welcome: Welcome
    toasts: Toasts

    def __init__(self, look: Look, session: Session, files: DragFiles, places: Places) -> None:
        super().__init__()
        self.look = look
        self.places = places
        self._painted = False
        self.stays: Callable[[], bool] = bool
        """Asked before the window closes: whether it stays open, because somebody is asked first."""
        self.setObjectName("window")
        self.setWindowTitle("Orfeas Desktop")
        self.setAccessibleName(self.tr("Orfeas Desktop"))
        self.setContentsMargins(MARGIN, 0, MARGIN, 0)
        self.setMinimumSize(*SMALLEST)
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setAnimated(False)
        self.commands = Commands(look, self)
        self.top = TopBar(look, self.commands.menu)
        self.setMenuWidget(self.top)
        self.browser = ProjectBrowser(look, session.library.model, files)
        self.inspector = Inspector(look, places)
        self.jobs = JobPanel(look, session.desk.list)
        self.status = StatusLine(look)
        self._lay_out()
        menu_key = QShortcut(QKeySequence("F10"), self)
        menu_key.activated.connect(self.top.menu.showMenu)
        self.resize(*DEFAULT_SIZE)

    def add_viewport(self, viewport: Viewport) -> None:
        """Put the 3D view into the middle; until then its ground is painted."""
        self.viewport = viewport
        self.welcome = Welcome(self.look, viewport)
        self.toasts = Toasts(self.look, viewport)
        self._centre.addWidget(viewport)
        self.look.changed.connect(self._dress)

    def viewport_colours(self) -> ViewportColours:
        """Return the colours of the 3D view in the current theme."""
        return ViewportColours.of(self.look.color)

    def hide_panels(self, hidden: bool) -> None:
        """Hide everything but the 3D view, or bring back what was seen before."""
        self.docking.hide_all(hidden)
        self.top.setVisible(not hidden)
        self.statusBar().setVisible(not hidden)

    def reset_layout(self) -> None:
        """Put every panel back to its first place."""
        self.hide_panels(False)
        self.docking.reset()

    def layout_text(self) -> tuple[str, str]:
        """Return geometry and docks in base 64."""
        geometry = self.saveGeometry()
        return _text(geometry), _text(self.docking.state())

    def restore_layout(self, geometry: str, docks: str) -> bool:
        """Restore what `layout_text` returned; says whether there was a place to restore."""
        placed = bool(geometry) and self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
        if docks:
            self.docking.restore(QByteArray.fromBase64(docks.encode()))
        return placed

    def fit_screen(self) -> None:
        """Take the size of a new window, or the whole of a screen that is too small for it."""
        room = self.screen().availableGeometry().size()
        if room.width() < self.width() + FRAME or room.height() < self.height() + 2 * FRAME:
            self.resize(room.boundedTo(self.size()) - QSize(FRAME, 2 * FRAME))
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.docking.fold(event.size())

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.stays():
            event.ignore()
            return
        self.closing.emit()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if holds_picture(event.mimeData()) and not isinstance(event.source(), AssetGrid):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.dropped.emit(event.mimeData())

    def event(self, event: QEvent) -> bool:
        """In the workspace for editing Ctrl+Enter starts what is seen there, not a generation out of sight."""
        if (
            event.type() is QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._starts(event)
        ):
            event.accept()
            return True
        return super().event(event)

    def _starts(self, event: QKeyEvent) -> bool:
        return self.inspector.editing and event.keyCombination() in _START

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._starts(event):
            runs = self.inspector.runs()
            if runs is not None:
                runs.click()
            return
        if event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self.commands.actions["full-screen"].trigger()
            return
        super().keyPressEvent(event)

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002  (Qt's name)
        library, inspector, queue = self.docks
        places = (self.top, library, self.viewport, inspector, queue)
        regions = [place for place in places if not place.isWindow()]
        stop = next_stop(tab_stops(self, regions), self.focusWidget(), forwards=next)
        if stop is None:
            return False
        stop.setFocus(Qt.FocusReason.TabFocusReason if next else Qt.FocusReason.BacktabFocusReason)
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self.first_painted.emit)

    def _lay_out(self) -> None:
        frame = QFrame()
        frame.setObjectName("viewportFrame")
        frame.setMinimumSize(*LEAST_VIEW)
        self._centre = QVBoxLayout(frame)
        self._centre.setContentsMargins(0, 0, 0, 0)
        self.setCentralWidget(frame)
        self.browser.setMinimumWidth(160)
        self.inspector.setMinimumWidth(292)
        self.inspector.pages.setMinimumHeight(LEAST_PAGE)
        self.docking = Docking(
            self.look,
            self,
            (
                ("library", self.tr("Library"), self.browser),
                ("inspector", self.tr("Inspector"), self.inspector),
                ("queue", self.tr("Queue"), self.jobs),
            ),
        )
        self.docks = self.docking.docks
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.addWidget(self.status, 1)

    def _dress(self) -> None:
        self.viewport.set_colours(self.viewport_colours())


def _text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode()
