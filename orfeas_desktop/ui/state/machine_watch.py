"""Looks at the machine every two seconds, off the thread of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRunnable, QThreadPool, QTimer

from orfeas_desktop.engine.hardware.probe import Machine, Probe
from orfeas_desktop.ui.signals import TypedSignal, signal

if TYPE_CHECKING:
    from pathlib import Path

EVERY_MS = 2000


class _Look(QRunnable):
    def __init__(self, watch: MachineWatch, probe: Probe, place: Path) -> None:
        super().__init__()
        self._watch = watch
        self._probe = probe
        self._place = place

    def run(self) -> None:
        machine = self._probe.look(self._place)
        self._watch.looked.emit(machine)


class MachineWatch(QObject):
    """Emits what it saw; never two looks at once."""

    looked: TypedSignal[Machine] = signal(Machine)

    def __init__(self, place: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._place = place
        self._probe = Probe()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        """Look now and from now on."""
        self._look()
        self._timer.start()

    def close(self) -> None:
        """Stop looking and let go of the driver."""
        self._timer.stop()
        self._pool.waitForDone()
        self._probe.close()

    def _look(self) -> None:
        if self._pool.activeThreadCount() == 0:
            self._pool.start(_Look(self, self._probe, self._place))
