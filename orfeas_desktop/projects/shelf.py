"""Projects and assets: listed, made, renamed, put into the bin and taken out of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.orm import aliased

from orfeas_desktop.errors import NameTaken, NoSuchAsset, NoSuchProject
from orfeas_desktop.projects.history import files_of_version, score_of_version, touch_project, version_from
from orfeas_desktop.projects.names import folded, given_name
from orfeas_desktop.projects.naming import MANY
from orfeas_desktop.projects.records import Asset, Change, Project, Version
from orfeas_desktop.projects.tables import AssetRow, ProjectRow, StandingRow, VersionRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Wanted:
    """Which assets of a project: those whose name holds every word of `text`, in the bin or not."""

    project_id: int
    text: str = ""
    deleted: bool = False

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield what a row must meet."""
        yield AssetRow.project_id == self.project_id
        yield AssetRow.deleted.is_not(None) if self.deleted else AssetRow.deleted.is_(None)
        for word in folded(self.text).split():
            yield func.instr(AssetRow.folded, word) > 0


def projects(session: Session, condition: ColumnElement[bool]) -> tuple[Project, ...]:
    """Return the projects that meet a condition, the one changed last first."""
    count = (
        select(func.count())
        .where(AssetRow.project_id == ProjectRow.id, AssetRow.deleted.is_(None))
        .scalar_subquery()
    )
    query = (
        select(ProjectRow, count).where(condition).order_by(ProjectRow.changed.desc(), ProjectRow.id.desc())
    )
    return tuple(
        Project(row.id, row.name, row.created, row.changed, assets, row.deleted)
        for row, assets in session.execute(query)
    )


def project(session: Session, project_id: int) -> Project:
    """Return one project, in the bin or not. Raises NoSuchProject."""
    found = projects(session, ProjectRow.id == project_id)
    if not found:
        raise NoSuchProject(name=str(project_id))
    return found[0]


def project_named(session: Session, name: str) -> Project:
    """Return the project of that name that is not in the bin. Raises NoSuchProject."""
    found = projects(session, (ProjectRow.name == given_name(name)) & ProjectRow.deleted.is_(None))
    if not found:
        raise NoSuchProject(name=name)
    return found[0]


def create_project(session: Session, name: str, now: datetime) -> tuple[Project, Change]:
    """Make a project. Raises NameTaken, NameMissing."""
    cleaned = given_name(name)
    _check_free(session, cleaned)
    row = ProjectRow(name=cleaned, created=now, changed=now)
    session.add(row)
    session.flush()
    return Project(row.id, cleaned, now, now, 0), _of_project(row.id)


def rename_project(session: Session, project_id: int, name: str, now: datetime) -> Change:
    """Give a project another name. Raises NoSuchProject, NameTaken, NameMissing."""
    cleaned = given_name(name)
    row = _project_row(session, project_id)
    if cleaned != row.name and row.deleted is None:
        _check_free(session, cleaned)
    row.name, row.changed = cleaned, now
    return _of_project(project_id)


def delete_project(session: Session, project_id: int, now: datetime) -> Change:
    """Put a project into the bin, its assets with it. Raises NoSuchProject."""
    row = _project_row(session, project_id)
    row.deleted = row.deleted or now
    return _of_project(project_id)


def restore_project(session: Session, project_id: int, now: datetime) -> Change:
    """Take a project out of the bin. Raises NoSuchProject; NameTaken when another took its name since."""
    row = _project_row(session, project_id)
    if row.deleted is not None:
        _check_free(session, row.name)
        row.deleted, row.changed = None, now
    return _of_project(project_id)


def _project_row(session: Session, project_id: int) -> ProjectRow:
    row = session.get(ProjectRow, project_id)
    if row is None:
        raise NoSuchProject(name=str(project_id))
    return row


def _check_free(session: Session, name: str) -> None:
    taken = select(ProjectRow.id).where(ProjectRow.name == name, ProjectRow.deleted.is_(None))
    if session.scalar(taken) is not None:
        raise NameTaken(name=name)


def _of_project(project_id: int) -> Change:
    return Change(projects=frozenset({project_id}))


def assets(
    session: Session, conditions: Sequence[ColumnElement[bool]], offset: int = 0, limit: int | None = None
) -> tuple[Asset, ...]:
    """Return assets with their latest version and its files in one query, the one changed last first."""
    page = (
        select(AssetRow.id)
        .where(*conditions)
        .order_by(AssetRow.changed.desc(), AssetRow.id.desc())
        .offset(offset)
        .limit(-1 if limit is None else limit)
    )
    return _assets_of(session.execute(_listing(page)))


def _listing(page: Select[int]) -> Select[AssetRow, int, VersionRow, str, str]:
    """Return the query of the assets with these ids."""
    newest = aliased(VersionRow)
    last = select(func.max(newest.number)).where(newest.asset_id == AssetRow.id).scalar_subquery()
    undone = select(StandingRow.number).where(StandingRow.asset_id == AssetRow.id).scalar_subquery()
    shown = func.coalesce(undone, last)
    return (
        select(AssetRow, last, VersionRow, files_of_version(), score_of_version())
        .outerjoin(VersionRow, (VersionRow.asset_id == AssetRow.id) & (VersionRow.number == shown))
        .where(AssetRow.id.in_(page))
        .order_by(AssetRow.changed.desc(), AssetRow.id.desc())
    )


@cache
def _listing_of_one() -> Select[AssetRow, int, VersionRow, str, str]:
    """Return the query of one asset; built once, as building it costs more than asking."""
    return _listing(select(AssetRow.id).where(AssetRow.id == bindparam("wanted")))


def _assets_of(rows: Iterable[Row[AssetRow, int, VersionRow, str, str]]) -> tuple[Asset, ...]:
    return tuple(
        _asset(row, count or 0, version_from(latest, files, score) if latest else None)
        for row, count, latest, files, score in rows
    )


def _asset(row: AssetRow, count: int, latest: Version | None) -> Asset:
    return Asset(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        created=row.created,
        changed=row.changed,
        version_count=count,
        latest=latest,
        deleted=row.deleted,
    )


def asset_count(session: Session, wanted: Wanted) -> int:
    """Return how many assets are wanted."""
    return session.scalar(select(func.count()).select_from(AssetRow).where(*wanted.conditions())) or 0


def asset(session: Session, asset_id: int) -> Asset:
    """Return one asset, in the bin or not. Raises NoSuchAsset."""
    found = _assets_of(session.execute(_listing_of_one(), {"wanted": asset_id}))
    if not found:
        raise NoSuchAsset(name=str(asset_id))
    return found[0]


def rename_asset(session: Session, asset_id: int, name: str, now: datetime) -> Change:
    """Give an asset another name. Raises NoSuchAsset, NameMissing."""
    cleaned = given_name(name)
    row = session.get(AssetRow, asset_id)
    if row is None:
        raise NoSuchAsset(name=cleaned)
    row.name, row.folded, row.changed = cleaned, folded(cleaned), now
    touch_project(session, row.project_id, now)
    return Change(frozenset({row.project_id}), frozenset({asset_id}))


def set_deleted(
    session: Session, asset_ids: Sequence[int], deleted: datetime | None, now: datetime
) -> Change:
    """Put assets into the bin (`deleted` says when) or take them out. Raises NoSuchAsset, then none is changed."""
    owners: set[int] = set()
    for start in range(0, len(asset_ids), MANY):
        some = set(asset_ids[start : start + MANY])
        rows = session.scalars(select(AssetRow).where(AssetRow.id.in_(some))).all()
        lost = some - {row.id for row in rows}
        if lost:
            raise NoSuchAsset(name=str(min(lost)))
        for row in rows:
            row.deleted = (row.deleted or deleted) if deleted else None
        owners |= {row.project_id for row in rows}
        session.flush()
    for project_id in owners:
        touch_project(session, project_id, now)
    return Change(frozenset(owners), frozenset(asset_ids))


def empty_bin(session: Session) -> Change:
    """Forget every project and asset in the bin for good."""
    gone = or_(
        AssetRow.deleted.is_not(None),
        AssetRow.project_id.in_(select(ProjectRow.id).where(ProjectRow.deleted.is_not(None))),
    )
    rows = session.execute(select(AssetRow.id, AssetRow.project_id).where(gone)).all()
    lost = session.scalars(select(ProjectRow.id).where(ProjectRow.deleted.is_not(None))).all()
    session.execute(delete(AssetRow).where(gone))
    session.execute(delete(ProjectRow).where(ProjectRow.deleted.is_not(None)))
    return Change(frozenset(lost) | {owner for _, owner in rows}, frozenset(asset_id for asset_id, _ in rows))
