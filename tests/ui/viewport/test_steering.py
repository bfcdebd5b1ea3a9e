"""Real mouse, wheel and key events on a real canvas."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QNativeGestureEvent,
    QPointingDevice,
    QWheelEvent,
)
from PySide6.QtTest import QTest

from orfeas_desktop.ui.viewport.modes import Mode, NavigationPreset

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CONTROL, ALT, KEYPAD = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.KeypadModifier,
)
STEP = QPoint(120, 40)


def wheel(canvas, angle):
    centre = QPointF(canvas.rect().center())
    event = QWheelEvent(
        centre, canvas.mapToGlobal(centre), QPoint(), QPoint(0, angle), Qt.MouseButton.NoButton, NONE,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QCoreApplication.sendEvent(canvas, event)


def camera_of(stand):
    camera = stand.canvas.renderer.GetActiveCamera()
    return np.array([*camera.GetPosition(), *camera.GetFocalPoint()])


@pytest.mark.parametrize("button", [LEFT, MIDDLE])
def test_a_drag_turns_the_mesh(stand, small, button):
    stand.show(small)
    before, pixels = camera_of(stand), stand.pixels()
    stand.drag(button, STEP)
    after = camera_of(stand)
    assert np.abs(after[:3] - before[:3]).max() > 0.3
    np.testing.assert_allclose(after[3:], before[3:])
    reach = [np.linalg.norm(camera[:3] - camera[3:]) for camera in (before, after)]
    assert reach[0] == pytest.approx(reach[1])
    assert np.abs(stand.pixels().astype(int) - pixels).max() > 60


def test_shift_and_the_middle_button_move_the_view(stand, small):
    stand.show(small)
    before = camera_of(stand)
    stand.drag(MIDDLE, STEP, SHIFT)
    after = camera_of(stand)
    np.testing.assert_allclose(after[:3] - before[:3], after[3:] - before[3:], atol=1e-9)
    assert np.linalg.norm(after[3:] - before[3:]) > 0.1


def test_control_and_the_middle_button_zoom(stand, small):
    stand.show(small)
    before = stand.view.rig.distance
    stand.drag(MIDDLE, QPoint(0, -80), CONTROL)
    assert stand.view.rig.distance < before * 0.8


def test_the_wheel_zooms_both_ways_and_the_picture_follows(stand, small):
    stand.show(small)
    distance, covered = stand.view.rig.distance, red_and_blue(stand.pixels())
    wheel(stand.canvas, 240)
    assert stand.view.rig.distance < distance
    assert red_and_blue(stand.pixels()) > covered * 1.2
    wheel(stand.canvas, -240)
    assert stand.view.rig.distance == pytest.approx(distance)


def red_and_blue(pixels):
    strong = pixels.max(axis=2).astype(int) - pixels.min(axis=2)
    return int((strong > 50).sum())


def test_a_pinch_zooms(stand, small):
    stand.show(small)
    before = stand.view.rig.distance
    centre = QPointF(stand.canvas.rect().center())
    for kind in (Qt.NativeGestureType.ZoomNativeGesture, Qt.NativeGestureType.RotateNativeGesture):
        event = QNativeGestureEvent(
            kind, QPointingDevice.primaryPointingDevice(), 2, centre, centre, centre, 0.25, QPointF()
        )
        QCoreApplication.sendEvent(stand.canvas, event)
    assert stand.view.rig.distance == pytest.approx(before * 1.15**-2)


def test_other_presets_follow_other_buttons(stand, small):
    stand.show(small)
    stand.view.set_navigation(NavigationPreset.maya)
    before = camera_of(stand)
    stand.drag(LEFT, STEP)
    stand.drag(MIDDLE, STEP)
    np.testing.assert_array_equal(camera_of(stand), before)
    stand.drag(LEFT, STEP, ALT)
    assert np.abs(camera_of(stand)[:3] - before[:3]).max() > 0.3
    stand.view.set_navigation(NavigationPreset.unity)
    turned = camera_of(stand)
    stand.drag(RIGHT, STEP, ALT)
    assert stand.view.rig.distance != pytest.approx(np.linalg.norm(turned[:3] - turned[3:]))


def test_number_keys_choose_modes_and_those_of_the_keypad_views(stand, small):
    stand.show(small)
    for key, mode in zip(range(Qt.Key.Key_1, Qt.Key.Key_7), Mode, strict=True):
        stand.key(Qt.Key(key))
        assert stand.view.mode is [
            Mode.textured, Mode.solid, Mode.matcap, Mode.normals, Mode.wireframe, Mode.checker,
        ][key - Qt.Key.Key_1], mode  # fmt: skip
    for key, held, expected in (
        (Qt.Key.Key_1, KEYPAD, (0, 0, 1)),
        (Qt.Key.Key_1, KEYPAD | CONTROL, (0, 0, -1)),
        (Qt.Key.Key_3, KEYPAD, (1, 0, 0)),
        (Qt.Key.Key_3, KEYPAD | CONTROL, (-1, 0, 0)),
        (Qt.Key.Key_7, KEYPAD, (0, 1, 0)),
        (Qt.Key.Key_7, KEYPAD | CONTROL, (0, -1, 0)),
    ):
        stand.key(key, held)
        camera = camera_of(stand)
        towards = (camera[:3] - camera[3:]) / stand.view.rig.distance
        np.testing.assert_allclose(towards, expected, atol=1e-9)
    assert stand.view.mode is Mode.checker


def test_home_frame_projection_turn_and_zoom_keys(stand, small):
    stand.show(small)
    home = camera_of(stand)
    stand.key(Qt.Key.Key_Left)
    stand.key(Qt.Key.Key_Up)
    stand.key(Qt.Key.Key_Plus)
    turned = stand.view.rig.yaw_deg, stand.view.rig.pitch_deg
    assert np.abs(camera_of(stand) - home).max() > 0.3
    stand.key(Qt.Key.Key_F)
    assert (stand.view.rig.yaw_deg, stand.view.rig.pitch_deg) == turned
    stand.key(Qt.Key.Key_Home)
    np.testing.assert_allclose(camera_of(stand), home, atol=1e-9)
    stand.key(Qt.Key.Key_5, KEYPAD)
    assert stand.canvas.renderer.GetActiveCamera().GetParallelProjection()
    assert stand.view.bar.parallel.isChecked()
    stand.key(Qt.Key.Key_5, KEYPAD)
    assert not stand.canvas.renderer.GetActiveCamera().GetParallelProjection()


def test_the_view_claims_its_own_keys_and_leaves_the_rest_to_the_window(stand):
    for key, held, claimed in (
        (Qt.Key.Key_1, NONE, True),
        (Qt.Key.Key_F, NONE, True),
        (Qt.Key.Key_P, CONTROL, False),
        (Qt.Key.Key_Q, NONE, False),
    ):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, held)
        event.ignore()
        QCoreApplication.sendEvent(stand.canvas, event)
        assert event.isAccepted() is claimed


def test_q_does_not_close_the_canvas_as_pyvista_would(stand, small):
    stand.show(small)
    for key in (Qt.Key.Key_Q, Qt.Key.Key_E, Qt.Key.Key_R, Qt.Key.Key_W):
        stand.key(key)
    assert red_and_blue(stand.pixels()) > 500


def test_a_dropped_file_is_refused(stand, small, tmp_path):
    stand.show(small)
    path = tmp_path / "cube.stl"
    path.write_bytes(b"solid")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    actors = stand.canvas.renderer.GetActors().GetNumberOfItems()
    assert not stand.canvas.acceptDrops()
    assert not stand.view.acceptDrops()
    centre = stand.canvas.rect().center()
    entering = QDragEnterEvent(centre, Qt.DropAction.CopyAction, data, LEFT, NONE)
    QCoreApplication.sendEvent(stand.canvas, entering)
    assert not entering.isAccepted()
    dropped = QDropEvent(QPointF(centre), Qt.DropAction.CopyAction, data, LEFT, NONE)
    QCoreApplication.sendEvent(stand.canvas, dropped)
    assert not dropped.isAccepted()
    assert stand.canvas.renderer.GetActors().GetNumberOfItems() == actors


def test_a_click_picks_the_surface_or_the_ground(stand, small):
    stand.show(small)
    stand.settle()
    with stand.qtbot.waitSignal(stand.view.picked) as hit:
        QTest.mouseClick(stand.canvas, LEFT, NONE, stand.canvas.rect().center())
    point = np.array(hit.args[0])
    assert np.linalg.norm(point - (0, 0.5, 0)) == pytest.approx(0.5, abs=0.02)
    with stand.qtbot.waitSignal(stand.view.picked) as missed:
        QTest.mouseClick(stand.canvas, LEFT, NONE, QPoint(5, 5))
    assert missed.args[0] is None
    with stand.qtbot.assertNotEmitted(stand.view.picked):
        stand.drag(LEFT, STEP)


def test_tab_leads_round_the_buttons_and_back(stand):
    stand.window.activateWindow()
    stand.view.setFocus()
    stand.qtbot.waitUntil(stand.canvas.hasFocus)
    names = []
    for _ in range(6):
        focused = stand.window.focusWidget()
        names.append(focused.accessibleName())
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    assert names == [
        "3D view",
        "Textured",
        "Grid",
        "Without perspective",
        "Show all",
        "Save a picture of the view",
    ]
    assert stand.canvas.hasFocus()
    QTest.keyClick(stand.canvas, Qt.Key.Key_Backtab)
    assert stand.window.focusWidget().accessibleName() == "Save a picture of the view"
