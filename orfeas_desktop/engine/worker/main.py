"""The worker process of one lane: listens on one thread, works on the main one, and lives no longer than its engine."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import queue
import signal
import sys
import threading
from typing import TYPE_CHECKING

import psutil

from orfeas_desktop.engine.backends.base import Backend
from orfeas_desktop.engine.worker.job import run_job
from orfeas_desktop.engine.worker.line import MessageLine, read_lines, take_standard_streams
from orfeas_desktop.engine.worker.messages import (
    CancelJob,
    Failed,
    Heartbeat,
    Ready,
    RunJob,
    decode_to_worker,
)
from orfeas_desktop.engine.worker.options import EngineOptions
from orfeas_desktop.engine.worker.tables import house_tables
from orfeas_desktop.errors import InputError, OutOfMemory
from orfeas_desktop.paths import Paths
from orfeas_desktop.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.worker.tables import Tables

_HEARTBEAT_S = 1.0
_LEAVE_S = 2.0
"""How long work may take to stop once the engine has gone."""
_END_S = 30.0
"""How long the interpreter may then take to end."""
_NICENESS = 5


def main(lane: str) -> int:
    """Serve `lane` with the program's own tables until the engine closes the line; return the exit status."""
    return serve(lane, house_tables)


def serve(lane: str, tables: Callable[[], Tables]) -> int:
    """Serve `lane`. `tables` is called once the streams are safe from what imports may print."""
    line = take_standard_streams()
    _settle(lane)
    try:
        return Worker(line, tables()).run()
    except BrokenPipeError:
        return 1
    finally:
        end_children()


def _settle(lane: str) -> None:
    """Make this process a quiet neighbour of the window and its crashes readable."""
    for name, value in EngineOptions().environment().items():
        os.environ.setdefault(name, value)
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.main_thread().name = f"{lane} work"
    if sys.platform == "win32":
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(_NICENESS)


class Worker:
    """Answers for one job at a time: hears of it, runs it, says how it ended."""

    def __init__(self, line: MessageLine, tables: Tables) -> None:
        self._line = line
        self._tables = tables
        self._jobs: queue.SimpleQueue[RunJob | None] = queue.SimpleQueue()
        self._cancelled: dict[str, threading.Event] = {}
        self._status = 0
        self._idle = threading.Event()
        """Set when no work will be done any more."""
        self._used: dict[str, Backend] = {}
        """The backends that may have kept something since the last rest."""

    def run(self) -> int:
        """Work until the engine closes the line; return the exit status."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        try:
            self._line.send(Ready(pid=os.getpid()))
            while (job := self._next()) is not None:
                self._work(job)
        finally:
            self._idle.set()
        return self._status

    def _next(self) -> RunJob | None:
        """Wait for a job; when none comes for long, what earlier ones kept is let go."""
        idle_s = load_settings(Paths.of().settings_file).engine.idle_unload_s if self._used else 0
        if idle_s:
            try:
                return self._jobs.get(timeout=idle_s)
            except queue.Empty:
                self._rest()
        return self._jobs.get()

    def _work(self, job: RunJob) -> None:
        over = threading.Event()
        threading.Thread(target=self._beat, args=(job.job_id, over), name="heart", daemon=True).start()
        try:
            ended = run_job(job, self._tables, self._line.send, self._cancelled[job.job_id])
        finally:
            over.set()
        del self._cancelled[job.job_id]
        with contextlib.suppress(InputError):
            entry = self._tables[job.table][job.entry]
            if isinstance(entry, Backend):
                self._used[entry.id] = entry
        if isinstance(ended, Failed) and ended.code == OutOfMemory.code:
            self._rest()
        self._line.send(ended)

    def _rest(self) -> None:
        """Let go of what earlier jobs left loaded."""
        for backend in self._used.values():
            backend.unload()
        self._used.clear()
        gc.collect()

    def _beat(self, job_id: str, over: threading.Event) -> None:
        with contextlib.suppress(BrokenPipeError):
            while not over.wait(_HEARTBEAT_S):
                self._line.send(Heartbeat(job_id=job_id))

    def _listen(self) -> None:
        """Hear what the engine says, while work runs too; when it falls silent for good, leave."""
        try:
            for text in read_lines(self._line.incoming):
                self._hear(text)
        except ValueError as problem:
            print(f"not a message: {problem}", file=sys.stderr, flush=True)  # noqa: T201  (stderr is our log)
            self._status = 2
        for flag in list(self._cancelled.values()):
            flag.set()
        self._jobs.put(None)
        if self._idle.wait(_LEAVE_S):
            threading.Event().wait(_END_S)
        end_with_children()

    def _hear(self, text: bytes) -> None:
        match decode_to_worker(text):
            case RunJob() as job:
                self._cancelled[job.job_id] = threading.Event()
                self._jobs.put(job)
            case CancelJob(job_id=job_id):
                flag = self._cancelled.get(job_id)
                if flag is not None:
                    flag.set()


def end_children() -> None:
    """End what this process started and left behind, at once."""
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def end_with_children() -> None:
    """End this process and what it started, at once."""
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    end_children()
    os._exit(1)
