"""WorkerProcess: one child process, its pipes and the threads that serve them."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from orfeas_desktop.engine.worker.line import read_lines, write_all
from orfeas_desktop.errors import ProgramMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import IO

_TAIL_BYTES = 1 << 16
_TAIL_LINES = 200
_KILLED_S = 5.0
_THREAD_S = 1.0


class WorkerProcess:
    """Answers for a child and all that it starts: nothing of them is left once `bury` returns.

    heard  is called on another thread with every line the child writes, and with None after the last
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], heard: Callable[[bytes | None], None]
    ) -> None:
        """Start the child. Raises ProgramMissing."""
        try:
            self._child = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=dict(environment),
                start_new_session=sys.platform != "win32",
                creationflags=_QUIET_GROUP,
            )
        except OSError as problem:
            raise ProgramMissing(program=command[0], details=str(problem)) from None
        self._heard = heard
        self._tail = b""
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._threads = [
            self._serve("write", self._write, self._child.stdin),
            self._serve("read", self._read, self._child.stdout),
            self._serve("tail", self._keep_tail, self._child.stderr),
        ]

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the child has not ended yet."""
        return self._child.poll() is None

    def say(self, line: bytes) -> None:
        """Send a line, soon and in order; a child that has gone does not hear it."""
        self._outbox.put(line)

    def hang_up(self) -> None:
        """Close the line once all is sent: the child leaves by itself."""
        self._outbox.put(None)

    def kill(self) -> None:
        """End the child and what it started, at once."""
        if sys.platform == "win32":
            import psutil

            with contextlib.suppress(psutil.NoSuchProcess):
                for process in psutil.Process(self.pid).children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
            self._child.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def wait(self, timeout_s: float) -> bool:
        """Wait for the child to end by itself; tell whether it has."""
        try:
            self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def bury(self) -> int:
        """End what is left of the child and its children; return its exit status (-9: killed by signal 9)."""
        self.kill()
        self.wait(_KILLED_S)
        self.hang_up()
        for thread in self._threads:
            thread.join(_THREAD_S)
        return -9 if self._child.returncode is None else self._child.returncode

    def last_lines(self) -> str:
        """Return the last lines the child wrote to stderr."""
        text = self._tail.decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-_TAIL_LINES:])

    def _serve(
        self, name: str, work: Callable[[IO[bytes]], None], pipe: IO[bytes] | None
    ) -> threading.Thread:
        if pipe is None:
            raise ValueError(f"no pipe to {name}")

        def serve() -> None:
            with pipe:
                work(pipe)

        thread = threading.Thread(target=serve, name=f"worker {self.pid} {name}", daemon=True)
        thread.start()
        return thread

    def _write(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError):
            while (line := self._outbox.get()) is not None:
                write_all(pipe.fileno(), line)

    def _read(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError):
            for line in read_lines(pipe.fileno()):
                self._heard(line)
        self._heard(None)

    def _keep_tail(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError):
            while chunk := os.read(pipe.fileno(), 1 << 16):
                self._tail = (self._tail + chunk)[-_TAIL_BYTES:]


_QUIET_GROUP = (
    subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
)
