"""A library of a test's own, and short ways to fill it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from orfeas_desktop.assets import AssetKind, AssetRef, LocalFile, local_file
from orfeas_desktop.projects.records import Provenance, Version
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, Job, JobInput, JobRequest, JobResult, OutputFile

START = datetime(2030, 1, 1, tzinfo=UTC)


class Hand:
    """Fills one open library."""

    def __init__(self, store: ProjectStore, folder: Path, outside: Path) -> None:
        self.store = store
        self.folder = folder
        self.outside = outside
        self.serial = count(1)
        (folder / "staging").mkdir(exist_ok=True)

    def file(self, content: str, name: str = "thing.glb") -> Path:
        """A file outside the library."""
        folder = self.outside / str(next(self.serial))
        folder.mkdir(parents=True)
        path = folder / name
        path.write_text(content)
        return path

    def staged(self, content: str, kind: AssetKind = AssetKind.mesh, name: str = "made.glb") -> LocalFile:
        """A file that a worker left in the staging folder."""
        folder = self.folder / "staging" / str(next(self.serial))
        folder.mkdir(parents=True)
        path = folder / name
        path.write_text(content)
        return local_file(path, kind)

    def blob(self, content: str, kind: AssetKind = AssetKind.mesh, name: str = "thing.glb") -> AssetRef:
        return self.store.add_blob(self.file(content, name), kind, name)

    def project(self, name: str = "Toys") -> int:
        return self.store.create_project(name)[0].id

    def version(self, goal: Destination, **contents: str) -> Version:
        files = {slot: self.blob(content) for slot, content in contents.items()}
        return self.store.add_version(goal, files, self.imported())[0]

    @staticmethod
    def imported() -> Provenance:
        return Provenance(None, "1.0", "", {}, {}, cached=False)

    @staticmethod
    def request(inputs: Mapping[str, tuple[JobInput, ...]] | None = None) -> JobRequest:
        return JobRequest(Table.backends, "relief", 3, {"depth": 1.5, "shape": "auto"}, inputs or {}, seed=7)

    def job(self, goal: Destination | None = None, **inputs: JobInput) -> Job:
        given = {slot: (item,) for slot, item in inputs.items()}
        return Job(self.request(given), "A cup", goal)

    def result(self, *, seconds: float = 1.0, **contents: str) -> JobResult:
        files = tuple(OutputFile(slot, self.staged(content)) for slot, content in contents.items())
        return JobResult(files, {"faces": 12, "watertight": True}, {"Mask": seconds, "Surface": 2 * seconds})

    def finish(self, job: Job, key: str, *, seconds: float = 1.0, **contents: str) -> Version | None:
        result = self.result(seconds=seconds, **contents)
        return self.store.record_result(job, key, result, app_version="1.0", weights_digest="w")[0]

    def blobs(self) -> set[str]:
        """The names of all files in the blob folder."""
        return {path.name for path in (self.folder / "blobs").rglob("*") if path.is_file()}


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """A clock that moves on by one second each time it is read."""
    ticks = count()
    return lambda: START + timedelta(seconds=next(ticks))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def store(library: Path, clock: Callable[[], datetime]) -> Iterator[ProjectStore]:
    store = ProjectStore.open(library, clock=clock)
    yield store
    store.close()


@pytest.fixture
def hand(store: ProjectStore, library: Path, tmp_path: Path) -> Hand:
    return Hand(store, library, tmp_path / "outside")


@pytest.fixture
def hand_of(tmp_path: Path) -> Callable[[ProjectStore, Path], Hand]:
    """A hand for a library that the test opens itself."""
    serial = count()
    return lambda store, folder: Hand(store, folder, tmp_path / f"outside{next(serial)}")
