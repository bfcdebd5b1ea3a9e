"""WorkerContext: stages timed, progress throttled, words passed on."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.worker.messages import FromWorker, Previewed, Progressed, RunJob, Warned
from orfeas_desktop.engine.worker.running import WorkerContext
from orfeas_desktop.errors import Cancelled
from orfeas_desktop.register import Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext


class Bench:
    """A context with a clock that is set by hand."""

    def __init__(self, folder: Path, send: Callable[[FromWorker], None] | None = None) -> None:
        self.now = 100.0
        self.said: list[FromWorker] = []
        self.cancelled = threading.Event()
        job = RunJob(
            job_id="a", table=Table.tools, entry="e", version=1, params={}, inputs={}, seed=7,
            staging=folder / "staging", scratch=folder / "scratch", threads=3,
        )  # fmt: skip
        self.context = WorkerContext(job, send or self.said.append, self.cancelled, lambda: self.now)

    def fractions(self) -> list[float | None]:
        return [message.fraction for message in self.said if isinstance(message, Progressed)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "staging").mkdir()
    return Bench(tmp_path)


def test_it_is_what_entries_expect(bench: Bench) -> None:
    context: JobContext = bench.context
    assert (context.seed, context.threads) == (7, 3)
    assert context.scratch.is_dir()
    assert context.staging.is_dir()


def test_seconds_are_those_spent_in_the_stage_itself(bench: Bench) -> None:
    bench.now += 50
    with bench.context.stage("Outer"):
        bench.now += 1
        with bench.context.stage("Inner"):
            bench.now += 10
        bench.now += 2
    bench.now += 50
    with bench.context.stage("Inner"):
        bench.now += 5
    assert bench.context.seconds == {"Outer": 3.0, "Inner": 15.0}
    assert list(bench.context.seconds) == ["Outer", "Inner"]
    stages = [message.stage for message in bench.said if isinstance(message, Progressed)]
    assert stages == ["Outer", "Inner", "Outer", "Inner"]


def test_a_stage_that_breaks_off_is_timed_and_remembered(bench: Bench) -> None:
    def break_off() -> None:
        with bench.context.stage("Outer"), bench.context.stage("Inner"):
            bench.now += 1
            raise MemoryError

    with pytest.raises(MemoryError):
        break_off()
    assert bench.context.seconds == {"Outer": 0.0, "Inner": 1.0}
    assert bench.context.stage_title == "Inner"
    with bench.context.stage("Next"):
        assert bench.context.stage_title == "Next"
    assert bench.context.stage_title == ""


def test_progress_is_throttled_but_its_end_is_not(bench: Bench) -> None:
    with bench.context.stage("Stage"):
        for step in range(1, 1001):
            bench.now += 0.001
            bench.context.progress(step / 1000)
    fractions = [fraction for fraction in bench.fractions() if fraction is not None]
    assert len(fractions) <= 21
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_progress_is_a_fraction_or_unknown(bench: Bench) -> None:
    for value in (-1.0, 0.25, 2.0, math.nan, None):
        bench.now += 1
        bench.context.progress(value)
    assert bench.fractions() == [0.0, 0.25, 1.0, None, None]


def test_cancellation_is_met_at_every_step(bench: Bench) -> None:
    bench.context.check_cancelled()
    bench.cancelled.set()
    with pytest.raises(Cancelled):
        bench.context.check_cancelled()
    with pytest.raises(Cancelled):
        bench.context.progress(None)
    with pytest.raises(Cancelled), bench.context.stage("Stage"):
        pass
    assert bench.said == []


def test_nobody_who_listens_any_more_is_a_cancellation(tmp_path: Path) -> None:
    def hang_up(message: FromWorker) -> None:
        raise BrokenPipeError

    context = Bench(tmp_path, hang_up).context
    tellings = (
        lambda: context.progress(1.0),
        lambda: context.warn("Watch out"),
        lambda: context.preview(context.staging / "draft.png", AssetKind.picture),
        lambda: context.stage("Stage").__enter__(),
    )
    for tell in tellings:
        with pytest.raises(Cancelled):
            tell()


def test_facts_are_plain(bench: Bench) -> None:
    bench.context.fact("faces", np.int64(3))
    bench.context.fact("siou", np.float32(0.5))
    bench.context.fact("ratio", math.inf)
    bench.context.fact("how", "alpha")
    assert bench.context.facts == {"faces": 3, "siou": 0.5, "ratio": None, "how": "alpha"}
    assert type(bench.context.facts["faces"]) is int


def test_warnings_and_previews_are_passed_on(bench: Bench) -> None:
    bench.context.warn("Only {count} of {all}", count=1, all=math.nan)
    path = bench.context.staging / "draft.png"
    bench.context.preview(path, AssetKind.picture)
    assert bench.said == [
        Warned(job_id="a", sentence="Only {count} of {all}", arguments={"count": 1, "all": None}),
        Previewed(job_id="a", path=path, kind=AssetKind.picture),
    ]
    with pytest.raises(ValueError, match="staging"):
        bench.context.preview(bench.context.scratch / "draft.png", AssetKind.picture)
