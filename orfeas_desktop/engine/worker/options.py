"""EngineOptions: how the engine starts, watches and ends its workers."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orfeas_desktop.register import Lane

if TYPE_CHECKING:
    from collections.abc import Callable


_NO_CALLS = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
"""Libraries call nobody: what the program fetches goes through its own door."""


def _usable_cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _no_weights(entry: str) -> str:
    del entry
    return ""


def _own_command() -> tuple[str, ...]:
    if getattr(sys, "frozen", False):
        return (sys.executable, "worker")
    return (sys.executable, "-m", "orfeas_desktop", "worker")


@dataclass(frozen=True)
class EngineOptions:
    """Times in seconds."""

    cancel_grace_s: float = 10.0
    """How long cancelled work may take to stop before its process is ended, and with it the networks it has loaded."""
    quick_grace_s: float = 2.0
    """The same in the lanes whose processes have nothing loaded: a fresh one works as well at once."""
    silence_s: float = 120.0
    """How long a working process may give no sign of life before it is ended."""
    exit_grace_s: float = 1.0
    """How long a process may take to leave by itself when the engine closes."""
    threads: int = field(default_factory=_usable_cores)
    """CPU threads for the work in each lane."""
    worker_command: tuple[str, ...] = field(default_factory=_own_command)
    """The program of a worker; the lane's name is added as its last word."""
    weights_digest: Callable[[str], str] = _no_weights
    """The digest of the weights that the entry of that id would use now, or nothing."""

    def grace_s(self, lane: Lane) -> float:
        """Return how long cancelled work of `lane` may take to stop."""
        return self.cancel_grace_s if lane is Lane.gpu else min(self.cancel_grace_s, self.quick_grace_s)

    def environment(self) -> dict[str, str]:
        """Return the environment of a worker: ours, the numeric libraries told their threads, the hub's to call nobody."""
        counts = dict.fromkeys(
            (
                "OMP_NUM_THREADS",
                "OPENBLAS_NUM_THREADS",
                "MKL_NUM_THREADS",
                "NUMEXPR_NUM_THREADS",
                "OPENCV_FOR_THREADS_NUM",
                "VTK_SMP_MAX_THREADS",
                "VECLIB_MAXIMUM_THREADS",
            ),
            str(self.threads),
        )
        return {**os.environ, **counts, **_NO_CALLS, "PYTHONUTF8": "1"}
