"""Work of a library that cannot be interrupted, done in a process that can be ended."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, TypeVar

from orfeas_desktop.engine.mesh.mesh import Material

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

R = TypeVar("R")

_LOOK_EVERY_S = 0.1
_LONGEST_S = 24 * 3600.0
FEW_FACES, FEW_CELLS = 50_000, 100
"""Grid work on no more than these takes no longer than starting a process."""
ENDED = "the work on it ended too soon; memory may have run out, and a coarser resolution needs less"
"""Why a tool gives up when its process died."""


def in_child(
    work: Callable[..., R],
    arguments: tuple[object, ...],
    context: JobContext,
    limit_s: float,
    step: Callable[[float], None] | None = None,
) -> R | None:
    """Return `work(*arguments)`, done in a process of its own; None when it took too long or died.

    `work` is a function of a module, its arguments and result can be pickled; with `step` it gets one more argument,
    a function that passes on how far it is, 0..1. Raises Cancelled, the process ended.
    """
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_answer, args=(there,), daemon=True)
    process.start()
    there.close()
    end = time.monotonic() + limit_s
    try:
        # Not by way of `args`: starting a process waits for ever when it dies before it has read large ones.
        here.send((work, arguments, step is not None))
        while True:
            while not here.poll(_LOOK_EVERY_S):
                context.check_cancelled()
                if time.monotonic() > end:
                    return None
            done, said = here.recv()
            if done:
                return said
            assert step is not None
            step(said)
    except (EOFError, ConnectionError):
        return None
    finally:
        process.kill()
        process.join()
        here.close()


def ended_at_will(
    work: Callable[..., R],
    arguments: tuple[object, ...],
    context: JobContext,
    step: Callable[[float], None],
    *,
    small: bool,
) -> R | None:
    """Return `work(*arguments, step)`, in a process that can be ended unless it is `small`; None when it died.

    `step` is told how far it is, 0..1. Raises Cancelled.
    """
    return work(*arguments, step) if small else in_child(work, arguments, context, _LONGEST_S, step)


def bare(mesh: Mesh) -> Mesh:
    """Return the mesh without what its materials hold, to be sent to a process; their number stays."""
    return mesh.changed(materials=tuple(Material() for _ in mesh.materials))


def _answer(pipe: Connection) -> None:
    os.dup2(2, 1)  # what libraries print must not mix with what the parent says
    threading.Thread(target=_follow, daemon=True).start()
    work, arguments, tells = pipe.recv()

    def tell(share: float) -> None:
        pipe.send((False, share))

    further = (tell,) if tells else ()
    pipe.send((True, work(*arguments, *further)))


def _follow() -> None:
    """End this process when the one that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
