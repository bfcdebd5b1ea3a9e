"""Which process owns a row, and whether it still lives."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil


@dataclass(frozen=True)
class ProcessName:
    """A process, told apart from a later one with the same number by when it started."""

    number: int
    started: str

    @classmethod
    def own(cls) -> ProcessName:
        """Return the name of this process."""
        return cls(os.getpid(), _start_of(os.getpid()))

    @property
    def alive(self) -> bool:
        """Whether it still runs; one that ended and was not yet collected does not."""
        try:
            return _start_of(self.number) == self.started
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True


def _start_of(number: int) -> str:
    """Return a mark that no other process of that number ever has. Raises psutil.NoSuchProcess."""
    process = psutil.Process(number)
    if process.status() == psutil.STATUS_ZOMBIE:
        raise psutil.NoSuchProcess(number)
    return _ticks_since_boot(number) or f"{process.create_time():.1f}"


def _ticks_since_boot(number: int) -> str:
    """Return boot and clock ticks at start, which stay when the clock is set; Linux alone tells them."""
    try:
        text = Path(f"/proc/{number}/stat").read_text("ascii", "replace")
    except OSError:
        return ""
    return f"{_boot()}:{text.rpartition(')')[2].split()[19]}"


@cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
