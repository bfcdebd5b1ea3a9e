"""What mouse, wheel, pinch and keys do over the 3D view; pyvistaqt's own handling is kept from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QNativeGestureEvent, QWheelEvent

from orfeas_desktop.ui.viewport.keys import Turn, Zoom, command_of
from orfeas_desktop.ui.viewport.modes import NavigationPreset
from orfeas_desktop.ui.viewport.navigation import Gesture, gesture_for, notches_of

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from orfeas_desktop.ui.viewport.keys import Command
    from orfeas_desktop.ui.viewport.navigation import CameraRig

_CLICK_PX = 4.0
_PINCH_NOTCHES = 8.0
_DRAG_AND_DROP = {
    QEvent.Type.DragEnter,
    QEvent.Type.DragMove,
    QEvent.Type.DragLeave,
    QEvent.Type.Drop,
}


class Steering(QObject):
    """Filters the events of the canvas: moves the rig and says so."""

    moved = Signal()
    clicked = Signal(QPointF)
    """A left click without a drag, in the canvas' pixels."""
    commanded = Signal(object)
    """A Command that is not about the rig."""

    def __init__(self, canvas: QWidget, rig: CameraRig) -> None:
        super().__init__(canvas)
        self.preset = NavigationPreset.blender
        self._canvas = canvas
        self._rig = rig
        self._gesture: Gesture | None = None
        self._pressed = QPointF()
        self._last = QPointF()
        self._dragged = False
        canvas.setAcceptDrops(False)
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle what steers; True keeps the canvas itself from it."""
        del watched
        kind = event.type()
        if isinstance(event, QWheelEvent):
            return self._wheel(event)
        if isinstance(event, QNativeGestureEvent):
            return self._pinch(event)
        if isinstance(event, QMouseEvent):
            return self._mouse(event)
        if isinstance(event, QKeyEvent):
            return self._key(event)
        if kind in _DRAG_AND_DROP:
            event.ignore()
            return True
        return False

    def _mouse(self, event: QMouseEvent) -> bool:
        kind = event.type()
        if kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
            self._canvas.setFocus(Qt.FocusReason.MouseFocusReason)
            self._pressed = self._last = event.position()
            self._dragged = False
            self._gesture = gesture_for(self.preset, event.button(), event.modifiers())
        elif kind == QEvent.Type.MouseMove and event.buttons() != Qt.MouseButton.NoButton:
            self._drag(event.position())
        elif kind == QEvent.Type.MouseButtonRelease:
            if event.button() == Qt.MouseButton.LeftButton and not self._dragged:
                self.clicked.emit(event.position())
            if event.buttons() == Qt.MouseButton.NoButton:
                self._gesture = None
        event.accept()
        return True

    def _drag(self, position: QPointF) -> None:
        self._dragged = self._dragged or (position - self._pressed).manhattanLength() > _CLICK_PX
        if self._gesture is None or not self._dragged:
            return
        step = position - self._last
        self._last = position
        if self._gesture is Gesture.orbit:
            self._rig.orbit(step.x(), step.y())
        elif self._gesture is Gesture.pan:
            self._rig.pan(step.x(), step.y(), self._canvas.height())
        else:
            self._rig.zoom(-step.y() / 20.0)
        self.moved.emit()

    def _wheel(self, event: QWheelEvent) -> bool:
        self._rig.zoom(notches_of(event.angleDelta().y()))
        event.accept()
        self.moved.emit()
        return True

    def _pinch(self, event: QNativeGestureEvent) -> bool:
        if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
            return False
        self._rig.zoom(event.value() * _PINCH_NOTCHES)
        self.moved.emit()
        return True

    def _key(self, event: QKeyEvent) -> bool:
        if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            return False
        command = command_of(event)
        event.setAccepted(command is not None)
        if command is not None and event.type() == QEvent.Type.KeyPress:
            self._obey(command)
        return True

    def _obey(self, command: Command) -> None:
        if isinstance(command, Turn):
            self._rig.orbit(command.across_px, command.down_px)
            self.moved.emit()
        elif isinstance(command, Zoom):
            self._rig.zoom(command.notches)
            self.moved.emit()
        else:
            self.commanded.emit(command)
