"""User settings: their sections, their file, its migrations, and what the environment overrides."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, cast

import tomli_w
from pydantic import BaseModel, ConfigDict, ValidationError

from orfeas_desktop.errors import BadParams, DiskFull, PermissionDenied
from orfeas_desktop.params import FieldKind, Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.params import PlainParams, Scalar

SCHEMA_VERSION = 1
PREFIX = "ORFEAS_"
DELIMITER = "__"

Values = dict[str, "Scalar | Values"]
"""A settings file as TOML gives it: scalars and tables."""

Migrator = Callable[[Values], Values]
"""Turns the values of one schema version into those of the next."""

MIGRATORS: tuple[Migrator, ...] = ()
"""`MIGRATORS[n]` leads from schema version n + 1 to n + 2. Raise SCHEMA_VERSION when a name goes or changes."""

_log = logging.getLogger(__name__)


class Theme(StrEnum):
    """Which colours the window wears."""

    system = "system"
    dark = "dark"
    light = "light"


class Navigation(StrEnum):
    """Which program's mouse buttons turn the view."""

    blender = "blender"
    maya = "maya"
    unity = "unity"


class CallSpeedup(StrEnum):
    """What is tried to make networks faster on a graphics card."""

    off = "off"
    graphs = "graphs"
    compiled = "compiled"


class AppearanceSettings(Params):
    """How the window looks."""

    theme: Theme = param(
        Theme.system,
        QT_TRANSLATE_NOOP("Settings", "Theme"),
        QT_TRANSLATE_NOOP("Settings", "The window’s colours."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Settings", "As the system"),
                QT_TRANSLATE_NOOP("Settings", "Dark"),
                QT_TRANSLATE_NOOP("Settings", "Light"),
            )
        ),
    )


class ViewportSettings(Params):
    """How the 3D view behaves."""

    navigation: Navigation = param(
        Navigation.blender,
        QT_TRANSLATE_NOOP("Settings", "Navigation"),
        QT_TRANSLATE_NOOP("Settings", "Whose mouse buttons and keys the 3D view follows."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Settings", "Blender"),
                QT_TRANSLATE_NOOP("Settings", "Maya"),
                QT_TRANSLATE_NOOP("Settings", "Unity and Unreal"),
            )
        ),
    )
    show_grid: bool = param(
        True,
        QT_TRANSLATE_NOOP("Settings", "Show the grid"),
        QT_TRANSLATE_NOOP("Settings", "Draw the ground in the 3D view."),
    )


class EngineSettings(Params):
    """How work is run."""

    threads: int = param(
        0,
        QT_TRANSLATE_NOOP("Settings", "Processor threads"),
        QT_TRANSLATE_NOOP("Settings", "How many threads the work may use; 0 takes all."),
        ge=0,
        le=256,
    )
    cancel_grace_s: float = param(
        10.0,
        QT_TRANSLATE_NOOP("Settings", "Grace when cancelling"),
        QT_TRANSLATE_NOOP(
            "Settings", "How long cancelled work may take to stop before its process is ended."
        ),
        ge=0.5,
        le=300,
        traits=Traits(unit="s", advanced=True),
    )
    silence_s: float = param(
        120.0,
        QT_TRANSLATE_NOOP("Settings", "Longest silence"),
        QT_TRANSLATE_NOOP(
            "Settings", "How long a working process may give no sign of life before it is ended."
        ),
        ge=5,
        le=3600,
        traits=Traits(unit="s", advanced=True),
    )
    network_budget_gb: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Settings", "Memory for networks"),
        QT_TRANSLATE_NOOP(
            "Settings",
            "How much memory loaded networks may keep, the longest unused going first; 0 is what is free.",
        ),
        ge=0,
        le=1024,
        traits=Traits(unit="GB", advanced=True),
    )
    idle_unload_s: float = param(
        600.0,
        QT_TRANSLATE_NOOP("Settings", "Free networks after"),
        QT_TRANSLATE_NOOP("Settings", "Loaded networks go when nothing has come for so long; 0 keeps them."),
        ge=0,
        le=86_400,
        traits=Traits(unit="s", advanced=True),
    )
    speedup: CallSpeedup = param(
        CallSpeedup.off,
        QT_TRANSLATE_NOOP("Settings", "Speed-up"),
        QT_TRANSLATE_NOOP(
            "Settings",
            "Recording helps small networks on graphics cards; compiling takes minutes at first. "
            "What fails is left out.",
        ),
        traits=Traits(
            advanced=True,
            choice_titles=(
                QT_TRANSLATE_NOOP("Settings", "Off"),
                QT_TRANSLATE_NOOP("Settings", "Record calls"),
                QT_TRANSLATE_NOOP("Settings", "Compile and record"),
            ),
        ),
    )


class LibrarySettings(Params):
    """What is kept and what is let in."""

    cache_limit_gb: float = param(
        20.0,
        QT_TRANSLATE_NOOP("Settings", "Cache limit"),
        QT_TRANSLATE_NOOP(
            "Settings", "Results that no project holds are dropped above this size, oldest first."
        ),
        ge=0,
        le=100_000,
        traits=Traits(unit="GB"),
    )
    max_megapixels: float = param(
        100.0,
        QT_TRANSLATE_NOOP("Settings", "Largest picture"),
        QT_TRANSLATE_NOOP("Settings", "Pictures with more megapixels are refused."),
        ge=1,
        le=1000,
        traits=Traits(unit="MP"),
    )


class WeightsSettings(Params):
    """Where weights lie and how they are fetched."""

    folder: str = param(
        "",
        QT_TRANSLATE_NOOP("Settings", "Folder"),
        QT_TRANSLATE_NOOP(
            "Settings",
            "Where weights lie; nothing means the program’s own folder. “orfeas weights move” takes them along.",
        ),
        traits=Traits(kind=FieldKind.folder),
    )
    offline: bool = param(
        False,
        QT_TRANSLATE_NOOP("Settings", "Stay offline"),
        QT_TRANSLATE_NOOP("Settings", "Never use the network; a download becomes an error."),
    )
    endpoint: str = param(
        "",
        QT_TRANSLATE_NOOP("Settings", "Server"),
        QT_TRANSLATE_NOOP("Settings", "Another server than huggingface.co, such as a mirror."),
        traits=Traits(advanced=True),
    )
    proxy: str = param(
        "",
        QT_TRANSLATE_NOOP("Settings", "Proxy"),
        QT_TRANSLATE_NOOP("Settings", "Such as http://proxy:8080; nothing means the system’s."),
        traits=Traits(advanced=True),
    )


class Sections(BaseModel):
    """Every setting, by section."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    appearance: AppearanceSettings = AppearanceSettings()
    viewport: ViewportSettings = ViewportSettings()
    engine: EngineSettings = EngineSettings()
    library: LibrarySettings = LibrarySettings()
    weights: WeightsSettings = WeightsSettings()

    def section(self, name: str) -> Params:
        """Return the section of that name. Raises BadParams when there is none."""
        if name not in type(self).model_fields:
            raise BadParams(entry="settings", problem=f"there is no section “{name}”")
        return cast("Params", getattr(self, name))


SECTION_TITLES: Mapping[str, str] = {
    "appearance": QT_TRANSLATE_NOOP("Settings", "Appearance"),
    "viewport": QT_TRANSLATE_NOOP("Settings", "3D view"),
    "engine": QT_TRANSLATE_NOOP("Settings", "Engine"),
    "library": QT_TRANSLATE_NOOP("Settings", "Library"),
    "weights": QT_TRANSLATE_NOOP("Settings", "Weights"),
}


@dataclass(frozen=True)
class Settings:
    """The settings in force, and apart from them those that the file keeps.

    `overridden` names (section, field) pairs that the environment decides: changing them changes the file only.
    """

    stored: Sections = field(default_factory=Sections)
    in_force: Sections = field(default_factory=Sections)
    overridden: frozenset[tuple[str, str]] = frozenset()

    @property
    def appearance(self) -> AppearanceSettings:
        """How the window looks."""
        return self.in_force.appearance

    @property
    def viewport(self) -> ViewportSettings:
        """How the 3D view behaves."""
        return self.in_force.viewport

    @property
    def engine(self) -> EngineSettings:
        """How work is run."""
        return self.in_force.engine

    @property
    def library(self) -> LibrarySettings:
        """What is kept and what is let in."""
        return self.in_force.library

    @property
    def weights(self) -> WeightsSettings:
        """Where weights lie and how they are fetched."""
        return self.in_force.weights

    def section(self, name: str) -> Params:
        """Return the section in force. Raises BadParams when there is none of that name."""
        return self.in_force.section(name)

    def changed(self, section: str, values: Mapping[str, Scalar]) -> Settings:
        """Return these settings with `values` of one section replaced.

        Raises BadParams for an unknown section or name and for a value out of range.
        """
        stored = _with(self.stored, section, values)
        free = {name: value for name, value in values.items() if (section, name) not in self.overridden}
        return Settings(stored, _with(self.in_force, section, free), self.overridden)


def _with(sections: Sections, name: str, values: Mapping[str, Scalar]) -> Sections:
    current = sections.section(name)
    checked = type(current).check(name, {**current.plain(), **values})
    return sections.model_copy(update={name: checked})


def load_settings(path: Path) -> Settings:
    """Read the settings at `path` and lay the `ORFEAS_SECTION__FIELD` variables over them.

    A file that is missing gives the defaults; one that is broken is set aside as `.broken` and logged.
    Raises BadParams when a variable holds no valid value.
    """
    stored = _read(path)
    overrides = _overrides()
    merged: Values = {}
    for name in Sections.model_fields:
        given = overrides.get(name, {})
        values: PlainParams = {**stored.section(name).plain(), **cast("PlainParams", given)}
        merged[name] = cast(
            "Values", type(stored.section(name)).check(f"{PREFIX}{name.upper()}", values).plain()
        )
    names = frozenset(
        (section, name) for section, values in overrides.items() for name in cast("Values", values)
    )
    return Settings(stored, Sections.model_validate(merged), names)


def save_settings(settings: Settings, path: Path) -> None:
    """Write what the file keeps, whole or not at all. Raises PermissionDenied and DiskFull."""
    document = {"schema_version": SCHEMA_VERSION, **settings.stored.model_dump(mode="json")}
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=path.name, delete=False) as stream:
            temporary = Path(stream.name)
            tomli_w.dump(document, stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as problem:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if problem.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise DiskFull(place=str(path.parent)) from problem
        raise PermissionDenied(place=str(path.parent), details=str(problem)) from problem


def migrated(values: Values, migrators: tuple[Migrator, ...] = MIGRATORS) -> Values:
    """Return `values` in the newest schema that `migrators` lead to, without their version."""
    version = values.get("schema_version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError(f"schema_version is {version!r}")
    for step in migrators[version - 1 :]:
        values = step(values)
    values = {name: value for name, value in values.items() if name != "schema_version"}
    return _known(values) if version > len(migrators) + 1 else values


def _known(values: Values) -> Values:
    """Leave out what a newer program wrote and this one does not know."""
    known: Values = {}
    for section, info in Sections.model_fields.items():
        table = values.get(section)
        fields = cast("type[Params]", info.annotation).model_fields
        if isinstance(table, dict):
            known[section] = {name: value for name, value in table.items() if name in fields}
    return known


def _read(path: Path) -> Sections:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Sections()
    except OSError as problem:
        _log.warning("settings cannot be read, defaults are used: %s", problem)
        return Sections()
    try:
        return Sections.model_validate(migrated(cast("Values", tomllib.loads(content.decode()))))
    except (ValueError, ValidationError) as problem:
        aside = path.with_name(path.name + ".broken")
        _log.warning("settings are broken, set aside as %s, defaults are used: %s", aside, problem)
        try:
            path.replace(aside)
        except OSError as second:
            _log.warning("settings could not be set aside: %s", second)
        return Sections()


def _overrides() -> Values:
    """Return what the environment says; its reader, slow to load, is loaded only where there is something to read."""
    groups = {f"{PREFIX}{section.upper()}" for section in Sections.model_fields}
    if not any(name.upper().partition(DELIMITER)[0] in groups for name in os.environ):
        return {}
    from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError

    class Asked(Sections, BaseSettings):
        """Tells pydantic-settings which variables to look for."""

    source = EnvSettingsSource(Asked, env_prefix=PREFIX, env_nested_delimiter=DELIMITER)
    try:
        found = cast("Values", source())
    except SettingsError as problem:
        raise BadParams(entry="settings", problem=str(problem)) from None
    for name, values in found.items():
        if not isinstance(values, dict):
            raise BadParams(entry="settings", problem=f"{PREFIX}{name.upper()} is no group of settings")
    return found
