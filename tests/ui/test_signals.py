"""Typed signals carry whole objects across threads, in order; the engine's thread ends when told."""

from __future__ import annotations

import gc
import sys
from queue import Empty, Queue

from PySide6.QtCore import QObject, QThread

from orfeas_desktop.requests import JobEvent, JobQueued
from orfeas_desktop.ui.engine_thread import EngineThread
from orfeas_desktop.ui.signals import Paced, TypedSignal, signal


class Sender(QObject):
    counted = signal(int)
    happened: TypedSignal[JobEvent] = signal(JobEvent)
    flagged = signal(bool)


def test_payloads_arrive_unchanged(qtbot):
    sender = Sender()
    heard: list[object] = []
    sender.happened.connect(heard.append)
    event = JobQueued("a")
    sender.happened.emit(event)
    assert heard == [event]
    assert heard[0] is event
    sender.happened.disconnect(heard.append)


def test_two_thousand_emits_leave_true_alone(qtbot):
    sender = Sender()
    sender.flagged.connect(lambda _flag: None)
    gc.collect()
    before = sys.getrefcount(True)
    for _ in range(2000):
        sender.flagged.emit(True)
    assert abs(sys.getrefcount(True) - before) < 1000


def test_a_paced_call_is_made_at_once_and_once_more_for_all_that_ask_meanwhile(qtbot):
    calls: list[str] = []
    owner = QObject()
    state = ["first"]
    paced = Paced(lambda: calls.append(state[0]), 20, owner)
    paced.ask()
    assert calls == ["first"]
    for state[0] in ("second", "third"):
        paced.ask()
    assert calls == ["first"]
    qtbot.waitUntil(lambda: calls == ["first", "third"])
    qtbot.waitUntil(lambda: not paced._pause.isActive())
    assert calls == ["first", "third"]
    paced.ask()
    assert len(calls) == 3


def test_events_of_another_thread_arrive_in_order(qtbot):
    queue: Queue[JobEvent] = Queue()

    def poll(timeout_s: float) -> JobEvent | None:
        try:
            return queue.get(timeout=timeout_s)
        except Empty:
            return None

    thread = EngineThread(poll)
    heard: list[str] = []

    def take(event: JobEvent) -> None:
        heard.append(event.job_id)

    thread.happened.connect(take)
    thread.start()
    for number in range(500):
        queue.put(JobQueued(str(number)))
    qtbot.waitUntil(lambda: len(heard) == 500)
    assert heard == [str(number) for number in range(500)]
    thread.stop()
    assert thread.isFinished()
    thread.stop()


def test_a_thread_that_never_ran_can_be_stopped(qtbot):
    thread = EngineThread(lambda _wait: None)
    thread.stop()
    assert not thread.isRunning()
    assert isinstance(thread, QThread)
