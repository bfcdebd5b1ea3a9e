"""Outbox: where exports go, and laying their files there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock

from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.publish import MAIN_SLOT, publish
from orfeas_desktop.engine.formats.publish_folder import publish_folder
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.requests import JobDone, JobFailed, JobResult, OutputFile


class Outbox:
    """The targets of exports by job, safe from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._targets: dict[str, Path] = {}
        self._staged: dict[str, JobResult] = {}

    def address(self, job_id: str, target: Path) -> None:
        """Say where the files of a job go."""
        with self._lock:
            self._targets[job_id] = target

    def readdress(self, job_id: str, again_id: str) -> None:
        """Let the files of a job that is tried again go where those of the first were to."""
        with self._lock:
            if job_id in self._targets:
                self._targets[again_id] = self._targets[job_id]

    def published(self, event: JobDone) -> JobDone | JobFailed:
        """Lay the files at the job's target, if it has one, and say that they lie there, or why not."""
        with self._lock:
            target = self._targets.get(event.job.id)
        if target is None:
            return event
        try:
            folder = EXPORTERS[event.job.request.entry].folder
            paths = (publish_folder if folder else publish)(event.result.files, target)
        except OrfeasError as error:
            return JobFailed(event.job.id, error)
        files = tuple(
            replace(output, file=replace(output.file, path=path))
            for output, path in zip(_main_first(event.result.files), paths, strict=True)
        )
        with self._lock:
            self._staged[event.job.id] = event.result
        return replace(event, result=replace(event.result, files=files))

    def staged(self, event: JobDone) -> JobResult:
        """Return the result as the worker left it, for the cache; asked once."""
        with self._lock:
            return self._staged.pop(event.job.id, event.result)


def _main_first(files: Sequence[OutputFile]) -> list[OutputFile]:
    return sorted(files, key=lambda output: output.slot != MAIN_SLOT)
