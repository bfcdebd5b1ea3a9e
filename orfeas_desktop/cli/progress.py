"""Shows how jobs go: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from orfeas_desktop.cli.screen import Screen
from orfeas_desktop.requests import JobEvent, JobProgressed


class ProgressView:
    """Shows one job at a time on standard error."""

    def __init__(self, screen: Screen, label: str) -> None:
        self._screen = screen
        self._label = label
        self._stage = ""
        self._bar: Progress | None = None
        if sys.stderr.isatty() and not screen.as_json:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.fields[left]}", markup=False),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task(label, total=None, left="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, event: JobEvent) -> None:
        """Show the event if it says how far a job is."""
        if not isinstance(event, JobProgressed):
            return
        progress = event.progress
        if self._bar is not None:
            left = "" if progress.seconds_left is None else f"about {progress.seconds_left:.0f} s left"
            self._bar.update(
                self._task,
                description=f"{self._label}: {progress.stage}",
                total=None if progress.fraction is None else 1.0,
                completed=progress.fraction or 0.0,
                left=left,
            )
        elif progress.stage != self._stage:
            self._screen.note(f"{self._label}: {progress.stage}")
        self._stage = progress.stage
