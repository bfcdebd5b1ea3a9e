"""Prepared: a job whose inputs are all known by content, and where each of them lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orfeas_desktop.assets import AssetRef, LocalFile
from orfeas_desktop.engine.jobs.staged import linked
from orfeas_desktop.errors import BadInput
from orfeas_desktop.requests import FromJob

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import WorkEntry
    from orfeas_desktop.engine.jobs.ports import BlobPaths
    from orfeas_desktop.requests import Job, JobResult


@dataclass(frozen=True)
class Given:
    """An input file; `verify`: it lies outside the library and may change until the work starts."""

    file: LocalFile | AssetRef
    verify: bool

    def located(self, blobs: BlobPaths) -> LocalFile:
        """Return the file with its path. Raises LibraryDamaged when the library lost it."""
        if isinstance(self.file, LocalFile):
            return self.file
        path = blobs.blob_path(self.file.digest)
        return LocalFile(path, self.file.digest, self.file.kind, self.file.name, self.file.size)


@dataclass(frozen=True)
class Prepared:
    """A job that could run now."""

    job: Job
    entry: WorkEntry
    inputs: Mapping[str, tuple[Given, ...]]

    @property
    def digests(self) -> dict[str, tuple[str, ...]]:
        """The content of the inputs, by slot."""
        return {slot: tuple(given.file.digest for given in files) for slot, files in self.inputs.items()}


class Resolver:
    """Turns the files that other jobs left into inputs that stay where they are.

    A job's result belongs to whoever keeps it and may be moved at any time, so a file that is taken on
    gets a second name in the taking job's own folder under `staging`.
    """

    def __init__(self, staging: Path, blobs: BlobPaths) -> None:
        self._staging = staging
        self._blobs = blobs
        self._results: dict[str, JobResult] = {}

    def keep(self, job_id: str, result: JobResult) -> None:
        """Remember what a job left."""
        self._results[job_id] = result

    def folder(self, job_id: str) -> Path:
        """Return where the inputs lie that a job took from others."""
        return self._staging / f"{job_id}-inputs"

    def prepare(self, job: Job, entry: WorkEntry) -> Prepared:
        """Resolve the inputs of a job whose sources are done.

        Raises BadInput when a source left nothing in the slot, LibraryDamaged when its file is lost,
        OSError when it cannot be linked.
        """
        inputs: dict[str, tuple[Given, ...]] = {}
        for name, given in job.request.inputs.items():
            slot = entry.input(name)
            files: list[Given] = []
            for one in given:
                if isinstance(one, FromJob):
                    taken = self._taken(job, one, entry.id, many=slot is not None and slot.many)
                    files += [Given(file, verify=False) for file in taken]
                else:
                    files.append(Given(one, verify=isinstance(one, LocalFile)))
            inputs[name] = tuple(files)
        return Prepared(job, entry, inputs)

    def _taken(self, job: Job, source: FromJob, entry: str, *, many: bool) -> list[LocalFile]:
        result = self._results.get(source.job_id)
        made = [output.file for output in result.files if output.slot == source.slot] if result else []
        if not made:
            raise BadInput(entry=entry, problem=f"the job before it left no “{source.slot}”")
        return [self._held(file, self.folder(job.id)) for file in (made if many else made[:1])]

    def _held(self, file: LocalFile, folder: Path) -> LocalFile:
        number = sum(1 for _ in folder.iterdir()) if folder.exists() else 0
        try:
            return linked(file, folder, number)
        except FileNotFoundError:
            kept = self._blobs.blob_path(file.digest)
            return linked(LocalFile(kept, file.digest, file.kind, file.name, file.size), folder, number)
