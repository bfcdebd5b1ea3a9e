"""Work goes to one thread and comes back to the window's."""

from __future__ import annotations

import threading

import pytest

from orfeas_desktop.errors import NameTaken, OrfeasError
from orfeas_desktop.ui.state.store_thread import StoreThread


@pytest.fixture
def store(qapp) -> StoreThread:
    made = StoreThread()
    yield made
    made.close()


def test_work_runs_there_and_its_result_comes_back_here(store: StoreThread, qtbot):
    places: list[threading.Thread] = []
    results: list[tuple[int, threading.Thread]] = []

    def work(number: int) -> int:
        places.append(threading.current_thread())
        return number * 2

    for number in range(20):
        store.ask(
            lambda n=number: work(n), lambda result: results.append((result, threading.current_thread()))
        )
    qtbot.waitUntil(lambda: len(results) == 20)
    assert [result for result, _ in results] == [number * 2 for number in range(20)]
    assert {thread for _, thread in results} == {threading.current_thread()}
    assert len(set(places)) == 1
    assert places[0] is not threading.current_thread()


def test_an_error_goes_to_whom_it_concerns(store: StoreThread, qtbot):
    def fail() -> None:
        raise NameTaken(name="A")

    mine: list[OrfeasError] = []
    store.ask(fail, failed=mine.append)
    with qtbot.waitSignal(store.failed) as heard:
        store.ask(fail)
    assert [error.code for error in mine] == ["name-taken"]
    assert heard.args[0].code == "name-taken"


def test_a_bug_is_raised_in_the_window(store: StoreThread, qtbot):
    def fail() -> None:
        raise ZeroDivisionError

    done: list[bool] = []
    with qtbot.captureExceptions() as bugs:
        store.ask(fail)
        store.ask(lambda: None, lambda _none: done.append(True))
        qtbot.waitUntil(lambda: done == [True])
    assert [kind for kind, _, _ in bugs] == [ZeroDivisionError]


def test_closing_finishes_what_was_asked_and_takes_no_more(qtbot, qapp):
    store = StoreThread()
    written: list[int] = []
    told: list[object] = []
    for number in range(5):
        store.ask(lambda n=number: written.append(n), told.append)
    store.close()
    store.ask(lambda: written.append(99))
    qtbot.wait(10)
    assert written == [0, 1, 2, 3, 4]
    assert told == []
