"""Job requests, states and events: what engine and projects both speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import uuid4

from orfeas_desktop.assets import AssetKind, AssetRef, LocalFile
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.params import Scalar
from orfeas_desktop.register import Table


@dataclass(frozen=True)
class FromJob:
    """The file that another job leaves in `slot`: the job waits until that one is done."""

    job_id: str
    slot: str


JobInput = AssetRef | LocalFile | FromJob


@dataclass(frozen=True)
class JobRequest:
    """Everything that a result depends on."""

    table: Table
    entry: str
    version: int
    """The entry's version that `params` were made for."""
    params: Mapping[str, Scalar]
    inputs: Mapping[str, tuple[JobInput, ...]]
    seed: int = 0


@dataclass(frozen=True)
class Destination:
    """Where a result is kept: a new asset of a project, or the next version of `asset_id`."""

    project_id: int
    name: str
    asset_id: int | None = None
    after: tuple[str, ...] = ()
    """Jobs that were begun from the same: the result joins the asset that the first of them made, if one did."""


@dataclass(frozen=True)
class Job:
    """A request in the queue. Higher `priority` runs first; equal ones in the order they came."""

    request: JobRequest
    title: str
    destination: Destination | None = None
    priority: int = 0
    id: str = field(default_factory=lambda: uuid4().hex)


class JobState(StrEnum):
    """Where a job stands."""

    waiting = "waiting"
    running = "running"
    done = "done"
    failed = "failed"
    cancelled = "cancelled"


@dataclass(frozen=True)
class OutputFile:
    """A file that a job left in `slot`. A staged one is moved into the library; a cached one lies there."""

    slot: str
    file: LocalFile


@dataclass(frozen=True)
class JobResult:
    """What a job made."""

    files: tuple[OutputFile, ...]
    facts: Mapping[str, Scalar]
    """What was found out: `vertices`, `faces`, `watertight`, `mask_how`, `mask_confidence` …"""
    seconds: Mapping[str, float]
    """Seconds per stage, in the order they ran."""
    cached: bool = False

    def file(self, slot: str) -> LocalFile | None:
        """Return the first file of that slot."""
        return next((output.file for output in self.files if output.slot == slot), None)


@dataclass(frozen=True)
class Progress:
    """How far a running job is; None means that it cannot be said."""

    stage: str
    """The stage's marked title."""
    stage_fraction: float | None
    fraction: float | None
    """Of the whole job, 0..1, from this machine's history of the entry."""
    seconds: float
    """Since the job started."""
    seconds_left: float | None


@dataclass(frozen=True)
class JobQueued:
    """The job waits in its lane."""

    job_id: str


@dataclass(frozen=True)
class JobStarted:
    """A worker took the job."""

    job_id: str


@dataclass(frozen=True)
class JobProgressed:
    """A running job moved on."""

    job_id: str
    progress: Progress


@dataclass(frozen=True)
class JobPreviewed:
    """A running job shows something that is not final."""

    job_id: str
    path: str
    kind: AssetKind


@dataclass(frozen=True)
class JobWarned:
    """A running job says something that the user should know, as a marked template and its arguments."""

    job_id: str
    sentence: str
    arguments: Mapping[str, Scalar]


@dataclass(frozen=True)
class JobDone:
    """The job left a result; `key` is what the cache knows it by."""

    job: Job
    result: JobResult
    key: str = ""


@dataclass(frozen=True)
class JobFailed:
    """The job failed, with the error to show."""

    job_id: str
    error: OrfeasError


@dataclass(frozen=True)
class JobCancelled:
    """The job was cancelled, before or while it ran."""

    job_id: str


JobEvent = (
    JobQueued | JobStarted | JobProgressed | JobPreviewed | JobWarned | JobDone | JobFailed | JobCancelled
)
