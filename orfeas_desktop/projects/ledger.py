"""Jobs as rows: kept whole, owned by a process, taken over when that one died."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from sqlalchemy import delete, select

from orfeas_desktop.assets import AssetRef
from orfeas_desktop.errors import Argument, BackendFailed, OrfeasError, error_from
from orfeas_desktop.projects import naming
from orfeas_desktop.projects.job_text import job_from, job_text
from orfeas_desktop.projects.processes import ProcessName
from orfeas_desktop.projects.records import StoredJob
from orfeas_desktop.projects.tables import JobInputRow, JobRow
from orfeas_desktop.requests import Job, JobState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from orfeas_desktop.projects.blobs import Blobs

OPEN = (JobState.waiting.value, JobState.running.value)


def add(session: Session, blobs: Blobs, job: Job, owner: ProcessName, now: datetime) -> None:
    """Keep a waiting job. Raises LibraryDamaged when an input that lies in the library is gone."""
    inputs = [item for items in job.request.inputs.values() for item in items]
    naming.require(session, blobs, {item.digest for item in inputs if isinstance(item, AssetRef)})
    session.execute(delete(JobRow).where(JobRow.id == job.id))
    session.add(
        JobRow(
            id=job.id,
            job=job_text(job),
            priority=job.priority,
            state=JobState.waiting.value,
            submitted=now,
            error_code="",
            error_text="",
            error_arguments="{}",
            error_details="",
            process=owner.number,
            process_started=owner.started,
            result_key="",
        )
    )
    session.flush()
    session.add_all(
        JobInputRow(job_id=job.id, digest=digest) for digest in naming.kept_inputs(session, job.request)
    )


def set_state(
    session: Session, job_id: str, state: JobState, now: datetime, error: OrfeasError | None = None
) -> bool:
    """Note where a job stands; return whether it is known."""
    row = _row(session, job_id)
    if row is None:
        return False
    row.state = state.value
    row.ended = None if state.value in OPEN else now
    row.error_code = error.code if error else ""
    row.error_text = error.say() if error else ""
    row.error_arguments = json.dumps(error.arguments if error else {})
    row.error_details = error.details if error else ""
    return True


def note_result(session: Session, job_id: str, key: str, now: datetime) -> None:
    """Mark a job as done and remember which result it left."""
    if set_state(session, job_id, JobState.done, now):
        session.scalars(select(JobRow).where(JobRow.id == job_id)).one().result_key = key


def result_key(session: Session, job_id: str) -> str:
    """Return the key of the result that a job left, or nothing."""
    return session.scalar(select(JobRow.result_key).where(JobRow.id == job_id)) or ""


def reorder(session: Session, ranks: Mapping[str, int]) -> None:
    """Let open jobs run in another order: the highest rank first."""
    rows = session.scalars(select(JobRow).where(JobRow.id.in_(ranks), JobRow.state.in_(OPEN)))
    for row in rows:
        row.priority = ranks[row.id]


def jobs(session: Session, states: Collection[JobState], limit: int) -> tuple[StoredJob, ...]:
    """Return jobs in these states, newest first; those that only a newer program can read are left out."""
    wanted = select(JobRow).where(JobRow.state.in_([state.value for state in states]))
    rows = session.scalars(wanted.order_by(JobRow.number.desc()).limit(limit))
    return tuple(stored for row in rows if (stored := _stored(row)))


def job(session: Session, job_id: str) -> StoredJob | None:
    """Return the job of that id, if it is kept and can be read."""
    row = _row(session, job_id)
    return None if row is None else _stored(row)


def take_over(session: Session, owner: ProcessName) -> tuple[Job, ...]:
    """Make open jobs of dead processes wait as `owner`'s; return them in the order they run."""
    taken: list[Job] = []
    for row in _orphans(session):
        stored = _stored(row)
        if stored:
            row.state, row.process, row.process_started = JobState.waiting.value, owner.number, owner.started
            taken.append(stored.job)
    return tuple(taken)


def orphan_count(session: Session) -> int:
    """Return how many open jobs belong to dead processes."""
    return len(_orphans(session))


def forget(session: Session) -> None:
    """Drop every job that ended."""
    session.execute(delete(JobRow).where(JobRow.state.not_in(OPEN)))


def _orphans(session: Session) -> list[JobRow]:
    rows = session.scalars(
        select(JobRow).where(JobRow.state.in_(OPEN)).order_by(JobRow.priority.desc(), JobRow.number)
    ).all()
    owners = {(row.process, row.process_started) for row in rows}
    dead = {owner for owner in owners if not ProcessName(*owner).alive}
    return [row for row in rows if (row.process, row.process_started) in dead]


def _row(session: Session, job_id: str) -> JobRow | None:
    return session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()


def _stored(row: JobRow) -> StoredJob | None:
    try:
        job = replace(job_from(row.job), priority=row.priority)
    except ValueError:
        return None
    return StoredJob(
        job=job,
        state=JobState(row.state),
        submitted=row.submitted,
        ended=row.ended,
        error_code=row.error_code,
        error_text=row.error_text,
        error=_error(row),
    )


def _error(row: JobRow) -> OrfeasError | None:
    if not row.error_code:
        return None
    arguments = cast("dict[str, Argument]", json.loads(row.error_arguments))
    try:
        return error_from(row.error_code, arguments, row.error_details)
    except TypeError:
        return BackendFailed(entry=row.error_code, problem=row.error_text, details=row.error_details)
