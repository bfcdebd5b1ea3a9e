"""Project, Asset, Version, StoredJob, Change: the frozen records that the library hands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orfeas_desktop.assets import AssetRef
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.params import Scalar
from orfeas_desktop.requests import Job, JobRequest, JobState


def slot_of(name: str) -> str:
    """Return the slot that a version's file belongs to: `lods` for `lods`, `lods-2`, `lods-3` …"""
    slot, dash, number = name.rpartition("-")
    return slot if dash and number.isdecimal() else name


@dataclass(frozen=True)
class Project:
    """A named collection of assets. Times are UTC."""

    id: int
    name: str
    created: datetime
    changed: datetime
    asset_count: int
    deleted: datetime | None = None


@dataclass(frozen=True)
class Provenance:
    """How a version came to be: enough to make it again."""

    request: JobRequest | None
    """None for an imported file."""
    app_version: str
    weights_digest: str
    seconds: Mapping[str, float]
    facts: Mapping[str, Scalar]
    cached: bool


@dataclass(frozen=True)
class Version:
    """One state of an asset; never overwritten. `files` by slot: `mesh`, `thumbnail`, `picture`, `mask` …"""

    id: int
    asset_id: int
    number: int
    created: datetime
    files: Mapping[str, AssetRef]
    provenance: Provenance
    score: Mapping[str, Scalar] | None = None
    """How good it is: `closed`, `faces`, `silhouette_iou` …; None while it has not been measured."""

    def all_files(self, slot: str) -> tuple[AssetRef, ...]:
        """Return the files of a slot that may hold several, in their order."""
        return tuple(file for name, file in self.files.items() if slot_of(name) == slot)


@dataclass(frozen=True)
class Asset:
    """A stack of versions in a project."""

    id: int
    project_id: int
    name: str
    created: datetime
    changed: datetime
    version_count: int
    latest: Version | None
    """The version it stands at: the newest, unless a step was undone."""
    deleted: datetime | None = None


@dataclass(frozen=True)
class StoredJob:
    """A job as the library keeps it."""

    job: Job
    state: JobState
    submitted: datetime
    ended: datetime | None = None
    error_code: str = ""
    error_text: str = ""
    """The error's sentence in English."""
    error: OrfeasError | None = field(default=None, compare=False)
    """The same error, whose sentence the window can translate."""


@dataclass(frozen=True)
class Change:
    """What a write touched, so that whoever shows it can redraw just that."""

    projects: frozenset[int] = field(default_factory=frozenset[int])
    assets: frozenset[int] = field(default_factory=frozenset[int])
    jobs: bool = False

    def __or__(self, other: Change) -> Change:
        return Change(self.projects | other.projects, self.assets | other.assets, self.jobs or other.jobs)


@dataclass(frozen=True)
class LibraryReport:
    """What a check of the library found and repaired."""

    projects: int
    assets: int
    blobs: int
    size_bytes: int
    """Of all blobs."""
    missing: tuple[str, ...] = ()
    """Digests that a version or a job names and whose file is gone or of another size."""
    damaged: tuple[str, ...] = ()
    """Digests whose file holds something else; looked for only when asked."""
    unlisted: int = 0
    """Files in the blob folder that no row knows; they are left alone."""
    repaired: int = 0
    """Unfinished files of dead processes that were removed, and cached results that were forgotten."""
    orphan_jobs: int = 0
    """Jobs of dead processes that wait to be taken over."""
    problems: tuple[str, ...] = ()
    """What SQLite says about the file itself."""

    @property
    def sound(self) -> bool:
        """Whether nothing that was kept is lost."""
        return not (self.missing or self.damaged or self.problems)
