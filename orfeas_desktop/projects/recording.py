"""A finished job: its result remembered, its version added, the job marked as done, all at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orfeas_desktop.errors import NoSuchAsset, NoSuchProject
from orfeas_desktop.projects import history, ledger, naming, results
from orfeas_desktop.projects.records import Change, Provenance
from orfeas_desktop.register import Table

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from orfeas_desktop.projects.blobs import Blobs
    from orfeas_desktop.projects.records import Version
    from orfeas_desktop.projects.results import Maker
    from orfeas_desktop.projects.tables import AssetRow
    from orfeas_desktop.requests import Destination, Job, JobResult


@dataclass(frozen=True)
class Finished:
    """A job, what it made and the key that the cache knows it by; no key, no cache."""

    job: Job
    key: str
    result: JobResult
    maker: Maker


def record(
    session: Session, blobs: Blobs, finished: Finished, now: datetime
) -> tuple[Version | None, Change]:
    """Write every row of a finished job whose files are kept; a job is recorded once, however often it is told.

    Raises LibraryDamaged when a file is gone.
    """
    job, result, maker = finished.job, finished.result, finished.maker
    files = results.files_by_slot(result)
    naming.require(session, blobs, {file.digest for file in files.values()})
    request = results.resolved(session, job.request)
    told = history.version_of_job(session, job.id)
    if result.cached:
        results.touch(session, ((finished.key, now),))
    elif told is None:
        results.note_run(session, request, result.seconds)
        if finished.key:
            results.remember(session, finished.key, request, result, maker, now)
    ledger.note_result(session, job.id, finished.key, now)
    asset = _place(session, job.destination, request.entry, now) if job.destination and not told else None
    if asset is None:
        return told, Change(jobs=True)
    provenance = Provenance(
        request, maker.app_version, maker.weights_digest, result.seconds, result.facts, result.cached
    )
    if request.table is Table.tools:
        files = history.with_files_along(session, asset.id, files)
    version, change = history.append(session, blobs, asset, files, provenance, now=now, job_id=job.id)
    return version, change | Change(jobs=True)


def _place(session: Session, goal: Destination, entry: str, now: datetime) -> AssetRow | None:
    """Return the asset that a finished job is for: a new one when that is gone, none when the project is."""
    named = replace(goal, name=goal.name.strip() or entry)
    try:
        return history.place_for(session, named, now)
    except NoSuchAsset:
        return _place(session, replace(named, asset_id=None), entry, now)
    except NoSuchProject:
        return None
