"""Jobs are kept whole, belong to a process and are taken over when it died."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest

from orfeas_desktop.assets import AssetKind, AssetRef, LocalFile
from orfeas_desktop.errors import LibraryDamaged, WorkerSilent
from orfeas_desktop.projects.open_library import FILE
from orfeas_desktop.projects.processes import ProcessName
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.projects.tables import JobRow
from orfeas_desktop.requests import Destination, FromJob, JobState

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Hand

DEAD = ProcessName(2**22 + 1, "long gone")


def test_a_job_waits_runs_and_ends(store: ProjectStore, hand: Hand) -> None:
    job = hand.job(Destination(1, "Cup"), front=hand.blob("picture", AssetKind.picture))
    assert store.add_job(job).jobs
    (kept,) = store.jobs()
    assert kept.job == job
    assert kept.state is JobState.waiting
    assert kept.ended is None
    assert store.set_job_state(job.id, JobState.running).jobs
    assert store.jobs(states=(JobState.waiting,)) == ()
    store.set_job_state(job.id, JobState.done)
    (done,) = store.jobs(states=[JobState.done])
    assert done.ended is not None
    assert done.ended > done.submitted


def test_a_failed_job_keeps_its_error(store: ProjectStore, hand: Hand) -> None:
    job = hand.job()
    store.add_job(job)
    store.set_job_state(job.id, JobState.failed, error=WorkerSilent(seconds=30.0, details="last line"))
    (failed,) = store.jobs()
    assert failed.error_code == "worker-silent"
    assert "30 s" in failed.error_text
    assert isinstance(failed.error, WorkerSilent)
    assert failed.error.details == "last line"
    store.add_job(job)
    (again,) = store.jobs()
    assert again.state is JobState.waiting
    assert again.error is None


def test_an_error_of_another_release_is_still_shown(store: ProjectStore, hand: Hand) -> None:
    job = hand.job()
    store.add_job(job)
    store.set_job_state(job.id, JobState.failed, error=WorkerSilent(seconds=30.0))
    with store._database.write() as session:
        session.query(JobRow).update({JobRow.error_arguments: '{"minutes": 1}'})
    (failed,) = store.jobs()
    assert failed.error is not None
    assert "30 s" in str(failed.error)


def test_a_job_that_was_never_kept_is_left_alone(store: ProjectStore) -> None:
    assert not store.set_job_state("nobody", JobState.done).jobs
    assert store.jobs() == ()


def test_a_job_needs_its_inputs(store: ProjectStore, hand: Hand) -> None:
    gone = AssetRef("0" * 64, AssetKind.picture, "gone.png", 3)
    with pytest.raises(LibraryDamaged):
        store.add_job(hand.job(front=gone))
    assert store.jobs() == ()


def test_jobs_newest_first_and_forgotten_when_ended(store: ProjectStore, hand: Hand) -> None:
    made = [hand.job() for _ in range(5)]
    for job in made:
        store.add_job(job)
    store.set_job_state(made[0].id, JobState.cancelled)
    store.set_job_state(made[1].id, JobState.running)
    assert [stored.job for stored in store.jobs()] == made[::-1]
    assert [stored.job for stored in store.jobs(limit=2)] == made[:2:-1]
    assert store.forget_jobs().jobs
    assert [stored.job for stored in store.jobs()] == made[:0:-1]


def test_jobs_of_a_living_process_are_its_own(store: ProjectStore, hand: Hand, library: Path) -> None:
    store.add_job(hand.job())
    other = ProjectStore.open(library)
    assert other.adopt_orphan_jobs() == ()
    other.close()


def test_jobs_of_a_dead_process_wait_again(store: ProjectStore, hand: Hand, library: Path) -> None:
    store._process = DEAD
    picture = hand.blob("picture", AssetKind.picture)
    local = LocalFile(library / "outside.png", "1" * 64, AssetKind.picture, "outside.png", 9)
    first, second, urgent, ended = (
        hand.job(front=picture),
        hand.job(front=local),
        replace(hand.job(mesh=FromJob("abc", "mesh")), priority=5),
        hand.job(),
    )
    for job in (first, second, urgent, ended):
        store.add_job(job)
    store.set_job_state(first.id, JobState.running)
    store.set_job_state(ended.id, JobState.cancelled)
    other = ProjectStore.open(library)
    assert other.check().orphan_jobs == 3
    assert other.adopt_orphan_jobs() == (urgent, first, second)
    assert other.adopt_orphan_jobs() == ()
    waiting = other.jobs(states=(JobState.waiting,))
    assert {stored.job.id for stored in waiting} == {urgent.id, first.id, second.id}
    assert other.blob_path(picture.digest)
    other.close()


def test_a_job_of_a_newer_program_is_left_out(store: ProjectStore, hand: Hand) -> None:
    store._process = DEAD
    store.add_job(hand.job())
    with store._database.write() as session:
        session.query(JobRow).update({JobRow.job: '{"shape": "new"}'})
    assert store.jobs() == ()
    assert store.adopt_orphan_jobs() == ()


CHILD = """
import sys
from pathlib import Path
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Job, JobRequest
store = ProjectStore.open(Path(sys.argv[1]))
store.add_job(Job(JobRequest(Table.tools, "smooth", 1, {}, {}), "Smooth"))
print("kept", flush=True)
sys.stdin.read()
"""


def test_the_job_of_a_killed_process_is_taken_over(store: ProjectStore, library: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(library)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"kept"
        assert store.adopt_orphan_jobs() == ()
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        (taken,) = store.adopt_orphan_jobs()
    assert taken.request.entry == "smooth"
    assert (library / FILE).exists()


def test_a_process_is_told_from_a_later_one_of_its_number() -> None:
    own = ProcessName.own()
    assert own.alive
    assert not replace(own, started="another time").alive
    assert not DEAD.alive


def test_a_process_elsewhere_than_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orfeas_desktop.projects.processes._ticks_since_boot", lambda number: "")
    own = ProcessName.own()
    assert own.alive
    assert float(own.started) == pytest.approx(psutil.Process().create_time(), abs=0.2)


def test_a_process_that_may_not_be_seen_counts_as_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(number: int) -> psutil.Process:
        raise psutil.AccessDenied(number)

    monkeypatch.setattr(psutil, "Process", hidden)
    assert ProcessName(1, "before").alive
