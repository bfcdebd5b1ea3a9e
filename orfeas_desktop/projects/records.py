"""Project, Asset, Version, StoredJob, Change: the frozen records that the library hands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orfeas_desktop.assets import AssetRef
from orfeas_desktop.params import Scalar
from orfeas_desktop.requests import Job, JobRequest, JobState


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


@dataclass(frozen=True)
class Change:
    """What a write touched, so that whoever shows it can redraw just that."""

    projects: frozenset[int] = field(default_factory=frozenset[int])
    assets: frozenset[int] = field(default_factory=frozenset[int])
    jobs: bool = False

    def __or__(self, other: Change) -> Change:
        return Change(self.projects | other.projects, self.assets | other.assets, self.jobs or other.jobs)
