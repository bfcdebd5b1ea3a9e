"""The store thread: every write, hash and fsync of the window happens on it, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.ui.signals import signal

T = TypeVar("T")


class StoreThread(QObject):
    """Carries work to one thread and what came of it back to the thread of the window."""

    failed = signal(OrfeasError)
    """Work failed and nobody else wanted to know."""
    _finished = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._open = True
        self._finished.connect(self._hand_back, Qt.ConnectionType.QueuedConnection)

    def ask(
        self,
        work: Callable[[], T],
        then: Callable[[T], object] | None = None,
        failed: Callable[[OrfeasError], object] | None = None,
    ) -> None:
        """Run `work` there; then call `then` with its result, or `failed` with its error, here.

        An error that is not an OrfeasError is a bug: it is raised here, where the crash hook hears it.
        """
        if self._open:
            future = self._pool.submit(work)
            future.add_done_callback(
                lambda done: self._finished.emit(partial(self._take, done, then, failed))
            )

    def close(self) -> None:
        """Finish what was asked, then stop; what comes of it is not handed back any more."""
        self._open = False
        self._pool.shutdown(wait=True)

    @Slot(object)
    def _hand_back(self, call: Callable[[], None]) -> None:
        if self._open:
            call()

    def _take(
        self,
        done: Future[T],
        then: Callable[[T], object] | None,
        failed: Callable[[OrfeasError], object] | None,
    ) -> None:
        error = done.exception()
        if isinstance(error, OrfeasError):
            (failed or self.failed.emit)(error)
        elif error is not None:
            raise error
        elif then is not None:
            then(done.result())
