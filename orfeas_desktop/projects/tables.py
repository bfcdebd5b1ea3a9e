"""The tables of the library's file as mapped classes; seen only inside this folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """A UTC time as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Write a time that knows its zone."""
        del dialect
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Read it back in UTC."""
        del dialect
        return None if value is None else EPOCH + value * MICROSECOND


class Row(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text(), datetime: Moment()}  # noqa: RUF012  (SQLAlchemy's own declaration)


class LibraryRow(Row):
    """One row about the file itself: which programs can still read it."""

    __tablename__ = "library"

    id: Mapped[int] = mapped_column(primary_key=True)
    minimum_reader: Mapped[int]


class ProjectRow(Row):
    """A project; in the bin when `deleted` is set."""

    __tablename__ = "projects"
    __table_args__ = (
        Index("uq_projects_name", "name", unique=True, sqlite_where=text("deleted IS NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    created: Mapped[datetime]
    changed: Mapped[datetime]
    deleted: Mapped[datetime | None]


class AssetRow(Row):
    """An asset; in the bin when `deleted` is set."""

    __tablename__ = "assets"
    __table_args__ = (
        Index(None, "project_id", "deleted", "changed", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id, ondelete="CASCADE"))
    name: Mapped[str]
    folded: Mapped[str]
    created: Mapped[datetime]
    changed: Mapped[datetime]
    deleted: Mapped[datetime | None]


class VersionRow(Row):
    """A version with its provenance; never changed once written."""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("asset_id", "number"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey(AssetRow.id, ondelete="CASCADE"))
    number: Mapped[int]
    created: Mapped[datetime]
    request: Mapped[str | None]
    app_version: Mapped[str]
    weights_digest: Mapped[str]
    seconds: Mapped[str]
    facts: Mapped[str]
    cached: Mapped[bool]
    job_id: Mapped[str | None] = mapped_column(index=True)


class StandingRow(Row):
    """The version that an asset stands at, while that is not the newest."""

    __tablename__ = "standings"

    asset_id: Mapped[int] = mapped_column(ForeignKey(AssetRow.id, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int]


class ScoreRow(Row):
    """How good a version is, measured after it was made."""

    __tablename__ = "scores"

    version_id: Mapped[int] = mapped_column(ForeignKey(VersionRow.id, ondelete="CASCADE"), primary_key=True)
    facts: Mapped[str]


class BlobRow(Row):
    """A file of the blob folder; there before the file is, gone when the file is."""

    __tablename__ = "blobs"

    digest: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)


class LeaseRow(Row):
    """A claim of an open store on a blob that no row names yet."""

    __tablename__ = "leases"

    digest: Mapped[str] = mapped_column(ForeignKey(BlobRow.digest), primary_key=True)
    holder: Mapped[str] = mapped_column(primary_key=True)
    process: Mapped[int]
    process_started: Mapped[str]


class VersionFileRow(Row):
    """A file of a version."""

    __tablename__ = "version_files"

    version_id: Mapped[int] = mapped_column(ForeignKey(VersionRow.id, ondelete="CASCADE"), primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    digest: Mapped[str] = mapped_column(ForeignKey(BlobRow.digest), index=True)
    kind: Mapped[str]
    name: Mapped[str]


class VersionInputRow(Row):
    """A blob that a version's request was given, kept so that it can be made again."""

    __tablename__ = "version_inputs"

    version_id: Mapped[int] = mapped_column(ForeignKey(VersionRow.id, ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey(BlobRow.digest), primary_key=True, index=True)


class JobRow(Row):
    """A job of the queue or of the history, and the process it belongs to."""

    __tablename__ = "jobs"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  (SQLAlchemy's own declaration)

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    job: Mapped[str]
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(index=True)
    submitted: Mapped[datetime]
    ended: Mapped[datetime | None]
    error_code: Mapped[str]
    error_text: Mapped[str]
    error_arguments: Mapped[str]
    error_details: Mapped[str]
    process: Mapped[int]
    process_started: Mapped[str]
    result_key: Mapped[str]


class JobInputRow(Row):
    """A blob that a job is given."""

    __tablename__ = "job_inputs"

    job_id: Mapped[str] = mapped_column(ForeignKey(JobRow.id, ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey(BlobRow.digest), primary_key=True, index=True)


class ResultRow(Row):
    """A result that is remembered under its cache key."""

    __tablename__ = "results"

    key: Mapped[str] = mapped_column(primary_key=True)
    entry: Mapped[str]
    version: Mapped[int]
    created: Mapped[datetime]
    used: Mapped[datetime] = mapped_column(index=True)
    app_version: Mapped[str]
    weights_digest: Mapped[str]
    seconds: Mapped[str]
    facts: Mapped[str]


class ResultFileRow(Row):
    """A file of a remembered result."""

    __tablename__ = "result_files"

    key: Mapped[str] = mapped_column(ForeignKey(ResultRow.key, ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    slot: Mapped[str]
    digest: Mapped[str] = mapped_column(ForeignKey(BlobRow.digest), index=True)
    kind: Mapped[str]
    name: Mapped[str]


class RunRow(Row):
    """How long the stages of one run took."""

    __tablename__ = "runs"
    __table_args__ = (Index(None, "entry", "version", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    entry: Mapped[str]
    version: Mapped[int]
    seconds: Mapped[str]
