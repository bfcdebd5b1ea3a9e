"""Figures of engine and worker as one JSON object: start, cancel, deaths at random moments, cache, chatter."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import logging
import os
import queue
import random
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from orfeas_desktop.engine.service import Engine
from orfeas_desktop.engine.worker.messages import Ready, decode_from_worker
from orfeas_desktop.engine.worker.options import EngineOptions
from orfeas_desktop.engine.worker.process import WorkerProcess
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.register import Lane, Table
from orfeas_desktop.requests import (
    Destination,
    Job,
    JobCancelled,
    JobDone,
    JobEvent,
    JobFailed,
    JobProgressed,
    JobRequest,
    JobStarted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

PROGRAM = Path(__file__).parent.parent / "engine" / "worker" / "worker_program.py"
PATIENCE_S = 60.0


def worker_program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("worker_program", PROGRAM)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def spread(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "median_ms": round(statistics.median(ordered) * 1000, 2),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)] * 1000, 2),
        "max_ms": round(ordered[-1] * 1000, 2),
    }


@dataclass
class Bench:
    """A real engine over a real library."""

    engine: Engine
    store: ProjectStore
    project: int
    staging: Path
    pids: set[int] = field(default_factory=set)

    def submit(self, entry: str, *, seed: int = 0, name: str | None = None, **params: str | float) -> Job:
        destination = Destination(self.project, name) if name else None
        job = Job(JobRequest(Table.tools, entry, 1, params, {}, seed), entry, destination)
        self.engine.submit(job)
        return job

    def wait(self, until: Callable[[JobEvent], bool]) -> JobEvent:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            event = self.engine.poll(0.5)
            self.pids |= set(self.engine.workers().values())
            if event is not None and until(event):
                return event
        raise TimeoutError

    def end(self, job: Job) -> JobDone | JobFailed | JobCancelled:
        event = self.wait(
            lambda event: (
                (isinstance(event, JobDone) and event.job.id == job.id)
                or (isinstance(event, JobFailed | JobCancelled) and event.job_id == job.id)
            )
        )
        assert isinstance(event, JobDone | JobFailed | JobCancelled)
        return event

    def started(self, job: Job) -> None:
        self.wait(lambda event: event == JobStarted(job.id))

    def keep(self, done: JobDone) -> None:
        self.store.record_result(done.job, done.key, done.result, app_version="bench")


@contextlib.contextmanager
def bench(folder: Path, program: ModuleType) -> Iterator[Bench]:
    store = ProjectStore.open(folder / "library")
    options = EngineOptions(
        cancel_grace_s=0.5, exit_grace_s=5.0, threads=2, worker_command=(sys.executable, str(PROGRAM))
    )
    engine = Engine(
        results=store,
        blobs=store,
        times=store,
        staging=folder / "library" / "staging",
        scratch=folder / "scratch",
        options=options,
        tables=program.TABLES,
    )
    project, _ = store.create_project("Bench")
    made = Bench(engine, store, project.id, folder / "library" / "staging")
    try:
        yield made
    finally:
        engine.close()
        store.close()
    left = [pid for pid in made.pids if psutil.pid_exists(pid)]
    if left:
        raise RuntimeError(f"processes {left} are left")


def start(command: tuple[str, ...], times: int) -> dict[str, float]:
    """How long a worker takes from its start until it listens."""
    taken: list[float] = []
    for _ in range(times):
        lines: queue.Queue[bytes | None] = queue.Queue()
        before = time.perf_counter()
        process = WorkerProcess((*command, "cpu"), EngineOptions(threads=2).environment(), lines.put)
        line = lines.get(timeout=PATIENCE_S)
        taken.append(time.perf_counter() - before)
        if line is None or not isinstance(decode_from_worker(line), Ready):
            raise RuntimeError(process.last_lines())
        process.hang_up()
        process.wait(PATIENCE_S)
        process.bury()
    return spread(taken)


def cancel(made: Bench, times: int) -> dict[str, float]:
    """From the wish to cancel until the work has stopped."""
    taken: list[float] = []
    for number in range(times):
        job = made.submit("stay", seed=number, amount=600.0)
        made.wait(lambda event: isinstance(event, JobProgressed))
        before = time.perf_counter()
        made.engine.cancel(job.id)
        assert isinstance(made.end(job), JobCancelled)
        taken.append(time.perf_counter() - before)
    return spread(taken)


def cancel_deaf(made: Bench, times: int) -> dict[str, float]:
    """From the end of the grace until the next job is done by a fresh worker."""
    taken: list[float] = []
    for number in range(times):
        job = made.submit("deaf", seed=number, amount=600.0)
        made.wait(lambda event: isinstance(event, JobProgressed))
        before = time.perf_counter()
        made.engine.cancel(job.id)
        assert isinstance(made.end(job), JobCancelled)
        assert isinstance(made.end(made.submit("write", seed=-number - 1)), JobDone)
        taken.append(time.perf_counter() - before - 0.5)
    return spread(taken)


def deaths(made: Bench, kills: int, chance: random.Random) -> dict[str, object]:
    """Kill the worker at random moments of jobs that write; retry each until it is kept; then look for loss."""
    noticed: list[float] = []
    fresh: list[float] = []
    survived = 0
    for number in range(kills):
        job = made.submit("bulky", seed=number, name=f"Bulky {number}", amount=4.0)
        made.started(job)
        moment = time.perf_counter() + chance.uniform(0.0, 0.1)
        ended: JobEvent | None = None
        while ended is None and (left := moment - time.perf_counter()) > 0:
            event = made.engine.poll(left)
            ended = event if isinstance(event, JobDone) else None
        pid = made.engine.workers()[Lane.cpu]
        made.pids.add(pid)
        before = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        final = ended or made.end(job)
        if isinstance(final, JobFailed):
            noticed.append(time.perf_counter() - before)
            final = made.end(made.submit("bulky", seed=number, name=f"Bulky {number}", amount=4.0))
            fresh.append(time.perf_counter() - before)
        else:
            survived += 1
        assert isinstance(final, JobDone)
        made.keep(final)
    report = made.store.check(digests=True)
    names = sorted(asset.name for asset in made.store.assets(made.project))
    whole = names == sorted(f"Bulky {number}" for number in range(kills))
    return {
        "kills": kills,
        "done_before_the_kill": survived,
        "death_noticed": spread(noticed),
        "killed_job_done_again": spread(fresh),
        "every_asset_there": whole,
        "missing": len(report.missing),
        "damaged": len(report.damaged),
        "left_in_staging": sum(1 for _ in made.staging.rglob("bulky.bin")),
    }


def cache(made: Bench, times: int) -> dict[str, float]:
    """From submission to the stored result, the library's file checked to be there."""
    first = made.end(made.submit("bulky", seed=10**6, amount=4.0))
    assert isinstance(first, JobDone)
    made.keep(first)
    taken: list[float] = []
    for _ in range(times):
        before = time.perf_counter()
        found = made.end(made.submit("bulky", seed=10**6, amount=4.0))
        taken.append(time.perf_counter() - before)
        assert isinstance(found, JobDone)
        assert found.result.cached
    return spread(taken)


def small_jobs(made: Bench, times: int) -> dict[str, float]:
    """From submission to the end of a job that does next to nothing, in a worker that is up."""
    taken: list[float] = []
    for number in range(times):
        before = time.perf_counter()
        assert isinstance(made.end(made.submit("write", seed=2 * 10**6 + number)), JobDone)
        taken.append(time.perf_counter() - before)
    return spread(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logging.disable()
    program = worker_program()
    figures: dict[str, object] = {
        "worker_ready": start((sys.executable, str(PROGRAM)), 5),
        "program_worker_ready": start(EngineOptions().worker_command, 5),
    }
    with tempfile.TemporaryDirectory() as folder, bench(Path(folder), program) as made:
        figures["small_job"] = small_jobs(made, 100)
        figures["cache_hit"] = cache(made, 200)
        figures["cancel"] = cancel(made, 20)
        figures["cancel_of_deaf_work_to_next_result"] = cancel_deaf(made, 5)
        figures["deaths"] = deaths(made, given.kills, random.Random(given.seed))
    json.dump(figures, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
