"""Starts the window: first paint, then what stands behind it, the library, 3D; one road out."""

from __future__ import annotations

import faulthandler
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

from orfeas_desktop import __version__
from orfeas_desktop.errors import BackendFailed, OrfeasError
from orfeas_desktop.log import write_crash_report
from orfeas_desktop.settings import Settings, save_settings
from orfeas_desktop.ui.engine_thread import EngineThread
from orfeas_desktop.ui.garbage import Garbage
from orfeas_desktop.ui.main_window.window import MainWindow
from orfeas_desktop.ui.pieces.focus_ring import FocusRing
from orfeas_desktop.ui.pieces.places import Places
from orfeas_desktop.ui.state.library_model import DragFiles
from orfeas_desktop.ui.state.session import Session
from orfeas_desktop.ui.state.window_state import WindowState, read_window_state, write_window_state
from orfeas_desktop.ui.theme import Look, ThemeChoice

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from orfeas_desktop.paths import Paths
    from orfeas_desktop.projects.records import Project
    from orfeas_desktop.requests import Job
    from orfeas_desktop.studio import Studio
    from orfeas_desktop.ui.main_window.doings import Doings, Hands
    from orfeas_desktop.ui.state.machine_watch import MachineWatch


@dataclass(frozen=True)
class Behind:
    """What stands behind the window once it has been seen."""

    hands: Hands
    doings: Doings
    watch: MachineWatch


@dataclass
class Running:
    """The window and what runs behind it; `close` is the one road out."""

    window: MainWindow
    session: Session
    ring: FocusRing
    garbage: Garbage
    paths: Paths
    settings: Settings
    remembered: WindowState
    behind: Behind | None = None
    engine: EngineThread | None = None
    closed: bool = False

    @property
    def hands(self) -> Hands:
        """What connects window and session. Raises RuntimeError before the first paint."""
        return self._behind().hands

    @property
    def doings(self) -> Doings:
        """What the actions do. Raises RuntimeError before the first paint."""
        return self._behind().doings

    def close(self) -> None:
        """Remember the layout, stop every thread, close the library; harmless when done before."""
        if self.closed:
            return
        self.closed = True
        self.garbage.stop()
        if self.behind is not None:
            self.remember()
            self.behind.watch.close()
        if self.engine is not None:
            self.engine.stop()
        self.session.close()
        if self.behind is not None:
            self.window.viewport.shut_down()
        self.ring.close()

    def _behind(self) -> Behind:
        if self.behind is None:
            raise RuntimeError("the window has not been painted yet")
        return self.behind

    def remember(self) -> None:
        """Keep what the next start is to know. Raises RuntimeError before the first paint."""
        geometry, docks = self.window.layout_text()
        project = self.session.library.project
        write_window_state(
            self.paths.state,
            WindowState(
                geometry=geometry,
                docks=docks,
                project_id=project.id if project else None,
                project_name=project.name if project else "",
                backend=self.window.inspector.generate.engine_id(),
                last_export=self.doings.exporting.last,
                tools=self.window.inspector.tools.remembered(),
                places=self.window.places.known(),
                held=self.session.desk.list.held,
            ),
        )


def start(paths: Paths, settings: Settings, open_studio: Callable[[], Studio]) -> int:
    """Show the window, run until it is closed, return the exit status."""
    faulthandler.enable()
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Orfeas Desktop")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("orfeas-desktop")
    look = Look(app, ThemeChoice(settings.appearance.theme.value))
    with tempfile.TemporaryDirectory(prefix="orfeas-drag-") as folder:
        running = build(app, look, paths, settings, Path(folder))
        sys.excepthook = partial(_report_crash, running)
        open_window(running, open_studio)
        status = app.exec()
        running.close()
    return status


def build(app: QApplication, look: Look, paths: Paths, settings: Settings, drag_folder: Path) -> Running:
    """Build the window, ready to be shown; nothing stands behind it yet."""
    if QLocale.system().language() is QLocale.Language.C:
        QLocale.setDefault(QLocale(QLocale.Language.English))
    session = Session()
    remembered = read_window_state(paths.state)
    drag_files = DragFiles(lambda asset: session.named_file(asset, drag_folder))
    window = MainWindow(look, session, drag_files, Places(remembered.places))
    running = Running(window, session, FocusRing(app, look), Garbage(window), paths, settings, remembered)
    window.closing.connect(running.close)
    return running


def open_window(running: Running, open_studio: Callable[[], Studio]) -> None:
    """Show the window; after its first paint furnish it, open the library, then load 3D."""
    window, remembered = running.window, running.remembered
    window.top.expect_project(remembered.project_name)
    if not window.restore_layout(remembered.geometry, remembered.docks):
        window.fit_screen()
    window.first_painted.connect(partial(_after_first_paint, running, open_studio))
    window.show()


def _after_first_paint(running: Running, open_studio: Callable[[], Studio]) -> None:
    if running.closed:
        return
    running.session.store.ask(
        open_studio,
        partial(_take_over, running),
        partial(_tell_no_library, running),
    )
    running.window.look.bring_icons()
    running.behind = _furnish(running)
    running.behind.watch.start()
    running.window.viewport.ready.connect(running.garbage.settle)
    running.window.viewport.failed.connect(running.garbage.settle)
    running.window.viewport.start_3d()


def _furnish(running: Running) -> Behind:
    """Build what the first paint could do without: the 3D view, the wiring, what actions do."""
    from orfeas_desktop.recipes import RecipeShelf
    from orfeas_desktop.ui.main_window.doings import Doings, Hands, Outside
    from orfeas_desktop.ui.main_window.intake import Intake
    from orfeas_desktop.ui.main_window.picture_batch import PictureBatch
    from orfeas_desktop.ui.main_window.searching import Searching
    from orfeas_desktop.ui.main_window.telling import Telling
    from orfeas_desktop.ui.main_window.wiring import Wiring
    from orfeas_desktop.ui.main_window.words_wiring import WordsWiring
    from orfeas_desktop.ui.main_window.workbench import Workbench
    from orfeas_desktop.ui.panels.details_panel import DetailsPanel
    from orfeas_desktop.ui.panels.doctor_panel import DoctorPanel
    from orfeas_desktop.ui.panels.prompt_panel import PromptPanel
    from orfeas_desktop.ui.panels.recipe_panel import RecipePanel
    from orfeas_desktop.ui.panels.tool_panel import ToolPanel
    from orfeas_desktop.ui.state.machine_watch import MachineWatch
    from orfeas_desktop.ui.state.words_desk import WordsDesk
    from orfeas_desktop.ui.viewport.viewport import Viewport

    window, session, paths = running.window, running.session, running.paths
    window.add_viewport(Viewport(window.viewport_colours(), window.look.icon))
    window.inspector.add_words(PromptPanel(window.look, window.places), DetailsPanel())
    window.inspector.add_editing(
        ToolPanel(window.look, window.places), DoctorPanel(), RecipePanel(window.look)
    )
    words = WordsWiring(window, session, WordsDesk(session.desk, session.store, paths, window))
    wiring, telling = Wiring(window, session, words), Telling(window, session)
    batch = PictureBatch(window, session, wiring, telling)
    hands = Hands(
        wiring,
        Intake(window, session, batch),
        batch,
        telling,
        Workbench(window, session, telling, RecipeShelf(paths.recipes)),
        Searching(window, session),
    )
    outside = Outside(running.settings, partial(_keep, paths), paths.state, _samples, paths)
    doings = Doings(window, session, hands, outside)
    doings.exporting.last = running.remembered.last_export
    window.inspector.tools.kept.update(running.remembered.tools)
    watch = MachineWatch(paths.library, window)
    watch.looked.connect(hands.telling.show_machine)
    doings.apply_settings()
    return Behind(hands, doings, watch)


def _take_over(running: Running, studio: Studio) -> None:
    from orfeas_desktop.engine.backends import BACKENDS

    running.engine = EngineThread(studio.poll)
    running.engine.happened.connect(running.session.take_event)
    remembered = running.remembered
    running.session.open(studio, BACKENDS, remembered.project_id, held=remembered.held)
    running.window.inspector.generate.choose_engine(remembered.backend)
    running.engine.start()
    running.window.places.changed.connect(running.remember)
    running.doings.exporting.changed.connect(running.remember)
    running.session.desk.list.hold_changed.connect(running.remember)


def _tell_no_library(running: Running, error: OrfeasError) -> None:
    running.window.status.show_library_state(error.say(), error.advise())
    running.hands.telling.show_error(error)


def _keep(paths: Paths, settings: Settings) -> None:
    save_settings(settings, paths.settings_file)


def _samples(studio: Studio) -> tuple[Project, tuple[Job, ...]]:
    from orfeas_desktop.studio import ensure_sample_project

    return ensure_sample_project(studio)


def _report_crash(
    running: Running, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Write a crash report and say so; the window goes on."""
    if issubclass(kind, KeyboardInterrupt):
        running.close()
        running.window.close()
        return
    report = write_crash_report(running.paths.crashes, error.with_traceback(trace), version=__version__)
    sys.stderr.write(f"error: {kind.__name__}: {error}\n")
    if running.behind is not None and not running.closed:
        problem = str(error) or kind.__name__
        running.hands.telling.show_error(
            BackendFailed(entry="Orfeas Desktop", problem=problem, details=str(report or ""))
        )
