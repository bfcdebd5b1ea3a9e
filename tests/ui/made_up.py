"""Records as the library would hand them out."""

from __future__ import annotations

from datetime import UTC, datetime

from orfeas_desktop.assets import AssetKind, AssetRef
from orfeas_desktop.projects.records import Asset, Provenance, Version
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, Job, JobRequest

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def an_asset(number: int, name: str, thumbnail: str = "", versions: int = 1) -> Asset:
    """Return an asset as the library hands it out."""
    files = {"thumbnail": AssetRef(thumbnail, AssetKind.thumbnail, "t.png", 1)} if thumbnail else {}
    request = JobRequest(Table.backends, "relief", 1, {"shape": "auto"}, {}, 7)
    made = Provenance(
        request, "1", "", {"Surface": 0.5, "Texture": 0.25}, {"faces": 1200, "watertight": True}, False
    )
    version = Version(number, number, versions, NOW, files, made)
    return Asset(number, 1, name, NOW, NOW, versions, version)


def a_job(name: str, job_id: str) -> Job:
    """Return a job of the queue."""
    return Job(JobRequest(Table.backends, "relief", 1, {}, {}), name, Destination(1, name), id=job_id)
