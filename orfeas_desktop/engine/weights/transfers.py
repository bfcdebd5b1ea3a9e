"""Transfers: how far each download is, for whoever looks on, and for going on after a restart."""

from __future__ import annotations

import os
import time
from collections import deque
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from orfeas_desktop.engine.jobs.staged import lives
from orfeas_desktop.engine.weights.file_table import read_table, write_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.weights.network import NetworkDoor
    from orfeas_desktop.engine.weights.store import WeightStore

_WRITE_S = 0.5
_WINDOW_S = 10.0
"""Over which the rate is taken."""


class TransferState(StrEnum):
    """Where a download stands."""

    none = "none"
    running = "running"
    paused = "paused"
    failed = "failed"


class Transfer(BaseModel):
    """How far the download of one set is, in bytes and seconds."""

    state: TransferState = TransferState.none
    file: str = ""
    done: int = 0
    total: int = 0
    rate: float = 0.0
    seconds_left: float | None = None
    problem: str = ""
    pid: int = 0

    @property
    def fraction(self) -> float:
        """How much of it is here, 0..1."""
        return self.done / self.total if self.total else 0.0


def transfer_file(store: WeightStore, set_id: str) -> Path:
    """Return where the download of that set writes how far it is."""
    return store.parts / f"{set_id}.json"


def transfer(store: WeightStore, set_id: str) -> Transfer:
    """Return how far the download of that set is; one whose process is gone is paused."""
    found = read_table(transfer_file(store, set_id), Transfer)
    if found.state is TransferState.running and not lives(found.pid):
        return found.model_copy(update={"state": TransferState.paused, "rate": 0.0, "seconds_left": None})
    return found


def unfinished(store: WeightStore) -> tuple[str, ...]:
    """Return the sets whose download was still running when its process went."""
    files = sorted(store.parts.glob("*.json")) if store.parts.is_dir() else []
    left = ((file.stem, read_table(file, Transfer), transfer(store, file.stem)) for file in files)
    return tuple(
        set_id
        for set_id, said, now in left
        if said.state is TransferState.running and now.state is TransferState.paused
    )


class Counter:
    """Counts the bytes of one download, tells rate and time left, and writes both down now and then.

    `look` is called often and may raise what stops the work.
    """

    def __init__(self, file: Path, door: NetworkDoor, look: Callable[[float], None]) -> None:
        self._file = file
        self._door = door
        self._look = look
        self._behind = 0
        self._samples: deque[tuple[float, int]] = deque()
        self._written = 0.0
        self._checked = 0.0
        self.now = Transfer(state=TransferState.running, pid=os.getpid())

    def begin(self, total: int) -> None:
        """`total` bytes are to come in all."""
        self.now = self.now.model_copy(update={"total": total})
        self.write()

    def finished(self, size: int) -> None:
        """A file of `size` bytes is here whole."""
        self._behind += size
        self.at("", 0)

    def at(self, path: str, done: int) -> None:
        """`done` bytes of the file are here. Raises Cancelled and Offline."""
        now = time.monotonic()
        self.now.file, self.now.done = path, self._behind + done
        if not self._samples or now - self._samples[-1][0] >= 0.1:
            self._samples.append((now, self.now.done))
        while now - self._samples[0][0] > _WINDOW_S and len(self._samples) > 2:
            self._samples.popleft()
        self.check()
        if now - self._written >= _WRITE_S:
            self.write()

    def check(self) -> None:
        """Look whether to go on. Raises Cancelled and Offline."""
        now = time.monotonic()
        self._look(self.now.fraction)
        if now - self._checked >= _WRITE_S:
            self._checked = now
            self._door.check(self._door.rules.endpoint)

    def write(self, state: TransferState = TransferState.running, problem: str = "") -> None:
        """Write down how far it is. Raises PermissionDenied and DiskFull."""
        self._written = time.monotonic()
        (first, was), (last, got) = (self._samples or [(0.0, 0)])[0], (self._samples or [(0.0, 0)])[-1]
        rate = max(got - was, 0) / (last - first) if last > first else 0.0
        self.now.state, self.now.problem = state, problem
        self.now.rate = rate if state is TransferState.running else 0.0
        left = (self.now.total - self.now.done) / rate if self.now.rate else None
        self.now.seconds_left = left
        write_table(self._file, self.now)
