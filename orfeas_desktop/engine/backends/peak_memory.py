"""PeakMemory: how much graphics memory an engine really needed on this machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class PeakMemory:
    """Answers for the peaks of one entry at one resolution, in bytes by memory profile."""

    file: Path
    entry: str
    resolution: int

    def all(self) -> Mapping[str, int]:
        """Return the peaks that are known."""
        return {
            profile: peak
            for (entry, size, profile), peak in self._read().items()
            if self._is_own(entry, size)
        }

    def keep(self, profile: str, peak: int) -> None:
        """Remember the largest peak; 0 means that none was measured."""
        if not peak:
            return
        known = self._read()
        key = (self.entry, self.resolution, profile)
        known[key] = max(peak, known.get(key, 0))
        rows = [[*name, size] for name, size in sorted(known.items())]
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps(rows), "utf-8")
        part.replace(self.file)

    def _is_own(self, entry: str, resolution: int) -> bool:
        return entry == self.entry and resolution == self.resolution

    def _read(self) -> dict[tuple[str, int, str], int]:
        try:
            rows = cast("list[tuple[str, int, str, int]]", json.loads(self.file.read_text("utf-8")))
            return {(str(row[0]), int(row[1]), str(row[2])): int(row[3]) for row in rows}
        except (OSError, ValueError, TypeError, IndexError, KeyError):
            return {}
