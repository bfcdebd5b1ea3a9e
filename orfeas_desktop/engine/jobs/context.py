"""JobContext: all that running work may touch, and Work: the shape of what every entry does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orfeas_desktop.assets import AssetKind, LocalFile
from orfeas_desktop.params import Params, Scalar
from orfeas_desktop.register import Entry

Inputs = Mapping[str, tuple[LocalFile, ...]]
"""Input files by slot name; a slot that was not given is absent."""


@dataclass(frozen=True)
class Output:
    """A finished file in the staging folder, made for `slot`; `name` is what people see."""

    slot: str
    path: Path
    kind: AssetKind
    name: str


class JobContext(Protocol):
    """What the work is handed. One context serves one job, on one thread."""

    @property
    def seed(self) -> int:
        """The request's seed, for every random generator the work uses."""
        ...

    @property
    def staging(self) -> Path:
        """An empty folder of this job's own; what is not returned as an Output is thrown away."""
        ...

    @property
    def threads(self) -> int:
        """How many CPU threads the work may use."""
        ...

    @property
    def scratch(self) -> Path:
        """A folder of the worker's that outlives jobs, for caches that can be made again."""
        ...

    def stage(self, title: str) -> AbstractContextManager[None]:
        """Time a stage under its marked `title`; entering it checks for cancellation."""
        ...

    def progress(self, fraction: float | None) -> None:
        """Report how far the current stage is (0..1, None: cannot say); checks for cancellation."""
        ...

    def check_cancelled(self) -> None:
        """Raise Cancelled when the user asked to stop."""
        ...

    def preview(self, path: Path, kind: AssetKind) -> None:
        """Show a file of the staging folder while the work goes on."""
        ...

    def fact(self, name: str, value: Scalar) -> None:
        """Keep something found out about the result (`faces`, `mask_confidence` …)."""
        ...

    def warn(self, sentence: str, **arguments: Scalar) -> None:
        """Tell the user something in a marked template."""
        ...


@dataclass(frozen=True, kw_only=True)
class WorkEntry(Entry, ABC):
    """An entry that can be run; each table has its own kind."""

    @abstractmethod
    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Do the work in the worker process.

        Raises OrfeasError for what the user can mend and Cancelled when asked to stop.
        """
