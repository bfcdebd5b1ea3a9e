"""What the window remembers from one start to the next: its place, its docks, what was open."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from orfeas_desktop.params import PlainParams

FILE = "window.json"

_log = logging.getLogger(__name__)


class LastExport(BaseModel):
    """Preset, or format and settings, and place of the last export."""

    model_config = ConfigDict(frozen=True)

    exporter: str
    params: PlainParams
    target: Path
    preset: str = ""
    into_folder: bool = False
    zipped: bool = False


class WindowState(BaseModel):
    """Geometry and docks as Qt writes them, in base 64; ids of the library."""

    model_config = ConfigDict(frozen=True)

    geometry: str = ""
    docks: str = ""
    project_id: int | None = None
    project_name: str = ""
    backend: str = ""
    last_export: LastExport | None = None
    tools: dict[str, PlainParams] = {}
    """What was chosen last in each tool."""
    places: dict[str, Path] = {}
    """Where the user last was, by kind of thing."""
    held: bool = False
    """Whether the queue is paused."""


def read_window_state(folder: Path) -> WindowState:
    """Return what was remembered; anything unreadable counts as nothing."""
    try:
        return WindowState.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError:
        return WindowState()
    except (OSError, ValidationError) as problem:
        _log.warning("the window's layout cannot be read, the default is used: %s", problem)
        return WindowState()


def write_window_state(folder: Path, state: WindowState) -> None:
    """Remember `state`; a folder that cannot be written is logged and nothing more."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{FILE}"
        temporary.write_text(state.model_dump_json(indent=2), "utf-8")
        temporary.replace(folder / FILE)
    except OSError as problem:
        _log.warning("the window's layout cannot be kept: %s", problem)
