"""Engines with a test-only worker program, and the world around them."""

from __future__ import annotations

import importlib.util
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from orfeas_desktop.assets import AssetKind, LocalFile, local_file
from orfeas_desktop.engine.service import Engine
from orfeas_desktop.engine.worker.options import EngineOptions
from orfeas_desktop.errors import LibraryDamaged
from orfeas_desktop.register import Table
from orfeas_desktop.requests import (
    Job,
    JobCancelled,
    JobDone,
    JobEvent,
    JobFailed,
    JobProgressed,
    JobRequest,
    JobResult,
    JobStarted,
    JobWarned,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from orfeas_desktop.errors import OrfeasError
    from orfeas_desktop.params import Scalar
    from orfeas_desktop.requests import JobInput

PROGRAM = Path(__file__).parent / "worker" / "worker_program.py"
PATIENCE_S = 60.0


@pytest.fixture(scope="session")
def naughty() -> ModuleType:
    """The worker program as a module, for its tables."""
    spec = importlib.util.spec_from_file_location("worker_program", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def job_id_of(event: JobEvent) -> str:
    return event.job.id if isinstance(event, JobDone) else event.job_id


@dataclass
class Keeping:
    """A library in miniature: a folder of blobs and results by key."""

    folder: Path
    found: dict[str, JobResult] = field(default_factory=dict)
    usual: dict[str, dict[str, float]] = field(default_factory=dict)
    trouble: OrfeasError | None = None

    def find_result(self, key: str) -> JobResult | None:
        if self.trouble:
            raise self.trouble
        return self.found.get(key)

    def blob_path(self, digest: str) -> Path:
        path = self.folder / digest
        if not path.exists():
            raise LibraryDamaged(problem=f"{digest} is missing")
        return path

    def usual_seconds(self, entry: str, version: int) -> Mapping[str, float]:
        if self.trouble:
            raise self.trouble
        return self.usual.get(f"{entry} {version}", {})

    def adopt(self, done: JobDone) -> JobResult:
        """Move the files in, as the store does, and remember the result."""
        self.folder.mkdir(parents=True, exist_ok=True)
        files = []
        for output in done.result.files:
            path = self.folder / output.file.digest
            if not path.exists():
                output.file.path.replace(path)
            elif output.file.path != path:
                output.file.path.unlink(missing_ok=True)
            files.append(replace(output, file=replace(output.file, path=path)))
        self.found[done.key] = replace(done.result, files=tuple(files))
        return self.found[done.key]


@dataclass
class Place:
    """An engine, what is around it and all it has said."""

    engine: Engine
    keeping: Keeping
    folder: Path
    heard: list[JobEvent] = field(default_factory=list)
    used: set[int] = field(default_factory=set)

    def submit(
        self,
        entry: str,
        text: str = "",
        *,
        table: Table = Table.tools,
        inputs: Mapping[str, tuple[JobInput, ...]] | None = None,
        params: Mapping[str, Scalar] | None = None,
        version: int = 1,
        seed: int = 0,
        priority: int = 0,
        amount: float | None = None,
    ) -> Job:
        values: dict[str, Scalar] = {"text": text} if params is None else dict(params)
        if amount is not None:
            values["amount"] = amount
        request = JobRequest(table, entry, version, values, inputs or {}, seed)
        job = Job(request, entry, priority=priority)
        self.engine.submit(job)
        return job

    def poll(self, timeout_s: float = 0.1) -> JobEvent | None:
        event = self.engine.poll(timeout_s)
        self.used |= set(self.engine.workers().values())
        if event is not None:
            self.heard.append(event)
        return event

    def wait(self, until: Callable[[JobEvent], bool], what: str = "event") -> JobEvent:
        """Poll until an event fits; those heard before count too."""
        for event in self.heard:
            if until(event):
                return event
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            event = self.poll()
            if event is not None and until(event):
                return event
        raise AssertionError(f"no {what} among {self.heard}")

    def wait_until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, f"{condition} never came true; heard {self.heard}"
            self.poll(0.01)

    def end(self, job: Job) -> JobDone | JobFailed | JobCancelled:
        ends = (JobDone, JobFailed, JobCancelled)
        event = self.wait(
            lambda event: isinstance(event, ends) and job_id_of(event) == job.id, f"end of {job.title}"
        )
        assert isinstance(event, ends)
        return event

    def done(self, job: Job) -> JobResult:
        event = self.end(job)
        assert isinstance(event, JobDone), event.error.details if isinstance(event, JobFailed) else event
        return event.result

    def text(self, job: Job) -> str:
        file = self.done(job).file("file")
        assert file is not None
        return file.path.read_text()

    def error(self, job: Job) -> OrfeasError:
        event = self.end(job)
        assert isinstance(event, JobFailed), event
        return event.error

    def started(self, job: Job) -> None:
        self.wait(lambda event: event == JobStarted(job.id), "start")

    def progressed(self, job: Job) -> None:
        self.wait(lambda event: isinstance(event, JobProgressed) and event.job_id == job.id, "progress")

    def warned_pid(self, job: Job) -> int:
        event = self.wait(lambda event: isinstance(event, JobWarned) and event.job_id == job.id, "warning")
        assert isinstance(event, JobWarned)
        return int(event.arguments["pid"] or 0)

    def events_of(self, job: Job) -> list[JobEvent]:
        return [event for event in self.heard if job_id_of(event) == job.id]

    def file(self, name: str, text: str) -> LocalFile:
        path = self.folder / name
        path.write_text(text)
        return local_file(path, AssetKind.file)

    def staged(self) -> list[str]:
        staging = self.folder / "staging"
        return sorted(path.name for path in staging.iterdir()) if staging.exists() else []


OPTIONS = EngineOptions(
    cancel_grace_s=0.3,
    silence_s=30.0,
    exit_grace_s=20.0,
    threads=2,
    worker_command=(sys.executable, str(PROGRAM)),
)


@contextmanager
def making(base: Path, naughty: ModuleType) -> Iterator[Callable[..., Place]]:
    """Make engines; at the end each is closed and must leave no process behind."""
    places: list[Place] = []

    def make(folder: str = "home", keeping: Keeping | None = None, **changes: object) -> Place:
        home = base / folder
        home.mkdir(exist_ok=True)
        keeping = keeping or Keeping(home / "blobs")
        engine = Engine(
            results=keeping,
            blobs=keeping,
            times=keeping,
            staging=home / "staging",
            scratch=home / "scratch",
            options=replace(OPTIONS, **changes),
            tables=naughty.TABLES,
        )
        places.append(Place(engine, keeping, home))
        return places[-1]

    yield make
    for place in places:
        place.used |= set(place.engine.workers().values())
        place.engine.close()
    for place in places:
        assert place.engine.workers() == {}
        assert [pid for pid in place.used if psutil.pid_exists(pid)] == []


@pytest.fixture
def make_place(tmp_path: Path, naughty: ModuleType) -> Iterator[Callable[..., Place]]:
    with making(tmp_path, naughty) as make:
        yield make


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    return make_place()


@pytest.fixture(scope="module")
def shared_place(tmp_path_factory: pytest.TempPathFactory, naughty: ModuleType) -> Iterator[Place]:
    """One engine for tests whose work leaves the worker as it was."""
    with making(tmp_path_factory.mktemp("shared"), naughty) as make:
        yield make()
