"""The inspector: pictures and recipe of the next generation, or the details of what is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QButtonGroup, QPushButton, QStackedWidget, QWidget

from orfeas_desktop.ui.panels.details_panel import DetailsPanel
from orfeas_desktop.ui.panels.generate_panel import GeneratePanel
from orfeas_desktop.ui.panels.image_panel import ImagePanel
from orfeas_desktop.ui.pieces.buttons import Kind, text_button
from orfeas_desktop.ui.pieces.frames import Panel, row_of
from orfeas_desktop.ui.pieces.scroll_column import OVERHANG

if TYPE_CHECKING:
    from orfeas_desktop.ui.theme import Look


class Inspector(Panel):
    """Three tabs over two pages: Picture and Views share the recipe, Details stands alone."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Inspector"), parent)
        margins = self.column.contentsMargins()
        self.column.setContentsMargins(
            margins.left(), margins.top(), margins.right() - OVERHANG, margins.bottom()
        )
        self.images = ImagePanel(look)
        self.generate = GeneratePanel(look, self.images)
        self.details = DetailsPanel()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.generate)
        self.pages.addWidget(self.details)
        self.tabs = QButtonGroup(self)
        self.picture_tab = self._tab(self.tr("Picture"))
        self.views_tab = self._tab(
            self.tr("Views"), self.tr("Front, sides and back: more views, better shape")
        )
        self.details_tab = self._tab(self.tr("Details"), self.tr("How the chosen version was made"))
        self.column.addLayout(row_of(self.picture_tab, self.views_tab, self.details_tab, None, spacing=4))
        self.column.addWidget(self.pages, 1)
        self.tabs.buttonClicked.connect(self._turn)
        self.picture_tab.setChecked(True)

    def show_picture(self) -> None:
        """Turn to the picture."""
        self.picture_tab.setChecked(True)
        self._turn(self.picture_tab)

    def show_details(self) -> None:
        """Turn to the details."""
        self.details_tab.setChecked(True)
        self._turn(self.details_tab)

    def _tab(self, title: str, tip: str = "") -> QPushButton:
        tab = text_button(title, Kind.tab, tip)
        tab.setCheckable(True)
        self.tabs.addButton(tab)
        return tab

    def _turn(self, tab: QPushButton) -> None:
        self.pages.setCurrentWidget(self.details if tab is self.details_tab else self.generate)
        if tab is not self.details_tab:
            self.images.show_page(tab is self.views_tab)
