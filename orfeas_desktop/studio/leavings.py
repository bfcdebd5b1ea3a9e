"""Leavings: the latest jobs and the files they left, for requests that name them by their job."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from orfeas_desktop.assets import AssetRef
from orfeas_desktop.requests import FromJob, Job, JobResult

if TYPE_CHECKING:
    from collections.abc import Container

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
