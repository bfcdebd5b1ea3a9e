"""Presets: what is done to an asset and in which formats it is handed to another program."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from orfeas_desktop.errors import UnknownEntry
from orfeas_desktop.params import Scalar
from orfeas_desktop.paths import RESOURCES

SHIPPED = RESOURCES / "presets"
_MOST_EXPORTS = 20
_MOST_BYTES = 1_000_000

_log = logging.getLogger(__name__)


class PresetExport(BaseModel):
    """One format with the settings that differ from its defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    to: str
    """The exporter's id."""
    params: dict[str, Scalar] = {}


class Preset(BaseModel):
    """A recipe that runs first, or none, and the formats that follow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=100)
    summary: str = Field(default="", max_length=400)
    recipe: str = ""
    """The recipe's id."""
    exports: tuple[PresetExport, ...] = Field(min_length=1, max_length=_MOST_EXPORTS)


@dataclass(frozen=True)
class KnownPreset:
    """A preset and the name it is asked for by."""

    id: str
    preset: Preset
    own: bool


@dataclass(frozen=True)
class PresetShelf:
    """Every preset: those that ship with the program, then the user's own, which lie in `folder` as JSON files."""

    folder: Path
    shipped: Path = SHIPPED

    def all(self) -> tuple[KnownPreset, ...]:
        """Return every preset that can be read; what cannot is logged."""
        found = {known.id: known for known in self._read(self.folder, own=True)}
        found |= {known.id: known for known in self._read(self.shipped, own=False)}
        return tuple(sorted(found.values(), key=lambda known: (known.own, known.id)))

    def get(self, preset_id: str) -> KnownPreset:
        """Return one preset. Raises UnknownEntry, which names the known ones."""
        known = {preset.id: preset for preset in self.all()}
        if preset_id not in known:
            raise UnknownEntry(entry=preset_id, table="presets", known=", ".join(known))
        return known[preset_id]

    @staticmethod
    def _read(folder: Path, *, own: bool) -> list[KnownPreset]:
        found: list[KnownPreset] = []
        for path in sorted(folder.glob("[!.]*.json")) if folder.is_dir() else ():
            try:
                with path.open("rb") as stream:
                    text = stream.read(_MOST_BYTES)
                found.append(KnownPreset(path.stem, Preset.model_validate_json(text), own))
            except (OSError, ValueError) as problem:
                _log.warning("the preset %s cannot be read: %s", path.name, problem)
        return found


def distinct(names: Sequence[str]) -> list[str]:
    """Return the names, later ones that differ in nothing but case numbered apart."""
    taken: set[str] = set()
    told: list[str] = []
    for wanted in names:
        name, number = wanted, 2
        while name.casefold() in taken:
            name, number = f"{wanted}-{number}", number + 1
        taken.add(name.casefold())
        told.append(name)
    return told
