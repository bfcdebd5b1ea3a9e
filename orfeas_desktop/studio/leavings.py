"""Leavings: the latest jobs and the files they left, for requests that name them by their job."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from orfeas_desktop.assets import AssetRef
from orfeas_desktop.engine.jobs.queue import sources_of
from orfeas_desktop.requests import FromJob, Job, JobResult

if TYPE_CHECKING:
    from collections.abc import Container

    from orfeas_desktop.projects.store import ProjectStore

REMEMBERED = 1000


class Leavings:
    """The latest jobs, and the first file in each slot of what they left."""

    def __init__(self) -> None:
        self._left: dict[FromJob, AssetRef] = {}
        self._jobs: dict[str, Job] = {}

    def expect(self, job: Job) -> None:
        """Keep what was asked for; the oldest is forgotten beyond `REMEMBERED` jobs."""
        self._jobs[job.id] = job
        while len(self._jobs) > REMEMBERED:
            del self._jobs[next(iter(self._jobs))]

    def recall(self, job: Job, store: ProjectStore) -> None:
        """Learn from the library what another process left, or was asked for, that the job takes files from."""
        for source in sources_of(job):
            if source in self._jobs or any(one.job_id == source for one in self._left):
                continue
            result, stored = store.result_of_job(source), store.job(source)
            if result is not None:
                self.remember(source, result)
            elif stored is not None:
                self.expect(stored.job)
                self.recall(stored.job, store)

    def sources(self, job: Job) -> tuple[Job, ...]:
        """Return the jobs asked for here whose files `job` takes."""
        return tuple(self._jobs[each] for each in dict.fromkeys(sources_of(job)) if each in self._jobs)

    def again(self, job: Job, running: Container[str]) -> tuple[Job, ...]:
        """The job anew, and before it those anew that it takes files from, left nothing and are not `running`."""
        job = self.filled(job)
        before: dict[str, tuple[Job, ...]] = {}
        for one in (one for given in job.request.inputs.values() for one in given):
            source = self._jobs.get(one.job_id) if isinstance(one, FromJob) else None
            if source is not None and source.id not in running and source.id not in before:
                before[source.id] = self.again(source, running)
        inputs = {
            slot: tuple(
                FromJob(before[one.job_id][-1].id, one.slot)
                if isinstance(one, FromJob) and one.job_id in before
                else one
                for one in given
            )
            for slot, given in job.request.inputs.items()
        }
        anew = replace(job, id=uuid4().hex, request=replace(job.request, inputs=inputs))
        return (*(each for chain in before.values() for each in chain), anew)

    def remember(self, job_id: str, result: JobResult) -> None:
        """Keep what a job left; the oldest is forgotten beyond `REMEMBERED` files."""
        for output in reversed(result.files):
            file = output.file
            ref = AssetRef(file.digest, file.kind, file.name, file.size)
            self._left[FromJob(job_id, output.slot)] = ref
        while len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]

    def filled(self, job: Job) -> Job:
        """The job with the files that others left in place of their names, so that it can be made again."""
        inputs = {
            slot: tuple(self._left.get(one, one) if isinstance(one, FromJob) else one for one in given)
            for slot, given in job.request.inputs.items()
        }
        return replace(job, request=replace(job.request, inputs=inputs))
