"""WorkerContext: what running work is handed, its reports sent over the message line."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.worker.messages import Previewed, Progressed, Warned
from orfeas_desktop.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path
    from threading import Event

    from orfeas_desktop.assets import AssetKind
    from orfeas_desktop.engine.worker.messages import FromWorker, Report, RunJob
    from orfeas_desktop.params import Scalar

_PAUSE_S = 0.05
"""Between two reports of progress within a stage."""


class WorkerContext:
    """A JobContext for one job. `clock` gives seconds and never goes back."""

    def __init__(
        self, job: RunJob, send: Callable[[FromWorker], None], cancelled: Event, clock: Callable[[], float]
    ) -> None:
        self._job = job
        self._send = send
        self._cancelled = cancelled
        self._clock = clock
        self._stages: list[str] = []
        self._broken = ""
        self._resumed = clock()
        self._reported = -math.inf
        self.seconds: dict[str, float] = {}
        """Seconds in each stage, without the stages inside it, in the order they were entered."""
        self.facts: dict[str, Scalar] = {}

    @property
    def seed(self) -> int:
        """The request's seed."""
        return self._job.seed

    @property
    def staging(self) -> Path:
        """The job's own folder."""
        return self._job.staging

    @property
    def threads(self) -> int:
        """How many CPU threads the work may use."""
        return self._job.threads

    @property
    def scratch(self) -> Path:
        """The folder that outlives jobs; made when it is not there."""
        self._job.scratch.mkdir(parents=True, exist_ok=True)
        return self._job.scratch

    @property
    def stage_title(self) -> str:
        """The stage the work is in or broke off in, or nothing."""
        return self._stages[-1] if self._stages else self._broken

    @contextmanager
    def stage(self, title: str) -> Generator[None]:
        """Time a stage under its marked `title`. Raises Cancelled."""
        self.check_cancelled()
        self._count()
        self._stages.append(title)
        self._broken = ""
        self.seconds.setdefault(title, 0.0)
        self._report(None)
        try:
            yield
        except BaseException:
            self._broken = self._broken or title
            raise
        finally:
            self._count()
            self._stages.pop()
        if self._stages:
            self._report(None)

    def progress(self, fraction: float | None) -> None:
        """Report how far the current stage is, at most twenty times a second. Raises Cancelled."""
        self.check_cancelled()
        if fraction is not None:
            fraction = min(max(float(fraction), 0.0), 1.0) if math.isfinite(fraction) else None
        if fraction == 1.0 or self._clock() - self._reported >= _PAUSE_S:
            self._report(fraction)

    def check_cancelled(self) -> None:
        """Raise Cancelled when the user asked to stop."""
        if self._cancelled.is_set():
            raise Cancelled

    def preview(self, path: Path, kind: AssetKind) -> None:
        """Show a file of the staging folder; it stays until the job ends. Raises ValueError for others."""
        if not path.resolve().is_relative_to(self.staging.resolve()):
            raise ValueError(f"the preview {path.name} is not in the staging folder")
        self._say(Previewed(job_id=self._job.job_id, path=path, kind=kind))

    def fact(self, name: str, value: Scalar) -> None:
        """Keep something found out; a number that is not finite is kept as unknown."""
        self.facts[name] = _plain(value)

    def warn(self, sentence: str, **arguments: Scalar) -> None:
        """Tell the user something in a marked template."""
        plain = {name: _plain(value) for name, value in arguments.items()}
        self._say(Warned(job_id=self._job.job_id, sentence=sentence, arguments=plain))

    def _say(self, message: Report) -> None:
        """Tell the engine; raise Cancelled when it has gone."""
        try:
            self._send(message)
        except BrokenPipeError:
            raise Cancelled from None

    def _count(self) -> None:
        now = self._clock()
        if self._stages:
            self.seconds[self._stages[-1]] += now - self._resumed
        self._resumed = now

    def _report(self, fraction: float | None) -> None:
        self._reported = self._clock()
        self._say(
            Progressed(
                job_id=self._job.job_id, stage=self._stages[-1] if self._stages else "", fraction=fraction
            )
        )


def _plain(value: Scalar) -> Scalar:
    plain: Scalar = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
