"""Dispatcher: takes jobs through cache, queue and workers and says what becomes of each."""

from __future__ import annotations

import errno
import shutil
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orfeas_desktop.engine.jobs.cache import cache_key
from orfeas_desktop.engine.jobs.checking import check_slots, checked_params
from orfeas_desktop.engine.jobs.estimate import Estimate
from orfeas_desktop.engine.jobs.queue import Cancellation, JobQueue, sources_of
from orfeas_desktop.engine.jobs.resolving import Resolver
from orfeas_desktop.engine.jobs.staged import drop_if_empty, linked
from orfeas_desktop.engine.worker.messages import (
    BadMessage,
    Done,
    Failed,
    Heartbeat,
    InputFile,
    Previewed,
    Progressed,
    RunJob,
    Stopped,
    Warned,
)
from orfeas_desktop.engine.worker.supervisor import Lost, Supervisor
from orfeas_desktop.errors import (
    BadInput,
    DiskFull,
    OrfeasError,
    PermissionDenied,
    ProgramMissing,
    ProjectError,
    error_from,
)
from orfeas_desktop.register import Lane
from orfeas_desktop.requests import (
    JobCancelled,
    JobDone,
    JobFailed,
    JobPreviewed,
    JobProgressed,
    JobQueued,
    JobResult,
    JobStarted,
    JobState,
    JobWarned,
    OutputFile,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import WorkEntry
    from orfeas_desktop.engine.jobs.ports import BlobPaths, ResultIndex, StageTimes
    from orfeas_desktop.engine.jobs.resolving import Prepared
    from orfeas_desktop.engine.worker.messages import Ended, Report
    from orfeas_desktop.engine.worker.options import EngineOptions
    from orfeas_desktop.engine.worker.supervisor import Heard
    from orfeas_desktop.engine.worker.tables import Tables
    from orfeas_desktop.requests import Job, JobEvent


@dataclass(frozen=True)
class Surroundings:
    """What a dispatcher works with."""

    tables: Tables
    results: ResultIndex
    blobs: BlobPaths
    times: StageTimes
    staging: Path
    scratch: Path


@dataclass
class _Run:
    """What runs in a lane; `jobs`: the ids of all that ever shared it."""

    staging: Path
    estimate: Estimate
    jobs: set[str] = field(default_factory=set[str])


class Dispatcher:
    """Answers for every job from submission to its last event. Not thread-safe: one thread at a time owns it.

    What happens is appended to `events`; what workers write is given to `post`, from other threads.
    """

    def __init__(
        self, surroundings: Surroundings, options: EngineOptions, post: Callable[[Heard], None]
    ) -> None:
        self.events: deque[JobEvent] = deque()
        self.keys: dict[str, str] = {}
        """The cache keys of all jobs that got as far as having one."""
        self._around = surroundings
        self._options = options
        self._queue = JobQueue()
        self._resolver = Resolver(surroundings.staging, surroundings.blobs)
        self._lanes = {lane: Supervisor(lane, options, post) for lane in Lane}
        self._runs: dict[Lane, _Run] = {}
        self._prepared: dict[str, Prepared] = {}
        self._unsettled: deque[Job] = deque()
        self._put_off: list[Job] = []
        """What could be offered but for the hold; a known result is kept back with it."""
        self._left: list[Path] = []

    def submit(self, job: Job) -> None:
        """Take a job in; one that is waiting or running already is left as it is."""
        entry, error = None, None
        try:
            entry = self._entry(job)
            check_slots(entry, job.request.inputs)
            checked_params(entry, job.request.params, job.request.version)
        except OrfeasError as problem:
            error = problem
        if not self._queue.add(job, entry.lane if entry else Lane.cpu):
            return
        self.events.append(JobQueued(job.id))
        if error is not None:
            self._fail(job, error)
        else:
            self._unsettled.append(job)
        self._go_on()

    def cancel(self, job_id: str) -> None:
        """Cancel a job; the work itself stops only when nobody else waits for it."""
        lane = self._queue.lane(job_id)
        match self._queue.cancel(job_id):
            case Cancellation.ended:
                self._end(job_id, JobState.cancelled, JobCancelled(job_id))
            case Cancellation.stopping if lane is not None:
                self._lanes[lane].cancel()
            case _:
                pass
        self._go_on()

    def cancel_waiting(self) -> None:
        """Cancel every job that has not started."""
        for job in self._queue.waiting():
            self.cancel(job.id)

    def cancel_all(self) -> None:
        """Cancel every job."""
        self.cancel_waiting()
        for lane in Lane:
            for job in self._queue.running(lane):
                self.cancel(job.id)

    def reprioritise(self, job_id: str, priority: int) -> None:
        """Move a waiting job up or down; one that runs or has ended stays as it is."""
        self._queue.reprioritise(job_id, priority)

    def hold(self, held: bool) -> None:
        """Start no further job whose result is to be kept, known or not, or go on; what runs ends as it would."""
        self._queue.held = held
        if not held:
            self._unsettled.extend(self._put_off)
            self._put_off.clear()
        self._go_on()

    def warm_up(self, lane: Lane) -> None:
        """Start the worker of a lane before it is needed; if it cannot start, the first job says why."""
        with suppress(ProgramMissing):
            self._lanes[lane].start()

    def hear(self, heard: Heard) -> None:
        """Take in what a worker wrote."""
        said = self._lanes[heard.lane].hear(heard)
        if said is not None:
            self._take_in(heard.lane, said)
        self._go_on()

    def look(self) -> None:
        """See to what is due by the clock."""
        for lane, supervisor in self._lanes.items():
            lost = supervisor.look()
            if lost is not None:
                self._take_in(lane, lost)
        self._go_on()

    def next_look(self) -> float | None:
        """Return when something will be due, on the monotonic clock."""
        times = (supervisor.next_look() for supervisor in self._lanes.values())
        return min((due for due in times if due is not None), default=None)

    def pids(self) -> Mapping[Lane, int]:
        """Return the process ids of the workers that live."""
        living = {lane: supervisor.pid for lane, supervisor in self._lanes.items()}
        return {lane: pid for lane, pid in living.items() if pid is not None}

    def close(self) -> None:
        """End every worker; what still runs or waits gets no event."""
        for supervisor in self._lanes.values():
            supervisor.leave()
        deadline = time.monotonic() + self._options.exit_grace_s
        for supervisor in self._lanes.values():
            supervisor.close(deadline)
        for run in self._runs.values():
            self._clear(run)
        self._runs.clear()
        self._tidy()
        drop_if_empty(self._around.staging)

    def _entry(self, job: Job) -> WorkEntry:
        return self._around.tables[job.request.table][job.request.entry]

    def _go_on(self) -> None:
        """Do all that has become possible."""
        while self._unsettled:
            job = self._unsettled.popleft()
            if self._queue.state(job.id) is JobState.waiting and job.id not in self._prepared:
                self._settle(job)
        for lane in Lane:
            while jobs := self._queue.take(lane):
                self._start(lane, jobs)

    def _settle(self, job: Job) -> None:
        """Let a job follow those whose files it takes."""
        states = {source: self._queue.state(source) for source in sources_of(job)}
        if JobState.cancelled in states.values():
            self._end(job.id, JobState.cancelled, JobCancelled(job.id))
        elif JobState.failed in states.values():
            self._fail(job, BadInput(entry=job.request.entry, problem="the job that makes its input failed"))
        elif None in states.values():
            self._fail(job, BadInput(entry=job.request.entry, problem="no job is known that makes its input"))
        elif all(state is JobState.done for state in states.values()):
            if self._queue.holds(job):
                self._put_off.append(job)
            else:
                self._offer(job)

    def _offer(self, job: Job) -> None:
        try:
            prepared = self._resolver.prepare(job, self._entry(job))
            weights = self._options.weights_digest(prepared.entry.id)
            key = cache_key(job.request, prepared.entry, prepared.digests, weights)
        except OrfeasError as error:
            self._fail(job, error)
            return
        except OSError as problem:
            full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
            place = str(self._around.staging)
            self._fail(
                job, DiskFull(place=place) if full else PermissionDenied(place=place, details=str(problem))
            )
            return
        self.keys[job.id] = key
        found = self._known(key)
        if found is not None:
            self._done(job, replace(found, cached=True))
            return
        self._prepared[job.id] = prepared
        if self._queue.offer(job.id, key):
            self._runs[prepared.entry.lane].jobs.add(job.id)
            self.events.append(JobStarted(job.id))

    def _known(self, key: str) -> JobResult | None:
        try:
            return self._around.results.find_result(key)
        except ProjectError:
            return None

    def _start(self, lane: Lane, jobs: tuple[Job, ...]) -> None:
        self._tidy()
        leader = self._prepared[jobs[0].id]
        staging = self._around.staging / leader.job.id
        estimate = Estimate(self._usual(leader.entry), time.monotonic())
        self._runs[lane] = _Run(staging, estimate, {job.id for job in jobs})
        try:
            self._lanes[lane].run(self._message(leader, staging))
        except OrfeasError as error:
            self._take_in(lane, Lost(error))
            return
        except BadMessage as problem:
            error = BadInput(entry=leader.entry.id, problem="its settings are too long", details=str(problem))
            self._take_in(lane, Lost(error))
            return
        self.events.extend(JobStarted(job.id) for job in jobs)

    def _usual(self, entry: WorkEntry) -> Mapping[str, float]:
        try:
            return self._around.times.usual_seconds(entry.id, entry.version)
        except ProjectError:
            return {}

    def _message(self, prepared: Prepared, staging: Path) -> RunJob:
        request = prepared.job.request
        return RunJob(
            job_id=prepared.job.id,
            table=request.table,
            entry=request.entry,
            version=request.version,
            params=dict(request.params),
            inputs={
                slot: tuple(
                    InputFile.of(given.located(self._around.blobs), verify=given.verify) for given in files
                )
                for slot, files in prepared.inputs.items()
            },
            seed=request.seed,
            staging=staging.absolute(),
            scratch=self._around.scratch.absolute(),
            threads=self._options.threads,
        )

    def _take_in(self, lane: Lane, said: Report | Ended | Lost) -> None:
        """Tell every job of the lane's run what the worker said."""
        match said:
            case Done():
                self._finish_done(lane, said)
            case Failed(code=code, arguments=arguments, details=details):
                self._finish(lane, error_from(code, dict(arguments), details))
            case Stopped():
                self._finish(lane, None)
            case Lost(error=error):
                self._finish(lane, error)
            case Progressed() | Heartbeat() | Previewed() | Warned():
                self._report(lane, said)

    def _report(self, lane: Lane, said: Report) -> None:
        now = time.monotonic()
        estimate = self._runs[lane].estimate
        if isinstance(said, Progressed):
            estimate.advance(said.stage, said.fraction, now)
        for job in self._queue.running(lane):
            match said:
                case Progressed() | Heartbeat():
                    self.events.append(JobProgressed(job.id, estimate.progress(now)))
                case Previewed(path=path, kind=kind):
                    self.events.append(JobPreviewed(job.id, str(path), kind))
                case Warned(sentence=sentence, arguments=arguments):
                    self.events.append(JobWarned(job.id, sentence, arguments))

    def _finish(self, lane: Lane, error: OrfeasError | None) -> None:
        """End the lane's run without a result; no error: it was cancelled."""
        jobs, run = self._queue.finish(lane), self._runs.pop(lane)
        for job in jobs:
            if error is None or self._queue.stopping(job.id):
                self._end(job.id, JobState.cancelled, JobCancelled(job.id))
            else:
                self._fail(job, error)
        self._clear(run)

    def _finish_done(self, lane: Lane, done: Done) -> None:
        jobs, run = self._queue.finish(lane), self._runs.pop(lane)
        result = JobResult(tuple(file.output() for file in done.files), done.facts, done.seconds)
        wanted = [job for job in jobs if not self._queue.stopping(job.id)]
        results = [result, *(self._shared(result, job) for job in wanted[1:])]
        for job, own in zip(wanted, results, strict=False):
            self._done(job, own)
        for job in jobs:
            if job not in wanted:
                self._end(job.id, JobState.cancelled, JobCancelled(job.id))
        if wanted:
            self._left.append(run.staging)
        self._clear(run, everything=not wanted)

    def _shared(self, result: JobResult, job: Job) -> JobResult:
        """Give another job of the same run files of its own, for whoever keeps results moves them."""
        folder = self._around.staging / job.id
        shutil.rmtree(folder, ignore_errors=True)
        self._left.append(folder)
        try:
            files = tuple(
                OutputFile(output.slot, linked(output.file, folder, number))
                for number, output in enumerate(result.files)
            )
        except OSError:
            return result
        return replace(result, files=files)

    def _done(self, job: Job, result: JobResult) -> None:
        self._resolver.keep(job.id, result)
        self._end(job.id, JobState.done, JobDone(job, result, self.keys[job.id]))

    def _fail(self, job: Job, error: OrfeasError) -> None:
        self._end(job.id, JobState.failed, JobFailed(job.id, error))

    def _end(self, job_id: str, state: JobState, event: JobEvent) -> None:
        self._unsettled.extend(self._queue.end(job_id, state))
        self.events.append(event)
        self._prepared.pop(job_id, None)
        if not any(job_id in run.jobs for run in self._runs.values()):
            shutil.rmtree(self._resolver.folder(job_id), ignore_errors=True)

    def _clear(self, run: _Run, *, everything: bool = True) -> None:
        for job_id in run.jobs:
            shutil.rmtree(self._resolver.folder(job_id), ignore_errors=True)
        if everything:
            shutil.rmtree(run.staging, ignore_errors=True)

    def _tidy(self) -> None:
        self._left = [folder for folder in self._left if not drop_if_empty(folder)]
