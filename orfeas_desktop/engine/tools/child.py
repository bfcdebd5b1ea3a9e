"""Work of a library that cannot be interrupted, done in a process that can be ended."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext

R = TypeVar("R")

_LOOK_EVERY_S = 0.1


def in_child(
    work: Callable[..., R], arguments: tuple[object, ...], context: JobContext, limit_s: float
) -> R | None:
    """Return `work(*arguments)`, done in a process of its own; None when it took too long or died.

    `work` is a function of a module, its arguments and result can be pickled. Raises Cancelled, the process ended.
    """
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_answer, args=(there,), daemon=True)
    process.start()
    there.close()
    end = time.monotonic() + limit_s
    try:
        # Not by way of `args`: starting a process waits for ever when it dies before it has read large ones.
        here.send((work, arguments))
        while not here.poll(_LOOK_EVERY_S):
            context.check_cancelled()
            if time.monotonic() > end:
                return None
        return here.recv()
    except (EOFError, ConnectionError):
        return None
    finally:
        process.kill()
        process.join()
        here.close()


def _answer(pipe: Connection) -> None:
    os.dup2(2, 1)  # what libraries print must not mix with what the parent says
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    work, arguments = pipe.recv()
    pipe.send(work(*arguments))


def _follow(parent: int) -> None:
    """End this process when the one that started it is gone."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
