"""The look: colours, fonts, icons and style sheet, from one data file per theme."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPalette

from orfeas_desktop.paths import RESOURCES
from orfeas_desktop.setting_sections import Theme as ThemeChoice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

BODY_PX = 13
CAPTION_PX = 11
FONT_FAMILY = "Inter"


class ThemeName(StrEnum):
    """The themes that ship with the program."""

    dark = "dark"
    light = "light"


class Ink(StrEnum):
    """The colours an icon may have."""

    muted = "muted"
    text = "text"
    accent = "accent"
    on_accent = "on_accent"
    success = "success"
    warning = "warning"
    danger = "danger"
    disabled = "disabled"


@dataclass(frozen=True)
class Theme:
    """The colours of one theme by token, each `#rrggbb`."""

    name: ThemeName
    colors: Mapping[str, str]

    @classmethod
    def read(cls, name: ThemeName, folder: Path = RESOURCES / "themes") -> Theme:
        """Return the theme of that name from its data file."""
        data = cast("Mapping[str, object]", json.loads((folder / f"{name}.json").read_text("utf-8")))
        return cls(name, cast("Mapping[str, str]", data["colors"]))

    def color(self, token: str) -> QColor:
        """Return the colour of that token."""
        return QColor(self.colors[token])

    def style_sheet(self, folder: Path = RESOURCES) -> str:
        """Return the program's style sheet with this theme's colours set in."""
        words = dict(self.colors) | {"icons": (folder / "icons" / self.name).as_posix()}
        template = (folder / "themes" / "style.qss").read_text("utf-8")
        return re.sub(r"@([a-z_]+)", lambda found: words[found[1]], template)

    def palette(self) -> QPalette:
        """Return the palette for what no style sheet reaches."""
        palette = QPalette()
        for role, token in _PALETTE.items():
            palette.setColor(role, self.color(token))
        for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.color("disabled"))
        return palette


_PALETTE = {
    QPalette.ColorRole.Window: "window",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "field",
    QPalette.ColorRole.AlternateBase: "panel",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.PlaceholderText: "muted",
    QPalette.ColorRole.Button: "raised",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.BrightText: "danger",
    QPalette.ColorRole.Highlight: "accent",
    QPalette.ColorRole.HighlightedText: "on_accent",
    QPalette.ColorRole.Link: "accent",
    QPalette.ColorRole.LinkVisited: "accent",
    QPalette.ColorRole.ToolTipBase: "raised",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.Accent: "accent",
    QPalette.ColorRole.Mid: "border",
}


def contrast(first: QColor, second: QColor) -> float:
    """Return the contrast ratio of two colours, 1..21 (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: QColor) -> float:
    channels = (color.redF(), color.greenF(), color.blueF())
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class Look(QObject):
    """Dresses the application in a theme; `changed` asks whoever paints by hand to paint again."""

    changed = Signal()

    def __init__(self, app: QApplication, choice: ThemeChoice = ThemeChoice.system) -> None:
        super().__init__(app)
        self._app = app
        self._choice = choice
        self._has_icons = False
        self._icons: dict[tuple[str, Ink, Ink], QIcon] = {}
        self.theme = Theme.read(self._wanted())
        app.setStyle("Fusion")
        app.setFont(_font())
        app.setWindowIcon(QIcon(str(RESOURCES / "icons" / "orfeas.svg")))
        app.styleHints().colorSchemeChanged.connect(self._follow_system)
        self._dress()

    @property
    def choice(self) -> ThemeChoice:
        """What the user asked for."""
        return self._choice

    def choose(self, choice: ThemeChoice) -> None:
        """Change the theme; `system` follows the desktop from now on."""
        self._choice = choice
        self._follow_system()

    def color(self, token: str) -> QColor:
        """Return the colour of that token in the current theme."""
        return self.theme.color(token)

    def icon(self, name: str, ink: Ink = Ink.muted, active: Ink = Ink.text) -> QIcon:
        """Return a Phosphor icon (`ph.…`) in the current theme's colours; an empty one before `bring_icons`."""
        if not self._has_icons:
            return QIcon()
        known = self._icons.get((name, ink, active))
        if known is not None:
            return known
        import qtawesome  # noqa: PLC0415  (not before the first icon is needed)

        icon: QIcon = qtawesome.icon(
            name,
            color=self.color(ink),
            color_active=self.color(active),
            color_on=self.color(active),
            color_disabled=self.color("disabled"),
        )
        self._icons[name, ink, active] = icon
        return icon

    def bring_icons(self) -> None:
        """Load the icons, which takes a moment: after the first paint; whoever shows one draws it then."""
        if not self._has_icons:
            self._has_icons = True
            self.changed.emit()

    def logo(self, size: int) -> QIcon:
        """Return the program's sign, without a ground."""
        icon = QIcon()
        icon.addFile(str(RESOURCES / "icons" / "cube.svg"), QSize(size, size))
        return icon

    def _wanted(self) -> ThemeName:
        if self._choice is not ThemeChoice.system:
            return ThemeName(self._choice.value)
        light = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Light
        return ThemeName.light if light else ThemeName.dark

    def _follow_system(self) -> None:
        wanted = self._wanted()
        if wanted is not self.theme.name:
            self.theme = Theme.read(wanted)
            self._icons.clear()
            self._dress()
            self.changed.emit()

    def _dress(self) -> None:
        self._app.setPalette(self.theme.palette())
        self._app.setStyleSheet(self.theme.style_sheet())


def _font() -> QFont:
    for file in sorted((RESOURCES / "fonts").glob("*.otf")):
        QFontDatabase.addApplicationFont(str(file))
    font = QFont(FONT_FAMILY)
    font.setPixelSize(BODY_PX)
    return font


def tabular(font: QFont) -> QFont:
    """Return `font` with figures of one width, for numbers that change."""
    steady = QFont(font)
    steady.setFeature(QFont.Tag("tnum"), 1)
    return steady
