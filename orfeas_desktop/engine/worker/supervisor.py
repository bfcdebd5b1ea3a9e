"""Supervisor: the engine's side of one lane; starts its worker, talks to it, watches it and ends it."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orfeas_desktop.engine.worker.messages import (
    BadMessage,
    CancelJob,
    Done,
    Failed,
    Ready,
    Stopped,
    decode_from_worker,
    encode,
)
from orfeas_desktop.engine.worker.process import WorkerProcess
from orfeas_desktop.errors import OrfeasError, ProgramMissing, WorkerBabbled, WorkerDied, WorkerSilent

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.worker.messages import Ended, Report, RunJob
    from orfeas_desktop.engine.worker.options import EngineOptions
    from orfeas_desktop.register import Lane

_LOG = logging.getLogger(__name__)
_LOOK_S = 1.0
"""Between two looks at a working process."""
_DYING_S = 0.2
"""How long a process may take from closing its line to its exit status."""
_OWN_PAUSE_S = 5.0
"""If we ourselves have not looked for so long (the machine slept), silence says nothing about the worker."""


@dataclass(frozen=True)
class Heard:
    """What a process of a lane wrote; None: it will write no more."""

    lane: Lane
    process: int
    """Which process of the lane, counted from 1: the words of a former one mean nothing."""
    line: bytes | None


@dataclass(frozen=True)
class Lost:
    """The process went while it worked; no error when its work was being cancelled."""

    error: OrfeasError | None


class Supervisor:
    """Answers for the worker of one lane. Not thread-safe: one thread at a time owns it.

    post  takes, from any thread, what is then to be handed to `hear`
    """

    def __init__(self, lane: Lane, options: EngineOptions, post: Callable[[Heard], None]) -> None:
        self._lane = lane
        self._options = options
        self._post = post
        self._process: WorkerProcess | None = None
        self._count = 0
        self._ready = False
        self._job_id: str | None = None
        self._heard_at = 0.0
        self._looked_at = 0.0
        self._cancel_by: float | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the worker, when there is one."""
        return self._process.pid if self._process else None

    def start(self) -> WorkerProcess:
        """Return the worker, started unless it runs. Raises ProgramMissing."""
        if self._process is not None:
            return self._process
        self._count += 1
        number = self._count
        self._ready = False
        self._process = WorkerProcess(
            (*self._options.worker_command, self._lane.value),
            self._options.environment(),
            lambda line: self._post(Heard(self._lane, number, line)),
        )
        _LOG.debug("%s worker %d started", self._lane, self._process.pid)
        return self._process

    def run(self, job: RunJob) -> None:
        """Give the worker its next job. Raises ProgramMissing, BadMessage when the request is too long."""
        line = encode(job)
        self.start().say(line)
        self._job_id = job.job_id
        self._heard_at = self._looked_at = time.monotonic()

    def cancel(self) -> None:
        """Ask the running work to stop; after the grace it is ended with its process."""
        if self._process is not None and self._job_id is not None:
            self._process.say(encode(CancelJob(job_id=self._job_id)))
            self._cancel_by = time.monotonic() + self._options.grace_s(self._lane)

    def hear(self, heard: Heard) -> Report | Ended | Lost | None:
        """Take in what the worker wrote; return what it means for the running job, if anything."""
        if self._process is None or heard.process != self._count:
            return None
        if heard.line is None:
            return self._mourn(self._process)
        try:
            message = decode_from_worker(heard.line)
        except BadMessage as problem:
            self._process.bury()
            return self._replace(
                self._process, WorkerBabbled(details=f"{problem}\n{self._process.last_lines()}")
            )
        self._heard_at = time.monotonic()
        if isinstance(message, Ready):
            self._ready = True
            return None
        if message.job_id != self._job_id:
            return None
        if isinstance(message, Done | Failed | Stopped):
            self._job_id = self._cancel_by = None
        return message

    def look(self) -> Lost | None:
        """See whether the working process has fallen silent or had its time to stop.

        What a dead one started is ended, so that its line closes and `hear` learns of the death.
        """
        if self._process is None or self._job_id is None:
            return None
        now = time.monotonic()
        if now - self._looked_at > _OWN_PAUSE_S:
            self._heard_at = now
        self._looked_at = now
        if self._cancel_by is not None and now >= self._cancel_by:
            self._process.bury()
            return self._replace(self._process, None)
        if not self._process.running:
            self._process.kill()
        silence = now - self._heard_at
        if silence >= self._options.silence_s:
            self._process.bury()
            return self._replace(
                self._process, WorkerSilent(seconds=silence, details=self._process.last_lines())
            )
        return None

    def next_look(self) -> float | None:
        """Return when to look again, on the monotonic clock; None while nothing runs."""
        if self._job_id is None:
            return None
        times = [self._looked_at + _LOOK_S, self._heard_at + self._options.silence_s]
        if self._cancel_by is not None:
            times.append(self._cancel_by)
        return min(times)

    def leave(self) -> None:
        """Let the worker leave by itself."""
        if self._process is not None:
            self._process.hang_up()

    def close(self, deadline: float) -> None:
        """Wait until `deadline` for the worker to have left, then end it; nothing of it remains."""
        process, self._process, self._job_id = self._process, None, None
        if process is not None:
            process.hang_up()
            process.wait(max(deadline - time.monotonic(), 0.0))
            process.bury()

    def _mourn(self, process: WorkerProcess) -> Lost | None:
        """The worker will write no more: it died, or is about to."""
        process.wait(_DYING_S)
        status = process.bury()
        return self._replace(process, WorkerDied(status=status, details=process.last_lines()))

    def _replace(self, process: WorkerProcess, error: OrfeasError | None) -> Lost | None:
        """Let go of a buried process; when it worked, a fresh one stands ready, unless it never got that far."""
        worked, cancelled = self._job_id is not None, self._cancel_by is not None
        _LOG.log(
            logging.INFO if cancelled else logging.WARNING,
            "%s worker %d ended: %s",
            self._lane,
            process.pid,
            error or "its work was cancelled",
        )
        self._process, self._job_id, self._cancel_by = None, None, None
        if not worked:
            return None
        if self._ready:
            with suppress(ProgramMissing):
                self.start()
        return Lost(None if cancelled else error)
