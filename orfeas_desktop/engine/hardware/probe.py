"""What this machine has and how busy it is: processor, memory, disk, graphics cards."""

from __future__ import annotations

import platform
import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pynvml

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA graphics card. Sizes in bytes; `load` 0..1, None when the driver does not say."""

    name: str
    driver: str
    vram_total: int
    vram_used: int
    load: float | None


@dataclass(frozen=True)
class Machine:
    """One look at the machine. Sizes in bytes; `cpu_load` 0..1 over all cores since the look before."""

    system: str
    cores: int
    cpu_load: float
    ram_total: int
    ram_used: int
    disk_free: int | None
    """Where the library lies; None when that cannot be said."""
    gpus: tuple[Gpu, ...]


class Probe:
    """Answers for the connection to the graphics driver. May be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        psutil.cpu_percent(None)

    def look(self, place: Path) -> Machine:
        """Look at the machine and at the disk that holds `place`, which need not exist yet. Never fails."""
        memory = psutil.virtual_memory()
        return Machine(
            system=platform.platform(terse=True),
            cores=psutil.cpu_count() or 1,
            cpu_load=psutil.cpu_percent(None) / 100.0,
            ram_total=memory.total,
            ram_used=memory.total - memory.available,
            disk_free=disk_free(place),
            gpus=self.gpus(),
        )

    def gpus(self) -> tuple[Gpu, ...]:
        """Return the NVIDIA cards; none without a driver."""
        with self._lock:
            try:
                if not self._open:
                    pynvml.nvmlInit()
                    self._open = True
                driver = _text(pynvml.nvmlSystemGetDriverVersion())
                return tuple(_gpu(index, driver) for index in range(pynvml.nvmlDeviceGetCount()))
            except (pynvml.NVMLError, OSError):
                return ()

    def close(self) -> None:
        """Let go of the driver; a later look takes it up again."""
        with self._lock, suppress(pynvml.NVMLError):
            if self._open:
                self._open = False
                pynvml.nvmlShutdown()


def disk_free(place: Path) -> int | None:
    """Return the bytes free where `place` is or would be; None when that cannot be said."""
    for folder in (place.absolute(), *place.absolute().parents):
        with suppress(OSError):
            return shutil.disk_usage(folder).free
    return None


def _gpu(index: int, driver: str) -> Gpu:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    load: float | None = None
    with suppress(pynvml.NVMLError):
        load = float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu) / 100.0
    return Gpu(_text(pynvml.nvmlDeviceGetName(handle)), driver, int(memory.total), int(memory.used), load)


def _text(said: str | bytes) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
