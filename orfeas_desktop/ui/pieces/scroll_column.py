"""A column that scrolls, its bar in the panel's margin, so that its content ends where its neighbours end."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

OVERHANG = 10


class ScrollColumn(QScrollArea):
    """Give it `OVERHANG` pixels more on its right than its content should have."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        content = QWidget()
        self.column = QVBoxLayout(content)
        self.column.setSpacing(8)
        self.setWidget(content)
        self._fit(0, 0)
        self.verticalScrollBar().rangeChanged.connect(self._fit)

    def _fit(self, low: int, high: int) -> None:
        self.column.setContentsMargins(0, 0, 0 if high > low else OVERHANG, 0)
