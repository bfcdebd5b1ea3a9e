from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt

from orfeas_desktop.engine.render.camera import corners
from orfeas_desktop.ui.viewport.modes import NavigationPreset, ViewDirection
from orfeas_desktop.ui.viewport.navigation import CameraRig, Gesture, gesture_for

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


@pytest.mark.parametrize(
    ("preset", "button", "held", "gesture"),
    [
        (NavigationPreset.blender, MIDDLE, NONE, Gesture.orbit),
        (NavigationPreset.blender, MIDDLE, SHIFT, Gesture.pan),
        (NavigationPreset.blender, MIDDLE, CONTROL, Gesture.zoom),
        (NavigationPreset.blender, LEFT, NONE, Gesture.orbit),
        (NavigationPreset.blender, RIGHT, NONE, None),
        (NavigationPreset.maya, LEFT, ALT, Gesture.orbit),
        (NavigationPreset.maya, MIDDLE, ALT, Gesture.pan),
        (NavigationPreset.maya, RIGHT, ALT, Gesture.zoom),
        (NavigationPreset.maya, LEFT, NONE, None),
        (NavigationPreset.unity, LEFT, ALT, Gesture.orbit),
        (NavigationPreset.unity, MIDDLE, NONE, Gesture.pan),
        (NavigationPreset.unity, LEFT, NONE, None),
    ],
)
def test_each_preset_has_its_buttons(preset, button, held, gesture):
    assert gesture_for(preset, button, held) is gesture
    assert gesture_for(preset, button, held | Qt.KeyboardModifier.KeypadModifier) is gesture


@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), max_size=8))
def test_turning_keeps_the_distance_the_middle_and_an_upright_head(drags):
    rig = CameraRig()
    for across, down in drags:
        rig.orbit(across, down)
    assert np.linalg.norm(rig.position - rig.focal_point) == pytest.approx(rig.distance)
    np.testing.assert_array_equal(rig.focal_point, 0)
    assert rig.axes[1][1] >= -1e-9
    assert abs(rig.axes[0][1]) < 1e-12


def test_a_drag_to_the_right_shows_more_of_the_left_side():
    rig = CameraRig()
    rig.look_from(ViewDirection.front)
    rig.orbit(50, 0)
    assert rig.position[0] < 0
    rig.look_from(ViewDirection.front)
    rig.orbit(0, 50)
    assert rig.position[1] > 0


@given(st.floats(-300, 300), st.floats(-300, 300), st.booleans())
def test_panning_moves_what_is_seen_with_the_pointer(across, down, parallel):
    rig = CameraRig()
    rig.parallel = parallel
    held = rig.focal_point
    rig.pan(across, down, height_px=400)
    right, up, _ = rig.axes
    moved = held - rig.focal_point
    pixel = 2 * rig.parallel_scale / 400
    assert moved @ right == pytest.approx(across * pixel)
    assert moved @ up == pytest.approx(-down * pixel)


@given(st.floats(-200, 200))
def test_zoom_never_reaches_the_middle_nor_leaves_the_world(notches):
    rig = CameraRig()
    rig.zoom(notches)
    assert 0 < rig.distance < 1e6
    assert (rig.distance < 4.0) == (notches > 0) or rig.distance == pytest.approx(4.0)


def test_fitting_looks_from_the_same_side():
    rig = CameraRig()
    rig.look_from(ViewDirection.right)
    rig.fit(corners(np.zeros(3), np.array([2.0, 4.0, 2.0])), aspect=1.5)
    np.testing.assert_allclose(rig.focal_point, (1, 2, 1), atol=1e-9)
    assert rig.position[0] > 6
    np.testing.assert_allclose(rig.position[1:], (2, 1), atol=1e-9)
