"""The check of a library: repairs what a crash left, reports what is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from orfeas_desktop.projects import ledger, naming, results
from orfeas_desktop.projects.naming import NAMING, named_by
from orfeas_desktop.projects.records import LibraryReport
from orfeas_desktop.projects.tables import AssetRow, BlobRow, LeaseRow, ProjectRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from orfeas_desktop.projects.blobs import Blobs
    from orfeas_desktop.projects.database import Database


def repair(database: Database, blobs: Blobs) -> int:
    """Remove what dead processes left unfinished; return how much. A quick look when there is nothing."""
    with database.read() as session:
        if not naming.dead_claims(session):
            return 0
    with database.write() as session:
        return naming.clear_dead_claims(session, blobs)


def inspect(database: Database, blobs: Blobs, *, digests: bool) -> LibraryReport:
    """Check the library; `digests` reads every file. Repairs where it may be written.

    A remembered result whose file is gone is forgotten: it can be made again.
    """
    repaired = 0
    if database.refusal is None:
        repaired = repair(database, blobs) + _forget_torn_results(database, blobs)
    with database.read() as session:
        lost = naming.missing(session, blobs)
        listed = {row.digest for row in session.scalars(select(BlobRow))}
        unfinished = {blobs.part(row.digest, row.holder).name for row in session.scalars(select(LeaseRow))}
        named = list(session.scalars(select(BlobRow.digest).where(named_by(NAMING)))) if digests else []
        count, size = naming.blob_totals(session)
        return LibraryReport(
            projects=_count(session, ProjectRow),
            assets=_count(session, AssetRow),
            blobs=count,
            size_bytes=size,
            missing=tuple(lost),
            damaged=tuple(_damaged(blobs, set(named) - set(lost))),
            unlisted=sum(name not in listed and name not in unfinished for name in blobs.present()),
            repaired=repaired,
            orphan_jobs=ledger.orphan_count(session),
            problems=database.complaints(),
        )


def _forget_torn_results(database: Database, blobs: Blobs) -> int:
    with database.read() as session:
        torn = results.keys_naming(session, naming.missing(session, blobs)[: naming.MANY])
    if not torn:
        return 0
    with database.write() as session:
        results.forget(session, torn)
    return len(torn)


def _damaged(blobs: Blobs, digests: set[str]) -> list[str]:
    return sorted(digest for digest in digests if not _intact(blobs, digest))


def _intact(blobs: Blobs, digest: str) -> bool:
    try:
        return blobs.content(digest) == digest
    except OSError:
        return False


def _count(session: Session, table: type[ProjectRow | AssetRow]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0
