"""The shape engines in a real worker process."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from orfeas_desktop.engine.mesh.glb import read_glb
from orfeas_desktop.errors import BadWeights, WeightsMissing
from orfeas_desktop.register import Table
from orfeas_desktop.requests import JobCancelled, JobDone, JobPreviewed, JobProgressed

PROGRAM = Path(__file__).with_name("shape_worker_program.py")
QUICK = {"num_inference_steps": 3, "octree_resolution": 24}
LONG = {"num_inference_steps": 200, "octree_resolution": 384}


@pytest.fixture(scope="session")
def naughty() -> SimpleNamespace:
    """The tables of the shape worker, in place of the misbehaving ones."""
    spec = importlib.util.spec_from_file_location("shape_worker_program", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return SimpleNamespace(TABLES=module.TABLES)


@pytest.fixture
def shapes(weights_home, make_place):
    """An engine whose workers know the shape engines and a home with tiny weights."""
    return make_place(worker_command=(sys.executable, str(PROGRAM)), cancel_grace_s=30.0)


def submit(place, picture, entry="hunyuan3d-2mini", **changes):
    return place.submit(
        entry, table=Table.backends, inputs={"front": (picture,)}, **({"params": QUICK, "seed": 7} | changes)
    )


def shaping(place, job) -> None:
    """Wait until the job walks its steps."""

    def fits(event: object) -> bool:
        ours = isinstance(event, JobProgressed) and event.job_id == job.id
        return ours and event.progress.stage == "Shaping" and bool(event.progress.stage_fraction)

    place.wait(fits, "step")


def test_a_picture_becomes_a_mesh_in_the_worker(shapes, picture) -> None:
    job = submit(shapes, picture)
    result = shapes.done(job)
    mesh = read_glb(result.file("mesh").path)
    assert mesh.face_count == result.facts["faces"]
    assert result.facts["watertight"] is True
    assert "Shaping" in result.seconds
    stages = [event.progress.stage for event in shapes.events_of(job) if isinstance(event, JobProgressed)]
    assert stages.index("Shaping") < stages.index("Decoding the volume")


def test_another_worker_makes_the_same_bytes(shapes, picture) -> None:
    first = shapes.done(submit(shapes, picture)).file("mesh")
    content = first.path.read_bytes()
    (pid,) = shapes.engine.workers().values()
    os.kill(pid, signal.SIGKILL)
    shapes.wait_until(lambda: pid not in shapes.engine.workers().values())
    again = shapes.done(submit(shapes, picture)).file("mesh")
    assert again.path.read_bytes() == content


def test_cancelled_between_steps_the_worker_goes_on(shapes, picture) -> None:
    job = submit(shapes, picture, params=LONG)
    shaping(shapes, job)
    before = shapes.engine.workers()
    shapes.engine.cancel(job.id)
    assert isinstance(shapes.end(job), JobCancelled)
    assert isinstance(shapes.end(submit(shapes, picture)), JobDone)
    assert shapes.engine.workers() == before


def test_killed_between_steps_the_next_job_runs(shapes, picture) -> None:
    job = submit(shapes, picture, params=LONG)
    shaping(shapes, job)
    (pid,) = shapes.engine.workers().values()
    os.kill(pid, signal.SIGKILL)
    assert shapes.error(job).code == "worker-died"
    assert isinstance(shapes.end(submit(shapes, picture)), JobDone)


def test_broken_weights_are_told_in_words(shapes, picture, weights_home) -> None:
    path = weights_home / "hunyuan3d-dit-v2-mini" / "model.fp16.safetensors"
    path.write_bytes(path.read_bytes()[:9000])
    assert isinstance(shapes.error(submit(shapes, picture)), BadWeights)


def test_missing_weights_are_told_in_words(shapes, picture) -> None:
    error = shapes.error(submit(shapes, picture, "hunyuan3d-2mini-turbo"))
    assert isinstance(error, WeightsMissing)


def test_two_engines_share_one_worker(shapes, picture) -> None:
    jobs = [submit(shapes, picture, entry) for entry in ("hunyuan3d-2mini", "hunyuan3d-2-1", "hunyuan3d-2")]
    assert all(isinstance(shapes.end(job), JobDone) for job in jobs)
    assert len(shapes.used) == 1
    assert not any(isinstance(event, JobPreviewed) for event in shapes.heard)
