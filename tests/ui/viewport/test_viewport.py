"""Showing meshes in a real window."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QToolButton

from orfeas_desktop.errors import BadMesh, DiskFull, PermissionDenied
from orfeas_desktop.ui.theme import Theme, ThemeName
from orfeas_desktop.ui.viewport.modes import Mode, ViewDirection, ViewportColours
from orfeas_desktop.ui.viewport.screenshot import image_of, save_image

CENTRE = (slice(200, 280), slice(280, 360))


def test_before_3d_starts_the_ground_is_painted_and_says_what_will_come(bare):
    image = bare.window.grab().toImage()
    top, bottom = image.pixelColor(5, 5), image.pixelColor(5, image.height() - 5)
    assert top.lightness() > bottom.lightness()
    assert bare.view.message.isVisible()
    assert bare.view.message.text == "Your first mesh appears here"
    assert not bare.view.is_ready


def test_a_message_stands_in_the_middle_however_long_it_is(bare):
    for words in ("Short", "A much longer line than the one that stood there before"):
        bare.view.message.say(words, "And a quieter line")
        off = bare.view.message.geometry().center() - bare.view.rect().center()
        assert off.manhattanLength() <= 2


def test_a_mesh_is_shown_with_its_facts(stand, small):
    stand.show(small, closed=True)
    assert not stand.view.message.isVisible()
    assert stand.view.pill.isVisible()
    assert stand.view.pill.text() == "1,024 faces   561 vertices   1.00 × 1.00 × 1.00 m   closed"
    pixels = stand.pixels()[CENTRE].astype(int)
    assert ((pixels[..., 0] > 100) & (pixels[..., 2] < 90)).sum() > 500, "the right half is red"
    stand.show(small, closed=False)
    assert stand.view.pill.text().endswith("open")
    stand.show(small)
    assert stand.view.pill.text().endswith("m")


def test_what_was_asked_for_before_3d_was_ready_is_shown_then(bare, small):
    bare.view.show_display(small)
    assert bare.view.message.text == "Loading the mesh"
    with bare.qtbot.waitSignals([bare.view.ready, bare.view.shown]):
        bare.view.start_3d()
        bare.view.start_3d()
    assert bare.view.pill.isVisible()
    assert bare.mesh.has_whole


def test_a_large_mesh_shows_its_stand_in_first_and_then_the_whole(stand, large):
    faces = []

    def look():
        shown = [actor for actor in stand.mesh.actors if actor.GetVisibility()]
        faces.append(sum(actor.GetMapper().GetInput().GetNumberOfCells() for actor in shown))

    stand.canvas.frameSwapped.connect(look)
    stand.show(large[0])
    seen = [count for count in faces if count]
    assert 100 < seen[0] <= 400
    assert seen[-1] == 6400
    assert stand.view.pill.text().startswith("6,400 faces")


def test_a_preview_is_replaced_by_the_whole_without_moving_the_camera(stand, large):
    whole, preview = large
    stand.view.show_preview(preview)
    stand.qtbot.waitUntil(lambda: stand.mesh.has_stand_in)
    assert not stand.mesh.has_whole
    assert stand.view.pill.isVisible()
    stand.view.view_from(ViewDirection.top)
    position = stand.view.rig.position
    stand.show(whole)
    np.testing.assert_array_equal(stand.view.rig.position, position)
    assert stand.mesh.has_whole


def test_another_mesh_is_framed_unless_the_camera_is_to_stay(stand, small, prepare):
    stand.show(small)
    near = stand.view.rig.distance
    giant = prepare(10, scale=20.0)[0]
    stand.show(giant, keep_camera=True)
    assert stand.view.rig.distance == near
    stand.show(small)
    stand.show(giant)
    assert stand.view.rig.distance > 10 * near
    assert stand.view._stage.grid_spacing == 5.0


def test_actors_are_reused_for_the_next_mesh(stand, small, prepare):
    stand.show(small)
    (first,) = stand.mesh.actors
    stand.show(prepare(8)[0])
    (second,) = stand.mesh.actors
    assert first is second
    assert second.GetMapper().GetInput().GetNumberOfCells() == 256


def test_only_the_newest_of_several_wishes_is_shown(stand, small, prepare, large):
    last = prepare(8)[0]
    with stand.qtbot.waitSignal(stand.view.shown):
        stand.view.show_display(large[0])
        stand.view.show_display(small)
        stand.view.show_display(last)
    stand.settle()
    assert stand.view.pill.text().startswith("256 faces")


def test_clearing_lets_go_of_everything(stand, large):
    stand.show(large[0])
    stand.view.clear()
    stand.settle()
    assert stand.mesh.actors == ()
    assert stand.mesh.display is None
    assert stand.view.message.isVisible()
    assert not stand.view.pill.isVisible()


def test_display_files_that_are_gone_or_damaged_are_told(stand, small, tmp_path):
    with stand.qtbot.waitSignal(stand.view.failed) as told:
        stand.view.show_display(tmp_path / "gone.json")
    assert isinstance(told.args[0], BadMesh)
    assert stand.view.message.text == "This mesh cannot be shown"
    stand.show(small)
    broken = tmp_path / "broken.json"
    manifest = json.loads(small.read_text())
    broken.write_text(json.dumps(manifest))
    with stand.qtbot.waitSignal(stand.view.failed):
        stand.view.show_display(broken)
    assert not stand.view.message.isVisible(), "the mesh that is shown stays"
    assert stand.mesh.has_whole


def test_every_mode_looks_different_and_textured_comes_back(stand, small):
    stand.show(small)
    looks = {}
    for mode in Mode:
        stand.view.set_mode(mode)
        looks[mode] = stand.pixels()[CENTRE].astype(int)
        assert stand.view.bar.mode_buttons[mode].isChecked()
    for one in Mode:
        for other in Mode:
            if one is not other:
                assert np.abs(looks[one] - looks[other]).mean() > 5, (one, other)
    stand.view.set_mode(Mode.textured)
    np.testing.assert_array_equal(stand.pixels()[CENTRE], looks[Mode.textured])
    grey = looks[Mode.solid]
    assert np.ptp(grey, axis=2).max() < 40, "solid has no colour"


def test_a_mode_chosen_for_one_mesh_holds_for_the_next(stand, small, prepare):
    stand.show(small)
    with stand.qtbot.waitSignal(stand.view.mode_changed) as changed:
        stand.view.bar.mode_buttons[Mode.solid].click()
    assert changed.args == [Mode.solid]
    stand.show(prepare(8)[0])
    assert np.ptp(stand.pixels()[CENTRE].astype(int), axis=2).max() < 40


def test_without_uvs_the_checker_says_why_it_cannot(stand, prepare, small):
    button = stand.view.bar.mode_buttons[Mode.checker]
    stand.show(prepare(8, uv=False)[0])
    assert not button.isEnabled()
    assert button.toolTip() == "This mesh has no UVs"
    stand.view.set_mode(Mode.checker)
    assert np.ptp(stand.pixels()[CENTRE].astype(int), axis=2).max() < 40
    stand.show(small)
    assert button.isEnabled()
    assert button.toolTip() == "UV checker (6)"


def test_the_grid_can_be_taken_away(stand):
    with_grid = stand.pixels().astype(int)
    stand.view.bar.grid.click()
    without = stand.pixels().astype(int)
    assert np.abs(with_grid - without).max() > 20
    assert np.ptp(without[240], axis=0).max() <= 1, "each row of the bare ground has one colour"
    stand.view.set_grid(True)
    np.testing.assert_array_equal(stand.pixels(), with_grid)


def test_the_theme_s_colours_are_drawn(stand, small):
    stand.show(small)
    dark = stand.pixels()[470, 630].mean()
    stand.view.set_colours(ViewportColours.of(Theme.read(ThemeName.light).color))
    assert stand.pixels()[470, 630].mean() > 150 > 60 > dark


def test_parallel_projection_shows_equal_things_equally_large(stand, small):
    stand.show(small)
    before = stand.pixels().astype(int)
    stand.view.toggle_projection()
    assert np.abs(stand.pixels().astype(int) - before).max() > 40


def test_while_a_slow_mesh_turns_its_stand_in_is_drawn(stand, large, monkeypatch):
    from PySide6.QtCore import QPoint, Qt

    monkeypatch.setattr("orfeas_desktop.ui.viewport.stage.SLOW_FRAME_S", -1.0)
    stand.show(large[0])
    reduced, whole = stand.mesh.actors
    stand.drag(Qt.MouseButton.LeftButton, QPoint(60, 0))
    assert reduced.GetVisibility()
    assert not whole.GetVisibility()
    stand.qtbot.waitUntil(whole.GetVisibility)
    assert not reduced.GetVisibility()


@pytest.mark.parametrize("transparent", [True, False])
def test_a_screenshot_is_what_is_seen(stand, small, tmp_path, transparent):
    stand.show(small)
    seen = stand.pixels()
    path = tmp_path / "Ansicht 1.png"
    with stand.qtbot.waitSignal(stand.view.screenshot_saved) as saved:
        stand.view.screenshot(path, transparent=transparent)
    assert saved.args == [path]
    image = Image.open(path)
    assert (image.mode, image.size) == ("RGBA", (seen.shape[1], seen.shape[0]))
    pixels = np.asarray(image)
    solid = pixels[CENTRE]
    assert (solid[..., 3] == 255).all()
    assert np.abs(solid[..., :3].astype(int) - seen[CENTRE]).max() <= 2
    if transparent:
        assert pixels[:40, :, 3].max() == 0
        assert pixels[-40:, :60, 3].max() == 0, "the grid stays out"
    else:
        assert (pixels[..., 3] == 255).all()
    assert list(tmp_path.iterdir()) == [path]
    np.testing.assert_array_equal(stand.pixels(), seen)


def test_a_screenshot_that_cannot_be_written_is_told(stand, tmp_path):
    folder = tmp_path / "taken.png"
    folder.mkdir()
    for path in (folder, tmp_path / "no" / "such.png"):
        with stand.qtbot.waitSignal(stand.view.failed) as told:
            stand.view.screenshot(path)
        assert isinstance(told.args[0], PermissionDenied)
    assert list(tmp_path.iterdir()) == [folder]


def test_a_screenshot_waits_for_no_frame(stand, large, tmp_path):
    stand.view.show_display(large[0])
    stand.qtbot.waitUntil(lambda: stand.mesh.has_stand_in)
    stand.view.screenshot(tmp_path / "whole.png")
    assert stand.mesh.has_whole


def test_pictures_are_written_whole_or_not_at_all(qapp, tmp_path, monkeypatch):
    image = image_of(np.full((4, 6, 4), 200, np.uint8))
    path = tmp_path / "four.png"
    assert save_image(image, path) == path
    np.testing.assert_array_equal(np.asarray(Image.open(path)), 200)
    before = path.read_bytes()

    def full(self, data):
        self.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert isinstance(save_image(image, path), DiskFull)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_view_is_copied_to_the_clipboard(stand, small):
    stand.show(small)
    QGuiApplication.clipboard().clear()
    stand.view.copy_screenshot()
    image = QGuiApplication.clipboard().image()
    assert image.width() == stand.canvas.width()
    assert image.pixelColor(image.width() // 2, image.height() // 2).saturation() > 100


def test_the_buttons_have_names_and_hints_and_float_in_place(stand, small):
    stand.show(small)
    view = stand.view
    buttons = view.bar.findChildren(QToolButton)
    assert len(buttons) == 10
    for button in buttons:
        assert button.accessibleName()
        assert button.toolTip().startswith(button.accessibleName())
    assert view.bar.mode_buttons[Mode.solid].toolTip() == "Solid (2)"
    for size in ((900, 600), (420, 300)):
        stand.window.resize(*size)
        stand.settle()
        assert abs(view.bar.geometry().center().x() - view.width() / 2) <= 1
        assert view.rect().contains(view.bar.geometry())
        assert view.rect().contains(view.pill.geometry())
        assert view.height() - view.pill.geometry().bottom() < 16
        assert not view.bar.geometry().intersects(view.pill.geometry())


def test_the_camera_button_asks_for_a_place(stand):
    with stand.qtbot.waitSignal(stand.view.screenshot_wanted):
        stand.view.bar.camera.click()
    before = stand.view.rig.distance
    stand.view.rig.zoom(3)
    stand.view.bar.home.click()
    assert stand.view.rig.distance == pytest.approx(before)


def test_before_3d_starts_every_wish_is_harmless(bare, tmp_path):
    view = bare.view
    view.set_mode(Mode.solid)
    view.set_grid(False)
    view.frame()
    view.home()
    view.view_from(ViewDirection.left)
    view.toggle_projection()
    view.screenshot(tmp_path / "none.png")
    view.copy_screenshot()
    view.clear()
    with bare.qtbot.waitSignal(view.ready):
        view.start_3d()
    assert view.mode is Mode.solid
    assert not view.bar.grid.isChecked()
    assert np.ptp(bare.pixels()[240].astype(int), axis=0).max() <= 1
    assert list(tmp_path.iterdir()) == []


def test_after_closing_nothing_of_it_lives(stand, large):
    stand.show(large[0])
    stand.view.close()
    assert not stand.view.is_ready
    stand.view.set_mode(Mode.solid)
    stand.view.clear()
    stand.view.close()


def test_many_views_come_and_go(qtbot, colours, small):
    from PySide6.QtCore import QCoreApplication, QEvent

    from orfeas_desktop.ui.viewport.viewport import Viewport

    for _ in range(5):
        view = Viewport(colours, lambda _name: QIcon())
        view.resize(300, 200)
        view.show()
        with qtbot.waitSignals([view.ready, view.shown]):
            view.start_3d()
            view.show_display(small)
        view.close()
        view.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_closing_while_the_libraries_load_is_clean(bare, small):
    bare.view.show_display(small)
    bare.view.start_3d()
    bare.view.close()
    assert not bare.view.is_ready
