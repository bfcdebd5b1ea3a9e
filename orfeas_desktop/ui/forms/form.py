"""A form for any Params class."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from orfeas_desktop.params import FieldKind, ParamField, Params, PlainParams, Scalar
from orfeas_desktop.ui.forms.editors import Editor, NumberEditor, editor_for, words

if TYPE_CHECKING:
    from collections.abc import Iterable

LABEL_WIDTH = 110
RESET_WIDTH = 18
EDITOR_COLUMN = 2


class Form(QWidget):
    """One row per field: label, editor, and a reset that shows only where a value differs from its default.

    `begun` has the values that stand in for defaults of `params`.
    """

    changed = Signal()

    def __init__(
        self,
        params: type[Params],
        begun: Mapping[str, Scalar] | None = None,
        *,
        skip: Set[str] = frozenset(),
        advanced: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.params = params
        begun = begun or {}
        fields = [
            replace(field, default=begun.get(field.name, field.default))
            for field in params.fields()
            if field.name not in skip
        ]
        self.editors: dict[str, Editor] = {}
        self.resets: dict[str, QToolButton] = {}
        self.more = QToolButton()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        grid.setHorizontalSpacing(0)
        grid.setVerticalSpacing(8)
        grid.setColumnMinimumWidth(0, LABEL_WIDTH - RESET_WIDTH)
        grid.setColumnMinimumWidth(1, RESET_WIDTH + 8)
        grid.setColumnStretch(2, 1)
        self._grid = grid
        self._add(field for field in fields if not field.advanced)
        rare = [field for field in fields if field.advanced]
        if rare:
            self._add_more_button()
            self._add(rare)
        self._align_sliders()
        self._rare = tuple(field.name for field in rare)
        self.show_advanced(advanced)

    def values(self) -> PlainParams:
        """Return every shown value as a JSON scalar."""
        return {name: editor.value() for name, editor in self.editors.items()}

    def chosen(self) -> PlainParams:
        """Return the shown values that are not their defaults."""
        return {
            name: value for name, value in self.values().items() if value != self.editors[name].field.default
        }

    def set_values(self, values: Mapping[str, Scalar]) -> None:
        """Show these values; names that the form does not show are passed over."""
        for name, value in values.items():
            if name in self.editors:
                self.editors[name].set_value(value)

    def reset(self) -> None:
        """Show every default."""
        self.set_values({name: editor.field.default for name, editor in self.editors.items()})

    def show_advanced(self, shown: bool) -> None:
        """Show or hide the rows of rarely needed settings."""
        self.more.setChecked(shown)
        self.more.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        for name in self._rare:
            row = self._row_of(self.editors[name])
            for column in range(self._grid.columnCount()):
                item = self._grid.itemAtPosition(row, column)
                widget = item.widget() if item else None
                if widget is not None:
                    widget.setVisible(shown)
            self._mark(name)

    def _align_sliders(self) -> None:
        editors = self.editors.values()
        spins = [each.spin for each in editors if isinstance(each, NumberEditor) and each.slider is not None]
        width = max((spin.minimumWidth() for spin in spins), default=0)
        for spin in spins:
            spin.setFixedWidth(width)

    def _row_of(self, editor: Editor) -> int:
        return next(
            row for row in range(self._grid.rowCount()) if self._widget_at(row, EDITOR_COLUMN) is editor
        )

    def _widget_at(self, row: int, column: int) -> QWidget | None:
        item = self._grid.itemAtPosition(row, column)
        return item.widget() if item else None

    def _add_more_button(self) -> None:
        self.more.setText(self.tr("More settings"))
        self.more.setAccessibleName(self.tr("More settings"))
        self.more.setCheckable(True)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.setAutoRaise(True)
        self.more.toggled.connect(self.show_advanced)
        self._grid.addWidget(self.more, self._grid.rowCount(), 0, 1, 3)

    def _add(self, fields: Iterable[ParamField]) -> None:
        for field in fields:
            row = self._grid.rowCount()
            editor = editor_for(field)
            label = QLabel(words(field.title))
            label.setProperty("role", "muted")
            label.setToolTip(words(field.help))
            label.setBuddy(editor)
            label.setMinimumWidth(LABEL_WIDTH - RESET_WIDTH)
            label.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
            reset = self._reset_button(field)
            editor.changed.connect(lambda name=field.name: self._on_changed(name))
            self.editors[field.name] = editor
            self.resets[field.name] = reset
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(reset, row, 1)
            if field.kind is FieldKind.prose:
                self._grid.addWidget(editor, row + 1, 0, 1, 3)
            else:
                self._grid.addWidget(editor, row, EDITOR_COLUMN)
            self._mark(field.name)

    def _reset_button(self, field: ParamField) -> QToolButton:
        button = QToolButton()
        button.setObjectName("resetValue")
        button.setText("●")
        button.setAutoRaise(True)
        button.setFixedSize(QSize(18, 18))
        button.setAccessibleName(self.tr("Reset {name}").format(name=words(field.title)))
        button.setToolTip(self.tr("Back to the default"))
        button.clicked.connect(lambda: self.editors[field.name].set_value(field.default))
        return button

    def _on_changed(self, name: str) -> None:
        self._mark(name)
        self.changed.emit()

    def _mark(self, name: str) -> None:
        editor = self.editors[name]
        self.resets[name].setVisible(not editor.isHidden() and editor.value() != editor.field.default)
