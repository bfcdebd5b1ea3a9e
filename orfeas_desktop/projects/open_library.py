"""A library that is open: made, mended and claimed when it is opened, let go of when it is closed."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.projects import (
    inspection,
    migrations,
    naming,
    results,
)
from orfeas_desktop.projects.blobs import Blobs
from orfeas_desktop.projects.database import Database, translated
from orfeas_desktop.projects.files import Files
from orfeas_desktop.projects.processes import ProcessName

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from sqlalchemy.orm import Session

    from orfeas_desktop.projects.migrations import Scripts

FILE = "library.sqlite"


def now_utc() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


class OpenLibrary:
    """The library in one folder, open in one process: its file, its blobs and what this process claims of them."""

    def __init__(
        self, database: Database, blobs: Blobs, staging: Path, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._staging = staging
        self._clock = clock
        self._process = ProcessName.own()
        self._holder = uuid4().hex
        self._adopting = threading.RLock()
        self._used: deque[tuple[str, datetime]] = deque()
        """Which remembered result was asked for when, since the last write."""

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        clock: Callable[[], datetime] = now_utc,
        read_only: bool = False,
        files: Files | None = None,
        busy_timeout_s: float = 10.0,
        scripts: Scripts = migrations.SCRIPTS,
    ) -> Self:
        """Open the library, made when there is none, and remove what dead processes left unfinished.

        One that cannot be written, or that a newer program wrote, is open for reading only. Raises LibraryUnreadable
        (too new even for that), LibraryDamaged (nothing is changed), LibraryReadOnly when there is nothing to read.
        """
        acts = files or Files()
        database = Database.open(
            folder / FILE, acts, busy_timeout_s=busy_timeout_s, read_only=read_only, scripts=scripts
        )
        blobs = Blobs(folder / "blobs", acts)
        store = cls(database, blobs, folder / "staging", clock)
        try:
            if store.writable:
                with translated(folder):
                    acts.make_folder(blobs.folder)
                    acts.sync_folder(folder)
                inspection.repair(database, blobs)
        except BaseException:
            database.close()
            raise
        return store

    @property
    def refusal(self) -> OrfeasError | None:
        """Why nothing can be written, or None."""
        refuse = self._database.refusal
        return None if refuse is None else refuse()

    @property
    def writable(self) -> bool:
        """Whether the library can be written."""
        return self._database.refusal is None

    def close(self) -> None:
        """Give up this store's claims, which end with the process anyway, and close the file."""
        try:
            if self.writable:
                with suppress(OrfeasError), self._writing() as session:
                    naming.release(session, self._holder)
        finally:
            self._database.close()

    @contextmanager
    def _writing(self) -> Generator[Session]:
        """Give a session whose changes are kept together or not at all."""
        with self._database.write() as session:
            used: dict[str, datetime] = {}
            while self._used:
                key, moment = self._used.popleft()
                used[key] = moment
            results.touch(session, used.items())
            yield session
