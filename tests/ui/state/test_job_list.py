"""The queue's list: running first, then waiting, then what ended, newest first."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.errors import WorkerDied
from orfeas_desktop.requests import (
    JobCancelled,
    JobDone,
    JobEvent,
    JobFailed,
    JobPreviewed,
    JobProgressed,
    JobQueued,
    JobResult,
    JobStarted,
    JobState,
    JobWarned,
    Progress,
)
from orfeas_desktop.ui.state.job_list import ENDED_KEPT, JobList, JobRole
from tests.ui.made_up import a_job

HALF = Progress("Surface", 0.5, 0.4, 2.0, 3.0)


@pytest.fixture
def jobs(qapp) -> JobList:
    made = JobList()
    for number, name in enumerate(("One", "Two", "Three")):
        made.add(a_job(name, str(number)))
    return made


def order(jobs: JobList) -> list[str]:
    return [row.id for row in jobs.rows()]


def test_it_keeps_the_promises_of_a_model(jobs: JobList, qtmodeltester):
    qtmodeltester.check(jobs)
    jobs.take_event(JobStarted("2"))
    qtmodeltester.check(jobs)


def test_what_waits_can_be_put_in_another_order(jobs: JobList, qtmodeltester):
    jobs.take_event(JobStarted("1"))
    assert order(jobs) == ["1", "0", "2"]
    assert jobs.move("2", 0) == ("2", "0")
    assert jobs.move("2", 9) == ("0", "2")
    assert jobs.move("2", 1) == ("0", "2")
    assert jobs.move("1", 0) == jobs.move("nobody", 0) == ()
    assert order(jobs) == ["1", "0", "2"]
    drags = [bool(jobs.flags(jobs.index(row)) & Qt.ItemFlag.ItemIsDragEnabled) for row in range(3)]
    assert drags == [False, True, True]
    qtmodeltester.check(jobs)


def test_a_job_goes_from_waiting_to_running_to_done(jobs: JobList):
    jobs.take_event(JobQueued("0"))
    jobs.take_event(JobStarted("1"))
    assert order(jobs) == ["1", "0", "2"]
    jobs.take_event(JobProgressed("1", HALF))
    row = jobs.job("1")
    assert row is not None
    assert row.progress == HALF
    jobs.take_event(JobDone(row.job, JobResult((), {}, {}, cached=True)))
    assert order(jobs) == ["0", "2", "1"]
    ended = jobs.job("1")
    assert ended is not None
    assert (ended.state, ended.ended, ended.progress) == (JobState.done, True, None)
    assert jobs.state_words(ended) == "Done, made before"


def test_progress_alone_tells_that_a_job_runs(jobs: JobList):
    jobs.take_event(JobProgressed("2", HALF))
    assert order(jobs)[0] == "2"
    assert jobs.count(JobState.running) == 1
    assert jobs.ids({JobState.waiting}) == ("0", "1")


def test_a_failure_keeps_its_sentence(jobs: JobList):
    jobs.take_event(JobFailed("0", WorkerDied(status=9)), "It stopped.")
    index = jobs.index(2)
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "It stopped."
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "One: Failed"
    assert index.data(JobRole.row).problem == "It stopped."
    assert index.data() == "One"
    assert index.data(Qt.ItemDataRole.FontRole) is None
    assert jobs.data(QModelIndex()) is None


def test_what_ended_stays_ended(jobs: JobList):
    jobs.take_event(JobCancelled("0"))
    jobs.take_event(JobStarted("0"))
    row = jobs.job("0")
    assert row is not None
    assert row.state is JobState.cancelled


def test_events_of_other_jobs_change_nothing(jobs: JobList):
    before = jobs.rows()
    others: list[JobEvent] = [
        JobStarted("x"),
        JobProgressed("x", HALF),
        JobPreviewed("0", "p", AssetKind.display),
        JobWarned("0", "w", {}),
    ]
    for event in others:
        jobs.take_event(event)
    assert jobs.rows() == before


def test_the_history_is_short_and_can_be_forgotten(qapp):
    jobs = JobList()
    for number in range(ENDED_KEPT + 10):
        jobs.add(a_job("x", str(number)))
        jobs.take_event(JobCancelled(str(number)))
    assert len(jobs.rows()) == ENDED_KEPT
    assert jobs.rows()[0].id == str(ENDED_KEPT + 9)
    jobs.add(a_job("y", "live"))
    jobs.forget_ended()
    assert order(jobs) == ["live"]
    jobs.forget("live")
    jobs.forget("live")
    assert jobs.rowCount() == 0


def test_a_job_is_listed_once(jobs: JobList):
    jobs.add(a_job("Again", "0"), JobState.running)
    assert order(jobs) == ["0", "1", "2"]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["start", "done", "fail", "cancel", "progress"])))
)
@settings(max_examples=80)
def test_the_order_holds_whatever_happens(qapp, happenings: list[tuple[int, str]]):
    jobs = JobList()
    for number in range(5):
        jobs.add(a_job("x", str(number)))
    for number, kind in happenings:
        job_id = str(number)
        events: dict[str, JobEvent] = {
            "start": JobStarted(job_id),
            "done": JobDone(a_job("x", job_id), JobResult((), {}, {})),
            "fail": JobFailed(job_id, WorkerDied(status=1)),
            "cancel": JobCancelled(job_id),
            "progress": JobProgressed(job_id, HALF),
        }
        jobs.take_event(events[kind])
        states = [row.state for row in jobs.rows()]
        assert [jobs.count(state) for state in JobState] == [states.count(state) for state in JobState]
    ranks = [{JobState.running: 0, JobState.waiting: 1}.get(row.state, 2) for row in jobs.rows()]
    assert ranks == sorted(ranks)
    assert sorted(order(jobs)) == ["0", "1", "2", "3", "4"]


def test_many_that_wait_are_taken_in_at_once(jobs: JobList):
    jobs.take_event(JobStarted("1"))
    jobs.take_event(JobCancelled("2"))
    inserted: list[tuple[int, int]] = []
    jobs.rowsInserted.connect(lambda _parent, first, last: inserted.append((first, last)))
    jobs.add_waiting([a_job("One", "0"), a_job("Four", "3"), a_job("Five", "4")])
    assert [row.id for row in jobs.rows()] == ["1", "0", "3", "4", "2"]
    jobs.add_waiting([a_job("Four", "3")])
    assert inserted == [(2, 3)]
