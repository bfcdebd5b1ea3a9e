"""Where things lie on this machine: library, cache, logs, settings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Mapping

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
"""Data that ships with the program."""


@dataclass(frozen=True)
class Paths:
    """The folders of one installation; `ORFEAS_HOME` moves them all."""

    data: Path
    """Library and weights."""
    cache: Path
    """What can be made again."""
    state: Path
    """Logs, crash reports, the window's layout."""
    config: Path

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Paths:
        """Return the folders that this environment asks for; creates none."""
        home = environment.get("ORFEAS_HOME")
        if home:
            base = Path(home).expanduser().absolute()
            return cls(base / "data", base / "cache", base / "state", base / "config")
        dirs = platformdirs.PlatformDirs("OrfeasDesktop", appauthor=False)
        return cls(dirs.user_data_path, dirs.user_cache_path, dirs.user_state_path, dirs.user_config_path)

    @property
    def library(self) -> Path:
        """The folder of the SQLite file and its blobs."""
        return self.data / "library"

    @property
    def weights(self) -> Path:
        """The folder of weight files, unless the settings name another one."""
        return self.data / "weights"

    @property
    def loras(self) -> Path:
        """The folder of the user's LoRAs."""
        return self.data / "loras"

    @property
    def recipes(self) -> Path:
        """The folder of the user's own recipes."""
        return self.data / "recipes"

    @property
    def presets(self) -> Path:
        """The folder of the user's own presets."""
        return self.data / "presets"

    @property
    def staging(self) -> Path:
        """Where workers leave files; on the library's disk, so that adopting is a rename."""
        return self.library / "staging"

    @property
    def scratch(self) -> Path:
        """Where workers keep what can be made again."""
        return self.cache / "scratch"

    @property
    def log_file(self) -> Path:
        """The log."""
        return self.state / "orfeas.log"

    @property
    def network_log(self) -> Path:
        """Every network call the program ever made, one line each."""
        return self.state / "network.log"

    @property
    def crashes(self) -> Path:
        """The folder of crash reports."""
        return self.state / "crashes"

    @property
    def licences_file(self) -> Path:
        """Which licences were accepted, and when."""
        return self.config / "licences.json"

    @property
    def settings_file(self) -> Path:
        """The user's settings."""
        return self.config / "settings.toml"
