"""The queue as a list model: what runs, what waits, and what ended lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, assert_never

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from orfeas_desktop.requests import (
    JobCancelled,
    JobDone,
    JobEvent,
    JobFailed,
    JobPreviewed,
    JobProgressed,
    JobQueued,
    JobStarted,
    JobState,
    JobWarned,
)

if TYPE_CHECKING:
    from orfeas_desktop.requests import Job, Progress

AnyIndex = QModelIndex | QPersistentModelIndex

ENDED_KEPT = 50
_ORDER = {JobState.running: 0, JobState.waiting: 1}


class JobRole(IntEnum):
    """What the model tells of a row besides its words."""

    row = int(Qt.ItemDataRole.UserRole)


@dataclass(frozen=True)
class JobRow:
    """A job as the queue shows it."""

    job: Job
    state: JobState
    progress: Progress | None = None
    problem: str = ""
    cached: bool = False

    @property
    def id(self) -> str:
        """The job's id."""
        return self.job.id

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state not in _ORDER


class JobList(QAbstractListModel):
    """Rows are jobs: running first, then waiting in the order they came, then ended, newest first."""

    hold_changed = Signal()
    counts_changed = Signal()
    """How many run, wait, ended or are to come is not what it was."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[JobRow] = []
        self._counts: Counter[JobState] | None = None
        """By state; None until somebody asks after a change."""
        self.held = False
        """Whether nothing that waits may start."""
        self.to_come = 0
        """How many jobs are on their way into the list."""

    def set_held(self, held: bool) -> None:
        """Show that the queue is paused, or goes on."""
        self.held = held
        self.hold_changed.emit()

    def set_to_come(self, count: int) -> None:
        """Show how many jobs are on their way into the list."""
        if count != self.to_come:
            self.to_come = count
            self.counts_changed.emit()

    def add(self, job: Job, state: JobState = JobState.waiting, problem: str = "") -> None:
        """Take a job in; one that is there already stays as it is."""
        if self._find(job.id) is not None:
            return
        row = JobRow(job, state, problem=problem)
        place = self._place_of(row)
        self.beginInsertRows(QModelIndex(), place, place)
        self._rows.insert(place, row)
        self._counts = None
        self.endInsertRows()
        self.counts_changed.emit()

    def add_waiting(self, jobs: Iterable[Job]) -> None:
        """Take in all of these that are not there, last among those that wait."""
        known = {row.id for row in self._rows}
        rows = [JobRow(job, JobState.waiting) for job in jobs if job.id not in known]
        if rows:
            place = self.count(JobState.running) + self.count(JobState.waiting)
            self.beginInsertRows(QModelIndex(), place, place + len(rows) - 1)
            self._rows[place:place] = rows
            self._counts = None
            self.endInsertRows()
            self.counts_changed.emit()

    def take_event(self, event: JobEvent, say: str = "") -> None:
        """Show what happened to a job; `say` is the sentence of a failure."""
        match event:
            case JobQueued():
                self._change(event.job_id, JobState.waiting)
            case JobStarted():
                self._change(event.job_id, JobState.running)
            case JobProgressed():
                self._progress(event)
            case JobDone():
                self._change(event.job.id, JobState.done, cached=event.result.cached)
            case JobFailed():
                self._change(event.job_id, JobState.failed, problem=say)
            case JobCancelled():
                self._change(event.job_id, JobState.cancelled)
            case JobPreviewed() | JobWarned():
                pass
            case _:
                assert_never(event)

    def forget_ended(self) -> None:
        """Drop what ended."""
        for place in reversed(range(len(self._rows))):
            if self._rows[place].ended:
                self._remove(place)

    def forget(self, job_id: str) -> None:
        """Drop one job."""
        place = self._find(job_id)
        if place is not None:
            self._remove(place)

    def move(self, job_id: str, place: int) -> tuple[str, ...]:
        """Put a waiting job at that place among those that wait; return them in their new order."""
        here = self._find(job_id)
        if here is None or self._rows[here].state is not JobState.waiting:
            return ()
        first = self.count(JobState.running)
        target = first + min(max(0, place), self.count(JobState.waiting) - 1)
        if target != here:
            self.beginMoveRows(QModelIndex(), here, here, QModelIndex(), target + (target > here))
            self._rows.insert(target, self._rows.pop(here))
            self.endMoveRows()
        return self.ids({JobState.waiting})

    def running(self, job_id: str) -> Job | None:
        """Return that job while it runs."""
        return next(
            (row.job for row in self._rows if row.id == job_id and row.state is JobState.running), None
        )

    def rows(self) -> tuple[JobRow, ...]:
        """Return every row in order."""
        return tuple(self._rows)

    def row_at(self, index: AnyIndex) -> JobRow | None:
        """Return the job of that row."""
        place = index.row()
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def count(self, state: JobState) -> int:
        """Return how many jobs are in that state."""
        if self._counts is None:
            self._counts = Counter(row.state for row in self._rows)
        return self._counts[state]

    def job(self, job_id: str) -> JobRow | None:
        """Return the row of that job."""
        place = self._find(job_id)
        return None if place is None else self._rows[place]

    def ids(self, states: Iterable[JobState]) -> tuple[str, ...]:
        """Return the ids of the jobs in these states."""
        wanted = set(states)
        return tuple(row.id for row in self._rows if row.state in wanted)

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """What waits may be dragged to another place."""
        row = self.row_at(index)
        flags = super().flags(index)
        waits = row is not None and row.state is JobState.waiting
        return flags | Qt.ItemFlag.ItemIsDragEnabled if waits else flags

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        row = self.row_at(index)
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return row.job.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.tr("{name}: {state}").format(name=row.job.title, state=self.state_words(row))
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.problem or row.job.title
        if role == JobRole.row:
            return row
        return None

    def state_words(self, row: JobRow) -> str:
        """Return what the job is doing, in words."""
        if row.state is JobState.done and row.cached:
            return self.tr("Done, made before")
        return {
            JobState.waiting: self.tr("Waiting"),
            JobState.running: self.tr("Running"),
            JobState.done: self.tr("Done"),
            JobState.failed: self.tr("Failed"),
            JobState.cancelled: self.tr("Cancelled"),
        }[row.state]

    def _progress(self, event: JobProgressed) -> None:
        place = self._find(event.job_id)
        if place is None:
            return
        if self._rows[place].state is JobState.waiting:
            self._change(event.job_id, JobState.running)
            place = self._find(event.job_id) or 0
        self._rows[place] = replace(self._rows[place], progress=event.progress)
        self.dataChanged.emit(self.index(place), self.index(place))

    def _change(self, job_id: str, state: JobState, *, problem: str = "", cached: bool = False) -> None:
        place = self._find(job_id)
        if place is None or self._rows[place].ended or self._rows[place].state is state:
            return
        row = replace(self._rows[place], state=state, problem=problem, cached=cached)
        if state is not JobState.running:
            row = replace(row, progress=None)
        self._rows[place] = row
        self._counts = None
        target = self._place_of(row)
        target -= target > place
        if target != place:
            self.beginMoveRows(QModelIndex(), place, place, QModelIndex(), target + (target > place))
            self._rows.insert(target, self._rows.pop(place))
            self.endMoveRows()
        self.dataChanged.emit(self.index(target), self.index(target))
        self._drop_oldest()
        self.counts_changed.emit()

    def _place_of(self, row: JobRow) -> int:
        """Return where the row belongs among the others."""
        rank = _ORDER.get(row.state, 2)
        for place, other in enumerate(self._rows):
            if other.id == row.id:
                continue
            other_rank = _ORDER.get(other.state, 2)
            if other_rank > rank or (other_rank == rank == 2):
                return place
        return len(self._rows)

    def _drop_oldest(self) -> None:
        ended = [place for place, row in enumerate(self._rows) if row.ended]
        for place in reversed(ended[ENDED_KEPT:]):
            self._remove(place)

    def _remove(self, place: int) -> None:
        self.beginRemoveRows(QModelIndex(), place, place)
        del self._rows[place]
        self._counts = None
        self.endRemoveRows()
        self.counts_changed.emit()

    def _find(self, job_id: str) -> int | None:
        return next((place for place, row in enumerate(self._rows) if row.id == job_id), None)
