"""The inspector: pictures and recipe of the next generation, or the details of what is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QPushButton, QStackedWidget, QWidget

from orfeas_desktop.ui.panels.generate_panel import GeneratePanel
from orfeas_desktop.ui.panels.image_panel import ImagePanel
from orfeas_desktop.ui.pieces.buttons import Kind, text_button
from orfeas_desktop.ui.pieces.frames import Panel
from orfeas_desktop.ui.pieces.scroll_column import OVERHANG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orfeas_desktop.ui.panels.details_panel import DetailsPanel
    from orfeas_desktop.ui.panels.doctor_panel import DoctorPanel
    from orfeas_desktop.ui.panels.prompt_panel import PromptPanel
    from orfeas_desktop.ui.panels.recipe_panel import RecipePanel
    from orfeas_desktop.ui.panels.tool_panel import ToolPanel
    from orfeas_desktop.ui.pieces.places import Places
    from orfeas_desktop.ui.theme import Look


class Inspector(Panel):
    """Tabs over pages: Words have a recipe of their own; Picture and Views share one; Tools and Doctor are for editing; Details is for both."""

    words: PromptPanel
    details: DetailsPanel
    tools: ToolPanel
    doctor: DoctorPanel
    recipes: RecipePanel
    turned = Signal()
    """Another tab is seen."""

    def __init__(self, look: Look, places: Places, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Inspector"), parent)
        margins = self.column.contentsMargins()
        self.column.setContentsMargins(
            margins.left(), margins.top(), margins.right() - OVERHANG, margins.bottom()
        )
        self.images = ImagePanel(look, places)
        self.generate = GeneratePanel(look, self.images)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.generate)
        self.tabs = QButtonGroup(self)
        self.words_tab = self._tab(self.tr("Words"), self.tr("Type what to make"))
        self.picture_tab = self._tab(self.tr("Picture"))
        self.views_tab = self._tab(
            self.tr("Views"), self.tr("Front, sides and back: more views, better shape")
        )
        self.details_tab = self._tab(self.tr("Details"), self.tr("How the chosen version was made"))
        self.tools_tab = self._tab(self.tr("Tools"), self.tr("Tools that change the mesh"))
        self.doctor_tab = self._tab(self.tr("Doctor"), self.tr("What is wrong with the mesh"))
        self.recipes_tab = self._tab(self.tr("Recipes"), self.tr("Several tools in one step"))
        tabs = (
            self.words_tab,
            self.picture_tab,
            self.views_tab,
            self.tools_tab,
            self.doctor_tab,
            self.recipes_tab,
            self.details_tab,
        )
        self.fill_head(*tabs, None, spacing=4)
        self.column.addWidget(self.pages, 1)
        self.tabs.buttonClicked.connect(self._turn)
        self._page_of: dict[QAbstractButton, QWidget] = {}
        self._last = {False: self.picture_tab, True: self.tools_tab}
        self.editing = False
        self.set_editing(False)

    def set_editing(self, editing: bool) -> None:
        """Show the tabs for editing, or those for generating, and the one that was seen there last."""
        self.editing = editing
        making = (self.words_tab, self.picture_tab, self.views_tab)
        mending = (self.tools_tab, self.doctor_tab, self.recipes_tab)
        for tab in making if editing else mending:
            tab.hide()  # first: all of them side by side would widen the panel for good
        for tab in mending if editing else making:
            tab.show()
        self._last[editing].setChecked(True)
        self._turn(self._last[editing])

    def show_picture(self) -> None:
        """Turn to the picture."""
        self.set_editing(False)
        self.picture_tab.setChecked(True)
        self._turn(self.picture_tab)

    def add_words(self, words: PromptPanel, details: DetailsPanel) -> None:
        """Take in the pages beside the picture; they are made after the first paint."""
        self.words, self.details = words, details
        self._add({self.words_tab: words, self.details_tab: details})

    def add_editing(self, tools: ToolPanel, doctor: DoctorPanel, recipes: RecipePanel) -> None:
        """Take in the pages for editing; they are made after the first paint."""
        self.tools, self.doctor, self.recipes = tools, doctor, recipes
        self._add({self.tools_tab: tools, self.doctor_tab: doctor, self.recipes_tab: recipes})

    def show_words(self) -> None:
        """Turn to the prompt."""
        self.set_editing(False)
        self.words_tab.setChecked(True)
        self._turn(self.words_tab)
        self.words.focus_words()

    def shows_words(self) -> bool:
        """Whether the prompt is what is seen."""
        return self._last[False] is self.words_tab and not self.editing

    def show_details(self) -> None:
        """Turn to the details."""
        self.details_tab.setChecked(True)
        self._turn(self.details_tab)

    def runs(self) -> QAbstractButton | None:
        """Return what starts the work of the page for editing that is seen; None where there is no such work."""
        if not self.editing or not hasattr(self, "tools"):
            return None
        starts = (self.tools.run, self.doctor.check, self.recipes.run)
        return next((button for button in starts if button.isVisible()), None)

    def _tab(self, title: str, tip: str = "") -> QPushButton:
        tab = text_button(title, Kind.tab, tip)
        tab.setCheckable(True)
        self.tabs.addButton(tab)
        return tab

    def _add(self, pages: Mapping[QAbstractButton, QWidget]) -> None:
        for page in pages.values():
            self.pages.addWidget(page)
        self._page_of.update(pages)

    def _turn(self, tab: QPushButton) -> None:
        self._last[self.editing] = tab
        self.pages.setCurrentWidget(self._page_of.get(tab, self.generate))
        if tab in {self.picture_tab, self.views_tab}:
            self.images.show_page(tab is self.views_tab)
        self.turned.emit()

    def show_tab(self, tab: QPushButton) -> None:
        """Turn to one of the tabs for editing."""
        self.set_editing(True)
        tab.setChecked(True)
        self._turn(tab)
