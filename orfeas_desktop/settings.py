"""User settings: their sections, their file, its migrations, and what the environment overrides."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import tomli_w
from pydantic import BaseModel, ConfigDict, ValidationError

from orfeas_desktop.errors import BadParams, DiskFull, PermissionDenied
from orfeas_desktop.params import Params
from orfeas_desktop.printers import PrinterParams
from orfeas_desktop.setting_sections import (
    AppearanceSettings,
    EngineSettings,
    LibrarySettings,
    ViewportSettings,
    WeightsSettings,
)
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


class Sections(BaseModel):
    """Every setting, by section."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    appearance: AppearanceSettings = AppearanceSettings()
    viewport: ViewportSettings = ViewportSettings()
    engine: EngineSettings = EngineSettings()
    library: LibrarySettings = LibrarySettings()
    printing: PrinterParams = PrinterParams()
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
    "printing": QT_TRANSLATE_NOOP("Settings", "Printing"),
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

    def begun(self, params: type[Params]) -> dict[str, Scalar]:
        """Return what an entry's settings begin with, where they hold a section of these: a printer's, for instance."""
        sections = (getattr(self.in_force, name) for name in Sections.model_fields)
        return {
            name: value
            for section in sections
            if issubclass(params, type(section))
            for name, value in section.plain().items()
        }

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
