"""Steering: which buttons mean what, and how the camera follows."""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt

from orfeas_desktop.engine.render.camera import (
    THREE_QUARTER,
    VIEW_ANGLE_DEG,
    axes_of,
    pose_to_fit,
)
from orfeas_desktop.ui.viewport.modes import NavigationPreset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.ui.viewport.modes import ViewDirection

ORBIT_DEG_PER_PIXEL = 0.4
ZOOM_PER_NOTCH = 1.15
_NOTCH = 120
_SMALLEST_DISTANCE = 1e-4
_LARGEST_DISTANCE = 1e5


class Gesture(Enum):
    """What a drag does."""

    orbit = auto()
    pan = auto()
    zoom = auto()


_LEFT, _MIDDLE, _RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
_PLAIN = Qt.KeyboardModifier.NoModifier
_SHIFT, _CONTROL, _ALT = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
_GESTURES = {
    NavigationPreset.blender: {
        (_MIDDLE, _PLAIN): Gesture.orbit,
        (_MIDDLE, _SHIFT): Gesture.pan,
        (_MIDDLE, _CONTROL): Gesture.zoom,
        (_LEFT, _PLAIN): Gesture.orbit,
        (_LEFT, _SHIFT): Gesture.pan,
        (_LEFT, _CONTROL): Gesture.zoom,
    },
    NavigationPreset.maya: {
        (_LEFT, _ALT): Gesture.orbit,
        (_MIDDLE, _ALT): Gesture.pan,
        (_RIGHT, _ALT): Gesture.zoom,
    },
    NavigationPreset.unity: {
        (_LEFT, _ALT): Gesture.orbit,
        (_MIDDLE, _PLAIN): Gesture.pan,
        (_MIDDLE, _ALT): Gesture.pan,
        (_RIGHT, _ALT): Gesture.zoom,
        (_RIGHT, _PLAIN): Gesture.orbit,
    },
}


def gesture_for(
    preset: NavigationPreset, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier
) -> Gesture | None:
    """Return what dragging with that button does, or None."""
    held = modifiers & (_SHIFT | _CONTROL | _ALT)
    return _GESTURES[preset].get((button, held))


class CameraRig:
    """A turntable camera: it keeps +y upright and turns around `focal_point`. Lengths are in metres."""

    def __init__(self) -> None:
        self.yaw_deg, self.pitch_deg = THREE_QUARTER
        self.focal_point: NDArray[np.float64] = np.zeros(3)
        self.distance = 4.0
        self.parallel = False

    @property
    def position(self) -> NDArray[np.float64]:
        """Where the camera stands."""
        return self.focal_point + self.axes[2] * self.distance

    @property
    def axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Right, up and backward."""
        return axes_of(self.yaw_deg, self.pitch_deg)

    @property
    def parallel_scale(self) -> float:
        """Half the height that is seen at the focal point."""
        return self.distance * math.tan(math.radians(VIEW_ANGLE_DEG / 2))

    def orbit(self, across_px: float, down_px: float) -> None:
        """Turn as if the object were dragged by so many pixels."""
        self.yaw_deg = (self.yaw_deg - across_px * ORBIT_DEG_PER_PIXEL + 180.0) % 360.0 - 180.0
        self.pitch_deg = min(max(self.pitch_deg + down_px * ORBIT_DEG_PER_PIXEL, -90.0), 90.0)

    def pan(self, across_px: float, down_px: float, height_px: int) -> None:
        """Move so that what is at the focal point stays under the pointer, in a view `height_px` high."""
        right, up, _ = self.axes
        step = 2.0 * self.parallel_scale / max(height_px, 1)
        self.focal_point = self.focal_point - right * (across_px * step) + up * (down_px * step)

    def zoom(self, notches: float) -> None:
        """Come nearer by so many notches of a wheel."""
        nearer = self.distance * ZOOM_PER_NOTCH**-notches
        self.distance = min(max(nearer, _SMALLEST_DISTANCE), _LARGEST_DISTANCE)

    def look_from(self, direction: ViewDirection) -> None:
        """Stand there, at the same distance."""
        self.yaw_deg, self.pitch_deg = direction.value

    def look_three_quarter(self) -> None:
        """Stand where a new mesh is first seen from."""
        self.yaw_deg, self.pitch_deg = THREE_QUARTER

    def fit(self, points: NDArray[np.floating], aspect: float, margin: float = 1.2) -> None:
        """Show all `points` (N, 3) from the current direction; the view is `margin` times as large as they are."""
        pose = pose_to_fit(points, self.yaw_deg, self.pitch_deg, aspect=aspect, margin=margin)
        self.focal_point, self.distance = pose.focal_point, pose.distance


def notches_of(angle_delta: int) -> float:
    """Return wheel notches of Qt's eighths of a degree."""
    return angle_delta / _NOTCH
