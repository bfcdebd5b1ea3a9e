"""The job desk sends many jobs so that everything else has its turn between them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import pytest

from orfeas_desktop.errors import FileMissing, OrfeasError
from orfeas_desktop.requests import JobCancelled
from orfeas_desktop.ui.state.job_desk import JobDesk
from orfeas_desktop.ui.state.store_thread import StoreThread
from tests.ui.made_up import a_job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orfeas_desktop.requests import Job, JobEvent


class Books:
    """As much of a studio as sending needs; it writes down what was asked, in order."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.go_on = Event()
        self.go_on.set()

    def resume_waiting_jobs(self) -> tuple[Job, ...]:
        """Nothing waited."""
        return ()

    def hold(self, held: bool) -> None:
        """Write down that the queue was paused."""
        if held:
            self.written.append("held")

    def begin(self, name: str) -> Job:
        """Make a job; one that is called “gone” cannot be."""
        self.go_on.wait()
        self.written.append(name)
        if name == "gone":
            raise FileMissing(name=name)
        return a_job(name, name)

    def record(self, event: JobEvent) -> None:
        """Keep nothing."""

    def cancel(self, job_id: str) -> None:
        """Write down that it was cancelled."""
        self.written.append(f"no {job_id}")


def begin(name: str, books: Books) -> Job:
    return books.begin(name)


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def desk(qapp, qtbot, books: Books) -> Iterator[JobDesk]:
    store = StoreThread()
    made = JobDesk(store)
    made.store = store
    made.open(books)
    yield made
    books.go_on.set()
    store.close()


def test_others_have_their_turn_while_many_are_sent(desk: JobDesk, books: Books, qtbot):
    refused: list[OrfeasError] = []
    sent: list[int] = []
    desk.send_all(
        [partial(begin, name) for name in ("a", "gone", "b")], refused.append, lambda: sent.append(1)
    )
    desk.send_all([partial(begin, "c")], sent=lambda: sent.append(2))
    assert desk.list.to_come == 3
    desk.store.ask(lambda: books.written.append("other"))
    qtbot.waitUntil(lambda: sent == [1, 2])
    assert desk.list.to_come == 0
    assert books.written == ["a", "other", "gone", "b", "c"]
    assert [str(error.arguments["name"]) for error in refused] == ["gone"]
    assert [row.id for row in desk.list.rows()] == ["a", "b", "c"]


def test_cancelling_what_waits_ends_the_sending_and_what_is_on_its_way(desk: JobDesk, books: Books, qtbot):
    sent: list[int] = []
    books.go_on.clear()
    desk.send_all([partial(begin, name) for name in ("a", "b", "c")], sent=lambda: sent.append(1))
    desk.send(partial(begin, "hidden"), listed=False)
    desk.cancel_all()
    books.go_on.set()
    qtbot.waitUntil(lambda: [row.id for row in desk.list.rows()] == ["a"])
    desk.send(partial(begin, "later"))
    qtbot.waitUntil(lambda: desk.list.job("later") is not None)
    assert books.written.count("no a") == 1
    assert sorted(books.written) == ["a", "hidden", "later", "no a"]
    assert sent == []


def test_what_is_to_come_when_the_window_closes_is_sent_all_the_same(desk: JobDesk, books: Books):
    desk.send_all(partial(begin, name) for name in ("a", "b", "c"))
    desk.close()
    desk.store.close()
    assert books.written == ["a", "b", "c"]


def test_what_is_under_way_is_not_started_twice(desk: JobDesk, books: Books, qtbot):
    told: list[str] = []
    desk.repeated.connect(lambda: told.append("repeated"))
    assert desk.send(partial(begin, "a"), ask="the same")
    assert not desk.send(partial(begin, "b"), ask="the same")
    assert desk.send(partial(begin, "c"), ask="another")
    qtbot.waitUntil(lambda: len(desk.list.rows()) == 2)
    assert told == ["repeated"]
    desk.take_event(JobCancelled("a"))
    qtbot.waitUntil(lambda: desk.send(partial(begin, "gone"), failed=lambda _: None, ask="the same"))
    qtbot.waitUntil(lambda: desk.send(partial(begin, "b"), ask="the same"))
    qtbot.waitUntil(lambda: desk.list.job("b") is not None)


def test_what_comes_into_a_paused_queue_is_said_to_wait(desk: JobDesk, books: Books, qtbot):
    told: list[str] = []
    desk.kept_back.connect(lambda: told.append("paused"))
    desk.hold(True)
    desk.send(partial(begin, "kept"))
    desk.send(lambda _books: replace(a_job("shown", "shown"), destination=None))
    qtbot.waitUntil(lambda: len(desk.list.rows()) == 2)
    assert told == ["paused"]
    books.resume_waiting_jobs = lambda: (a_job("left", "left"),)
    desk.open(books, held=True)
    qtbot.waitUntil(lambda: told == ["paused"] * 2)
    assert books.written.count("held") == 2
