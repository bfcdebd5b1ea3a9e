"""The QThread that polls the engine and emits its events."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QThread

from orfeas_desktop.requests import JobEvent
from orfeas_desktop.ui.signals import TypedSignal, signal

POLL_S = 0.1


class EngineThread(QThread):
    """One loop: wait for an event, emit it. `stop` ends it and waits until it has ended."""

    happened: TypedSignal[JobEvent] = signal(JobEvent)

    def __init__(self, poll: Callable[[float], JobEvent | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._poll = poll

    def run(self) -> None:
        """Poll until asked to stop."""
        while not self.isInterruptionRequested():
            event = self._poll(POLL_S)
            if event is not None:
                self.happened.emit(event)

    def stop(self) -> None:
        """End the loop and wait for it; harmless when it never ran."""
        self.requestInterruption()
        self.wait()
