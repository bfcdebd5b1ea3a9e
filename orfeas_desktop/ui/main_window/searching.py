"""Searching: the palette that runs commands and leads to assets and tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt

from orfeas_desktop.actions import ACTIONS
from orfeas_desktop.engine.tools import in_groups
from orfeas_desktop.ui.main_window.commands import keys_of, plain_title
from orfeas_desktop.ui.panels.tool_list import tool_words
from orfeas_desktop.ui.pieces.command_palette import CommandPalette, PaletteItem

if TYPE_CHECKING:
    from orfeas_desktop.ui.main_window.window import MainWindow
    from orfeas_desktop.ui.state.session import Session

ASSETS_FOUND = 20
LEAST_WIDTH = 400


class Searching(QObject):
    """Opens the palette and carries out what is chosen there."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self.popup: CommandPalette | None = None
        window.top.search_wanted.connect(self.open)

    def open(self) -> None:
        """Open the palette where the search field is."""
        palette = CommandPalette(self._window.look, self.find, self._window)
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.chosen.connect(self.run)
        palette.closed.connect(palette.close)
        self.popup = palette
        field = self._window.top.search
        width = max(LEAST_WIDTH, field.width())
        corner = field.mapToGlobal(QPoint(field.width() - width, -4))
        palette.open_at(corner, width)

    def find(self, text: str) -> list[PaletteItem]:
        """Return the commands, tools and assets that match."""
        icon = self._window.look.icon("ph.cube")
        assets = [
            PaletteItem(f"asset:{asset.id}", asset.name, self.tr("Asset"), icon)
            for asset in self._session.library.find(text, ASSETS_FOUND)
        ]
        wrench = self._window.look.icon("ph.wrench")
        tools = [
            PaletteItem(f"tool:{tool.id}", tool_words(tool.title), self.tr("Tool"), wrench)
            for tool in (in_groups() if text else ())
            if text.casefold() in f"{tool.id} {tool_words(tool.title)}".casefold()
        ]
        return [*self._commands(text), *tools, *assets]

    def run(self, found: str) -> None:
        """Run the command or go to the tool or asset."""
        if found.startswith("asset:"):
            self._session.choose(int(found.removeprefix("asset:")))
        elif found.startswith("tool:"):
            inspector = self._window.inspector
            inspector.show_tab(inspector.tools_tab)
            inspector.tools.show_tool(found.removeprefix("tool:"))
        else:
            self._window.commands.actions[found].trigger()

    def _commands(self, text: str) -> list[PaletteItem]:
        """Return the actions whose titles or ids hold every word of `text`; usable ones first."""
        commands, parts, found = self._window.commands, text.casefold().split(), []
        for entry in ACTIONS:
            title = plain_title(entry)
            known = f"{entry.id} {title}".casefold()
            if entry.id == "palette" or not all(part in known for part in parts):
                continue
            why = commands.why_not(entry.id)
            icon = commands.actions[entry.id].icon()
            found.append(PaletteItem(entry.id, title, why or keys_of(entry), icon, not why))
        return sorted(found, key=lambda item: not item.enabled)
