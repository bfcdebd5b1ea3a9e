"""Whatever the work does, its job ends with one clear word and the next job runs."""

from __future__ import annotations

import queue
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from orfeas_desktop.engine.jobs.staged import lives
from orfeas_desktop.engine.worker.messages import RunJob
from orfeas_desktop.engine.worker.options import EngineOptions
from orfeas_desktop.engine.worker.supervisor import Heard, Supervisor
from orfeas_desktop.errors import (
    BackendFailed,
    DiskFull,
    FileMissing,
    InputError,
    NoObjectFound,
    OutOfMemory,
    PermissionDenied,
    ResourceError,
    WorkerBabbled,
    WorkerDied,
    WorkerSilent,
)
from orfeas_desktop.register import Lane, Table
from orfeas_desktop.requests import FromJob, JobCancelled, JobPreviewed, JobProgressed, JobWarned
from tests.engine.conftest import OPTIONS
from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from tests.engine.conftest import Place


def fresh(place: Place, old: int) -> None:
    """A fresh worker stands ready without having been asked for, and works."""
    place.wait_until(lambda: place.engine.workers().get(Lane.cpu, old) != old)
    new = place.engine.workers()[Lane.cpu]
    place.text(place.submit("write"))
    assert place.engine.workers()[Lane.cpu] == new
    assert not psutil.pid_exists(old)


def ready_pid(place: Place) -> int:
    place.text(place.submit("write", "to be ready"))
    return place.engine.workers()[Lane.cpu]


def test_printing_cannot_spoil_the_messages(shared_place: Place) -> None:
    job = shared_place.submit("loud")
    assert shared_place.text(job) == "heard ''", "nor can reading take a message"
    warned = [
        event.arguments["number"] for event in shared_place.events_of(job) if isinstance(event, JobWarned)
    ]
    assert warned == list(range(20))


def test_a_flood_of_complaints_blocks_nothing(shared_place: Place) -> None:
    assert shared_place.text(shared_place.submit("flood")) == "flooded"


@pytest.mark.parametrize(
    ("how", "status"),
    [("kill", -9), ("segfault", -11), ("3", 3), ("0", 0)],
    ids=["kill", "segfault", "exit", "leave"],
)
def test_a_death_fails_the_job_with_the_last_words(place: Place, how: str, status: int) -> None:
    old = ready_pid(place)
    job = place.submit("die", how)
    waiting = place.submit("write", "waiting")
    error = place.error(job)
    assert isinstance(error, WorkerDied)
    assert error.arguments == {"status": status}
    assert "about to die" in error.details
    assert place.text(waiting)
    fresh(place, old)
    assert job.id not in place.staged()


def test_a_worker_that_closes_its_line_is_ended(place: Place) -> None:
    old = ready_pid(place)
    assert isinstance(place.error(place.submit("die", "hang up")), WorkerDied)
    fresh(place, old)


def watch_of(place: Place) -> Supervisor:
    return place.engine._dispatcher._lanes[Lane.cpu]


def test_silence_ends_the_worker(place: Place) -> None:
    old = ready_pid(place)
    job = place.submit("die", "stop")
    watch = watch_of(place)
    place.wait_until(lambda: psutil.Process(old).status() == psutil.STATUS_STOPPED)

    def was_silent_for_long() -> bool:
        watch._heard_at -= OPTIONS.silence_s
        return watch.pid != old

    place.wait_until(was_silent_for_long)
    error = place.error(job)
    assert isinstance(error, WorkerSilent)
    assert "about to die" in error.details
    fresh(place, old)


def test_work_that_says_nothing_is_not_silence(place: Place) -> None:
    go = place.folder / "go"
    job = place.submit("deaf", str(go), amount=600)
    place.progressed(job)
    watch = watch_of(place)
    for _ in range(2):
        long_ago = watch._heard_at = watch._heard_at - 0.6 * OPTIONS.silence_s
        place.wait_until(lambda before=long_ago: watch._heard_at > before)
    go.touch()
    assert place.text(job) == "stayed"


@pytest.mark.parametrize("text", ["not a message", '{"type":"done"}', '{"type":"run"}', "\udcff"])
def test_babble_ends_the_worker(place: Place, text: str) -> None:
    old = ready_pid(place)
    text = text.encode("utf-8", "replace").decode()
    assert isinstance(place.error(place.submit("babble", text)), WorkerBabbled)
    fresh(place, old)


def test_a_line_without_end_is_babble(place: Place) -> None:
    assert isinstance(place.error(place.submit("babble", "x" * 10_000, amount=200)), WorkerBabbled)


def test_words_for_another_job_mean_nothing(place: Place) -> None:
    job = place.submit("babble", '{"type":"stopped","job_id":"nobody"}')
    place.wait(lambda event: isinstance(event, JobProgressed) and event.job_id == job.id, "heartbeat")
    place.engine.cancel(job.id)
    assert isinstance(place.end(job), JobCancelled)


def test_cancel_is_heard_while_work_runs(make_place: Callable[..., Place]) -> None:
    place = make_place(cancel_grace_s=PATIENCE_S, quick_grace_s=PATIENCE_S)
    job = place.submit("stay", amount=600)
    place.progressed(job)
    old = place.engine.workers()[Lane.cpu]
    place.engine.cancel(job.id)
    assert isinstance(place.end(job), JobCancelled)
    assert place.engine.workers()[Lane.cpu] == old
    assert place.staged() == []


def test_cancel_before_the_worker_is_up_is_heard_too(place: Place) -> None:
    job = place.submit("stay", amount=600)
    place.engine.cancel(job.id)
    assert isinstance(place.end(job), JobCancelled)


def test_deaf_work_is_ended_after_the_grace(place: Place) -> None:
    ready_pid(place)
    job = place.submit("brood", amount=600)
    place.progressed(job)
    event = place.wait(lambda event: isinstance(event, JobWarned) and event.sentence == "child")
    assert isinstance(event, JobWarned)
    child = int(event.arguments["pid"] or 0)
    old = place.engine.workers()[Lane.cpu]
    place.engine.cancel(job.id)
    place.engine.cancel(job.id)
    assert isinstance(place.end(job), JobCancelled)
    fresh(place, old)
    place.wait_until(lambda: not lives(child))
    assert place.staged()[0] != job.id


def test_a_worker_that_died_while_cancelled_was_cancelled(place: Place) -> None:
    job = place.submit("deaf", amount=600)
    pid = place.warned_pid(job)
    place.engine.cancel(job.id)
    psutil.Process(pid).kill()
    assert isinstance(place.end(job), JobCancelled)


def test_a_child_that_holds_the_line_hides_no_death(place: Place) -> None:
    job = place.submit("hold-the-line")
    error = place.error(job)
    assert isinstance(error, WorkerDied)
    event = place.wait(lambda event: isinstance(event, JobWarned))
    assert isinstance(event, JobWarned)
    child = int(event.arguments["pid"] or 0)
    place.wait_until(lambda: not lives(child))


def test_an_idle_worker_that_dies_is_replaced_when_needed(place: Place) -> None:
    old = ready_pid(place)
    psutil.Process(old).kill()
    place.wait_until(lambda: not place.engine.workers())
    place.text(place.submit("write"))


def test_a_program_that_is_no_worker_fails_each_job_and_is_not_started_again(
    make_place: Callable[..., Place],
) -> None:
    place = make_place(worker_command=(sys.executable, "-c", "raise SystemExit('no such lane')"))
    error = place.error(place.submit("write"))
    assert isinstance(error, WorkerDied)
    assert "no such lane" in error.details
    assert place.engine.workers() == {}


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("object", NoObjectFound, "cup.png"),
        ("memory", OutOfMemory, "Fail"),
        ("opencv", OutOfMemory, "Fail"),
        ("torch", OutOfMemory, "Fail"),
        ("disk", DiskFull, "/somewhere/out.bin"),
        ("permission", PermissionDenied, "staging"),
        ("file", BackendFailed, "FileNotFoundError"),
        ("exit", BackendFailed, "SystemExit: enough"),
        ("talk", BackendFailed, "more than a message holds"),
        ("surrogate", BackendFailed, "ValueError: caf?"),
        ("unheard", BackendFailed, "unheard-of"),
        ("empty", BackendFailed, "AssertionError"),
        ("preview", BackendFailed, "staging folder"),
        ("broken\nwith more", BackendFailed, "RuntimeError: broken."),
    ],
)
def test_what_work_raises_becomes_a_clear_error(
    shared_place: Place, how: str, kind: type[Exception], said: str
) -> None:
    job = shared_place.submit("fail", how)
    error = shared_place.error(job)
    assert type(error) is kind
    assert said in error.say()
    assert ("Traceback" in error.details) is not isinstance(error, InputError | ResourceError)
    assert not (shared_place.staging / job.id).exists()


@pytest.mark.parametrize(("how", "details"), [("object", "why"), ("missing", "")])
def test_what_was_given_is_told_without_a_trace(shared_place: Place, how: str, details: str) -> None:
    assert shared_place.error(shared_place.submit("fail", how)).details == details


def test_an_input_that_vanishes_while_read_is_missing(shared_place: Place) -> None:
    job = shared_place.submit("fail", "vanished", inputs={"one": (shared_place.file("cup.png", "cup"),)})
    error = shared_place.error(job)
    assert isinstance(error, FileMissing)
    assert "cup.png" in error.say()


def test_a_library_that_wraps_the_cancellation_does_not_hide_it(place: Place) -> None:
    job = place.submit("fail", "late")
    place.progressed(job)
    place.engine.cancel(job.id)
    assert isinstance(place.end(job), JobCancelled)


@pytest.mark.parametrize("how", ["outside", "link", "folder", "nothing", "twice", "unknown"])
def test_only_files_of_its_own_folder_and_slots_are_taken(shared_place: Place, how: str) -> None:
    job = shared_place.submit("return-wrong", how)
    error = shared_place.error(job)
    assert isinstance(error, BackendFailed)
    assert not (shared_place.staging / job.id).exists()


def test_many_files_may_fill_a_slot_that_takes_many(shared_place: Place) -> None:
    result = shared_place.done(shared_place.submit("several"))
    assert [(output.slot, output.file.name) for output in result.files] == [
        ("file", "made.txt"),
        ("parts", "parts/a.txt"),
        ("parts", "parts/b.txt"),
    ]


def test_previews_come_forth_while_work_runs(shared_place: Place) -> None:
    job = shared_place.submit("preview")
    shared_place.done(job)
    previews = [event for event in shared_place.events_of(job) if isinstance(event, JobPreviewed)]
    assert [event.path.rsplit("/", 1)[-1] for event in previews] == ["draft.txt"]


def test_a_chain_survives_a_death(place: Place) -> None:
    dying = place.submit("die", "kill")
    after = place.submit("write", inputs={"one": (FromJob(dying.id, "file"),)})
    again = place.submit("write", "other")
    assert place.error(after).code == "bad-input"
    assert place.text(again)


def test_deaf_work_is_waited_for_only_where_networks_are_loaded() -> None:
    options = EngineOptions(cancel_grace_s=60.0)
    assert options.grace_s(Lane.gpu) == 60.0
    assert options.grace_s(Lane.cpu) == options.grace_s(Lane.network) == options.quick_grace_s
    assert EngineOptions(cancel_grace_s=0.5).grace_s(Lane.cpu) == 0.5


def test_work_that_ends_although_it_was_cancelled_was_cancelled(make_place: Callable[..., Place]) -> None:
    place = make_place(cancel_grace_s=PATIENCE_S, quick_grace_s=PATIENCE_S)
    go = place.folder / "go"
    job = place.submit("deaf", str(go), amount=600)
    place.progressed(job)
    place.engine.cancel(job.id)
    place.poll(0)
    go.touch()
    assert isinstance(place.end(job), JobCancelled)
    assert place.staged() == []


def test_silence_does_not_count_while_we_ourselves_slept(naughty: ModuleType, tmp_path: Path) -> None:
    posted: queue.Queue[Heard] = queue.Queue()
    options = EngineOptions(silence_s=50.0, worker_command=(sys.executable, naughty.__file__ or ""))
    supervisor = Supervisor(Lane.cpu, options, posted.put)
    job = RunJob(
        job_id="a", table=Table.tools, entry="deaf", version=1, params={"amount": 600}, inputs={}, seed=1,
        staging=tmp_path / "staging", scratch=tmp_path / "scratch", threads=1,
    )  # fmt: skip
    supervisor.run(job)
    try:
        supervisor._heard_at -= 100.0
        supervisor._looked_at -= 100.0
        assert supervisor.look() is None
        supervisor._heard_at -= 100.0
        lost = supervisor.look()
        assert lost is not None
        assert isinstance(lost.error, WorkerSilent)
    finally:
        supervisor.close(0.0)
