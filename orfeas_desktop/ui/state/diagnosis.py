"""Diagnosis: what the mesh doctor found in one version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.params import Scalar


@dataclass(frozen=True)
class FoundFault:
    """One kind of fault: how often, in marked words, and the tool that mends it."""

    id: str
    count: int
    sentence: str
    tool: str


@dataclass(frozen=True, eq=False)
class Places:
    """Where a fault lies, in metres: triangles (N, 3, 3) and points (N, 3)."""

    triangles: NDArray[np.float32]
    points: NDArray[np.float32]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to mark."""
        return not len(self.triangles) and not len(self.points)


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Faults and figures of a version, found by one tool; `arrays` by name, as the chore left them."""

    version_id: int
    tool: str
    faults: tuple[FoundFault, ...]
    facts: Mapping[str, Scalar]
    arrays: Mapping[str, NDArray[np.float32]] = field(default_factory=dict[str, "NDArray[np.float32]"])
    maps: Mapping[str, Path] = field(default_factory=dict[str, "Path"])
    """Coloured meshes that show a measure, by its name: `walls`, `overhangs`."""

    def places(self, fault: str) -> Places:
        """Return where that fault lies."""
        none = np.zeros((0, 3, 3), np.float32)
        return Places(
            self.arrays.get(f"{fault}-faces", none), self.arrays.get(f"{fault}-points", none.reshape(0, 3))
        )


def faults_in(report: Path) -> tuple[FoundFault, ...]:
    """Return the faults that a report lists; what is no fault is passed over."""
    said = json.loads(report.read_bytes())
    listed = cast("dict[str, object]", said).get("faults") if isinstance(said, dict) else None
    found = cast("list[object]", listed) if isinstance(listed, list) else []
    return tuple(_fault(cast("dict[str, object]", each)) for each in found if isinstance(each, dict))


def _fault(said: Mapping[str, object]) -> FoundFault:
    count = said.get("count", 0)
    return FoundFault(
        str(said.get("fault", "")),
        count if isinstance(count, int) else 0,
        str(said.get("sentence", "")),
        str(said.get("tool", "")),
    )


def read_places(path: Path) -> dict[str, NDArray[np.float32]]:
    """Return the arrays that the chore wrote."""
    with np.load(path, allow_pickle=False) as held:
        return {name: np.asarray(held[name], np.float32) for name in held.files}
