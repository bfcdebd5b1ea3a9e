"""The picture that a running tool shows of what it has made so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from orfeas_desktop.ui.panels.picture_tile import PictureTile
from orfeas_desktop.ui.pieces.labels import Role, label

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from orfeas_desktop.ui.theme import Look

SIDE = 200


class WorkPicture(QWidget):
    """Hidden until there is a picture, and again when the work has ended."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tile = PictureTile(look, self.tr("Made so far"), "", takes=False)
        self.tile.setFixedSize(SIDE, SIDE)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(label(self.tr("Made so far"), Role.heading))
        column.addWidget(self.tile)
        self.hide()

    def show_image(self, image: QImage) -> None:
        """Show the picture; an empty one hides it."""
        self.tile.show_image(None if image.isNull() else image)
        self.setVisible(not image.isNull())
