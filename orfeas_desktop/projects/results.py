"""Results remembered under their cache key, and how long stages take on this machine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from orfeas_desktop.assets import AssetRef, LocalFile
from orfeas_desktop.projects import ledger, naming
from orfeas_desktop.projects.history import kind_of, version_of_job
from orfeas_desktop.projects.job_text import scalars_from, scalars_text, seconds_from
from orfeas_desktop.projects.names import kept_name
from orfeas_desktop.projects.tables import BlobRow, ResultFileRow, ResultRow, RunRow
from orfeas_desktop.requests import FromJob, JobInput, JobRequest, JobResult, OutputFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from orfeas_desktop.projects.blobs import Blobs

RUNS = 20
"""How many runs of an entry an estimate looks back on."""


@dataclass(frozen=True)
class Maker:
    """What made a result, beside its request."""

    app_version: str
    weights_digest: str = ""


def remember(
    session: Session, key: str, request: JobRequest, result: JobResult, maker: Maker, now: datetime
) -> None:
    """Keep a result under `key` in place of what was there; its files are blobs by now."""
    session.execute(delete(ResultRow).where(ResultRow.key == key))
    session.add(
        ResultRow(
            key=key,
            entry=request.entry,
            version=request.version,
            created=now,
            used=now,
            app_version=maker.app_version,
            weights_digest=maker.weights_digest,
            seconds=scalars_text(result.seconds),
            facts=scalars_text(result.facts),
        )
    )
    session.flush()
    session.add_all(
        ResultFileRow(
            key=key,
            position=position,
            slot=output.slot,
            digest=output.file.digest,
            kind=output.file.kind.value,
            name=kept_name(output.file.name),
        )
        for position, output in enumerate(result.files)
    )


def find(session: Session, blobs: Blobs, key: str) -> JobResult | None:
    """Return the result of that key, marked as cached, when all its files are there."""
    row = session.execute(select(ResultRow.facts, ResultRow.seconds).where(ResultRow.key == key)).first()
    if row is None:
        return None
    files = session.execute(
        select(ResultFileRow.slot, ResultFileRow.digest, ResultFileRow.kind, ResultFileRow.name, BlobRow.size)
        .join(BlobRow, BlobRow.digest == ResultFileRow.digest)
        .where(ResultFileRow.key == key)
        .order_by(ResultFileRow.position)
    )
    outputs: list[OutputFile] = []
    for slot, digest, kind, name, size in files:
        if not blobs.holds(digest, size):
            return None
        outputs.append(OutputFile(slot, LocalFile(blobs.path(digest), digest, kind_of(kind), name, size)))
    return JobResult(tuple(outputs), scalars_from(row.facts), seconds_from(row.seconds), cached=True)


def touch(session: Session, used: Iterable[tuple[str, datetime]]) -> None:
    """Note when results were last asked for."""
    for key, moment in used:
        session.execute(update(ResultRow).where(ResultRow.key == key).values(used=moment))


def files_by_slot(result: JobResult) -> dict[str, AssetRef]:
    """Return a result's files as a version names them: `parts`, `parts-2`, `parts-3` …"""
    seen: Counter[str] = Counter()
    named: dict[str, AssetRef] = {}
    for output in result.files:
        seen[output.slot] += 1
        slot = output.slot if seen[output.slot] == 1 else f"{output.slot}-{seen[output.slot]}"
        file = output.file
        named[slot] = AssetRef(file.digest, file.kind, file.name, file.size)
    return named


def resolved(session: Session, request: JobRequest) -> JobRequest:
    """Return a request whose `FromJob` inputs are the files that those jobs left, where they are known."""
    inputs = {
        slot: tuple(_file_of_job(session, item) if isinstance(item, FromJob) else item for item in items)
        for slot, items in request.inputs.items()
    }
    return replace(request, inputs=inputs)


def _file_of_job(session: Session, source: FromJob) -> JobInput:
    left = version_of_job(session, source.job_id)
    if left and source.slot in left.files:
        return left.files[source.slot]
    row = session.execute(
        select(ResultFileRow.digest, ResultFileRow.kind, ResultFileRow.name, BlobRow.size)
        .join(BlobRow, BlobRow.digest == ResultFileRow.digest)
        .where(
            ResultFileRow.key == ledger.result_key(session, source.job_id), ResultFileRow.slot == source.slot
        )
        .order_by(ResultFileRow.position)
    ).first()
    return AssetRef(row.digest, kind_of(row.kind), row.name, row.size) if row else source


def note_run(session: Session, request: JobRequest, seconds: Mapping[str, float]) -> None:
    """Remember how long the stages of a run took, and forget runs of long ago."""
    if not seconds:
        return
    of_entry = (RunRow.entry == request.entry, RunRow.version == request.version)
    session.add(RunRow(entry=request.entry, version=request.version, seconds=scalars_text(seconds)))
    session.flush()
    kept = select(RunRow.id).where(*of_entry).order_by(RunRow.id.desc()).limit(RUNS)
    session.execute(delete(RunRow).where(*of_entry, RunRow.id.not_in(kept)))


def usual_seconds(session: Session, entry: str, version: int) -> dict[str, float]:
    """Return the median seconds of each stage that at least half of the last runs had, in running order."""
    last = select(RunRow.seconds).where(RunRow.entry == entry, RunRow.version == version)
    runs = [seconds_from(text) for text in session.scalars(last.order_by(RunRow.id.desc()).limit(RUNS))]
    places: dict[str, list[float]] = {}
    for run in runs:
        for position, stage in enumerate(run):
            places.setdefault(stage, []).append((position + 1) / len(run))
    usual = [stage for stage, found in places.items() if 2 * len(found) >= len(runs)]
    usual.sort(key=lambda stage: fmean(places[stage]))
    return {stage: median(run[stage] for run in runs if stage in run) for stage in usual}


def size(session: Session) -> int:
    """Return the bytes of blobs that only remembered results name."""
    only = naming.named_by((ResultFileRow,)) & ~naming.named_by(naming.KEEPING)
    return int(session.scalar(select(func.coalesce(func.sum(BlobRow.size), 0)).where(only)) or 0)


def forget_oldest(session: Session, limit_bytes: int) -> int:
    """Forget results, the one used longest ago first, until `size` is within the limit; return how many."""
    total = size(session)
    if total <= limit_bytes:
        return 0
    only = ~naming.named_by(naming.KEEPING)
    rows = session.execute(
        select(ResultFileRow.key, ResultFileRow.digest, BlobRow.size)
        .join(ResultRow, ResultRow.key == ResultFileRow.key)
        .join(BlobRow, BlobRow.digest == ResultFileRow.digest)
        .where(only)
        .order_by(ResultRow.used, ResultRow.key)
    )
    files: dict[str, dict[str, int]] = {}
    for key, digest, file_size in rows:
        files.setdefault(key, {})[digest] = file_size
    holders = Counter(digest for held in files.values() for digest in held)
    forgotten: list[str] = []
    for key, held in files.items():
        if total <= limit_bytes:
            break
        forgotten.append(key)
        holders.subtract(held.keys())
        total -= sum(file_size for digest, file_size in held.items() if not holders[digest])
    forget(session, forgotten)
    return len(forgotten)


def forget(session: Session, keys: list[str]) -> None:
    """Forget these results."""
    for start in range(0, len(keys), naming.MANY):
        session.execute(delete(ResultRow).where(ResultRow.key.in_(keys[start : start + naming.MANY])))


def keys_naming(session: Session, digests: list[str]) -> list[str]:
    """Return the results that name one of these blobs."""
    return list(
        session.scalars(select(ResultFileRow.key).where(ResultFileRow.digest.in_(digests)).distinct())
    )
