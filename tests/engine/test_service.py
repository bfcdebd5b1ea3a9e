"""Engine with real workers: the road of a job from submission to its end."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from orfeas_desktop.assets import AssetKind, AssetRef
from orfeas_desktop.errors import (
    BackendFailed,
    BadInput,
    BadParams,
    FileMissing,
    LibraryDamaged,
    LibraryLocked,
    NotAFile,
    ProgramMissing,
    UnknownEntry,
)
from orfeas_desktop.register import Lane, Table
from orfeas_desktop.requests import (
    Destination,
    FromJob,
    JobCancelled,
    JobDone,
    JobFailed,
    JobProgressed,
    JobQueued,
    JobStarted,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Place


def test_a_job_runs_and_leaves_just_what_it_made(place: Place) -> None:
    given = place.file("given ü\n.txt", "hello")
    job = place.submit("write", "words", inputs={"one": (given,)}, seed=5)
    done = place.end(job)
    assert isinstance(done, JobDone)
    made = done.result.file("file")
    assert made is not None
    assert json.loads(made.path.read_text()) == {"text": "words", "given": {"one": ["hello"]}}
    assert made.size == made.path.stat().st_size
    assert [path.name for path in (place.staging / job.id).iterdir()] == ["made.txt"]
    assert list(done.result.seconds) == ["Read", "Write"]
    assert done.result.facts["seed"] == 5
    assert done.result.facts["threads"] == 2
    assert done.result.facts["omp"] == "2"
    assert int(done.result.facts["nice"] or 0) >= 5
    assert not done.result.cached
    assert done.key == place.engine.key_of(job.id) != ""
    assert done.job == job
    kinds = [type(event) for event in place.events_of(job)]
    assert kinds[:2] == [JobQueued, JobStarted]
    assert set(kinds[2:-1]) == {JobProgressed}
    assert kinds[-1] is JobDone


def test_a_known_result_is_delivered_at_once_without_a_worker(make_place: Callable[..., Place]) -> None:
    first = make_place("first")
    given = first.file("given.txt", "hello")
    made = first.end(first.submit("write", "same", inputs={"one": (given,)}))
    assert isinstance(made, JobDone)
    kept = first.keeping.adopt(made)
    second = make_place("second", first.keeping)
    job = second.submit("write", inputs={"one": (given,)}, params={"text": "same", "amount": 1.0})
    found = second.end(job)
    assert isinstance(found, JobDone)
    assert found.result.cached
    assert found.key == made.key
    assert found.result.files == kept.files
    assert second.engine.workers() == {}
    other = second.submit("write", "same", inputs={"one": (given,)}, seed=1)
    assert not second.done(other).cached


def test_a_library_in_trouble_costs_the_cache_but_not_the_job(place: Place) -> None:
    place.keeping.trouble = LibraryLocked()
    assert place.text(place.submit("write", "x"))


def test_equal_requests_share_one_run_and_each_gets_files_of_its_own(place: Place) -> None:
    go = place.folder / "go"
    jobs = [place.submit("stay", str(go), amount=600) for _ in range(3)]
    place.progressed(jobs[0])
    late = place.submit("stay", str(go), amount=600)
    place.started(late)
    place.engine.cancel(jobs[0].id)
    assert isinstance(place.end(jobs[0]), JobCancelled)
    go.touch()
    results = [place.done(job) for job in (*jobs[1:], late)]
    paths = {file.path for result in results for file in [result.file("file")] if file}
    assert len(paths) == 3
    assert {path.read_text() for path in paths} == {"stayed"}
    for job in (*jobs[1:], late):
        done = place.end(job)
        assert isinstance(done, JobDone)
        place.keeping.adopt(done)
    place.text(place.submit("write"))
    assert len(place.staged()) == 1, "emptied folders are cleared away"


def test_a_run_is_stopped_once_nobody_wants_it(place: Place) -> None:
    first, second = (place.submit("stay", amount=600) for _ in range(2))
    place.progressed(first)
    place.engine.cancel(first.id)
    place.engine.cancel(second.id)
    again = place.submit("stay", amount=600)
    assert isinstance(place.end(second), JobCancelled)
    place.started(again)
    place.engine.cancel_all()
    assert isinstance(place.end(again), JobCancelled)
    assert place.staged() == []


def test_one_lane_does_not_wait_for_another(place: Place) -> None:
    slow = place.submit("stay", amount=600)
    place.started(slow)
    place.text(place.submit("write-gpu"))
    place.text(place.submit("write-network"))
    assert set(place.engine.workers()) == set(Lane)
    place.engine.cancel(slow.id)
    assert isinstance(place.end(slow), JobCancelled)


def test_higher_priority_goes_first_and_waiting_jobs_can_be_moved(place: Place) -> None:
    go = place.folder / "go"
    blocker = place.submit("stay", str(go), amount=600)
    place.started(blocker)
    names = {"low": -1, "usual": 0, "usual too": 0, "high": 1, "moved": 0}
    jobs = {name: place.submit("write", name, priority=priority) for name, priority in names.items()}
    place.engine.reprioritise(jobs["moved"].id, 9)
    go.touch()
    for job in jobs.values():
        place.done(job)
    order = [event.job_id for event in place.heard if isinstance(event, JobStarted)][1:]
    assert order == [jobs[name].id for name in ("moved", "high", "usual", "usual too", "low")]


def test_a_held_queue_starts_nothing_that_is_to_be_kept(place: Place) -> None:
    place.engine.hold(True)
    kept = place.submit("write", "kept", destination=Destination(1, "Kept"))
    shown = place.submit("write", "shown")
    place.done(shown)
    assert JobStarted(kept.id) not in place.heard
    place.engine.hold(False)
    place.done(kept)


def test_a_held_queue_keeps_back_what_is_known_already(place: Place) -> None:
    made = place.end(place.submit("write", "known"))
    assert isinstance(made, JobDone)
    place.keeping.adopt(made)
    place.engine.hold(True)
    kept = place.submit("write", "known", destination=Destination(1, "Kept"))
    unwanted = place.submit("write", "known", destination=Destination(1, "Unwanted"))
    assert place.done(place.submit("write", "known")).cached
    place.engine.cancel(unwanted.id)
    assert isinstance(place.end(unwanted), JobCancelled)
    assert [type(event) for event in place.events_of(kept)] == [JobQueued]
    place.engine.hold(False)
    assert place.done(kept).cached


def test_what_waits_can_be_cancelled_alone(place: Place) -> None:
    go = place.folder / "go"
    running = place.submit("stay", str(go), amount=600)
    place.started(running)
    waiting = [place.submit("write", str(number)) for number in range(3)]
    place.engine.cancel_waiting()
    for job in waiting:
        assert isinstance(place.end(job), JobCancelled)
        assert JobStarted(job.id) not in place.heard
    go.touch()
    place.done(running)


def test_a_job_is_submitted_once(place: Place) -> None:
    job = place.submit("stay", amount=600)
    place.engine.submit(job)
    place.started(job)
    place.engine.cancel(job.id)
    place.engine.cancel("nobody")
    assert isinstance(place.end(job), JobCancelled)
    assert [type(event) for event in place.events_of(job)].count(JobQueued) == 1
    place.engine.submit(job)
    place.wait_until(lambda: [type(event) for event in place.events_of(job)].count(JobStarted) == 2)


def test_a_job_takes_the_files_of_others(place: Place) -> None:
    first = place.submit("write", "first")
    several = place.submit("several")
    taking = place.submit(
        "write",
        "taking",
        inputs={
            "one": (FromJob(first.id, "file"),),
            "many": (FromJob(several.id, "parts"), FromJob(first.id, "file")),
        },
    )
    last = place.submit("write", inputs={"one": (FromJob(taking.id, "file"),)})
    for job in (first, several, taking):
        done = place.end(job)
        assert isinstance(done, JobDone)
        place.keeping.adopt(done)
    given = json.loads(json.loads(place.text(last))["given"]["one"][0])["given"]
    assert [json.loads(text)["text"] for text in given["one"]] == ["first"]
    assert given["many"][:2] == ["a", "b"]
    late = place.submit("write-gpu", "late", inputs={"one": (FromJob(first.id, "file"),)})
    assert "first" in place.text(late), "the file is in the library by now"
    assert place.staged() == sorted([last.id, late.id]), "no inputs and no emptied folders stay"


def test_two_sources_that_end_at_once_start_a_job_once(place: Place) -> None:
    sources = [place.submit("write", "same") for _ in range(2)]
    taking = place.submit("write", inputs={"many": tuple(FromJob(source.id, "file") for source in sources)})
    assert len(json.loads(place.text(taking))["given"]["many"]) == 2
    assert [type(event) for event in place.events_of(taking)].count(JobStarted) == 1


def test_who_takes_from_a_cancelled_job_is_cancelled(place: Place) -> None:
    source = place.submit("stay", amount=600)
    taking = place.submit("write", inputs={"one": (FromJob(source.id, "file"),)})
    place.started(source)
    place.engine.cancel(source.id)
    assert isinstance(place.end(taking), JobCancelled)
    late = place.submit("write", inputs={"one": (FromJob(source.id, "file"),)})
    assert isinstance(place.end(late), JobCancelled)


def test_when_no_second_file_can_be_made_both_get_the_first(place: Place) -> None:
    go = place.folder / "go"
    first, second = (place.submit("stay", str(go), amount=600) for _ in range(2))
    place.progressed(first)
    (place.staging / second.id).write_text("in the way")
    go.touch()
    assert place.done(first) == place.done(second)


def test_a_taken_file_counts_by_its_content(place: Place) -> None:
    given = place.file("given.txt", "hello")
    first = place.submit("write", inputs={"one": (given,)})
    direct_text = place.text(first)
    taking = place.submit("write", inputs={"one": (FromJob(first.id, "file"),)})
    direct = place.submit("write", inputs={"one": (place.file("copy.txt", direct_text),)})
    place.done(taking)
    place.done(direct)
    assert place.engine.key_of(taking.id) == place.engine.key_of(direct.id)


def test_jobs_follow_the_fate_of_those_whose_files_they_take(place: Place) -> None:
    failing = place.submit("fail")
    after = place.submit("write", inputs={"one": (FromJob(failing.id, "file"),)})
    after_that = place.submit("write", inputs={"one": (FromJob(after.id, "file"),)})
    assert isinstance(place.error(failing), BackendFailed)
    for job in (after, after_that):
        error = place.error(job)
        assert isinstance(error, BadInput)
        assert "failed" in error.say()
    stopped = place.submit("stay", amount=600)
    orphan = place.submit("write", inputs={"one": (FromJob(stopped.id, "file"),)})
    place.started(stopped)
    place.engine.cancel_all()
    assert isinstance(place.end(orphan), JobCancelled)
    assert isinstance(place.end(stopped), JobCancelled)
    unknown = place.submit("write", inputs={"one": (FromJob("nobody", "file"),)})
    assert isinstance(place.error(unknown), BadInput)
    source = place.submit("write")
    empty = place.submit("write", inputs={"one": (FromJob(source.id, "parts"),)})
    error = place.error(empty)
    assert isinstance(error, BadInput)
    assert "parts" in error.say()
    assert place.staged() == [source.id]


def test_a_taken_file_that_is_lost_fails_the_job(place: Place) -> None:
    first = place.submit("write")
    file = place.done(first).file("file")
    assert file is not None
    file.path.unlink()
    assert isinstance(
        place.error(place.submit("write-gpu", inputs={"one": (FromJob(first.id, "file"),)})), LibraryDamaged
    )


def test_a_folder_that_takes_no_files_fails_the_job(place: Place) -> None:
    first = place.submit("write")
    place.done(first)
    second = place.submit("write-gpu", "x", inputs={"one": (FromJob(first.id, "file"),)})
    (place.staging / f"{second.id}-inputs").write_text("in the way")
    assert place.error(second).code == "permission-denied"


def test_files_of_the_library_are_found_by_digest(place: Place) -> None:
    file = place.file("given.txt", "from the library")
    ref = AssetRef(file.digest, AssetKind.file, "given.txt", file.size)
    error = place.error(place.submit("write", inputs={"one": (ref,)}))
    assert isinstance(error, LibraryDamaged)
    place.keeping.folder.mkdir()
    file.path.replace(place.keeping.folder / file.digest)
    assert "from the library" in place.text(place.submit("write", inputs={"one": (ref,)}))


def test_files_that_changed_or_went_while_the_job_waited_are_refused(place: Place) -> None:
    changed, gone, folder = (place.file(name, name) for name in ("changed", "gone", "folder"))
    changed.path.write_text("otherwise")
    gone.path.unlink()
    folder.path.unlink()
    folder.path.mkdir()
    errors = [place.error(place.submit("write", inputs={"one": (file,)})) for file in (changed, gone, folder)]
    assert [type(error) for error in errors] == [BadInput, FileMissing, NotAFile]
    assert "changed" in errors[0].say()


@pytest.mark.parametrize(
    ("entry", "params", "version", "kind"),
    [
        ("nothing", {}, 1, UnknownEntry),
        ("write", {"amount": 1001}, 1, BadParams),
        ("write", {"amount": float("nan")}, 1, BadParams),
        ("write", {"colour": "red"}, 1, BadParams),
        ("write", {}, 2, BadParams),
        ("write-again", {}, 1, BadParams),
        ("write-needy", {}, 1, BadInput),
        ("write", {"text": "x" * 2_000_000}, 1, BadInput),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_work(
    place: Place, entry: str, params: dict[str, str | float], version: int, kind: type[Exception]
) -> None:
    job = place.submit(entry, params=params, version=version)
    assert isinstance(place.error(job), kind)
    assert [type(event) for event in place.events_of(job)] == [JobQueued, JobFailed]
    assert place.engine.workers() == {}


def test_slots_take_what_they_are_made_for(place: Place) -> None:
    file = place.file("a", "a")
    assert isinstance(place.error(place.submit("write", inputs={"two": (file,)})), BadInput)
    assert isinstance(place.error(place.submit("write", inputs={"one": (file, file)})), BadInput)
    assert place.text(place.submit("write", inputs={"many": (file, file), "one": ()}))


def test_settings_of_an_older_version_are_brought_up_to_date(place: Place) -> None:
    job = place.submit("write-again", params={"words": "old"})
    assert json.loads(place.text(job))["text"] == "old"
    same = place.submit("write-again", "old", version=2)
    place.done(same)
    assert place.engine.key_of(job.id) == place.engine.key_of(same.id)


def test_progress_comes_from_history_and_never_falls(place: Place) -> None:
    place.keeping.usual["stay 1"] = {"Stay": 0.2}
    known = place.submit("stay", amount=0.3)
    place.done(known)
    said = [event.progress for event in place.events_of(known) if isinstance(event, JobProgressed)]
    fractions = [progress.fraction or 0.0 for progress in said]
    assert fractions == sorted(fractions)
    assert all(progress.seconds_left is not None for progress in said)
    assert said[-1].stage == "Stay"
    unknown = place.submit("deaf", amount=0.1)
    place.done(unknown)
    said = [event.progress for event in place.events_of(unknown) if isinstance(event, JobProgressed)]
    assert {progress.fraction for progress in said} == {None}
    assert {progress.seconds_left for progress in said} == {None}


def test_time_goes_on_while_the_work_says_nothing(place: Place) -> None:
    job = place.submit("deaf", amount=600)
    place.progressed(job)
    place.wait(lambda event: isinstance(event, JobProgressed) and event.progress.seconds > 1.0, "heartbeat")


def test_commands_come_from_any_thread(place: Place) -> None:
    jobs: list[object] = []
    threads = [
        threading.Thread(target=lambda n=n: jobs.append(place.submit("write", f"{n}"))) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for job in jobs:
        place.done(job)


def test_two_engines_work_beside_each_other(make_place: Callable[..., Place]) -> None:
    one, two = make_place(), make_place()
    jobs = [(place, place.submit("write", f"{number}")) for number in range(3) for place in (one, two)]
    for place, job in jobs:
        place.done(job)
    assert not set(one.engine.workers().values()) & set(two.engine.workers().values())


def test_close_ends_what_runs_and_wakes_who_polls(make_place: Callable[..., Place]) -> None:
    place = make_place(exit_grace_s=0.2)
    deaf = place.submit("deaf", amount=600)
    place.submit("write", inputs={"one": (FromJob(deaf.id, "file"),)})
    place.started(deaf)
    heard: list[object] = []
    poller = threading.Thread(target=lambda: heard.append(place.engine.poll(600)))
    while place.poll(0.0):
        pass
    poller.start()
    place.engine.close()
    poller.join()
    place.engine.close()
    place.engine.submit(deaf)
    assert place.engine.poll(600) is None
    assert place.engine.workers() == {}
    assert place.staged() == []


def test_polling_returns_when_nothing_happens(place: Place) -> None:
    assert place.engine.poll(0.01) is None
    assert place.engine.poll(0) is None


def test_a_worker_can_be_started_before_it_is_needed(place: Place) -> None:
    place.engine.warm_up(Lane.cpu)
    place.poll(0)
    assert set(place.engine.workers()) == {Lane.cpu}
    place.text(place.submit("write"))


def test_a_worker_program_that_is_not_there_fails_the_job(make_place: Callable[..., Place]) -> None:
    place = make_place(worker_command=("/nowhere/orfeas",))
    place.engine.warm_up(Lane.cpu)
    assert place.engine.poll(0) is None
    for _ in range(2):
        assert isinstance(place.error(place.submit("write")), ProgramMissing)


def test_backends_are_found_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORFEAS_TEST_UNLOADED", str(place.folder / "unloaded"))
    error = place.error(place.submit("run-away", table=Table.backends))
    assert error.code == "out-of-memory"
    assert (place.folder / "unloaded").read_text() == "unloaded", "memory is given back before the next job"


def test_what_is_kept_goes_when_nothing_comes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    unloaded = place.folder / "unloaded"
    monkeypatch.setenv("ORFEAS_TEST_UNLOADED", str(unloaded))
    monkeypatch.setenv("ORFEAS_ENGINE__IDLE_UNLOAD_S", "0.05")
    for _ in range(2):
        place.done(place.submit("keeper", table=Table.backends))
        place.wait_until(unloaded.exists)
        unloaded.unlink()


def test_what_a_dead_process_left_is_cleared_away(place: Place) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, other = (place.staging.parent / name for name in (f"of-{dead.pid}", "of-somebody"))
    for folder in (left, other):
        (folder / "job").mkdir(parents=True)
    place.poll(0)
    assert not left.exists()
    assert other.exists()
