"""Buttons with an icon that follows the theme."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtWidgets import QPushButton, QToolButton

from orfeas_desktop.ui.theme import Ink, Look

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QIcon


class Kind(StrEnum):
    """How the style sheet dresses a button."""

    plain = "plain"
    flat = "flat"
    primary = "primary"
    tab = "tab"
    link = "link"
    danger = "danger"


class HasIcon(Protocol):
    """Whatever shows an icon."""

    def setIcon(self, icon: QIcon, /) -> None:
        """Show `icon`."""
        ...


@dataclass(frozen=True)
class IconName:
    """A Phosphor icon and its colours at rest and when active."""

    name: str
    ink: Ink = Ink.muted
    active: Ink = Ink.text


class _IconKeeper(QObject):
    """Lives as long as the widget and gives it the icon anew when the theme changes."""

    def __init__(self, look: Look, owner: QObject, show: Callable[[QIcon], None], icon: IconName) -> None:
        super().__init__(owner)
        self._look = look
        self._show = show
        self.icon = icon
        look.changed.connect(self.renew)
        self.renew()

    def renew(self) -> None:
        """Draw the icon in the current theme."""
        self._show(self._look.icon(self.icon.name, self.icon.ink, self.icon.active))


def keep_icon(look: Look, owner: QObject, show: Callable[[QIcon], None], icon: IconName) -> None:
    """Hand `show` the icon now, and again after every change of theme while `owner` lives."""
    for old in owner.findChildren(_IconKeeper, options=Qt.FindChildOption.FindDirectChildrenOnly):
        old.icon = icon
        old.renew()
        return
    _IconKeeper(look, owner, show, icon)


def icon_button(look: Look, icon: IconName, name: str, tip: str = "", *, size: int = 16) -> QToolButton:
    """Return a flat button that shows only an icon; `name` is said by screen readers."""
    button = QToolButton()
    button.setProperty("kind", Kind.flat.value)
    button.setAccessibleName(name)
    button.setToolTip(tip or name)
    button.setIconSize(QSize(size, size))
    button.setFixedSize(28, 28)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    keep_icon(look, button, button.setIcon, icon)
    return button


def text_button(text: str, kind: Kind = Kind.plain, tip: str = "") -> QPushButton:
    """Return a button that shows words."""
    button = QPushButton(text)
    button.setProperty("kind", kind.value)
    button.setAccessibleName(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
