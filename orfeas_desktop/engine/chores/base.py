"""Chore: what the program itself needs done in the worker, such as thumbnails and display arrays."""

from __future__ import annotations

from dataclasses import dataclass

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.jobs.context import WorkEntry
from orfeas_desktop.register import Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

MESH_IN = (Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh")),)


@dataclass(frozen=True, kw_only=True)
class Chore(WorkEntry):
    """A chore's head is light: the window reads it to know its version."""


def stem_of(name: str) -> str:
    """Return a file's name without its suffix, or `mesh` when nothing is left."""
    stem = name.rpartition(".")[0] if "." in name else name
    return stem.strip() or "mesh"
