"""The sections of the settings: what the user can choose, with what it is when nothing was chosen."""

from __future__ import annotations

from enum import StrEnum

from orfeas_desktop.params import FieldKind, Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP


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
        traits=Traits(at_minimum=QT_TRANSLATE_NOOP("Params", "All")),
    )
    cancel_grace_s: float = param(
        10.0,
        QT_TRANSLATE_NOOP("Settings", "Grace when cancelling"),
        QT_TRANSLATE_NOOP(
            "Settings",
            "How long cancelled work of networks may take to stop before its process is ended; other work has 2 s.",
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
        traits=Traits(unit="GB", advanced=True, at_minimum=QT_TRANSLATE_NOOP("Params", "What is free")),
    )
    idle_unload_s: float = param(
        600.0,
        QT_TRANSLATE_NOOP("Settings", "Free networks after"),
        QT_TRANSLATE_NOOP("Settings", "Loaded networks go when nothing has come for so long; 0 keeps them."),
        ge=0,
        le=86_400,
        traits=Traits(unit="s", advanced=True, at_minimum=QT_TRANSLATE_NOOP("Params", "Never")),
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
