"""Engine: the door to queue, cache and workers; submit, cancel, poll, close."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from orfeas_desktop.engine.jobs.staged import clear_after_the_dead, own_folder
from orfeas_desktop.engine.worker.dispatcher import Dispatcher, Surroundings
from orfeas_desktop.engine.worker.options import EngineOptions
from orfeas_desktop.engine.worker.supervisor import Heard
from orfeas_desktop.engine.worker.tables import house_tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orfeas_desktop.engine.jobs.ports import BlobPaths, ResultIndex, StageTimes
    from orfeas_desktop.engine.worker.tables import Tables
    from orfeas_desktop.register import Lane
    from orfeas_desktop.requests import Job, JobEvent

Command = Callable[[Dispatcher], None]


class Engine:
    """Runs jobs in worker processes, one for each lane, started when first needed.

    Every method may be called from any thread. Commands return at once; they are carried out and events
    come forth only while somebody polls. Every job ends in exactly one of JobDone, JobFailed, JobCancelled.
    """

    def __init__(
        self,
        *,
        results: ResultIndex,
        blobs: BlobPaths,
        times: StageTimes,
        staging: Path,
        scratch: Path,
        options: EngineOptions,
        tables: Tables | None = None,
    ) -> None:
        """Start nothing yet.

        staging  on the library's disk; what an earlier process left there is cleared away
        tables   instead of the program's own five
        """
        self._inbox: queue.Queue[Command | Heard] = queue.Queue()
        self._lock = threading.Lock()
        self._closed = False
        around = Surroundings(
            tables=house_tables() if tables is None else tables,
            results=results,
            blobs=blobs,
            times=times,
            staging=own_folder(staging),
            scratch=scratch,
        )
        self._dispatcher = Dispatcher(around, options, self._inbox.put)
        self._inbox.put(lambda _: clear_after_the_dead(staging))

    def submit(self, job: Job) -> None:
        """Queue a job. A known result is delivered at once; a job equal to a live one shares its run.

        A job that takes files from another (FromJob) must be submitted after that one.
        """
        self._inbox.put(partial(Dispatcher.submit, job=job))

    def cancel(self, job_id: str) -> None:
        """Cancel a job; JobCancelled comes when its work has stopped. Others who share its run keep it."""
        self._inbox.put(partial(Dispatcher.cancel, job_id=job_id))

    def cancel_waiting(self) -> None:
        """Cancel every job that has not started."""
        self._inbox.put(Dispatcher.cancel_waiting)

    def cancel_all(self) -> None:
        """Cancel every job."""
        self._inbox.put(Dispatcher.cancel_all)

    def reprioritise(self, job_id: str, priority: int) -> None:
        """Give a waiting job another priority."""
        self._inbox.put(partial(Dispatcher.reprioritise, job_id=job_id, priority=priority))

    def hold(self, held: bool) -> None:
        """Start no further job whose result is to be kept until told to go on; what runs ends as it would."""
        self._inbox.put(partial(Dispatcher.hold, held=held))

    def warm_up(self, lane: Lane) -> None:
        """Start the worker of a lane before it is needed."""
        self._inbox.put(partial(Dispatcher.warm_up, lane=lane))

    def key_of(self, job_id: str) -> str:
        """Return the cache key of a job that got as far as having one, else nothing."""
        return self._dispatcher.keys.get(job_id, "")

    def workers(self) -> Mapping[Lane, int]:
        """Return the process ids of the workers that live."""
        with self._lock:
            return self._dispatcher.pids()

    def poll(self, timeout_s: float) -> JobEvent | None:
        """Return the next event, waiting up to `timeout_s` for one; None when there is none or all is closed."""
        end = time.monotonic() + timeout_s
        while not self._closed:
            with self._lock:
                if self._dispatcher.events:
                    return self._dispatcher.events.popleft()
                due = self._dispatcher.next_look()
            now = time.monotonic()
            item = self._next(min(end, due or end) - now)
            if item is None and time.monotonic() >= end:
                return None
            self._work(item)
        return None

    def close(self) -> None:
        """End every worker and wake whoever polls; jobs that have not ended get no further event."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._inbox.put(Dispatcher.look)
            self._dispatcher.close()

    def _next(self, wait_s: float) -> Command | Heard | None:
        try:
            return self._inbox.get(timeout=wait_s) if wait_s > 0 else self._inbox.get_nowait()
        except queue.Empty:
            return None

    def _work(self, item: Command | Heard | None) -> None:
        with self._lock:
            if self._closed:
                return
            if isinstance(item, Heard):
                self._dispatcher.hear(item)
            elif item is not None:
                item(self._dispatcher)
            self._dispatcher.look()
