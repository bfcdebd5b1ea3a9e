"""The queue: what runs and waits, with cancel and retry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QModelIndex, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QListView, QMenu, QStackedWidget, QWidget

from orfeas_desktop.requests import JobState
from orfeas_desktop.ui.panels.job_row import JobRowPainter
from orfeas_desktop.ui.pieces.buttons import IconName, icon_button
from orfeas_desktop.ui.pieces.frames import EmptyState, Panel
from orfeas_desktop.ui.pieces.labels import Role, label
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.theme import tabular

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint

    from orfeas_desktop.ui.state.job_list import JobList, JobRow
    from orfeas_desktop.ui.theme import Look

LEAST_HEIGHT = 36
"""One row."""


Move = tuple[str, int]
"""A job's id and its place among those that wait."""


class JobView(QListView):
    """The rows; Del cancels or clears the chosen one, dragging or Alt with an arrow moves it."""

    delete_pressed = signal(str)
    moved: TypedSignal[Move] = signal(tuple)  # pyright: ignore[reportAssignmentType]  # a tuple of two

    def __init__(self, jobs: JobList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.setModel(jobs)
        self.setAccessibleName(self.tr("Jobs"))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDragDropOverwriteMode(False)
        self._marked: int | None = None
        jobs.rowsInserted.connect(self._show_new)
        jobs.rowsMoved.connect(self._stay)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.setAccepted(event.source() is self)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Mark the line between two rows where the dragged one would go."""
        event.setAccepted(event.source() is self)
        index, below = self._gap_at(event.position().toPoint())
        row = self.visualRect(index)
        self._mark(row.bottom() if below else row.top())

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._mark(None)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Move the dragged row to where it was let go; the model moves it, not the view."""
        self._mark(None)
        row = self._jobs.row_at(self.currentIndex())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if row is not None and event.source() is self:
            self.moved.emit((row.id, self._place_at(event.position().toPoint())))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._marked is not None:
            painter = QPainter(self.viewport())
            painter.fillRect(4, self._marked, self.viewport().width() - 8, 2, self.palette().highlight())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self._jobs.row_at(self.currentIndex())
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if row is not None and step and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            place = self.currentIndex().row() - self._jobs.count(JobState.running) + step
            self.moved.emit((row.id, place))
            return
        if event.key() == Qt.Key.Key_Delete and row is not None:
            self.delete_pressed.emit(row.id)
            return
        super().keyPressEvent(event)

    def _show_new(self, _parent: QModelIndex, first: int) -> None:
        """Go to the top, where work is, when a job was added to it."""
        row = self._jobs.row_at(self._jobs.index(first))
        if row is not None and not row.ended:
            self.scrollToTop()

    def _stay(self, _parent: QModelIndex, place: int, _last: int, _onto: QModelIndex, target: int) -> None:
        """Choose what came into the place of the chosen job when that was cancelled, so that the view stays."""
        current = self.currentIndex()
        row = self._jobs.row_at(current)
        moved = current.row() == target - (target > place)
        if moved and row is not None and row.state is JobState.cancelled:
            self.setCurrentIndex(self._jobs.index(place))

    def _mark(self, line: int | None) -> None:
        self._marked = line
        self.viewport().update()

    def _gap_at(self, point: QPoint) -> tuple[QModelIndex, bool]:
        """Return the waiting row that is nearest, and whether the gap is below it."""
        first = self._jobs.count(JobState.running)
        last = first + max(1, self._jobs.count(JobState.waiting)) - 1
        under = self.indexAt(point)
        row = under.row() if under.isValid() else last
        index = self._jobs.index(min(max(first, row), last))
        return index, point.y() > self.visualRect(index).center().y()

    def _place_at(self, point: QPoint) -> int:
        """Return the place among those that wait before which `point` lies, as it is once the row is gone."""
        index, below = self._gap_at(point)
        target = index.row() + below - (self.currentIndex().row() < index.row() + below)
        return target - self._jobs.count(JobState.running)


class JobPanel(Panel):
    """Shows the job list; emits which job to cancel, retry, forget or explain."""

    cancel_wanted = signal(str)
    forget_wanted = signal(str)
    retry_wanted = signal(str)
    explain_wanted = signal(str)
    move_wanted: TypedSignal[Move] = signal(tuple)  # pyright: ignore[reportAssignmentType]  # a tuple of two
    action_wanted = signal(str)

    def __init__(self, look: Look, jobs: JobList, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Queue"), parent)
        self._jobs = jobs
        self.count = label("", Role.caption)
        self.count.setFont(tabular(self.count.font()))
        self.pause = self._button(look, "ph.pause", "pause-queue", self.tr("Pause the queue"))
        self.resume = self._button(look, "ph.play", "pause-queue", self.tr("Go on with the queue"))
        self.stop = self._button(look, "ph.stop", "cancel-current", self.tr("Cancel the running job"))
        self.stop_waiting = self._button(look, "ph.queue", "cancel-waiting", self.tr("Cancel waiting jobs"))
        self.stop_all = self._button(look, "ph.x-circle", "cancel-all", self.tr("Cancel all jobs"))
        self.clear = self._button(look, "ph.eraser", "clear-history", self.tr("Clear the job history"))
        self.view = JobView(jobs)
        self.painter = JobRowPainter(look, jobs, self)
        self.view.setItemDelegate(self.painter)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._show_menu)
        self.empty = EmptyState(self.tr("Nothing running"))
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.view)
        self.head_row.setContentsMargins(14, 6, 8, 0)
        self.column.setContentsMargins(8, 2, 8, 6)
        self.fill_head(
            label(self.tr("Queue"), Role.heading),
            self.count,
            None,
            self.pause,
            self.resume,
            self.stop,
            self.stop_waiting,
            self.stop_all,
            self.clear,
            spacing=4,
        )
        self.column.addWidget(self.pages, 1)
        self.setMinimumHeight(LEAST_HEIGHT)
        self.painter.cross_pressed.connect(self._cross)
        self.view.delete_pressed.connect(self._cross)
        self.view.moved.connect(self.move_wanted.emit)
        self.view.activated.connect(self._activate)
        self.painter.retry_pressed.connect(self.retry_wanted.emit)
        self.painter.row_pressed.connect(self._explain)
        look.changed.connect(self.view.viewport().update)
        jobs.counts_changed.connect(self.refresh)
        jobs.hold_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the counts and what can be pressed."""
        running = self._jobs.count(JobState.running)
        waiting = self._jobs.count(JobState.waiting)
        words, number = list[str](), QLocale().toString
        if running:
            words.append(self.tr("{count} running").format(count=number(running)))
        if waiting:
            words.append(self.tr("{count} waiting").format(count=number(waiting)))
        if self._jobs.to_come:
            words.append(self.tr("{count} to come").format(count=number(self._jobs.to_come)))
        if self._jobs.held:
            words.insert(0, self.tr("Paused"))
        self.count.setText(" · ".join(words))
        self.pause.setVisible(not self._jobs.held)
        self.resume.setVisible(self._jobs.held)
        self.stop.setEnabled(running > 0)
        self.stop_waiting.setEnabled(waiting + self._jobs.to_come > 0)
        self.stop_all.setEnabled(running + waiting + self._jobs.to_come > 0)
        self.clear.setEnabled(self._jobs.rowCount() > running + waiting)
        self.pages.setCurrentWidget(self.view if self._jobs.rowCount() else self.empty)

    def _button(self, look: Look, icon: str, action: str, name: str) -> QWidget:
        button = icon_button(look, IconName(icon), name)
        button.clicked.connect(lambda: self.action_wanted.emit(action))
        return button

    def _cross(self, job_id: str) -> None:
        row = self._jobs.job(job_id)
        if row is not None:
            (self.forget_wanted if row.ended else self.cancel_wanted).emit(job_id)

    def _activate(self, index: QModelIndex) -> None:
        row = self._jobs.row_at(index)
        if row is not None:
            self._explain(row.id)

    def _explain(self, job_id: str) -> None:
        row = self._jobs.job(job_id)
        if row is not None and row.state is JobState.failed:
            self.explain_wanted.emit(job_id)

    def _show_menu(self, at: QPoint) -> None:
        row = self._jobs.row_at(self.view.indexAt(at))
        if row is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._fill(menu, row)
        menu.popup(self.view.viewport().mapToGlobal(at))

    def _fill(self, menu: QMenu, row: JobRow) -> None:
        if row.state is JobState.waiting:
            last = self._jobs.count(JobState.waiting) - 1
            for title, place in ((self.tr("Run next"), 0), (self.tr("Run last"), last)):
                menu.addAction(title).triggered.connect(
                    lambda _=False, to=place: self.move_wanted.emit((row.id, to))
                )
            menu.addSeparator()
        if not row.ended:
            menu.addAction(self.tr("Cancel")).triggered.connect(lambda: self.cancel_wanted.emit(row.id))
            return
        if row.state in {JobState.failed, JobState.cancelled}:
            menu.addAction(self.tr("Retry")).triggered.connect(lambda: self.retry_wanted.emit(row.id))
        if row.state is JobState.failed:
            menu.addAction(self.tr("Show the problem")).triggered.connect(
                lambda: self.explain_wanted.emit(row.id)
            )
        menu.addAction(self.tr("Remove from the list")).triggered.connect(
            lambda: self.forget_wanted.emit(row.id)
        )
