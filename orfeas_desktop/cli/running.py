"""Runs jobs to their end while the command waits, and stops them on Ctrl-C."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from orfeas_desktop.cli.progress import ProgressView
from orfeas_desktop.cli.screen import Screen
from orfeas_desktop.errors import Cancelled
from orfeas_desktop.requests import Job, JobCancelled, JobDone, JobFailed, JobProgressed, JobWarned
from orfeas_desktop.studio import Studio

_POLL_S = 0.2

_log = logging.getLogger(__name__)


def finish(studio: Studio, job: Job, screen: Screen, label: str, view: ProgressView | None = None) -> JobDone:
    """Wait for `job`, keeping every result on the way, and return how it ended, its files where they lie now.

    Raises the job's OrfeasError, and Cancelled when the user pressed Ctrl-C.
    """
    with _interruptible(studio.cancel_all), view or ProgressView(screen, label) as view:
        while True:
            event = studio.poll(_POLL_S)
            if event is None:
                continue
            studio.record(event)
            if isinstance(event, JobProgressed) and event.job_id == job.id:
                view.show(event)
            match event:
                case JobDone() if event.job.id == job.id:
                    return JobDone(event.job, studio.located(event.result), event.key)
                case JobFailed(job_id=job.id, error=error):
                    raise error
                case JobCancelled(job_id=job.id):
                    raise Cancelled
                case JobWarned(job_id=job.id, sentence=sentence, arguments=arguments):
                    screen.warn(sentence.format(**arguments))
                case _:
                    pass


def finish_background(studio: Studio) -> None:
    """Wait for what nobody asked for by name, such as thumbnails; their failures are logged only."""
    with _interruptible(studio.cancel_all):
        while studio.busy():
            event = studio.poll(_POLL_S)
            if isinstance(event, JobFailed):
                _log.warning("background work failed: %s", event.error)
            if event is not None:
                studio.record(event)


@contextmanager
def _interruptible(cancel: Callable[[], None]) -> Generator[None]:
    """Let the first Ctrl-C cancel the work and the second one end the command at once."""
    pressed = threading.Event()

    def hear(_signal: int, _frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()
        cancel()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
