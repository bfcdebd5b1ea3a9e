"""Engines with a test-only worker program, the world around them, sample meshes, a job context."""

from __future__ import annotations

import importlib.util
import io
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.assets import AssetKind, LocalFile, local_file
from orfeas_desktop.engine.jobs.staged import lives
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.service import Engine
from orfeas_desktop.engine.worker.options import EngineOptions
from orfeas_desktop.errors import Cancelled, LibraryDamaged
from orfeas_desktop.register import Table
from orfeas_desktop.requests import (
    Destination,
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
from tests.patience import PATIENCE_S, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from orfeas_desktop.errors import OrfeasError
    from orfeas_desktop.params import Scalar
    from orfeas_desktop.requests import JobInput

PROGRAM = Path(__file__).parent / "worker" / "worker_program.py"


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
        destination: Destination | None = None,
    ) -> Job:
        values: dict[str, Scalar] = {"text": text} if params is None else dict(params)
        if amount is not None:
            values["amount"] = amount
        request = JobRequest(table, entry, version, values, inputs or {}, seed)
        job = Job(request, entry, destination, priority)
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

    @property
    def staging(self) -> Path:
        """Where the engine of this process lets workers leave files."""
        return self.folder / "staging" / f"of-{os.getpid()}"

    def staged(self) -> list[str]:
        return sorted(path.name for path in self.staging.iterdir()) if self.staging.exists() else []


OPTIONS = EngineOptions(
    cancel_grace_s=0.3,
    silence_s=PATIENCE_S,
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
    assert [place.engine.workers() for place in places] == [{}] * len(places)
    used = {pid for place in places for pid in place.used}
    wait_until(lambda: not any(lives(pid) for pid in used), f"the end of {used}")


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


@dataclass
class RecordingContext:
    """A job context that keeps what it is told; `cancel_at` cancels at that many calls that look for it."""

    staging: Path
    scratch: Path
    seed: int = 7
    threads: int = 2
    cancel_at: int | None = None
    looks: int = 0
    stages: list[str] = field(default_factory=list)
    fractions: list[tuple[str, float | None]] = field(default_factory=list)
    previews: list[Path] = field(default_factory=list)
    facts: dict[str, Scalar] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        self.check_cancelled()
        self.stages.append(title)
        yield

    def progress(self, fraction: float | None) -> None:
        self.check_cancelled()
        assert fraction is None or 0.0 <= fraction <= 1.0
        self.fractions.append((self.stages[-1] if self.stages else "", fraction))

    def check_cancelled(self) -> None:
        self.looks += 1
        if self.cancel_at is not None and self.looks >= self.cancel_at:
            raise Cancelled

    def preview(self, path: Path, kind: AssetKind) -> None:
        self.previews.append(path)

    def fact(self, name: str, value: Scalar) -> None:
        self.facts[name] = value

    def warn(self, sentence: str, **arguments: Scalar) -> None:
        self.warnings.append(sentence.format(**arguments))


@pytest.fixture
def make_context(tmp_path: Path) -> Callable[..., RecordingContext]:
    """Make job contexts, each with an empty staging folder of its own."""
    count = 0

    def make(**changes: object) -> RecordingContext:
        nonlocal count
        count += 1
        staging, scratch = tmp_path / f"staging {count}", tmp_path / "scratch"
        staging.mkdir()
        scratch.mkdir(exist_ok=True)
        return RecordingContext(staging, scratch, **changes)

    return make


@pytest.fixture
def job_context(make_context: Callable[..., RecordingContext]) -> RecordingContext:
    return make_context()


def picture_bytes(form: str = "PNG", size: tuple[int, int] = (16, 8), mode: str = "RGB") -> bytes:
    """Return an encoded picture: red grows to the right, green downwards."""
    red = np.linspace(0, 255, size[0], dtype=np.uint8)[None, :].repeat(size[1], axis=0)
    green = np.linspace(0, 255, size[1], dtype=np.uint8)[:, None].repeat(size[0], axis=1)
    pixels = np.stack([red, green, np.full_like(red, 128), 255 - green], axis=-1)
    out = io.BytesIO()
    Image.fromarray(pixels[:, :, : len(mode)], mode).save(out, form)
    return out.getvalue()


@pytest.fixture(scope="session")
def encoded_picture() -> Callable[..., bytes]:
    return picture_bytes


@pytest.fixture
def cube() -> Mesh:
    """A closed cube of 2 units, welded, without anything else."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [triangle for a, b, c, d in quads for triangle in ((a, b, c), (a, c, d))]
    return Mesh(corners, np.array(faces, np.int32), name="cube")


@pytest.fixture
def ball() -> Mesh:
    """A closed textured ball of 40 mm with a UV seam, hard data of every kind and two materials."""
    rings, turns = 12, 24
    theta, phi = np.meshgrid(
        np.linspace(0, np.pi, rings + 1), np.linspace(0, 2 * np.pi, turns + 1), indexing="ij"
    )
    sine = np.sin(theta)
    sine[0] = sine[-1] = 0.0
    x, z = sine * np.sin(phi), sine * np.cos(phi)
    x[:, -1], z[:, -1] = x[:, 0], z[:, 0]
    vertices = (20 * np.stack([x, np.cos(theta), z], axis=-1)).reshape(-1, 3).astype(np.float32)
    uv = np.stack([phi / (2 * np.pi), theta / np.pi], axis=-1).reshape(-1, 2).astype(np.float32)
    at = np.arange((rings + 1) * (turns + 1)).reshape(rings + 1, turns + 1)
    quads = np.stack([at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]], axis=-1)
    first = quads[:-1, :, [0, 1, 2]].reshape(-1, 3)
    second = quads[1:, :, [0, 2, 3]].reshape(-1, 3)
    faces = np.concatenate([first, second]).astype(np.int32)
    groups = np.sort((vertices[faces].mean(axis=1)[:, 1] > 0).astype(np.int32))
    faces = faces[np.argsort((vertices[faces].mean(axis=1)[:, 1] > 0), kind="stable")]
    png, jpeg = Texture(picture_bytes(), "image/png"), Texture(picture_bytes("JPEG"), "image/jpeg")
    mesh = Mesh(
        vertices,
        faces,
        uvs=(uv,),
        materials=(
            Material("lower half", base_color_texture=png, normal_map=png, metallic_roughness_texture=jpeg),
            Material("upper half", base_color=(1.0, 0.5, 0.25, 1.0), base_color_texture=jpeg, metallic=0.5),
        ),
        face_materials=groups,
        metres_per_unit=0.001,
        name="ball",
    )
    return mesh.changed(normals=vertex_normals(mesh))
