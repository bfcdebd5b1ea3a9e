"""The library's SQLite file: opened, created, carried forward; sessions to read and to write."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, NullPool, QueuePool, StaticPool, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from orfeas_desktop.errors import (
    DiskFull,
    LibraryDamaged,
    LibraryGone,
    LibraryLocked,
    LibraryReadOnly,
    LibraryTooNew,
    LibraryUnreadable,
    OrfeasError,
)
from orfeas_desktop.projects import migrations
from orfeas_desktop.projects.files import library_error

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from orfeas_desktop.projects.files import Files
    from orfeas_desktop.projects.migrations import Scripts

APPLICATION = 0x4F524645
"""`application_id` of the file: the letters ORFE."""
LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
FORBIDDEN = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}


def error_of(problem: sqlite3.Error, folder: Path) -> OrfeasError:
    """Return what an error of SQLite means to the user; `folder` is the library's."""
    code = getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in LOCKED:
        return LibraryLocked(details=str(problem))
    if code in FORBIDDEN:
        return LibraryReadOnly(place=str(folder), details=str(problem))
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(place=str(folder), details=str(problem))
    copies = sorted(str(copy) for copy in folder.glob("*-v*.sqlite"))
    return LibraryDamaged(problem=str(problem), details="\n".join((f"{folder}: {problem!r}", *copies)))


@contextmanager
def translated(folder: Path) -> Generator[None]:
    """Turn errors of SQLite and of the disk into the library's."""
    try:
        yield
    except DBAPIError as problem:
        if isinstance(problem.orig, sqlite3.Error):
            raise error_of(problem.orig, folder) from problem
        raise
    except sqlite3.Error as problem:
        raise error_of(problem, folder) from problem
    except OSError as problem:
        raise library_error(problem, folder) from problem


class Database:
    """Holds the connections of one process: one that writes, a few that read."""

    def __init__(self, file: Path, *, busy_timeout_s: float, writing: bool) -> None:
        self.folder = file.parent
        self.refusal: Callable[[], OrfeasError] | None = None
        """Why nothing can be written, None when it can."""
        self._connect = partial(_connect, file, busy_timeout_s)
        self._lock = threading.RLock()
        self._main = self._connect("rwc" if writing else "ro")
        self._file, self._opened = file, file.stat()
        self._seen = 0
        self._writer = _engine(lambda: self._main, "BEGIN IMMEDIATE" if writing else "BEGIN", StaticPool)
        self._reader = _engine(
            lambda: _read_only(self._connect("rw" if writing else "ro")), "BEGIN", QueuePool
        )

    @classmethod
    def open(
        cls, file: Path, files: Files, *, busy_timeout_s: float, read_only: bool, scripts: Scripts
    ) -> Database:
        """Open the file, made or carried forward where needed and allowed.

        Raises LibraryUnreadable, LibraryDamaged (the file is left as it is), LibraryLocked, LibraryReadOnly when
        there is nothing to read.
        """
        with translated(file.parent):
            refusal = _refusal(file, files, read_only)
            if refusal and not file.exists():
                raise refusal()
            database = cls(file, busy_timeout_s=busy_timeout_s, writing=refusal is None)
            try:
                database.refusal = refusal
                database._prepare(file, files, scripts, time.monotonic() + busy_timeout_s)
            except BaseException:
                database.close()
                raise
            return database

    def _prepare(self, file: Path, files: Files, scripts: Scripts, deadline: float) -> None:
        number, application, tables = _state(self._main)
        if tables and application != APPLICATION:
            raise LibraryDamaged(problem=f"“{file.name}” is not a library of this program", details=str(file))
        if number > scripts.current:
            self.refusal = LibraryTooNew
            reader = self._main.execute("SELECT minimum_reader FROM library").fetchone()[0]
            if reader > scripts.current:
                raise LibraryUnreadable
        if self.refusal:
            if number < scripts.current:
                raise self.refusal()
            return
        _write_ahead(self._main, deadline)
        if not tables:
            self._create(scripts)
            files.sync_folder(file.parent)
        elif number < scripts.current:
            self._carry_forward(file, files, scripts)

    def _create(self, scripts: Scripts) -> None:
        with self._writer.begin() as connection:
            if not connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar():
                migrations.create(connection, scripts)
                connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")

    def _carry_forward(self, file: Path, files: Files, scripts: Scripts) -> None:
        """Run the missing migrations in one transaction, after a copy was set aside."""
        self._main.execute("PRAGMA foreign_keys = OFF")
        with self._writer.begin() as connection:
            number = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            if number < scripts.current:
                aside = file.with_name(f"{file.stem}-v{number}-{time.strftime('%Y%m%dT%H%M%S')}{file.suffix}")
                _set_aside(self._connect, aside, files)
                migrations.upgrade(connection, scripts)
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise LibraryDamaged(problem="rows do not fit together", details=str(aside))
        self._main.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def read(self) -> Generator[Session]:
        """Give one unchanging view of the library to the caller's thread."""
        with translated(self.folder), Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Generator[Session]:
        """Give a session whose changes are kept together, on the disk, or not at all.

        Raises LibraryTooNew, LibraryReadOnly, LibraryGone, LibraryLocked, DiskFull or LibraryDamaged.
        """
        self.allow_writing()
        with (
            self._lock,
            translated(self.folder),
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def allow_writing(self) -> None:
        """Raise what stands against writing, LibraryTooNew, LibraryReadOnly or LibraryGone."""
        if self.refusal:
            raise self.refusal()
        try:
            there = os.path.samestat(self._file.stat(), self._opened)
        except OSError:
            there = False
        if not there:
            raise LibraryGone(place=str(self.folder))

    def data_version(self) -> int:
        """Return a number that changes when another connection than our writing one committed."""
        if self._lock.acquire(blocking=False):
            try:
                with translated(self.folder):
                    self._seen = int(self._main.execute("PRAGMA data_version").fetchone()[0])
            finally:
                self._lock.release()
        return self._seen

    def complaints(self) -> tuple[str, ...]:
        """Return what SQLite finds wrong with the file, at most a few lines; reads the whole of it."""
        with translated(self.folder), closing(self._connect("ro")) as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
            if connection.execute("PRAGMA foreign_key_check").fetchone():
                said.append("rows do not fit together")
        return tuple(line for line in said if line != "ok")

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            self._reader.dispose()
            self._writer.dispose()
            self._main.close()


def _connect(file: Path, busy_timeout_s: float, mode: str) -> sqlite3.Connection:
    address = f"{file.absolute().as_uri()}?mode={mode}"
    try:
        return _set_up(address, busy_timeout_s)
    except sqlite3.OperationalError as problem:
        # A write-ahead file cannot be joined in a folder that nobody can write; then nobody changes it either.
        if mode != "ro" or error_of(problem, file.parent).code != LibraryReadOnly.code:
            raise
        return _set_up(f"{address}&immutable=1", busy_timeout_s)


def _set_up(address: str, busy_timeout_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, timeout=busy_timeout_s
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _read_only(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA query_only = ON")
    return connection


def _engine(
    creator: Callable[[], sqlite3.Connection], begin: str, pool: type[QueuePool | StaticPool | NullPool]
) -> Engine:
    engine = create_engine("sqlite://", creator=creator, poolclass=pool, pool_reset_on_return="rollback")

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", start)
    return engine


def _refusal(file: Path, files: Files, read_only: bool) -> Callable[[], OrfeasError] | None:
    """Return why the library cannot be written, None when it can; makes its folder."""
    refusal = partial(LibraryReadOnly, place=str(file.parent))
    if read_only:
        return refusal
    if not file.parent.is_dir():
        files.make_folder(file.parent)
        files.sync_folder(file.parent.parent)
    writable = os.access(file.parent, os.W_OK) and (not file.exists() or os.access(file, os.W_OK))
    return None if writable else refusal


def _state(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Return schema number, application id and how many tables there are."""
    connection.execute("BEGIN")
    try:
        number = connection.execute("PRAGMA user_version").fetchone()[0]
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    finally:
        connection.execute("ROLLBACK")
    return int(number), int(application), int(tables)


def _write_ahead(connection: sqlite3.Connection, deadline: float) -> None:
    """Switch to write-ahead logging; SQLite does not wait by itself when another process does the same."""
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode & 0xFF not in LOCKED or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _set_aside(connect: Callable[[str], sqlite3.Connection], aside: Path, files: Files) -> None:
    """Leave a whole copy of the library, as last committed, under the name `aside`."""
    part = aside.with_name(f"{aside.name}.{os.getpid()}.part")
    with closing(connect("ro")) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
    files.sync(part)
    files.rename(part, aside)
    files.sync_folder(aside.parent)
