"""A label that shows an icon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QLabel

from orfeas_desktop.ui.pieces.buttons import IconName, keep_icon

if TYPE_CHECKING:
    from orfeas_desktop.ui.theme import Look


class IconLabel(QLabel):
    """An icon that follows the theme."""

    def __init__(self, look: Look, icon: IconName, size: int = 16) -> None:
        super().__init__()
        self._look = look
        self._side = size
        self.setFixedSize(size, size)
        self.set_icon(icon)

    def set_icon(self, icon: IconName) -> None:
        """Show another icon."""
        keep_icon(
            self._look, self, lambda drawn: self.setPixmap(drawn.pixmap(QSize(self._side, self._side))), icon
        )
