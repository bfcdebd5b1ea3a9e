"""Which rows name which blobs: what is named stays, what is not is swept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.sqlite import insert

from orfeas_desktop.assets import AssetRef, LocalFile
from orfeas_desktop.errors import LibraryDamaged
from orfeas_desktop.projects.processes import ProcessName
from orfeas_desktop.projects.tables import (
    BlobRow,
    JobInputRow,
    LeaseRow,
    ResultFileRow,
    VersionFileRow,
    VersionInputRow,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from orfeas_desktop.projects.blobs import Arrival, Blobs
    from orfeas_desktop.requests import JobRequest

KEEPING = (VersionFileRow, VersionInputRow, JobInputRow)
NAMING = (*KEEPING, ResultFileRow)
MANY = 500
"""How many values one statement takes."""


def named_by(
    tables: Sequence[type[VersionFileRow | VersionInputRow | JobInputRow | ResultFileRow | LeaseRow]],
) -> ColumnElement[bool]:
    """Return the condition that a row of one of these tables names the blob."""
    found: ColumnElement[bool] = exists().where(tables[0].digest == BlobRow.digest)
    for table in tables[1:]:
        found = found | exists().where(table.digest == BlobRow.digest)
    return found


def lease(session: Session, arrivals: Collection[Arrival], holder: str, process: ProcessName) -> None:
    """Claim these blobs before their files are written, so that no sweep takes them."""
    for arrival in arrivals:
        session.execute(
            insert(BlobRow).values(digest=arrival.digest, size=arrival.size).on_conflict_do_nothing()
        )
        claim = insert(LeaseRow).values(
            digest=arrival.digest, holder=holder, process=process.number, process_started=process.started
        )
        session.execute(claim.on_conflict_do_nothing())


def release(session: Session, holder: str, digests: Collection[str] | None = None) -> None:
    """Give up a holder's claims, all or those on some blobs."""
    claims = delete(LeaseRow).where(LeaseRow.holder == holder)
    session.execute(claims if digests is None else claims.where(LeaseRow.digest.in_(digests)))


def dead_claims(session: Session) -> list[tuple[str, str]]:
    """Return digest and holder of claims whose process has ended."""
    owners = session.execute(select(LeaseRow.process, LeaseRow.process_started).distinct())
    dead = {(number, started) for number, started in owners if not ProcessName(number, started).alive}
    return [
        (row.digest, row.holder)
        for row in session.scalars(select(LeaseRow))
        if (row.process, row.process_started) in dead
    ]


def clear_dead_claims(session: Session, blobs: Blobs) -> int:
    """Remove what dead processes left unfinished and their claims; return how many files that were."""
    removed = 0
    for digest, holder in dead_claims(session):
        removed += blobs.discard(digest, holder)
        session.execute(delete(LeaseRow).where(LeaseRow.digest == digest, LeaseRow.holder == holder))
    return removed


def require(session: Session, blobs: Blobs, digests: Iterable[str]) -> None:
    """Raise LibraryDamaged unless each blob is listed and its file there."""
    for digest in digests:
        size = session.scalar(select(BlobRow.size).where(BlobRow.digest == digest))
        if size is None or not blobs.holds(digest, size):
            raise LibraryDamaged(problem="a file that was kept is gone", details=digest)


def kept_inputs(session: Session, request: JobRequest | None) -> set[str]:
    """Return those digests of a request's inputs that the library holds."""
    if request is None:
        return set()
    given = {
        item.digest
        for items in request.inputs.values()
        for item in items
        if isinstance(item, AssetRef | LocalFile)
    }
    return set(session.scalars(select(BlobRow.digest).where(BlobRow.digest.in_(given))))


def sweep_some(session: Session, blobs: Blobs) -> tuple[int, int]:
    """Delete some blobs that no row names; return how many and their bytes.

    The file goes while the writing lock is held: who adopts the same content either claimed it before, and it
    stays, or claims it after, and finds it gone. When this is cut short, the rows still stand and the next
    sweep takes them.
    """
    free = select(BlobRow.digest, BlobRow.size).where(~named_by((*NAMING, LeaseRow))).limit(MANY)
    sizes = dict(session.execute(free).all())
    gone = blobs.remove(sizes)
    session.execute(delete(BlobRow).where(BlobRow.digest.in_(gone)))
    return len(gone), sum(sizes[digest] for digest in gone)


def missing(session: Session, blobs: Blobs) -> list[str]:
    """Return named digests whose file is gone or of another size."""
    rows = session.execute(select(BlobRow.digest, BlobRow.size).where(named_by(NAMING)))
    return [digest for digest, size in rows if not blobs.holds(digest, size)]


def blob_totals(session: Session) -> tuple[int, int]:
    """Return how many blobs there are and their bytes."""
    count, size = session.execute(
        select(func.count(), func.coalesce(func.sum(BlobRow.size), 0)).select_from(BlobRow)
    ).one()
    return int(count), int(size)
