"""Commands: the table of actions as QActions, their menus, and what the palette offers."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from orfeas_desktop.actions import ACTIONS, MENU_TITLES, NEED_TITLES, Action, Menu, Need, missing_need
from orfeas_desktop.ui.pieces.buttons import IconName, keep_icon
from orfeas_desktop.ui.signals import signal
from orfeas_desktop.ui.theme import Look


class Commands(QObject):
    """One QAction for each row of the table; `wanted` tells which was triggered."""

    wanted = signal(str)

    def __init__(self, look: Look, window: QWidget) -> None:
        super().__init__(window)
        self._look = look
        self._window = window
        self._met: frozenset[Need] | None = None
        self.actions: Mapping[str, QAction] = {entry.id: self._make(entry) for entry in ACTIONS}
        self.menu = self._make_menu()

    def meet(self, met: frozenset[Need]) -> None:
        """Enable what can be used now; the rest says why not."""
        if met == self._met:
            return
        self._met = met
        for entry in ACTIONS:
            need = missing_need(entry, met)
            action = self.actions[entry.id]
            action.setEnabled(need is None)
            action.setToolTip(_hint(entry) if need is None else _words(NEED_TITLES[need]))

    def why_not(self, action_id: str, besides: Need | None = None) -> str:
        """Return why the action cannot be used now, or nothing; `besides`: a need that is looked at elsewhere."""
        entry = next(entry for entry in ACTIONS if entry.id == action_id)
        met = self._met or frozenset()
        need = missing_need(entry, met if besides is None else met | {besides})
        return "" if need is None else _words(NEED_TITLES[need])

    def check(self, action_id: str, checked: bool) -> None:
        """Mark a checkable action without triggering it."""
        self.actions[action_id].setChecked(checked)

    def shortcuts(self) -> list[tuple[str, str, str]]:
        """Return menu, title and keys of every action."""
        return [(_words(MENU_TITLES[entry.menu]), plain_title(entry), keys_of(entry)) for entry in ACTIONS]

    def _make(self, entry: Action) -> QAction:
        hint = f"\t{entry.view_keys}" if entry.view_keys else ""
        action = QAction(_words(entry.title) + hint, self._window)
        action.setShortcuts([QKeySequence(keys) for keys in entry.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setCheckable(entry.checkable)
        action.setIconVisibleInMenu(not entry.checkable)
        if entry.icon:
            keep_icon(self._look, action, action.setIcon, IconName(entry.icon))
        action.triggered.connect(lambda: self.wanted.emit(entry.id))
        self._window.addAction(action)
        return action

    def _make_menu(self) -> QMenu:
        whole = QMenu(self._window)
        whole.setAccessibleName(self.tr("Menu"))
        for menu in Menu:
            part = whole.addMenu(_words(MENU_TITLES[menu]))
            part.setToolTipsVisible(True)
            group = 0
            for entry in ACTIONS:
                if entry.menu is not menu:
                    continue
                if entry.group != group:
                    part.addSeparator()
                    group = entry.group
                part.addAction(self.actions[entry.id])
        return whole


def plain_title(entry: Action) -> str:
    """Return the action's title without the dots that promise a question."""
    return _words(entry.title).removesuffix("…")


def keys_of(entry: Action) -> str:
    """Return the action's first keys as this system writes them."""
    if not entry.keys:
        return entry.view_keys
    return QKeySequence(entry.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)


def _hint(entry: Action) -> str:
    keys = keys_of(entry)
    return f"{plain_title(entry)} ({keys})" if keys else plain_title(entry)


def _words(text: str) -> str:
    return QCoreApplication.translate("Actions", text)
