"""Tools: pick one, fill its form, run it on what is chosen; the result is the asset's next version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QStackedWidget, QVBoxLayout, QWidget

from orfeas_desktop.assets import MESH_SUFFIXES
from orfeas_desktop.params import PlainParams
from orfeas_desktop.ui.forms.form import Form
from orfeas_desktop.ui.panels.fact_grid import FactGrid
from orfeas_desktop.ui.panels.tool_list import ToolChoice, ToolList, tool_words
from orfeas_desktop.ui.panels.work_picture import WorkPicture
from orfeas_desktop.ui.pieces.buttons import IconName, Kind, icon_button, text_button
from orfeas_desktop.ui.pieces.frames import row_of
from orfeas_desktop.ui.pieces.labels import ElidedLabel, Role, label
from orfeas_desktop.ui.pieces.places import Place
from orfeas_desktop.ui.pieces.scroll_column import OVERHANG, ScrollColumn
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.state.tool_wish import OtherMesh, ToolWish

if TYPE_CHECKING:
    from orfeas_desktop.ui.panels.fact_grid import Fact
    from orfeas_desktop.ui.pieces.places import Places
    from orfeas_desktop.ui.theme import Look


@dataclass(frozen=True)
class OtherChoice:
    """A mesh that may be taken as the other one."""

    title: str
    mesh: OtherMesh


class ToolPanel(QWidget):
    """The list of tools, or one tool with its form; Run always stays in sight and says why it cannot."""

    run_wanted: TypedSignal[ToolWish] = signal(ToolWish)
    tool_shown = signal(str)
    """The tool that is shown now, or nothing for the list."""
    changed = Signal()

    def __init__(self, look: Look, places: Places, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._places = places
        self.setAccessibleName(self.tr("Tools"))
        self._choices: dict[str, ToolChoice] = {}
        self.kept: dict[str, PlainParams] = {}
        """What was chosen last by tool, where it was not the default."""
        self.tool = ""
        self.form: Form | None = None
        self._others: tuple[OtherChoice, ...] = ()
        self.list = ToolList()
        self.list.chosen.connect(self.show_tool)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.list)
        self.pages.addWidget(self._tool_page(look))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.pages)

    def offer(self, choices: Sequence[ToolChoice]) -> None:
        """Offer these tools."""
        offered = {choice.id: choice for choice in choices}
        if offered == self._choices:
            return
        self._choices = offered
        self.list.offer(choices)
        if self.tool in offered:
            self._keep()
            self._make_form(offered[self.tool])

    def offer_others(self, others: Sequence[OtherChoice]) -> None:
        """Offer these meshes as the other one; a file can always be chosen too."""
        before = self.other.currentText()
        self._others = tuple(others)
        self.other.blockSignals(True)
        self.other.clear()
        for choice in self._others:
            self.other.addItem(choice.title)
        self.other.addItem(self.tr("Choose a file…"))
        titles = [choice.title for choice in self._others]
        self.other.setCurrentIndex(titles.index(before) if before in titles else 0 if titles else -1)
        self.other.blockSignals(False)

    def show_list(self) -> None:
        """Go back to the list of tools."""
        self._keep()
        self.tool = ""
        self.pages.setCurrentIndex(0)
        self.list.search.setFocus()
        self.tool_shown.emit("")

    def show_tool(self, tool: str) -> None:
        """Show a tool's form with what was chosen last; one that is not offered is passed over."""
        choice = self._choices.get(tool)
        if choice is None:
            return
        if tool != self.tool:
            self._keep()
            self._make_form(choice)
        self.pages.setCurrentIndex(1)
        self.tool_shown.emit(tool)
        self.changed.emit()

    def remembered(self) -> dict[str, PlainParams]:
        """Return what was chosen last in every tool."""
        self._keep()
        return dict(self.kept)

    def other_mesh(self) -> OtherMesh | None:
        """Return the mesh that is chosen as the other one."""
        place = self.other.currentIndex()
        return self._others[place].mesh if 0 <= place < len(self._others) else None

    def takes_other(self) -> bool:
        """Whether the shown tool may have another mesh."""
        choice = self._choices.get(self.tool)
        return choice is not None and choice.takes_other

    def needs_other(self) -> bool:
        """Whether the shown tool still lacks its other mesh."""
        choice = self._choices.get(self.tool)
        return choice is not None and choice.takes_other and choice.other_required and not self.other_mesh()

    def say(self, *, estimate: str, target: str, why_not: str) -> None:
        """Show what it will cost, what it makes, and why it cannot start (nothing: it can)."""
        self.estimate.set_text(estimate)
        self.target.set_text(target)
        self.run.setEnabled(not why_not)
        self.run.setToolTip(why_not)
        self.run.setAccessibleDescription(why_not)
        self.why.setText(why_not)
        self.why.setVisible(bool(why_not))

    def show_change(self, facts: Sequence[Fact]) -> None:
        """Show before and after of the version that is chosen."""
        self.change.show_facts(facts)
        self.change_title.setVisible(bool(facts))

    def _tool_page(self, look: Look) -> QWidget:
        self.back = icon_button(look, IconName("ph.arrow-left"), self.tr("All tools"))
        self.back.clicked.connect(self.show_list)
        self.title = ElidedLabel("", Role.heading)
        self.summary = label("", Role.caption, wrap=True)
        self.other = QComboBox()
        self.other.setAccessibleName(self.tr("Other mesh"))
        self.other.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.other.setMinimumContentsLength(6)
        self.other.activated.connect(self._choose_other)
        self.other_row = QWidget()
        other = QVBoxLayout(self.other_row)
        other.setContentsMargins(0, 0, 0, 0)
        other.setSpacing(4)
        other.addWidget(label(self.tr("Other mesh"), Role.muted))
        other.addWidget(self.other)
        self.slot = QVBoxLayout()
        self.working = WorkPicture(look)
        self.change = FactGrid()
        self.change_title = label(self.tr("Before and after"), Role.heading)
        self.change_title.hide()
        self.scroll_area = ScrollColumn(self.tr("Settings of the tool"))
        inside = self.scroll_area.column
        inside.addWidget(self.summary)
        inside.addWidget(self.other_row)
        inside.addLayout(self.slot)
        inside.addSpacing(8)
        inside.addWidget(self.working)
        inside.addWidget(self.change_title)
        inside.addWidget(self.change)
        inside.addStretch(1)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        head = row_of(self.back, spacing=4)
        head.addWidget(self.title, 1)
        column.addLayout(head)
        column.addWidget(self.scroll_area, 1)
        column.addLayout(self._bottom())
        return page

    def _bottom(self) -> QVBoxLayout:
        self.target = ElidedLabel("", Role.muted)
        self.estimate = ElidedLabel("", Role.caption)
        self.why = label("", Role.muted, wrap=True)
        self.why.setAccessibleName(self.tr("Why it cannot start"))
        self.run = text_button(self.tr("Run"), Kind.primary)
        self.run.clicked.connect(self._ask)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, OVERHANG, 0)
        column.setSpacing(4)
        for widget in (self.target, self.estimate, self.why):
            column.addWidget(widget)
        column.addSpacing(4)
        column.addWidget(self.run)
        return column

    def _make_form(self, choice: ToolChoice) -> None:
        if self.form is not None:
            self.slot.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
        self.tool = choice.id
        self.form = Form(choice.params, choice.begun)
        self.form.set_values(self.kept.get(choice.id, {}))
        self.form.changed.connect(self.changed)
        self.slot.addWidget(self.form)
        self.title.set_text(choice.name)
        self.summary.setText(tool_words(choice.summary))
        self.other_row.setVisible(choice.takes_other)

    def set_values(self, values: Mapping[str, object]) -> None:
        """Show these settings in the form of the shown tool."""
        known = {name: value for name, value in values.items() if isinstance(value, str | int | float | None)}
        if self.form is not None:
            self.form.set_values(known)

    def _keep(self) -> None:
        if self.form is not None and self.tool:
            self.kept[self.tool] = self.form.chosen()

    def _ask(self) -> None:
        choice = self._choices.get(self.tool)
        if choice is not None and self.form is not None:
            self._keep()
            other = self.other_mesh() if choice.takes_other else None
            self.run_wanted.emit(ToolWish(self.tool, self.form.values(), other))

    def _choose_other(self, place: int) -> None:
        if place == len(self._others):
            path = self._places.open_file(self, Place.meshes, self.tr("Other mesh"), MESH_SUFFIXES)
            if path is not None:
                self.take_other_file(path)
            else:
                self.other.setCurrentIndex(0 if self._others else -1)
        self.changed.emit()

    def take_other_file(self, path: Path) -> None:
        """Take a mesh file as the other mesh."""
        self.offer_others((*self._others, OtherChoice(path.name, path)))
        self.other.setCurrentIndex(len(self._others) - 1)
        self.changed.emit()
