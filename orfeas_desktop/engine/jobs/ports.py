"""What the engine needs from whoever keeps things: satisfied by shape, wired by the studio."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from orfeas_desktop.requests import JobResult


class ResultIndex(Protocol):
    """Results that were made before."""

    def find_result(self, key: str) -> JobResult | None:
        """Return the stored result of that cache key, its files present, marked as cached."""
        ...


class BlobPaths(Protocol):
    """Where the library keeps a blob."""

    def blob_path(self, digest: str) -> Path:
        """Return the path of the blob. Raises LibraryDamaged when it is missing."""
        ...


class StageTimes(Protocol):
    """This machine's history of an entry, for honest estimates."""

    def usual_seconds(self, entry: str, version: int) -> Mapping[str, float]:
        """Return the median seconds per stage, in the order they run; empty when never run."""
        ...
