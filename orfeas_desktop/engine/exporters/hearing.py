"""A job context that remembers what the user was told, for the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from orfeas_desktop.assets import AssetKind
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.params import Scalar


@dataclass
class Hearing:
    """Hands everything on to another context."""

    context: JobContext
    heard: list[str] = field(default_factory=list[str])
    """Warnings, in English."""

    @property
    def seed(self) -> int:
        """The request's seed."""
        return self.context.seed

    @property
    def staging(self) -> Path:
        """The job's folder."""
        return self.context.staging

    @property
    def threads(self) -> int:
        """How many CPU threads the work may use."""
        return self.context.threads

    @property
    def scratch(self) -> Path:
        """The worker's folder."""
        return self.context.scratch

    def stage(self, title: str) -> AbstractContextManager[None]:
        """Time a stage."""
        return self.context.stage(title)

    def progress(self, fraction: float | None) -> None:
        """Report how far the current stage is."""
        self.context.progress(fraction)

    def check_cancelled(self) -> None:
        """Raise Cancelled when the user asked to stop."""
        self.context.check_cancelled()

    def preview(self, path: Path, kind: AssetKind) -> None:
        """Show a file while the work goes on."""
        self.context.preview(path, kind)

    def fact(self, name: str, value: Scalar) -> None:
        """Keep something found out about the result."""
        self.context.fact(name, value)

    def warn(self, sentence: str, **arguments: Scalar) -> None:
        """Tell the user, and remember it."""
        self.heard.append(sentence.format(**arguments))
        self.context.warn(sentence, **arguments)
