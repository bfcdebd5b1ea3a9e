"""The manual as it ships, its pages joined by their links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextCursor, QTextTable
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from orfeas_desktop.ui.pieces.buttons import Kind, text_button
from orfeas_desktop.ui.pieces.frames import row_of

if TYPE_CHECKING:
    from pathlib import Path


class ManualDialog(QDialog):
    """Shows one page at a time; no link leads out of the manual's folder."""

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Manual"))
        self.resize(860, 680)
        self.page = QTextBrowser()
        self.page.setAccessibleName(self.tr("Page of the manual"))
        self.contents = text_button(self.tr("Contents"))
        self.contents.clicked.connect(self.page.home)
        self.back = text_button(self.tr("Back"))
        self.back.clicked.connect(self.page.backward)
        self.back.setEnabled(False)
        self.page.backwardAvailable.connect(self.back.setEnabled)
        self.page.sourceChanged.connect(self._space_out)
        self.page.setSource(QUrl.fromLocalFile(str(folder / "index.md")))
        close = text_button(self.tr("Close"), Kind.plain)
        close.clicked.connect(self.accept)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addLayout(row_of(self.contents, self.back, None))
        column.addWidget(self.page, 1)
        column.addLayout(row_of(None, close))
        self.page.setFocus()

    def _space_out(self, page: QUrl) -> None:
        """Give headings and tables the room that Qt's reader of Markdown leaves out."""
        del page
        document = self.page.document()
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        block = document.begin()
        while block.isValid():
            heading = block.blockFormat()
            if heading.headingLevel():
                heading.setTopMargin(20)
                heading.setBottomMargin(6)
                cursor.setPosition(block.position())
                cursor.setBlockFormat(heading)
            block = block.next()
        for frame in document.rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                table = frame.format().toTableFormat()
                table.setCellPadding(5)
                table.setTopMargin(8)
                table.setBottomMargin(8)
                table.setBorderBrush(self.palette().mid())
                frame.setFormat(table)
        cursor.endEditBlock()
