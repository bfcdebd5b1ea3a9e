"""The worker as a command that one can type, and what becomes of it when its engine goes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orfeas_desktop.engine.jobs.staged import lives
from orfeas_desktop.engine.worker.messages import (
    Done,
    FromWorker,
    Progressed,
    Ready,
    RunJob,
    Stopped,
    Warned,
    decode_from_worker,
    encode,
)
from orfeas_desktop.engine.worker.options import EngineOptions
from orfeas_desktop.register import Table
from tests.patience import PATIENCE_S, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).parent / "worker_program.py"
Worker = subprocess.Popen[bytes]


@pytest.fixture
def worker() -> Iterator[Worker]:
    command = [sys.executable, str(PROGRAM), "cpu"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        yield process
        process.kill()


def say(worker: Worker, message: RunJob) -> None:
    assert worker.stdin is not None
    worker.stdin.write(encode(message))
    worker.stdin.flush()


def hear(worker: Worker) -> FromWorker:
    assert worker.stdout is not None
    return decode_from_worker(worker.stdout.readline())


def run_job(folder: Path, entry: str, **params: str | float) -> RunJob:
    return RunJob(
        job_id="a", table=Table.tools, entry=entry, version=1, params=params, inputs={}, seed=1,
        staging=folder / "staging", scratch=folder / "scratch", threads=1,
    )  # fmt: skip


def wait_gone(*pids: int) -> None:
    wait_until(lambda: not any(lives(pid) for pid in pids), f"the end of {pids}")


def test_it_serves_until_its_line_is_closed(worker: Worker, tmp_path: Path) -> None:
    assert hear(worker) == Ready(pid=worker.pid)
    say(worker, run_job(tmp_path, "write"))
    said = [hear(worker)]
    while isinstance(said[-1], Progressed):
        said.append(hear(worker))
    assert isinstance(said[-1], Done)
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(PATIENCE_S) == 0


def test_it_leaves_when_it_is_told_nonsense(worker: Worker) -> None:
    assert worker.stdin is not None
    assert worker.stderr is not None
    worker.stdin.write(b"nonsense\n")
    worker.stdin.flush()
    assert worker.wait(PATIENCE_S) == 2
    assert b"not a message" in worker.stderr.read()


def test_it_leaves_when_nobody_listens(worker: Worker, tmp_path: Path) -> None:
    hear(worker)
    assert worker.stdout is not None
    worker.stdout.close()
    say(worker, run_job(tmp_path, "write"))
    assert worker.wait(PATIENCE_S) == 1


def test_it_cancels_its_work_when_the_engine_goes(worker: Worker, tmp_path: Path) -> None:
    hear(worker)
    say(worker, run_job(tmp_path, "stay", amount=600.0))
    while not isinstance(hear(worker), Progressed):
        pass
    assert worker.stdin is not None
    worker.stdin.close()
    while not isinstance(said := hear(worker), Stopped):
        assert isinstance(said, Progressed | Warned)
    assert worker.wait(PATIENCE_S) == 0


def test_it_is_given_the_time_to_end(worker: Worker, tmp_path: Path) -> None:
    hear(worker)
    say(worker, run_job(tmp_path, "linger", amount=2.5))
    while not isinstance(hear(worker), Done):
        pass
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("entry", ["brood", "desert"])
def test_it_takes_its_children_with_it(worker: Worker, tmp_path: Path, entry: str) -> None:
    hear(worker)
    say(worker, run_job(tmp_path, entry, amount=600.0))
    while not isinstance(said := hear(worker), Warned):
        pass
    assert worker.stdin is not None
    worker.stdin.close()
    wait_gone(worker.pid, int(said.arguments["pid"] or 0))


ENGINE = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("conftest_of_engine", {conftest!r})
place_maker = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = place_maker
spec.loader.exec_module(place_maker)
spec = importlib.util.spec_from_file_location("worker_program", {program!r})
naughty = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = naughty
spec.loader.exec_module(naughty)
with place_maker.making(Path({folder!r}), naughty) as make:
    place = make()
    pids = [place.warned_pid(place.submit(entry, amount=600)) for entry in ("deaf", "stay-gpu")]
    print(*pids, flush=True)
    sys.stdin.read()
"""


def test_no_worker_outlives_an_engine_that_is_killed(tmp_path: Path) -> None:
    conftest = str(PROGRAM.parent.parent / "conftest.py")
    program = ENGINE.format(conftest=conftest, program=str(PROGRAM), folder=str(tmp_path))
    command = [sys.executable, "-c", program]
    root = PROGRAM.parents[3]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root) as engine:
        assert engine.stdout is not None
        pids = [int(pid) for pid in engine.stdout.readline().split()]
        assert len(pids) == 2
        assert all(lives(pid) for pid in pids)
        engine.kill()
    wait_gone(*pids)


def test_options_speak_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    options = EngineOptions(threads=3)
    assert options.environment()["OMP_NUM_THREADS"] == "3"
    assert options.environment()["PATH"] == os.environ["PATH"]
    assert 1 <= EngineOptions().threads <= (os.cpu_count() or 1)
    assert options.worker_command == (sys.executable, "-m", "orfeas_desktop", "worker")
    assert options.weights_digest("relief") == ""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert EngineOptions().worker_command == (sys.executable, "worker")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert EngineOptions().threads == os.cpu_count()
