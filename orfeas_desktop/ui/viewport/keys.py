"""The keys of the 3D view and what each one asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from orfeas_desktop.ui.viewport.modes import Mode, ViewDirection

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent


class Wish(Enum):
    """What needs no more to be said."""

    frame = auto()
    home = auto()
    toggle_projection = auto()


@dataclass(frozen=True)
class Turn:
    """Turn as a drag of so many pixels would."""

    across_px: float
    down_px: float


@dataclass(frozen=True)
class Zoom:
    """Come nearer by so many notches of a wheel."""

    notches: float


Command = Wish | Turn | Zoom | Mode | ViewDirection

_KEYPAD = Qt.KeyboardModifier.KeypadModifier
_CONTROL = Qt.KeyboardModifier.ControlModifier
_NONE = Qt.KeyboardModifier.NoModifier
_TURN_PX = 37.5
"""Fifteen degrees."""

_ON_KEYPAD: dict[tuple[Qt.Key, Qt.KeyboardModifier], Command] = {
    (Qt.Key.Key_1, _NONE): ViewDirection.front,
    (Qt.Key.Key_1, _CONTROL): ViewDirection.back,
    (Qt.Key.Key_3, _NONE): ViewDirection.right,
    (Qt.Key.Key_3, _CONTROL): ViewDirection.left,
    (Qt.Key.Key_7, _NONE): ViewDirection.top,
    (Qt.Key.Key_7, _CONTROL): ViewDirection.bottom,
    (Qt.Key.Key_5, _NONE): Wish.toggle_projection,
}
_ABOVE_LETTERS: dict[Qt.Key, Command] = {
    Qt.Key.Key_1: Mode.textured,
    Qt.Key.Key_2: Mode.solid,
    Qt.Key.Key_3: Mode.matcap,
    Qt.Key.Key_4: Mode.normals,
    Qt.Key.Key_5: Mode.wireframe,
    Qt.Key.Key_6: Mode.checker,
}
_ANYWHERE: dict[Qt.Key, Command] = {
    Qt.Key.Key_F: Wish.frame,
    Qt.Key.Key_Home: Wish.home,
    Qt.Key.Key_Left: Turn(-_TURN_PX, 0.0),
    Qt.Key.Key_Right: Turn(_TURN_PX, 0.0),
    Qt.Key.Key_Up: Turn(0.0, -_TURN_PX),
    Qt.Key.Key_Down: Turn(0.0, _TURN_PX),
    Qt.Key.Key_Plus: Zoom(1.0),
    Qt.Key.Key_Equal: Zoom(1.0),
    Qt.Key.Key_Minus: Zoom(-1.0),
}


def command_of(event: QKeyEvent) -> Command | None:
    """Return what the key asks for; number keys above the letters differ from the keypad's."""
    key = Qt.Key(event.key())
    held = event.modifiers() & ~_KEYPAD
    keypad = bool(event.modifiers() & _KEYPAD)
    if keypad and (key, held) in _ON_KEYPAD:
        return _ON_KEYPAD[key, held]
    if held != _NONE:
        return None
    return _ANYWHERE.get(key) or (None if keypad else _ABOVE_LETTERS.get(key))
