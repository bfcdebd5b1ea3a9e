"""The message line of a process: whole lines in and out of a file descriptor that nothing else knows."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

from orfeas_desktop.engine.worker.messages import MAX_LINE, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orfeas_desktop.engine.worker.messages import FromWorker

_CHUNK = 1 << 16


def read_lines(descriptor: int) -> Iterator[bytes]:
    """Yield the lines of `descriptor`, without their newlines, until its other end is closed.

    A line longer than a message may be ends the reading: what came of it is yielded last.
    """
    rest = b""
    while chunk := os.read(descriptor, _CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > MAX_LINE:
            break
    if rest:
        yield rest


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte. Raises OSError when the other end is closed."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class MessageLine:
    """Sends messages to the engine, whole, from any thread; reads what the engine says."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self.incoming = incoming
        self._outgoing = outgoing
        self._lock = threading.Lock()

    def send(self, message: FromWorker) -> None:
        """Write one line. Raises BadMessage when it is too long, OSError when the engine has gone."""
        line = encode(message)
        with self._lock:
            write_all(self._outgoing, line)


def take_standard_streams() -> MessageLine:
    """Keep this process's stdin and stdout for messages alone.

    From now on descriptor 0 is empty and descriptor 1 is another name of 2, so that neither Python
    nor C code that reads or prints can take or spoil a message; children inherit only these.
    """
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(incoming, os.O_BINARY)
        msvcrt.setmode(outgoing, os.O_BINARY)
    return MessageLine(incoming, outgoing)
