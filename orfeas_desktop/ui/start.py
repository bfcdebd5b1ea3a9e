"""Starts the window: first paint, then the library, then 3D; one road out."""

from __future__ import annotations

import faulthandler
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLocale, QTimer
from PySide6.QtWidgets import QApplication

from orfeas_desktop import __version__
from orfeas_desktop.errors import BackendFailed, OrfeasError
from orfeas_desktop.log import write_crash_report
from orfeas_desktop.settings import Settings, save_settings
from orfeas_desktop.ui.dialogs.error_box import ErrorBox
from orfeas_desktop.ui.engine_thread import EngineThread
from orfeas_desktop.ui.main_window.doings import Doings, Outside
from orfeas_desktop.ui.main_window.window import MainWindow
from orfeas_desktop.ui.main_window.wiring import Wiring
from orfeas_desktop.ui.pieces.focus_ring import FocusRing
from orfeas_desktop.ui.state.library_model import DragFiles
from orfeas_desktop.ui.state.machine_watch import MachineWatch
from orfeas_desktop.ui.state.session import Session
from orfeas_desktop.ui.state.window_state import WindowState, read_window_state, write_window_state
from orfeas_desktop.ui.theme import Look, ThemeChoice

if TYPE_CHECKING:
    from orfeas_desktop.paths import Paths
    from orfeas_desktop.projects.records import Project
    from orfeas_desktop.requests import Job
    from orfeas_desktop.studio import Studio


@dataclass
class Running:
    """The window and what runs behind it; `close` is the one road out."""

    window: MainWindow
    session: Session
    wiring: Wiring
    doings: Doings
    watch: MachineWatch
    paths: Paths
    ring: FocusRing
    remembered: WindowState
    engine: EngineThread | None = None
    closed: bool = False

    def close(self) -> None:
        """Remember the layout, stop every thread, close the library; harmless when done before."""
        if self.closed:
            return
        self.closed = True
        geometry, docks = self.window.layout_text()
        project = self.session.library.project
        write_window_state(
            self.paths.state,
            WindowState(
                geometry=geometry,
                docks=docks,
                project_id=project.id if project else None,
                backend=self.window.inspector.generate.engine_id(),
                last_export=self.doings.last_export,
            ),
        )
        self.watch.close()
        if self.engine is not None:
            self.engine.stop()
        self.session.close()
        self.window.viewport.shut_down()
        self.ring.close()


def start(paths: Paths, settings: Settings, open_studio: Callable[[], Studio]) -> int:
    """Show the window, run until it is closed, return the exit status."""
    faulthandler.enable()
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Orfeas Desktop")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("orfeas-desktop")
    if QLocale.system().language() is QLocale.Language.C:
        QLocale.setDefault(QLocale(QLocale.Language.English))
    look = Look(app, ThemeChoice(settings.appearance.theme.value))
    with tempfile.TemporaryDirectory(prefix="orfeas-drag-") as folder:
        running = build(app, look, paths, settings, Path(folder))
        sys.excepthook = partial(_report_crash, paths, running)
        open_window(running, open_studio)
        status = app.exec()
        running.close()
    return status


def build(app: QApplication, look: Look, paths: Paths, settings: Settings, drag_folder: Path) -> Running:
    """Build the window and its session; nothing is opened yet."""
    session = Session()
    window = MainWindow(look, session, DragFiles(lambda asset: session.named_file(asset, drag_folder)))
    wiring = Wiring(window, session)
    outside = Outside(settings, partial(_keep, paths), paths.state, _samples)
    doings = Doings(window, session, wiring, outside)
    watch = MachineWatch(paths.library, window)
    watch.looked.connect(wiring.show_machine)
    remembered = read_window_state(paths.state)
    doings.last_export = remembered.last_export
    running = Running(window, session, wiring, doings, watch, paths, FocusRing(app, look), remembered)
    window.closing.connect(running.close)
    return running


def open_window(running: Running, open_studio: Callable[[], Studio]) -> None:
    """Show the window; after its first paint open the library, then load 3D."""
    window = running.window
    remembered = running.remembered
    if not window.restore_layout(remembered.geometry, remembered.docks):
        screen = window.screen().availableGeometry().size()
        window.resize(window.size().boundedTo(screen))
    running.doings.apply_settings()
    window.show()
    QTimer.singleShot(0, window, lambda: _after_first_paint(running, open_studio))


def _after_first_paint(running: Running, open_studio: Callable[[], Studio]) -> None:
    if running.closed:
        return
    running.watch.start()
    running.session.store.ask(
        open_studio,
        lambda studio: _take_over(running, studio),
        lambda error: _tell_no_library(running, error),
    )
    running.window.viewport.start_3d()


def _take_over(running: Running, studio: Studio) -> None:
    running.engine = EngineThread(studio.poll)
    running.engine.happened.connect(running.session.take_event)
    running.session.open(studio, running.remembered.project_id)
    running.window.inspector.generate.choose_engine(running.remembered.backend)
    running.engine.start()


def _tell_no_library(running: Running, error: OrfeasError) -> None:
    running.window.status.show_library_state(error.say())
    running.wiring.show_error(error)


def _keep(paths: Paths, settings: Settings) -> None:
    save_settings(settings, paths.settings_file)


def _samples(studio: Studio) -> tuple[Project, tuple[Job, ...]]:
    from orfeas_desktop.studio import ensure_sample_project

    return ensure_sample_project(studio)


def _report_crash(
    paths: Paths,
    running: Running,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    """Write a crash report and say so; the window goes on."""
    if issubclass(kind, KeyboardInterrupt):
        running.window.close()
        return
    report = write_crash_report(paths.crashes, error.with_traceback(trace), version=__version__)
    sys.stderr.write(f"error: {kind.__name__}: {error}\n")
    if not running.closed and QCoreApplication.instance() is not None:
        problem = BackendFailed(
            entry="Orfeas Desktop", problem=str(error) or kind.__name__, details=str(report or "")
        )
        ErrorBox.show_error(running.window, problem)
