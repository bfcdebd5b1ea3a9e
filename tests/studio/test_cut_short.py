"""A recipe that is cancelled or whose worker dies midway leaves the library as it was, and the next job runs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from manifold3d import Manifold

from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.recipes import RecipeStep
from orfeas_desktop.requests import (
    Destination,
    Job,
    JobCancelled,
    JobDone,
    JobEvent,
    JobFailed,
    JobProgressed,
    JobState,
)
from orfeas_desktop.studio import Studio
from orfeas_desktop.studio.chains import recipe_params
from tests.patience import PATIENCE_S
from tests.print_bodies import mesh_of_body
from tests.studio.test_studio import play, studio

__all__ = ["studio"]

LONG = [
    RecipeStep(tool="decimate", params={"share": 90.0}),
    RecipeStep(tool="rebuild", params={"cells": 300}),
    RecipeStep(tool="lod"),
]
SHORT = [RecipeStep(tool="repair"), RecipeStep(tool="lod", params={"levels": 1})]


def worked(studio: Studio, job: Job, midway: Callable[[], None]) -> list[JobEvent]:
    """Poll and record until the job has ended; `midway` is called once its second step goes on."""
    events: list[JobEvent] = []
    deadline = time.monotonic() + PATIENCE_S
    asked = False
    while not any(isinstance(event, JobCancelled | JobFailed | JobDone) for event in events):
        assert time.monotonic() < deadline, events
        event = studio.poll(0.1)
        if event is None:
            continue
        studio.record(event)
        events.append(event)
        if isinstance(event, JobProgressed) and event.progress.stage == "Rebuild" and not asked:
            asked = True
            midway()
    assert asked
    play(studio)
    return events


def helpers_of(worker: str) -> list[psutil.Process]:
    """Return the processes that the worker of a lane has started."""
    workers = [each for each in psutil.Process().children() if each.cmdline()[-1:] == [worker]]
    started = [each for one in workers for each in one.children(recursive=True)]
    return [each for each in started if "spawn_main" in " ".join(each.cmdline())]


def kill_worker(worker: str) -> None:
    """End the worker of a lane as a crash would."""
    for process in psutil.Process().children():
        if process.cmdline()[-1:] == [worker]:
            os.kill(process.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("how", "state", "code"),
    [("cancel", JobState.cancelled, ""), ("kill", JobState.failed, "worker-died")],
)
def test_nothing_half_done_stays(
    studio: Studio, home: Path, tmp_path: Path, how: str, state: JobState, code: str
) -> None:
    project, _ = studio.create_project("Things")
    write_glb(mesh_of_body(Manifold.sphere(10, 96)), tmp_path / "Ball.glb")
    play(studio, studio.import_mesh(tmp_path / "Ball.glb", Destination(project.id, "Ball")))
    (asset,) = studio.assets(project.id)
    blobs = {path for path in home.rglob("*") if path.is_file() and path.parent.name != "logs"}

    job = studio.run_tool("recipe", asset.latest.id, params=recipe_params(LONG, studio.settings))
    helpers: list[psutil.Process] = []

    def midway() -> None:
        helpers.extend(helpers_of("cpu"))
        studio.cancel(job.id) if how == "cancel" else kill_worker("cpu")

    worked(studio, job, midway)
    stored = {each.job.id: each for each in studio.jobs()}[job.id]
    assert (stored.state, stored.error_code or "") == (state, code)
    assert [each.number for each in studio.versions(asset.id)] == [1]
    left = {path for path in home.rglob("*") if path.is_file() and path.parent.name != "logs"}
    assert not {path for path in left - blobs if path.suffix in (".glb", ".json", ".png")}
    assert psutil.wait_procs(helpers, timeout=PATIENCE_S)[1] == []

    play(studio, studio.run_tool("recipe", asset.latest.id, params=recipe_params(SHORT, studio.settings)))
    (asset,) = studio.assets(project.id)
    assert asset.version_count == 2
    assert len(studio.version(asset.latest.id).all_files("lods")) == 1
