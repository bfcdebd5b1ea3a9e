"""Doors: what the command line is handed, and how a verb gets at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import typer

from orfeas_desktop.cli.screen import Screen
from orfeas_desktop.paths import Paths
from orfeas_desktop.settings import Settings
from orfeas_desktop.studio import Studio


@dataclass(frozen=True)
class ManualDoor:
    """The reference pages, by callables that the composition root knows."""

    stale: Callable[[], tuple[str, ...]]
    """Names of the pages that are not what the program would write."""
    write: Callable[[], tuple[Path, ...]]


@dataclass(frozen=True)
class Doors:
    """The rest of the program as the command line sees it."""

    paths: Paths
    load_settings: Callable[[], Settings]
    open_studio: Callable[[Settings], Studio]
    manual: ManualDoor


@dataclass
class Call:
    """One command as it runs."""

    doors: Doors
    screen: Screen = field(default_factory=Screen)

    def studio(self) -> Studio:
        """Open the studio; the verb closes it."""
        return self.doors.open_studio(self.doors.load_settings())


def call_of(context: typer.Context) -> Call:
    """Return the running command."""
    return cast("Call", context.obj)
