"""JobQueue: which job runs next in which lane, who waits for whom, who shares a run; pure, no threads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from orfeas_desktop.requests import FromJob, Job, JobState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orfeas_desktop.register import Lane


class Cancellation(StrEnum):
    """What came of the wish to cancel a job."""

    ended = "ended"
    """It is cancelled."""
    stopping = "stopping"
    """Nobody else wants what runs: whoever runs it has to stop it, then `finish` the lane."""
    nothing = "nothing"
    """It had ended, is being stopped or was never here."""


@dataclass
class _Place:
    """A live job's place in its lane."""

    job: Job
    lane: Lane
    order: int
    priority: int
    key: str | None = None
    state: JobState = JobState.waiting
    stopping: bool = False

    @property
    def rank(self) -> tuple[int, int]:
        return -self.priority, self.order


def sources_of(job: Job) -> Iterator[str]:
    """Yield the ids of the jobs whose files `job` takes."""
    for given in job.request.inputs.values():
        yield from (one.job_id for one in given if isinstance(one, FromJob))


class JobQueue:
    """The order of all lanes: one run at a time in each, higher priority first, then first come.

    A job is added, then offered under its cache key once the jobs that it takes files from are done.
    Jobs of one key share one run. What has ended is remembered by id and state alone.
    """

    def __init__(self) -> None:
        self._live: dict[str, _Place] = {}
        self._ended: dict[str, JobState] = {}
        self._sharing: dict[str, list[str]] = {}
        self._takers: dict[str, list[str]] = {}
        self._busy: set[Lane] = set()
        self.held = False
        """While true, no job whose result is to be kept starts; what somebody waits for before their eyes does."""
        self._count = 0

    def holds(self, job: Job) -> bool:
        """Tell whether the job may not start now."""
        return self.held and job.destination is not None

    def add(self, job: Job, lane: Lane) -> bool:
        """Let the job wait in its lane; False when it is here already."""
        if job.id in self._live:
            return False
        self._ended.pop(job.id, None)
        self._live[job.id] = _Place(job, lane, self._count, job.priority)
        self._count += 1
        for source in dict.fromkeys(sources_of(job)):
            self._takers.setdefault(source, []).append(job.id)
        return True

    def offer(self, job_id: str, key: str) -> bool:
        """Make the job ready to run under `key`; True when it joined a run that is under way."""
        place = self._live[job_id]
        place.key = key
        sharing = self._sharing.setdefault(key, [])
        joins = any(
            self._live[other].state is JobState.running and not self._live[other].stopping
            for other in sharing
        )
        sharing.append(job_id)
        if joins:
            place.state = JobState.running
        return joins

    def take(self, lane: Lane) -> tuple[Job, ...]:
        """Start the next run of a free lane; its jobs, the first in rank leading, or none."""
        if lane in self._busy:
            return ()
        ready = (
            place
            for place in self._live.values()
            if place.lane is lane
            and place.key is not None
            and place.state is JobState.waiting
            and not self.holds(place.job)
        )
        first = min(ready, key=lambda place: place.rank, default=None)
        if first is None or first.key is None:
            return ()
        self._busy.add(lane)
        together = [self._live[other] for other in self._sharing[first.key]]
        starting = sorted(
            (place for place in together if place.state is JobState.waiting), key=lambda place: place.rank
        )
        for place in starting:
            place.state = JobState.running
        return tuple(place.job for place in starting)

    def running(self, lane: Lane) -> tuple[Job, ...]:
        """Return the jobs that share the lane's run, in rank."""
        places = (place for place in self._live.values() if place.lane is lane)
        there = sorted(
            (place for place in places if place.state is JobState.running), key=lambda place: place.rank
        )
        return tuple(place.job for place in there)

    def finish(self, lane: Lane) -> tuple[Job, ...]:
        """Free the lane; return the jobs that shared its run, each still to be ended."""
        self._busy.discard(lane)
        return self.running(lane)

    def end(self, job_id: str, state: JobState) -> tuple[Job, ...]:
        """Take the job out as done, failed or cancelled; return the live jobs that take its files."""
        place = self._live.pop(job_id)
        self._ended[job_id] = state
        if place.key is not None:
            sharing = self._sharing[place.key]
            sharing.remove(job_id)
            if not sharing:
                del self._sharing[place.key]
        for source in dict.fromkeys(sources_of(place.job)):
            takers = self._takers.get(source, [])
            if job_id in takers:
                takers.remove(job_id)
        takers = self._takers.pop(job_id, [])
        return tuple(self._live[taker].job for taker in takers)

    def cancel(self, job_id: str) -> Cancellation:
        """Mark the job as unwanted; the last one of a run stays until its lane is finished."""
        place = self._live.get(job_id)
        if place is None or place.stopping:
            return Cancellation.nothing
        if place.state is JobState.running and len(self.running(place.lane)) == 1:
            place.stopping = True
            return Cancellation.stopping
        return Cancellation.ended

    def stopping(self, job_id: str) -> bool:
        """Tell whether the job waits for its run to be stopped."""
        place = self._live.get(job_id)
        return place is not None and place.stopping

    def reprioritise(self, job_id: str, priority: int) -> bool:
        """Give a waiting job another priority; False when it does not wait."""
        place = self._live.get(job_id)
        if place is None or place.state is not JobState.waiting:
            return False
        place.priority = priority
        return True

    def state(self, job_id: str) -> JobState | None:
        """Return where the job stands; None for one that was never here."""
        place = self._live.get(job_id)
        return place.state if place else self._ended.get(job_id)

    def lane(self, job_id: str) -> Lane | None:
        """Return the lane of a live job."""
        place = self._live.get(job_id)
        return place.lane if place else None

    def waiting(self) -> tuple[Job, ...]:
        """Return the jobs that wait, in the order in which they would run."""
        there = (place for place in self._live.values() if place.state is JobState.waiting)
        return tuple(place.job for place in sorted(there, key=lambda place: place.rank))
