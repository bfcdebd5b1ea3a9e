"""Leavings: the files that the latest jobs left, for requests that name them by their job."""

from __future__ import annotations

from dataclasses import replace

from orfeas_desktop.assets import AssetRef
from orfeas_desktop.requests import FromJob, Job, JobResult

REMEMBERED = 1000


class Leavings:
    """The first file in each slot of the latest jobs."""

    def __init__(self) -> None:
        self._left: dict[FromJob, AssetRef] = {}

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
