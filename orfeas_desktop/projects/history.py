"""Versions of assets: appended, read, never overwritten."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Literal, cast

from sqlalchemy import bindparam, delete, func, select

from orfeas_desktop.assets import ALONG, AssetKind, AssetRef
from orfeas_desktop.errors import NoSuchAsset, NoSuchProject
from orfeas_desktop.projects import naming
from orfeas_desktop.projects.job_text import (
    request_from,
    request_text,
    scalars_from,
    scalars_text,
    seconds_from,
)
from orfeas_desktop.projects.names import folded, given_name, kept_name
from orfeas_desktop.projects.records import Change, Provenance, Version, slot_of
from orfeas_desktop.projects.tables import (
    AssetRow,
    BlobRow,
    ProjectRow,
    ScoreRow,
    StandingRow,
    VersionFileRow,
    VersionInputRow,
    VersionRow,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ScalarSelect, Select
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from orfeas_desktop.params import Scalar
    from orfeas_desktop.projects.blobs import Blobs
    from orfeas_desktop.requests import Destination, JobRequest

KINDS = {kind.value: kind for kind in AssetKind}
VersionColumn = Literal["id", "asset_id", "job_id"]
_COLUMNS: Mapping[VersionColumn, InstrumentedAttribute[int] | InstrumentedAttribute[str | None]] = {
    "id": VersionRow.id,
    "asset_id": VersionRow.asset_id,
    "job_id": VersionRow.job_id,
}
REPLACEABLE = {AssetKind.thumbnail, AssetKind.display}
"""What can be made again from the version's own files, and so may be replaced."""


def files_of_version() -> ScalarSelect[str]:
    """Return a column that holds all files of the row's version as JSON, so that a page is one query."""
    file = func.json_array(
        VersionFileRow.position,
        VersionFileRow.slot,
        VersionFileRow.digest,
        VersionFileRow.kind,
        VersionFileRow.name,
        BlobRow.size,
    )
    return (
        select(func.json_group_array(file))
        .join(BlobRow, BlobRow.digest == VersionFileRow.digest)
        .where(VersionFileRow.version_id == VersionRow.id)
        .correlate(VersionRow)
        .scalar_subquery()
    )


def score_of_version() -> ScalarSelect[str]:
    """Return a column that holds the score of the row's version as JSON, or NULL."""
    return (
        select(ScoreRow.facts)
        .where(ScoreRow.version_id == VersionRow.id)
        .correlate(VersionRow)
        .scalar_subquery()
    )


def version_from(row: VersionRow, files: str, score: str | None) -> Version:
    """Return the record of a version row, its `files_of_version` and its `score_of_version`."""
    return Version(
        id=row.id,
        asset_id=row.asset_id,
        number=row.number,
        created=row.created,
        files=_files_from(files),
        provenance=Provenance(
            request=_request_from(row.request),
            app_version=row.app_version,
            weights_digest=row.weights_digest,
            seconds=seconds_from(row.seconds),
            facts=scalars_from(row.facts),
            cached=row.cached,
        ),
        score=None if score is None else scalars_from(score),
    )


def kind_of(text: str) -> AssetKind:
    """Return the kind of that name; a kind that only newer programs know is a plain file."""
    return KINDS.get(text, AssetKind.file)


def _files_from(text: str) -> dict[str, AssetRef]:
    rows = cast("list[tuple[int, str, str, str, str, int]]", json.loads(text))
    return {
        slot: AssetRef(digest, kind_of(kind), name, size)
        for _, slot, digest, kind, name, size in sorted(rows)
    }


def _request_from(text: str | None) -> JobRequest | None:
    if text is None:
        return None
    try:
        return request_from(text)
    except ValueError:
        return None


@cache
def _versions_by(column: VersionColumn) -> Select[VersionRow, str, str]:
    """Return the query of the versions with one value in that column; built once, as building costs more than asking."""
    query = select(VersionRow, files_of_version(), score_of_version())
    return query.where(_COLUMNS[column] == bindparam("wanted")).order_by(VersionRow.number)


def versions(session: Session, column: VersionColumn, wanted: int | str) -> tuple[Version, ...]:
    """Return the versions with that value in that column, oldest first."""
    rows = session.execute(_versions_by(column), {"wanted": wanted})
    return tuple(version_from(row, files, score) for row, files, score in rows)


def version(session: Session, version_id: int) -> Version:
    """Return one version. Raises NoSuchAsset."""
    found = versions(session, "id", version_id)
    if not found:
        raise NoSuchAsset(name=str(version_id))
    return found[0]


def version_of_job(session: Session, job_id: str) -> Version | None:
    """Return the version that a job left, if it left one."""
    return next(iter(versions(session, "job_id", job_id)), None)


def place_for(session: Session, goal: Destination, now: datetime) -> AssetRow:
    """Return the asset that a version is for, made when `goal` names none.

    Raises NoSuchAsset or NoSuchProject.
    """
    if goal.asset_id is not None:
        asset = session.get(AssetRow, goal.asset_id)
        if asset is None:
            raise NoSuchAsset(name=goal.name)
        return asset
    joined = _made_before(session, goal)
    if joined is not None:
        return joined
    if session.get(ProjectRow, goal.project_id) is None:
        raise NoSuchProject(name=str(goal.project_id))
    name = given_name(goal.name)
    asset = AssetRow(project_id=goal.project_id, name=name, folded=folded(name), created=now, changed=now)
    session.add(asset)
    session.flush()
    return asset


def _made_before(session: Session, goal: Destination) -> AssetRow | None:
    """Return the asset that the jobs before this one made, unless it lies in the bin or elsewhere meanwhile."""
    query = (
        select(AssetRow)
        .join(VersionRow, VersionRow.asset_id == AssetRow.id)
        .where(VersionRow.job_id.in_(goal.after))
        .where(AssetRow.project_id == goal.project_id, AssetRow.deleted.is_(None))
        .order_by(VersionRow.id)
        .limit(1)
    )
    return session.scalars(query).first() if goal.after else None


def append(
    session: Session,
    blobs: Blobs,
    asset: AssetRow,
    files: Mapping[str, AssetRef],
    provenance: Provenance,
    *,
    now: datetime,
    job_id: str | None = None,
) -> tuple[Version, Change]:
    """Add the next version of an asset. Raises LibraryDamaged when one of its files is not kept."""
    naming.require(session, blobs, {file.digest for file in files.values()})
    last = session.scalar(select(func.max(VersionRow.number)).where(VersionRow.asset_id == asset.id)) or 0
    request = provenance.request
    row = VersionRow(
        asset_id=asset.id,
        number=last + 1,
        created=now,
        request=None if request is None else request_text(request),
        app_version=provenance.app_version,
        weights_digest=provenance.weights_digest,
        seconds=scalars_text(provenance.seconds),
        facts=scalars_text(provenance.facts),
        cached=provenance.cached,
        job_id=job_id,
    )
    session.add(row)
    session.flush()
    for position, (slot, file) in enumerate(files.items()):
        session.add(_file_row(row.id, slot, position, file))
    for digest in naming.kept_inputs(session, request):
        session.add(VersionInputRow(version_id=row.id, digest=digest))
    asset.changed = now
    session.execute(delete(StandingRow).where(StandingRow.asset_id == asset.id))
    touch_project(session, asset.project_id, now)
    session.flush()
    return version(session, row.id), Change(frozenset({asset.project_id}), frozenset({asset.id}))


def with_files_along(session: Session, asset_id: int, files: Mapping[str, AssetRef]) -> dict[str, AssetRef]:
    """Return a version's files with what belongs to the same mesh in the asset's latest version that has it."""
    mesh = files.get("mesh")
    same = [
        version
        for version in (versions(session, "asset_id", asset_id) if mesh else ())
        if mesh and (held := version.files.get("mesh")) and held.digest == mesh.digest
    ]
    missing = set(ALONG) - {slot_of(name) for name in files}
    along = {name: file for name, file in same[-1].files.items() if slot_of(name) in missing} if same else {}
    return {**files, **along}


def touch_project(session: Session, project_id: int, now: datetime) -> None:
    """Note that something in a project changed."""
    session.get_one(ProjectRow, project_id).changed = now


def set_file(session: Session, blobs: Blobs, version_id: int, slot: str, file: AssetRef) -> Change:
    """Give a version a file that it lacks, or another thumbnail. Raises NoSuchAsset, LibraryDamaged.

    Raises ValueError for a slot that holds something else: versions are never overwritten.
    """
    row = session.get(VersionRow, version_id)
    if row is None:
        raise NoSuchAsset(name=str(version_id))
    naming.require(session, blobs, (file.digest,))
    held = session.get(VersionFileRow, (version_id, slot))
    if held is None:
        position = select(func.count()).where(VersionFileRow.version_id == version_id)
        session.add(_file_row(version_id, slot, session.scalar(position) or 0, file))
    elif held.digest != file.digest:
        if kind_of(held.kind) not in REPLACEABLE or file.kind not in REPLACEABLE:
            raise ValueError(f"version {version_id} already has a {slot}")
        held.digest, held.kind, held.name = file.digest, file.kind.value, kept_name(file.name)
    asset = session.get_one(AssetRow, row.asset_id)
    return Change(frozenset({asset.project_id}), frozenset({asset.id}))


def stand_at(session: Session, version_id: int) -> Change:
    """Let an asset stand at one of its versions; the others stay. Raises NoSuchAsset."""
    row = session.get(VersionRow, version_id)
    if row is None:
        raise NoSuchAsset(name=str(version_id))
    asset = session.get_one(AssetRow, row.asset_id)
    newest = session.scalar(select(func.max(VersionRow.number)).where(VersionRow.asset_id == asset.id))
    session.execute(delete(StandingRow).where(StandingRow.asset_id == asset.id))
    if row.number != newest:
        session.add(StandingRow(asset_id=asset.id, number=row.number))
    return Change(frozenset({asset.project_id}), frozenset({asset.id}))


def set_score(session: Session, version_id: int, facts: Mapping[str, Scalar]) -> Change:
    """Note how good a version is, in place of what was noted before. Raises NoSuchAsset."""
    row = session.get(VersionRow, version_id)
    if row is None:
        raise NoSuchAsset(name=str(version_id))
    session.merge(ScoreRow(version_id=version_id, facts=scalars_text(facts)))
    asset = session.get_one(AssetRow, row.asset_id)
    return Change(frozenset({asset.project_id}), frozenset({asset.id}))


def _file_row(version_id: int, slot: str, position: int, file: AssetRef) -> VersionFileRow:
    return VersionFileRow(
        version_id=version_id,
        slot=slot,
        position=position,
        digest=file.digest,
        kind=file.kind.value,
        name=kept_name(file.name),
    )
