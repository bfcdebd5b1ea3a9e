"""The mesh doctor: what is wrong with the chosen version, where, and the tool that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLocale, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from orfeas_desktop.ui.panels.doctor_facts import doctor_facts
from orfeas_desktop.ui.panels.fact_grid import FactGrid
from orfeas_desktop.ui.pieces.buttons import Kind, text_button
from orfeas_desktop.ui.pieces.frames import row_of
from orfeas_desktop.ui.pieces.labels import Role, label, set_role
from orfeas_desktop.ui.pieces.scroll_column import OVERHANG, ScrollColumn
from orfeas_desktop.ui.signals import signal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtWidgets import QPushButton

    from orfeas_desktop.ui.state.diagnosis import Diagnosis, FoundFault


class FaultRow(QFrame):
    """One fault with what can be done about it."""

    show_wanted = signal(bool)
    mend_wanted = Signal()

    def __init__(self, fault: FoundFault, tool: str, *, placed: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.setAccessibleName(fault_words(fault.sentence))
        self.fault = fault
        self.sentence = label(fault_words(fault.sentence), wrap=True)
        self.count = label(
            self.tr("{count} places").format(count=QLocale().toString(fault.count)), Role.caption
        )
        self.count.setHidden(fault.count < 2)
        self.show_button = self._button(self.tr("Show"), self.tr("Mark the places in the 3D view"))
        self.show_button.setCheckable(True)
        self.show_button.setHidden(not placed)
        self.show_button.toggled.connect(self._toggle)
        self.mend = self._button(tool, self.tr("Open the tool that mends it"))
        self.mend.setHidden(not tool)
        self.mend.clicked.connect(self.mend_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 6)
        column.setSpacing(2)
        column.addWidget(self.sentence)
        column.addLayout(row_of(self.count, None, self.show_button, self.mend, spacing=12))

    def _button(self, text: str, tip: str) -> QPushButton:
        return text_button(text, Kind.link, tip)

    def _toggle(self, shown: bool) -> None:
        self.show_button.setText(self.tr("Hide") if shown else self.tr("Show"))
        self.show_wanted.emit(shown)


class DoctorPanel(QWidget):
    """Shows a diagnosis; emits what to examine, mark and mend."""

    examine_wanted = signal(str)
    """The tool that looks."""
    places_wanted = signal(str)
    """The fault to mark, or nothing."""
    tool_wanted = signal(str)
    map_wanted = signal(str)
    """The coloured mesh to show, or nothing for the mesh itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Mesh doctor"))
        self.rows: list[FaultRow] = []
        self._titles: dict[str, str] = {}
        self.verdict = label("", wrap=True)
        self.facts = FactGrid()
        self.faults = QVBoxLayout()
        self.faults.setSpacing(8)
        self.scroll_area = ScrollColumn(self.tr("Faults"))
        inside = self.scroll_area.column
        inside.addWidget(self.verdict)
        inside.addLayout(self.faults)
        self.maps = QHBoxLayout()
        self.maps.setSpacing(12)
        inside.addLayout(self.maps)
        inside.addSpacing(4)
        inside.addWidget(self.facts)
        inside.addStretch(1)
        self.why = label("", Role.muted, wrap=True)
        self.check = text_button(self.tr("Check the mesh"), Kind.primary)
        self.check.clicked.connect(lambda: self.examine_wanted.emit("analyse"))
        self.print_check = text_button(
            self.tr("Check for printing"), tip=self.tr("Walls, overhangs and size for the chosen printer")
        )
        self.print_check.clicked.connect(lambda: self.examine_wanted.emit("print-check"))
        self.print_check.hide()
        bottom = QVBoxLayout()
        bottom.setContentsMargins(0, 0, OVERHANG, 0)
        bottom.setSpacing(8)
        for widget in (self.why, self.print_check, self.check):
            bottom.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.scroll_area, 1)
        column.addLayout(bottom)
        self.show_diagnosis(None)

    def know_tools(self, titles: Mapping[str, str]) -> None:
        """Learn what tools are called."""
        self._titles = dict(titles)
        self.print_check.setVisible("print-check" in titles)

    def say(self, *, why_not: str, busy: bool) -> None:
        """Say why the mesh cannot be checked now (nothing: it can)."""
        for button in (self.check, self.print_check):
            button.setEnabled(not why_not and not busy)
            button.setToolTip(why_not)
        self.check.setText(self.tr("Checking…") if busy else self.tr("Check the mesh"))
        self.why.setText(why_not)
        self.why.setVisible(bool(why_not))

    def show_diagnosis(self, diagnosis: Diagnosis | None) -> None:
        """Show what was found, or that nothing was looked at yet."""
        for row in self.rows:
            self.faults.removeWidget(row)
            row.deleteLater()
        self.rows = []
        self.places_wanted.emit("")
        self._offer_maps(() if diagnosis is None else tuple(diagnosis.maps))
        if diagnosis is None:
            set_role(self.verdict, Role.muted)
            self.verdict.setText(self.tr("Lists what is wrong with the mesh and the tool that mends it."))
            self.facts.show_facts(())
            return
        found = len(diagnosis.faults)
        set_role(self.verdict, Role.warning if found else Role.success)
        self.verdict.setText(
            self.tr("Nothing is wrong with this mesh.")
            if not found
            else self.tr("1 kind of fault")
            if found == 1
            else self.tr("{count} kinds of faults").format(count=found)
        )
        for fault in diagnosis.faults:
            self._add(fault, placed=not diagnosis.places(fault.id).empty)
        self.facts.show_facts(doctor_facts(diagnosis))

    def _offer_maps(self, names: Sequence[str]) -> None:
        """Offer coloured meshes, one at a time, and the way back."""
        while (item := self.maps.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        titles = {"walls": self.tr("Show walls"), "overhangs": self.tr("Show overhangs")}
        offered = [(name, titles.get(name, name)) for name in names]
        for name, title in [*offered, ("", self.tr("Show the mesh"))] if offered else []:
            button = text_button(title, Kind.link, self.tr("Colours in the 3D view"))
            button.clicked.connect(lambda _=False, wanted=name: self.map_wanted.emit(wanted))
            self.maps.addWidget(button)
        self.maps.addStretch(1)

    def _add(self, fault: FoundFault, *, placed: bool) -> None:
        row = FaultRow(fault, self._titles.get(fault.tool, ""), placed=placed)
        row.show_wanted.connect(lambda shown, row=row: self._show(row, shown))
        row.mend_wanted.connect(lambda tool=fault.tool: self.tool_wanted.emit(tool))
        self.rows.append(row)
        self.faults.addWidget(row)

    def _show(self, row: FaultRow, shown: bool) -> None:
        if shown:
            for other in self.rows:
                if other is not row:
                    other.show_button.setChecked(False)
            self.places_wanted.emit(row.fault.id)
        elif not any(other.show_button.isChecked() for other in self.rows):
            self.places_wanted.emit("")


def fault_words(text: str) -> str:
    """Translate a fault's sentence."""
    return QCoreApplication.translate("Faults", text) if text else ""
