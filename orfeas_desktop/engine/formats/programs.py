"""Programs that the user installed, run as processes that a cancel or a time limit ends."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orfeas_desktop.engine.jobs.context import JobContext

_LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code, None when the time ran out, and what it printed."""

    code: int | None
    said: str

    def last_lines(self, count: int = 12) -> str:
        """Return the end of what it printed."""
        return "\n".join(self.said.splitlines()[-count:])


def run_program(
    command: Sequence[str],
    context: JobContext,
    limit_s: float | None = None,
    *,
    until: Callable[[], bool] = lambda: False,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run `command` in the staging folder to its end, or end it as soon as `until` says so.

    Raises Cancelled, the process ended, and OSError.
    """
    log = context.staging / ".program.log"
    end = None if limit_s is None else time.monotonic() + limit_s
    try:
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                cwd=context.staging, env=environment,
            )  # fmt: skip
            try:
                while process.poll() is None and (end is None or time.monotonic() < end) and not until():
                    context.check_cancelled()
                    time.sleep(_LOOK_EVERY_S)
                code = process.poll()
            finally:
                process.kill()
                process.wait()
        return Ended(code, log.read_text("utf-8", "replace"))
    finally:
        log.unlink(missing_ok=True)
