"""The top bar: menu, project switcher, what can be done, search, and the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from orfeas_desktop.ui.pieces.buttons import IconName, Kind, icon_button, keep_icon, text_button
from orfeas_desktop.ui.signals import TypedSignal, signal

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from orfeas_desktop.projects.records import Project
    from orfeas_desktop.ui.theme import Look

NAME_WIDTH = 168
PANEL_ICONS = {
    "panel-library": "ph.books",
    "panel-inspector": "ph.sliders-horizontal",
    "panel-queue": "ph.rows",
}


class _SearchField(QPushButton):
    """A button that looks like a field; it says less where there is less room."""

    def __init__(self, words: str, short: str) -> None:
        super().__init__(words)
        self._words, self._short = words, short
        self.setAccessibleName(words)
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room, measure = self.width() - 44, self.fontMetrics()
        choices = (self._words, self._short, "")
        self.setText(next(words for words in choices if measure.horizontalAdvance(words) <= max(0, room)))

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._words) + 60, super().sizeHint().height())


class Workspace(StrEnum):
    """What the inspector is for."""

    generate = "generate"
    edit = "edit"


class TopBar(QWidget):
    """What stands above the panels; emits the id of the action or the project that was chosen."""

    action_wanted = signal(str)
    project_chosen = signal(int)
    search_wanted = Signal()
    workspace_wanted: TypedSignal[Workspace] = signal(Workspace)

    def __init__(self, look: Look, menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topBar")
        self.setAccessibleName(self.tr("Top bar"))
        self.setFixedHeight(46)
        self._look = look
        self._offered: tuple[list[tuple[int, str]], int | None] | None = None
        self.menu = icon_button(look, IconName("ph.list"), self.tr("Menu"), self.tr("Menu (F10)"), size=18)
        self.menu.setMenu(menu)
        self.menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.project = self._project_button()
        self.generate = text_button(self.tr("Generate"), Kind.tab)
        self.edit = text_button(self.tr("Edit"), Kind.tab)
        self.workspaces = QButtonGroup(self)
        for tab, workspace in ((self.generate, Workspace.generate), (self.edit, Workspace.edit)):
            tab.setCheckable(True)
            self.workspaces.addButton(tab)
            tab.clicked.connect(lambda _=False, wanted=workspace: self.workspace_wanted.emit(wanted))
        self.generate.setChecked(True)
        self.export = text_button(self.tr("Export"), Kind.tab)
        self.export.clicked.connect(lambda: self.action_wanted.emit("export"))
        self.search = self._search_field()
        self.help = icon_button(
            look,
            IconName("ph.question"),
            self.tr("Keyboard shortcuts"),
            self.tr("Keyboard shortcuts (F1)"),
            size=18,
        )
        self.help.clicked.connect(lambda: self.action_wanted.emit("shortcuts"))
        self.settings = icon_button(
            look, IconName("ph.gear-six"), self.tr("Settings"), self.tr("Settings (Ctrl+,)"), size=18
        )
        self.settings.clicked.connect(lambda: self.action_wanted.emit("settings"))
        self.panels = {name: self._panel_button(name, icon) for name, icon in PANEL_ICONS.items()}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 6, 0, 6)
        row.setSpacing(4)
        row.addWidget(self.menu)
        row.addWidget(self.project)
        row.addSpacing(12)
        row.addWidget(self.generate)
        row.addWidget(self.edit)
        row.addWidget(self.export)
        row.addStretch(1)
        row.addWidget(self.search, 2)
        row.addSpacing(4)
        for button in self.panels.values():
            row.addWidget(button)
        row.addWidget(self.help)
        row.addWidget(self.settings)

    def show_workspace(self, workspace: Workspace) -> None:
        """Mark the tab of that workspace."""
        (self.edit if workspace is Workspace.edit else self.generate).setChecked(True)

    def offer_panels(self, hidden: Mapping[str, str]) -> None:
        """Offer to bring back these panels, by the id of the action, with the panel's title."""
        for action_id, button in self.panels.items():
            button.setVisible(action_id in hidden)
            words = self.tr("Show the panel: {panel}").format(panel=hidden.get(action_id, ""))
            button.setAccessibleName(words)
            button.setToolTip(words)

    def _panel_button(self, action_id: str, icon: str) -> QToolButton:
        button = icon_button(self._look, IconName(icon), action_id, size=18)
        button.clicked.connect(lambda: self.action_wanted.emit(action_id))
        button.hide()
        return button

    def expect_project(self, name: str) -> None:
        """Show the name of the project that is being opened, so that nothing moves when it is there."""
        if name:
            self._show_name(name)

    def show_projects(self, projects: Sequence[Project], current: int | None) -> None:
        """Offer these projects; `current` is the one that is open."""
        offered = ([(project.id, project.name) for project in projects], current)
        if offered == self._offered:
            return
        self._offered = offered
        menu = self.project.menu()
        menu.clear()
        for old in menu.findChildren(QActionGroup):
            old.deleteLater()
        group = QActionGroup(menu)
        for project in projects:
            line = self._project_line(menu, project)
            line.setChecked(project.id == current)
            group.addAction(line)
        if projects:
            menu.addSeparator()
        for action_id, title in (
            ("new-project", self.tr("New project…")),
            ("rename-project", self.tr("Rename project…")),
            ("delete-project", self.tr("Delete project")),
            ("restore-project", self.tr("Restore a deleted project…")),
        ):
            line = menu.addAction(title)
            line.setEnabled(action_id in {"new-project", "restore-project"} or current is not None)
            line.triggered.connect(lambda _=False, wanted=action_id: self.action_wanted.emit(wanted))
        opened = next((project for project in projects if project.id == current), None)
        self._show_name(opened.name if opened else self.tr("No project"))

    def _project_line(self, menu: QMenu, project: Project) -> QAction:
        name = self.fontMetrics().elidedText(project.name, Qt.TextElideMode.ElideMiddle, 300)
        line = menu.addAction(name.replace("&", "&&"))
        line.setToolTip(project.name)
        line.setCheckable(True)
        line.triggered.connect(lambda: self.project_chosen.emit(project.id))
        return line

    def _show_name(self, name: str) -> None:
        shown = self.project.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, NAME_WIDTH)
        self.project.setText(shown.replace("&", "&&") + "  ")
        self.project.setAccessibleName(self.tr("Project: {name}").format(name=name))
        self.project.setToolTip(name if shown != name else self.tr("Switch the project"))

    def _project_button(self) -> QPushButton:
        button = text_button("", Kind.flat)
        button.setObjectName("projectSwitcher")
        button.setIcon(self._look.logo(20))
        button.setIconSize(QSize(20, 20))
        button.setMenu(QMenu(button))
        button.menu().setToolTipsVisible(True)
        button.menu().setAccessibleName(self.tr("Projects"))
        return button

    def _search_field(self) -> QPushButton:
        field = _SearchField(self.tr("Search or run a command"), self.tr("Search"))
        field.setObjectName("searchField")
        field.setToolTip(self.tr("Search or run a command (Ctrl+P)"))
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        field.setMinimumWidth(36)
        field.setMaximumWidth(320)
        keep_icon(self._look, field, field.setIcon, IconName("ph.magnifying-glass"))
        field.clicked.connect(self.search_wanted)
        return field
