"""ToolWish: what the user wants run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orfeas_desktop.assets import AssetRef
from orfeas_desktop.params import PlainParams

OtherMesh = AssetRef | Path
"""The second mesh of a tool that takes two: of the library, or a file."""


@dataclass(frozen=True)
class ToolWish:
    """A tool, its settings, and the other mesh if it takes one."""

    tool: str
    params: PlainParams
    other: OtherMesh | None = None
