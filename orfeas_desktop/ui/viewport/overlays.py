"""What floats over the 3D view: its tool bar, the facts of the mesh, a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from orfeas_desktop.ui.viewport.modes import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QIcon

    from orfeas_desktop.engine.chores.display_files import DisplayFacts

    IconSource = Callable[[str], QIcon]

_BUTTON = QSize(30, 28)
_ICON = QSize(18, 18)
_MARGIN = 12
_NOTE_WIDTH = 340
_EDGE = 48
"""What bar and pill take of the height, each."""
_WANTED_LEAST = (Mode.checker, Mode.normals, Mode.matcap, Mode.wireframe, Mode.solid)


@dataclass(frozen=True)
class Tool:
    """A button of the bar."""

    name: str
    title: str
    keys: str
    icon: str
    checkable: bool = False


class FloatingBar(QFrame):
    """Buttons for modes and views; says what was wished, does nothing itself."""

    mode_chosen = Signal(Mode)
    grid_toggled = Signal(bool)
    parallel_toggled = Signal(bool)
    home_clicked = Signal()
    screenshot_clicked = Signal()

    def __init__(self, icon: IconSource, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("floatingBar")
        self.setAccessibleName(self.tr("View tools"))
        self._icon = icon
        self._tools: list[tuple[QToolButton, Tool]] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(4, 4, 4, 4)
        self._row.setSpacing(3)
        self._modes = QButtonGroup(self)
        self.mode_buttons = {mode: self._add(tool) for mode, tool in self._mode_tools().items()}
        for mode, button in self.mode_buttons.items():
            self._modes.addButton(button)
            button.clicked.connect(lambda _checked=False, chosen=mode: self.mode_chosen.emit(chosen))
        self.mode_buttons[Mode.textured].setChecked(True)
        self._row.addWidget(self._divider())
        self.grid = self._add(Tool("grid", self.tr("Grid"), "", "ph.grid-four", checkable=True))
        self.grid.setChecked(True)
        self.grid.toggled.connect(self.grid_toggled)
        self.parallel = self._add(
            Tool("parallel", self.tr("Without perspective"), self.tr("Num 5"), "ph.cube", checkable=True)
        )
        self.parallel.toggled.connect(self.parallel_toggled)
        self.home = self._add(Tool("home", self.tr("Show all"), self.tr("Home"), "ph.frame-corners"))
        self.home.clicked.connect(self.home_clicked)
        self.camera = self._add(Tool("camera", self.tr("Save a picture of the view"), "", "ph.camera"))
        self.camera.clicked.connect(self.screenshot_clicked)
        self.draw_icons()
        self.adjustSize()

    def fit(self, width: int) -> None:
        """Show as many tools as fit; the modes that are wanted least go first, keys and menu still have them."""
        spare = [self.mode_buttons[mode] for mode in _WANTED_LEAST]
        for button in spare:
            button.show()
        while spare and self._row.sizeHint().width() > width:
            spare.pop(0).hide()
            self._row.invalidate()
        self.adjustSize()

    def show_mode(self, mode: Mode) -> None:
        """Mark the mode's button."""
        self.mode_buttons[mode].setChecked(True)

    def allow_checker(self, allowed: bool) -> None:
        """Offer the UV checker or say why not."""
        button = self.mode_buttons[Mode.checker]
        button.setEnabled(allowed)
        tool = next(tool for candidate, tool in self._tools if candidate is button)
        button.setToolTip(_hint(tool) if allowed else self.tr("This mesh has no UVs"))

    def draw_icons(self) -> None:
        """Draw the icons anew, in the colours of the theme."""
        for button, tool in self._tools:
            button.setIcon(self._icon(tool.icon))

    def _mode_tools(self) -> dict[Mode, Tool]:
        return {
            Mode.textured: Tool("textured", self.tr("Textured"), "1", "ph.image", checkable=True),
            Mode.solid: Tool("solid", self.tr("Solid"), "2", "ph.circle", checkable=True),
            Mode.matcap: Tool("matcap", self.tr("Matcap"), "3", "ph.basketball", checkable=True),
            Mode.normals: Tool("normals", self.tr("Normals"), "4", "ph.compass", checkable=True),
            Mode.wireframe: Tool("wireframe", self.tr("Wireframe"), "5", "ph.polygon", checkable=True),
            Mode.checker: Tool("checker", self.tr("UV checker"), "6", "ph.squares-four", checkable=True),
        }

    def _add(self, tool: Tool) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"view-{tool.name}")
        button.setProperty("kind", "flat")
        button.setCheckable(tool.checkable)
        button.setFixedSize(_BUTTON)
        button.setIconSize(_ICON)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(_hint(tool))
        button.setAccessibleName(tool.title)
        self._tools.append((button, tool))
        self._row.addWidget(button)
        return button

    def _divider(self) -> QFrame:
        line = QFrame(self)
        line.setObjectName("divider")
        line.setFixedSize(1, 22)
        return line


class FactsPill(QLabel):
    """Faces, vertices, size and whether the mesh is closed, in one line."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("pill")
        self.setProperty("role", "caption")
        self.setAccessibleName(self.tr("Facts about the mesh"))
        self.setContentsMargins(10, 5, 10, 5)
        font = QFont(self.font())
        font.setFeature(QFont.Tag("tnum"), 1)
        self.setFont(font)
        self._shorter: tuple[tuple[str, ...], ...] = ()
        self.hide()

    def show_facts(self, facts: DisplayFacts, *, closed: bool | None) -> None:
        """Say what the mesh is."""
        locale = self.locale()
        locale.setNumberOptions(QLocale.NumberOption.DefaultNumberOptions)
        faces = self.tr("{count} faces").format(count=locale.toString(facts.faces))
        vertices = self.tr("{count} vertices").format(count=locale.toString(facts.vertices))
        state = () if closed is None else ((self.tr("closed") if closed else self.tr("open")),)
        self._shorter = (
            (faces, vertices, size_text(facts.size, locale), *state),
            (faces, size_text(facts.size, locale), *state),
            (faces, *state),
            (faces,),
        )
        self.setText("   ".join(self._shorter[0]))
        self.setToolTip(self.text())
        self.adjustSize()
        self.show()

    def fit(self, width: int) -> None:
        """Say as much as fits."""
        for parts in self._shorter:
            self.setText("   ".join(parts))
            if self.sizeHint().width() <= width:
                break
        self.adjustSize()


class Message(QWidget):
    """One line in the middle of an empty view, with a quieter one below."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._view = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(4)
        self._line = self._label("body")
        self._note = self._label("muted")
        self._note.setWordWrap(True)
        column.addWidget(self._line)
        column.addWidget(self._note)

    @property
    def text(self) -> str:
        """What is said."""
        return self._line.text()

    def say(self, line: str, note: str = "") -> None:
        """Show the line, and below it the note if there is one."""
        self._line.setText(line)
        self._note.setText(note)
        self._note.setVisible(bool(note))
        self._note.setFixedWidth(max(120, min(_NOTE_WIDTH, self._view.width() - 48)))
        self.adjustSize()
        self.centre()
        self.show()

    def centre(self) -> None:
        """Move to the middle of the view."""
        spare = self._view.size() - self.size()
        self.move(spare.width() // 2, spare.height() // 2)

    def _label(self, role: str) -> QLabel:
        label = QLabel(self)
        label.setProperty("role", role)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        return label


def place_overlays(area: QRect, bar: FloatingBar, pill: FactsPill, message: Message) -> None:
    """Put the bar top centre, the pill lower left and the message in the middle of `area`, above all else."""
    bar.fit(area.width() - 2 * _MARGIN)
    pill.fit(area.width() - 2 * _MARGIN)
    for child in (message, pill, bar):
        child.adjustSize()
        child.raise_()
    bar.move((area.width() - bar.width()) // 2, _MARGIN)
    pill.move(_MARGIN - 2, area.height() - pill.height() - _MARGIN + 2)
    message.centre()


def margin_beside_overlays(height: int) -> float:
    """Return how much larger than what is framed a view of that height is, so that bar and pill hide nothing of it."""
    return min(1.7, 1.08 * height / max(1, height - 2 * _EDGE))


def size_text(size_m: tuple[float, float, float], locale: QLocale) -> str:
    """Return width × height × depth in the unit that suits the largest."""
    largest = max(size_m)
    unit, factor, digits = next(
        (name, factor, digits)
        for name, factor, digits, least in (
            ("m", 1.0, 2, 1.0),
            ("cm", 100.0, 1, 0.01),
            ("mm", 1000.0, 2, 0.0),
        )
        if largest >= least * 0.9995
    )
    sides = " × ".join(locale.toString(side * factor, "f", digits) for side in size_m)
    return f"{sides} {unit}"


def _hint(tool: Tool) -> str:
    return f"{tool.title} ({tool.keys})" if tool.keys else tool.title
