"""Garbage that refers to itself is collected on the window's thread alone.

Python collects on whichever thread happens to need memory. What Qt has made would then be unmade there, under a lock
of Qt's that the window's thread may be waiting for while it holds Python's own: both would stand still for ever.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 1000


class Garbage(QObject):
    """Answers for the collection from `settle` to `stop`; Python's own must be switched off."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(collect_due)

    def settle(self) -> None:
        """Set what was loaded aside for good: a collection over all of it would hold the window for 100 ms and more."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._timer.start()

    def stop(self) -> None:
        """Collect no more."""
        self._timer.stop()


def collect_due() -> None:
    """Collect the oldest generation whose time has come, as Python would by itself."""
    counts, limits = gc.get_count(), gc.get_threshold()
    due = [age for age, (count, limit) in enumerate(zip(counts, limits, strict=True)) if count > limit]
    if due:
        gc.collect(due[-1])
