"""The job desk: hears the engine, keeps the queue's list, and has results recorded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Signal

from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.projects.records import Change
from orfeas_desktop.requests import (
    Job,
    JobCancelled,
    JobDone,
    JobEvent,
    JobFailed,
    JobPreviewed,
    JobProgressed,
    JobQueued,
    JobState,
    JobWarned,
)
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.state.job_list import JobList

if TYPE_CHECKING:
    from orfeas_desktop.studio import Studio
    from orfeas_desktop.ui.state.store_thread import StoreThread

Ended = JobDone | JobFailed | JobCancelled
Start = Callable[["Studio"], Job]


@dataclass
class _Batch:
    """Jobs that are still to be sent, one after the other."""

    starts: deque[Start]
    failed: Callable[[OrfeasError], object] | None
    sent: Callable[[], object] | None
    ended: Callable[[Ended], object] | None


@dataclass(frozen=True)
class _Wish:
    """What whoever sends a job wants to hear of it; `sweeps`: how often all was cancelled before."""

    ended: Callable[[Ended], object] | None
    previewed: Callable[[JobPreviewed], object] | None
    sent: Callable[[], object] | None
    ask: str
    listed: bool
    sweeps: int


class JobDesk(QObject):
    """Sends jobs, follows them, and tells who asked when one has ended and been recorded."""

    recorded: TypedSignal[Change] = signal(Change)
    finished: TypedSignal[JobDone] = signal(JobDone)
    """A job of the list is done and in the library."""
    failed: TypedSignal[JobFailed] = signal(JobFailed)
    warned: TypedSignal[JobWarned] = signal(JobWarned)
    repeated = Signal()
    """The same is under way already."""
    kept_back = Signal()
    """Something waits, as the first, because the queue is paused."""

    def __init__(self, store: StoreThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.list = JobList(self)
        self._store = store
        self._studio: Studio | None = None
        self._batches: deque[_Batch] = deque()
        self._waiting: dict[str, Callable[[Ended], object]] = {}
        self._previews: dict[str, Callable[[JobPreviewed], object]] = {}
        self._asks: dict[str, str] = {}
        """What was asked for, by job."""
        self._under_way: set[str] = set()
        self._sweeps = 0
        """How often all that waits was cancelled."""
        self._errors: dict[str, OrfeasError] = {}
        self._usual: dict[tuple[str, int], float] = {}

    def open(self, studio: Studio, *, held: bool = False) -> None:
        """Work with this studio: take up what waited in a process that is gone; `held`: the queue is paused."""
        self._studio = studio
        self.hold(held)
        self._store.ask(studio.resume_waiting_jobs, self._take_up)

    def close(self) -> None:
        """Let go of the studio; what comes later is heard no more, what is to come waits in the library."""
        studio, self._studio = self._studio, None
        if studio is not None:
            for start in (start for batch in self._batches for start in batch.starts):
                self._store.ask(partial(start, studio))

    def send(
        self,
        start: Callable[[Studio], Job],
        ended: Callable[[Ended], object] | None = None,
        *,
        listed: bool = True,
        failed: Callable[[OrfeasError], object] | None = None,
        previewed: Callable[[JobPreviewed], object] | None = None,
        sent: Callable[[], object] | None = None,
        ask: str = "",
    ) -> bool:
        """Start a job on the store thread; says whether it does.

        `ended` hears how it ended, once what it left is recorded; `failed` hears why it could not start, `sent`
        that it did. `ask` says in full what is asked for: as long as the same is under way, nothing is started.
        """
        studio = self._studio
        if studio is None or (ask and not self.begin(ask)):
            return False

        wish = _Wish(ended, previewed, sent, ask, listed, self._sweeps)

        def refuse(error: OrfeasError) -> None:
            self.end(ask)
            (failed or self._store.failed.emit)(error)

        self._store.ask(lambda: start(studio), partial(self._take, wish), refuse)
        return True

    def _take(self, wish: _Wish, job: Job) -> None:
        """Note who hears of a job that was started, and list it."""
        if wish.ask:
            self._asks[job.id] = wish.ask
        if wish.ended is not None:
            self._waiting[job.id] = wish.ended
        if wish.previewed is not None:
            self._previews[job.id] = wish.previewed
        if wish.listed:
            self._list(job, cancelled=wish.sweeps != self._sweeps)
        if wish.sent is not None:
            wish.sent()

    def _list(self, job: Job, *, cancelled: bool) -> None:
        self.list.add(job)
        if cancelled:
            self.cancel(job.id)
        elif self.list.held and job.destination is not None and self.list.count(JobState.waiting) == 1:
            self.kept_back.emit()

    def begin(self, ask: str) -> bool:
        """Note what is asked for until its `end`; False, and `repeated` tells, when the same is under way."""
        if ask in self._under_way:
            self.repeated.emit()
            return False
        self._under_way.add(ask)
        return True

    def end(self, ask: str) -> None:
        """Let the same be asked for again."""
        self._under_way.discard(ask)

    def send_all(
        self,
        starts: Iterable[Start],
        failed: Callable[[OrfeasError], object] | None = None,
        sent: Callable[[], object] | None = None,
        ended: Callable[[Ended], object] | None = None,
    ) -> None:
        """Start many jobs, each when the one before has its place, so that all else has its turn between them.

        `failed` hears of each that could not start; `sent` that there are no more; `ended` how each one ended.
        Cancelling what waits ends it.
        """
        self._batches.append(_Batch(deque(starts), failed, sent, ended))
        if len(self._batches) == 1:
            self._send_next()
        else:
            self._count_to_come()

    def _send_next(self) -> None:
        while self._batches and not self._batches[0].starts:
            told = self._batches.popleft().sent
            if told is not None:
                told()
        if not self._batches:
            self._count_to_come()
            return
        batch = self._batches[0]

        def refuse(error: OrfeasError) -> None:
            (batch.failed or self._store.failed.emit)(error)
            self._send_next()

        start = batch.starts.popleft()
        self._count_to_come()
        self.send(start, batch.ended, failed=refuse, sent=self._send_next)

    def _count_to_come(self) -> None:
        self.list.set_to_come(sum(len(batch.starts) for batch in self._batches))

    def take_event(self, event: JobEvent) -> None:
        """Show what happened; what ended is recorded on the store thread first, unless nothing is kept of it."""
        if isinstance(event, JobPreviewed) and event.job_id in self._previews:
            self._previews[event.job_id](event)
        elif isinstance(event, JobWarned):
            self.warned.emit(event)
        elif isinstance(event, JobQueued | JobProgressed):
            self.list.take_event(event)
        elif self._studio is not None:
            studio = self._studio
            self._store.ask(lambda: _recorded(studio, event), lambda made: self._conclude(*made))

    def cancel(self, job_id: str) -> None:
        """Stop one job."""
        if self._studio is not None:
            self._studio.cancel(job_id)

    def cancel_current(self) -> None:
        """Stop what runs."""
        for job_id in self.list.ids({JobState.running}):
            self.cancel(job_id)

    def cancel_waiting(self) -> None:
        """Stop what has not begun, as far as the list shows it, and what is on its way into the list."""
        self._sweeps += 1
        for batch in self._batches:
            batch.starts.clear()
            batch.sent = None
        self._count_to_come()
        for job_id in self.list.ids({JobState.waiting}):
            self.cancel(job_id)

    def cancel_all(self) -> None:
        """Stop what the list shows."""
        self.cancel_waiting()
        self.cancel_current()

    def hold(self, held: bool) -> None:
        """Let nothing that waits for its turn start, or go on."""
        if self._studio is not None:
            self._studio.hold(held)
            self.list.set_held(held)

    def move(self, job_id: str, place: int) -> None:
        """Run a waiting job at that place among those that wait; the order stays through a restart."""
        order, studio = self.list.move(job_id, place), self._studio
        if studio is not None and order:
            self._store.ask(lambda: studio.reorder(order))

    def retry(self, job_id: str) -> None:
        """Start the same job once more in place of the old row."""
        row = self.list.job(job_id)
        if row is not None:
            self.list.forget(job_id)
            self.send(lambda studio: studio.retry(row.job))

    def usual_seconds(self, entry: str, version: int) -> float:
        """Return how long that entry takes on this machine, 0 when it never ran; read anew once a job has ended."""
        key = (entry, version)
        if key not in self._usual and self._studio is not None:
            self._usual[key] = sum(self._studio.usual_seconds(entry, version).values())
        return self._usual.get(key, 0.0)

    def error_of(self, job_id: str) -> OrfeasError | None:
        """Return why the job failed."""
        return self._errors.get(job_id)

    def clear_history(self) -> None:
        """Forget what ended, here and in the library."""
        self.list.forget_ended()
        if self._studio is not None and self._studio.writable:
            self._store.ask(self._studio.forget_jobs)

    def _take_up(self, jobs: tuple[Job, ...]) -> None:
        self.list.add_waiting(jobs)
        if jobs and self.list.held:
            self.kept_back.emit()

    def _conclude(self, event: JobEvent, change: Change | None) -> None:
        if isinstance(event, JobFailed):
            self._errors[event.job_id] = event.error
        say = event.error.say(_translated) if isinstance(event, JobFailed) else ""
        job_id = event.job.id if isinstance(event, JobDone) else event.job_id
        row = self.list.job(job_id)
        self.list.take_event(event, say)
        if change is not None:
            self.recorded.emit(change)
        if isinstance(event, Ended):
            self._usual.clear()
            self._store.ask(_nothing, lambda _: self._tell(event, listed=row is not None))

    def _tell(self, event: Ended, *, listed: bool) -> None:
        """Tell who waits for it; after what the library reads of it, and in a turn of its own, so that none is long."""
        if self._studio is None:
            return
        job_id = event.job.id if isinstance(event, JobDone) else event.job_id
        self._previews.pop(job_id, None)
        self.end(self._asks.pop(job_id, ""))
        told = self._waiting.pop(job_id, None)
        if told is not None:
            told(event)
        if isinstance(event, JobDone) and listed:
            self.finished.emit(event)
        if isinstance(event, JobFailed) and listed:
            self.failed.emit(event)


def _recorded(studio: Studio, event: JobEvent) -> tuple[JobEvent, Change | None]:
    """Keep what happened; return it with the files where they lie then, and what that changed."""
    change = studio.record(event)
    if isinstance(event, JobDone):
        event = replace(event, result=studio.located(event.result))
    return event, change


def _nothing() -> None:
    """Wait for one's turn on the store thread, nothing more."""


def _translated(text: str) -> str:
    return QCoreApplication.translate("Errors", text)
