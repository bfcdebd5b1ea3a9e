"""One small editor per kind of parameter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSignalBlocker, QStandardPaths, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QSpinBox,
    QWidget,
)

from orfeas_desktop.params import FieldKind, ParamField, Scalar

if TYPE_CHECKING:
    from collections.abc import Callable

INT_LIMIT = 2**31 - 1
PROSE_LINES = 3


class Editor(QWidget):
    """Edits one value; `changed` tells of every change, by the user or by `set_value`."""

    changed = Signal()

    def __init__(self, field: ParamField, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)

    def value(self) -> Scalar:
        """Return the value as a JSON scalar."""
        raise NotImplementedError

    def set_value(self, value: Scalar) -> None:
        """Show `value`."""
        raise NotImplementedError

    def adopt(self, *widgets: QWidget) -> None:
        """Lay the widgets out and give them the field's words."""
        for widget in widgets:
            widget.setAccessibleName(words(self.field.title))
            widget.setAccessibleDescription(words(self.field.help))
            widget.setToolTip(words(self.field.help))
            if isinstance(widget, QAbstractSpinBox):
                widget.lineEdit().setAccessibleName(words(self.field.title))
            self.row.addWidget(widget)
        self.setFocusProxy(widgets[0])


def words(text: str) -> str:
    """Translate words that were marked in `Params`."""
    return QCoreApplication.translate("Params", text) if text else ""


class WheelGuard(QObject):
    """Leaves the wheel to the page unless the widget has the keyboard."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def guard_wheel(widget: QWidget) -> None:
    """Keep a scrolled form from changing the values that pass under the pointer."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(WheelGuard(widget))


class BooleanEditor(Editor):
    """A tick box."""

    def __init__(self, field: ParamField, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.box = QCheckBox()
        self.adopt(self.box)
        self.box.toggled.connect(self.changed)

    def value(self) -> bool:
        return self.box.isChecked()

    def set_value(self, value: Scalar) -> None:
        self.box.setChecked(bool(value))


class ChoiceEditor(Editor):
    """A drop-down list."""

    def __init__(self, field: ParamField, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.list = QComboBox()
        for choice in field.choices:
            self.list.addItem(words(choice.title), choice.value)
        self.list.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.list.setMinimumContentsLength(6)
        guard_wheel(self.list)
        self.adopt(self.list)
        self.list.currentIndexChanged.connect(self.changed)

    def value(self) -> str:
        return str(self.list.currentData())

    def set_value(self, value: Scalar) -> None:
        self.list.setCurrentIndex(max(0, self.list.findData(value)))


class IntegerEditor(Editor):
    """A number field for whole numbers."""

    def __init__(self, field: ParamField, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.spin = QSpinBox()
        self.spin.setRange(
            int(field.minimum if field.minimum is not None else -INT_LIMIT),
            int(field.maximum if field.maximum is not None else INT_LIMIT),
        )
        self.spin.setSingleStep(int(field.step or 1))
        if field.unit:
            self.spin.setSuffix(f" {field.unit}")
        self.spin.setSpecialValueText(words(field.at_minimum))
        self.spin.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
        guard_wheel(self.spin)
        self.adopt(self.spin)
        self.spin.valueChanged.connect(self.changed)

    def value(self) -> int:
        return self.spin.value()

    def set_value(self, value: Scalar) -> None:
        self.spin.setValue(int(value or 0))


class NumberEditor(Editor):
    """A number field, with a slider where both ends are known."""

    def __init__(self, field: ParamField, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.step = field.step or 0.01
        self.spin = QDoubleSpinBox()
        self.spin.setDecimals(max(0, -math.floor(math.log10(self.step) + 1e-9)))
        low = field.minimum if field.minimum is not None else -1e9
        high = field.maximum if field.maximum is not None else 1e9
        self.spin.setRange(low, high)
        self.spin.setSingleStep(self.step)
        if field.unit:
            self.spin.setSuffix(f" {field.unit}")
        self.spin.setSpecialValueText(words(field.at_minimum))
        guard_wheel(self.spin)
        self.slider: QSlider | None = None
        if field.minimum is not None and field.maximum is not None:
            self.slider = QSlider(Qt.Orientation.Horizontal)
            self.slider.setRange(0, round((high - low) / self.step))
            guard_wheel(self.slider)
            self.spin.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
            ends = [self.spin.textFromValue(end) + self.spin.suffix() for end in (low, high)]
            shown = (self.spin.specialValueText(), *ends)
            self.spin.setFixedWidth(
                max(64, 22 + max(self.spin.fontMetrics().horizontalAdvance(text) for text in shown))
            )
            self.adopt(self.slider, self.spin)
            self.slider.valueChanged.connect(self._take_slider)
        else:
            self.adopt(self.spin)
        self.spin.valueChanged.connect(self._take_spin)

    def value(self) -> float:
        return round(self.spin.value(), 9)

    def set_value(self, value: Scalar) -> None:
        self.spin.setValue(float(value or 0.0))

    def _take_slider(self, position: int) -> None:
        self.spin.setValue(self.spin.minimum() + position * self.step)

    def _take_spin(self, value: float) -> None:
        if self.slider is not None:
            with QSignalBlocker(self.slider):
                self.slider.setValue(round((value - self.spin.minimum()) / self.step))
        self.changed.emit()


class TextEditor(Editor):
    """A line of text."""

    def __init__(self, field: ParamField, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.line = QLineEdit()
        self.adopt(self.line)
        self.line.textChanged.connect(self.changed)

    def value(self) -> str:
        return self.line.text()

    def set_value(self, value: Scalar) -> None:
        self.line.setText("" if value is None else str(value))


class ProseEditor(Editor):
    """Text of several lines; Tab leaves it."""

    def __init__(self, field: ParamField, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.text = QPlainTextEdit()
        self.text.setObjectName("prose")
        self.text.setTabChangesFocus(True)
        lines = PROSE_LINES * self.text.fontMetrics().lineSpacing()
        self.text.setFixedHeight(lines + 2 * round(self.text.document().documentMargin()) + 8)
        self.adopt(self.text)
        self.text.textChanged.connect(self.changed)

    def value(self) -> str:
        return self.text.toPlainText()

    def set_value(self, value: Scalar) -> None:
        given = "" if value is None else str(value)
        if given != self.text.toPlainText():
            self.text.setPlainText(given)


class PathEditor(TextEditor):
    """A path, typed or picked."""

    def __init__(self, field: ParamField, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.button = QPushButton(self.tr("Choose…"))
        self.button.setAccessibleName(self.tr("Choose {name}").format(name=words(field.title)))
        self.row.addWidget(self.button)
        self.button.clicked.connect(self.pick)

    def pick(self) -> None:
        """Ask for a path; an empty answer changes nothing."""
        title, begin = (
            words(self.field.title),
            self.value()
            or QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation),
        )
        if self.field.kind is FieldKind.folder:
            path = QFileDialog.getExistingDirectory(self, title, begin)
        else:
            path, _ = QFileDialog.getOpenFileName(self, title, begin)
        if path:
            self.set_value(path)


EDITORS: dict[FieldKind, Callable[[ParamField], Editor]] = {
    FieldKind.boolean: BooleanEditor,
    FieldKind.integer: IntegerEditor,
    FieldKind.number: NumberEditor,
    FieldKind.choice: ChoiceEditor,
    FieldKind.text: TextEditor,
    FieldKind.prose: ProseEditor,
    FieldKind.box: TextEditor,
    FieldKind.file: PathEditor,
    FieldKind.folder: PathEditor,
}


def editor_for(field: ParamField) -> Editor:
    """Return a new editor that shows the field's default."""
    editor = EDITORS[field.kind](field)
    editor.set_value(field.default)
    return editor
