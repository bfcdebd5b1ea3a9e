"""Telling: what happened, as toasts, the status line, and the error box when nothing is nearer."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, QUrl
from PySide6.QtGui import QDesktopServices

from orfeas_desktop.register import Table
from orfeas_desktop.ui.dialogs.error_box import ErrorBox
from orfeas_desktop.ui.panels.status_line import MachineLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.hardware.probe import Machine
    from orfeas_desktop.errors import OrfeasError
    from orfeas_desktop.projects.records import Version
    from orfeas_desktop.requests import JobDone, JobFailed, JobWarned
    from orfeas_desktop.ui.main_window.window import MainWindow
    from orfeas_desktop.ui.state.handed import Handed
    from orfeas_desktop.ui.state.session import Session

GB = 1e9


class Telling(QObject):
    """Hears the session and says what the user should know."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self.window = window
        self.session = session
        session.library.deleted.connect(self._tell_deleted)
        session.failed.connect(self.show_error)
        session.exported.connect(self._tell_exported)
        session.arrived.connect(self._tell_arrived)
        session.desk.failed.connect(self._tell_failure)
        session.desk.finished.connect(self._tell_finished)
        session.desk.warned.connect(self._tell_warning)
        session.desk.repeated.connect(lambda: window.toasts.show(self.tr("This is in the queue already")))
        session.desk.kept_back.connect(self._tell_paused)
        window.jobs.explain_wanted.connect(self.explain)
        window.viewport.screenshot_saved.connect(self._tell_saved)

    def _tell_paused(self) -> None:
        self.window.toasts.show(
            self.tr("The queue is paused"), (self.tr("Go on"), lambda: self.session.desk.hold(False))
        )

    def _tell_deleted(self, ids: tuple[int, ...]) -> None:
        words = (
            self.tr("Moved to the recycle bin")
            if len(ids) == 1
            else self.tr("{count} assets moved to the recycle bin")
        )
        self.window.toasts.show_undoable(words.format(count=len(ids)), self.session.library.undo)

    def explain(self, job_id: str) -> None:
        """Show why a job failed."""
        error = self.session.desk.error_of(job_id)
        if error is not None:
            self.show_error(error)

    def _tell_failure(self, event: JobFailed) -> None:
        row = self.session.desk.list.job(event.job_id)
        words = self.tr("{name} failed").format(name=row.job.title if row else "")
        self.window.toasts.show(words, (self.tr("Show"), lambda: self.explain(event.job_id)))

    def _tell_finished(self, event: JobDone) -> None:
        imported = event.job.request.table is Table.chores
        if event.result.cached and event.job.destination is not None and not imported:
            self.window.toasts.show(
                self.tr("{name} was made before: taken from the cache").format(name=event.job.title)
            )

    def _tell_warning(self, event: JobWarned) -> None:
        looked_at = self.session.drafting.draft.accepted
        if self.session.desk.list.job(event.job_id) is not None and not looked_at:
            words = QCoreApplication.translate("Warnings", event.sentence).format(**event.arguments)
            self.window.toasts.show(words)

    def _tell_arrived(self, version: Version) -> None:
        known = self.session.studio.asset(version.asset_id).name if self.session.studio else ""
        show = partial(self.session.turn_to, version.id)
        self.window.toasts.show(self.tr("“{name}” is ready").format(name=known), (self.tr("Show"), show))

    def _tell_exported(self, handed: Handed) -> None:
        self.window.toasts.show(
            self.tr("Exported {name}").format(name=handed.target.name),
            self.way_to(handed.target.parent, handed.report),
        )

    def way_to(self, folder: Path, report: Path | None) -> tuple[str, Callable[[], object]]:
        """Return what a toast offers after an export: its report, else the folder."""
        words = self.tr("Show folder") if report is None else self.tr("Open report")
        place = QUrl.fromLocalFile(str(report or folder))
        return words, lambda: QDesktopServices.openUrl(place)

    def _tell_saved(self, path: object) -> None:
        if isinstance(path, Path):
            self.window.toasts.show(self.tr("Saved {name}").format(name=path.name))

    def show_machine(self, machine: Machine) -> None:
        """Show what was seen of the machine."""
        gpu = self.tr("No GPU found")
        if machine.gpus:
            first = machine.gpus[0]
            words = self.tr("{name} · {used} / {all} GB")
            gpu = words.format(
                name=first.name, used=f"{first.vram_used / GB:.1f}", all=f"{first.vram_total / GB:.1f}"
            )
        free = machine.disk_free / GB if machine.disk_free is not None else 0.0
        self.window.status.show_machine(
            MachineLine(gpu, machine.cpu_load, machine.ram_used / GB, machine.ram_total / GB, free)
        )

    def show_error(self, error: OrfeasError) -> ErrorBox:
        """Show a failure that no panel is nearer to."""
        return ErrorBox.show_error(self.window, error)
