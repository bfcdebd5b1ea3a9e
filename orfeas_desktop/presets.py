"""Presets: what is done to an asset and in which formats it is handed to another program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from orfeas_desktop.params import Scalar
from orfeas_desktop.paths import RESOURCES
from orfeas_desktop.shelf import Shelf, Titled

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = RESOURCES / "presets"
_MOST_EXPORTS = 20


class PresetExport(BaseModel):
    """One format with the settings that differ from its defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    to: str
    """The exporter's id."""
    params: dict[str, Scalar] = {}


class Preset(Titled):
    """A recipe that runs first, or none, and the formats that follow."""

    recipe: str = ""
    """The recipe's id."""
    exports: tuple[PresetExport, ...] = Field(min_length=1, max_length=_MOST_EXPORTS)

    def named(self) -> Preset:
        """Return the preset, its exports saying in their reports what led to them."""
        origin = f"Preset “{self.title}”" + (f", recipe “{self.recipe}”" if self.recipe else "")
        exports = [
            part.model_copy(update={"params": {"origin": origin, **part.params}}) for part in self.exports
        ]
        return self.model_copy(update={"exports": tuple(exports)})


class PresetShelf(Shelf[Preset]):
    """The program's presets and the user's own, which lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Preset, "presets", folder, SHIPPED)
