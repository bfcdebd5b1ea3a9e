"""What an export left where it was wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.requests import JobDone


@dataclass(frozen=True)
class Handed:
    """One export that lies where it was wanted, and its report, if one was."""

    target: Path
    report: Path | None


def handed(target: Path, done: JobDone) -> Handed:
    """Return what an export left at `target`."""
    reports = [each.file.path for each in done.result.files if each.file.path.name.endswith("-report.html")]
    return Handed(target, reports[0] if reports else None)
