"""The window over a real library: what a user does with it, with mouse and keys."""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage, QSurface
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFileDialog,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QToolButton,
    QWidget,
)
from shiboken6 import Shiboken

from orfeas_desktop.actions import ACTIONS
from orfeas_desktop.errors import NoSuchAsset
from orfeas_desktop.paths import Paths
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.register import Table
from orfeas_desktop.requests import JobCancelled, JobRequest, JobStarted, JobState
from orfeas_desktop.settings import load_settings
from orfeas_desktop.ui.dialogs.error_box import ErrorBox
from orfeas_desktop.ui.dialogs.export_dialog import ExportChoice
from orfeas_desktop.ui.dialogs.settings_dialog import SettingsDialog
from orfeas_desktop.ui.dialogs.shortcuts_dialog import ShortcutsDialog
from orfeas_desktop.ui.panels.picture_tile import holds_picture
from orfeas_desktop.ui.pieces.places import Place
from orfeas_desktop.ui.state.window_state import read_window_state
from orfeas_desktop.ui.theme import ThemeName
from orfeas_desktop.ui.viewport.modes import Mode, ViewDirection
from tests.ui.made_up import a_job


def names(running) -> list[str]:
    model = running.window.browser.grid.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def click_card(running, name: str, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    grid = running.window.browser.grid
    row = names(running).index(name)
    place = grid.visualRect(grid.model().index(row, 0)).center()
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def answer(running, text: str) -> None:
    dialog = running.doings.dialog
    assert isinstance(dialog, QInputDialog)
    dialog.setTextValue(text)
    dialog.accept()


def dropped(widget: QWidget, *urls: Path, image: QImage | None = None, data: QMimeData | None = None) -> None:
    """Drop files, or pixels, on the middle of a widget as the window system would."""
    data = data or QMimeData()
    if urls:
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in urls])
    if image is not None:
        data.setImageData(image)
    middle = widget.rect().center()
    enter = QDragEnterEvent(
        middle, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    drop = QDropEvent(
        QPointF(middle),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, drop)


@pytest.fixture
def running(open_running, shelf):
    project, _ = shelf.store.create_project("Toys")
    shelf.add(
        project.id, "Robot", "Chair", "A name that is far too long for any card of the library to show whole"
    )
    return open_running()


def test_an_empty_library_gets_a_project_and_says_how_to_begin(open_running, qtbot):
    running = open_running()
    assert running.session.library.project.name == "My project"
    assert running.window.welcome.isVisible()
    assert not running.window.inspector.generate.generate.isEnabled()
    assert running.window.inspector.generate.generate.toolTip() == "Choose a picture first"
    assert running.window.inspector.generate.why.isVisible()
    assert running.window.browser.pages.currentWidget() is running.window.browser.empty


def test_the_library_is_shown_newest_first_and_its_first_asset_chosen(running, qtbot):
    assert names(running) == [
        "A name that is far too long for any card of the library to show whole",
        "Chair",
        "Robot",
    ]
    assert running.session.chosen.asset.name.startswith("A name")
    assert running.window.browser.count.text() == "3 assets"
    assert running.window.windowTitle() == "Toys – Orfeas Desktop"


def test_a_card_is_chosen_with_the_mouse_and_its_details_follow(running, qtbot):
    click_card(running, "Robot")
    assert running.session.chosen.asset.name == "Robot"
    QTest.mouseClick(running.window.inspector.details_tab, Qt.MouseButton.LeftButton)
    details = running.window.inspector.details
    assert details.name.whole_text() == "Robot"
    assert ("Made by", "Imported from a file") in details.lines()
    assert not details.again.isEnabled()


def test_several_stay_selected_when_the_library_is_read_anew_and_can_be_exported(running, shelf, qtbot):
    window, session = running.window, running.session
    export = window.commands.actions["export"]
    click_card(running, "Robot")
    long_name = names(running)[0]
    for name in ("Chair", long_name, "Robot"):
        click_card(running, name, Qt.KeyboardModifier.ControlModifier)
    picked = window.browser.grid.chosen()
    assert session.chosen.asset.id not in picked
    assert len(picked) == 2
    other = ProjectStore.open(Paths.of().library)
    shelf.store = other
    shelf.add(session.library.project.id, "From afar")
    other.close()
    qtbot.waitUntil(lambda: "From afar" in names(running))
    assert sorted(window.browser.grid.chosen()) == sorted(picked)

    window.browser.grid.clearSelection()
    assert session.chosen is None
    assert not export.isEnabled()
    window.browser.grid.selectAll()
    assert session.chosen is None
    assert export.isEnabled()
    assert not window.commands.actions["make-again"].isEnabled()


def test_a_result_that_the_filter_hides_is_shown_all_the_same(running, qtbot):
    browser, session = running.window.browser, running.session
    browser.search.setText("rob")
    qtbot.waitUntil(lambda: names(running) == ["Robot"])
    hidden = session.studio.assets(session.library.project.id, text="chair")[0]
    session.choose(hidden.id)
    assert browser.grid.chosen() == ()
    assert session.chosen.asset.name == "Chair"


def test_what_cannot_be_shown_leaves_nothing_else_in_the_view(running, shelf, qtbot):
    broken = shelf.add_broken(running.session.library.project.id, "Broken")
    running.session.choose(broken)
    message = running.window.viewport.message
    qtbot.waitUntil(lambda: message.text == "This mesh cannot be shown", timeout=60_000)
    assert "not a mesh this program can read" in message._note.text()
    assert not running.window.viewport.pill.isVisible()
    click_card(running, "Robot")
    running.session.display_failed.emit(NoSuchAsset(name="1"))
    assert message._note.text() == "There is no asset “1”."


def test_the_inspector_keeps_its_width_whichever_page_is_turned_to(running, qtbot):
    window, inspector = running.window, running.window.inspector
    width = inspector.width()
    for button in (
        window.top.edit,
        inspector.doctor_tab,
        inspector.recipes_tab,
        window.top.generate,
        inspector.words_tab,
        inspector.details_tab,
    ):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        QApplication.processEvents()
        assert inspector.width() == width, button.text()


def test_renaming_with_f2_can_be_undone(running, qtbot):
    click_card(running, "Chair")
    QTest.keyClick(running.window, Qt.Key.Key_F2)
    editor = running.window.browser.grid.findChild(QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, "Throne")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Throne" in names(running))
    qtbot.waitUntil(lambda: running.session.chosen.asset.name == "Throne")
    QTest.keyClick(running.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "Chair" in names(running))
    QTest.keyClick(running.window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "Throne" in names(running))


def test_deleting_goes_to_the_bin_and_the_toast_takes_it_back(running, qtbot):
    click_card(running, "Robot")
    click_card(running, "Chair", Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(running.window, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: len(names(running)) == 1)
    toast = running.window.toasts._shown[-1]
    assert toast.message.text() == "2 assets moved to the recycle bin"
    QTest.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(names(running)) == 3)
    qtbot.waitUntil(lambda: running.session.chosen is not None)


def test_what_was_deleted_is_shown_again_when_that_is_undone(running, qtbot):
    click_card(running, "Robot")
    QTest.keyClick(running.window, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "Robot" not in names(running))
    assert running.session.chosen is None
    QTest.keyClick(running.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: running.session.chosen is not None)
    assert running.session.chosen.asset.name == "Robot"
    grid = running.window.browser.grid
    assert [index.data() for index in grid.selectionModel().selectedIndexes()] == ["Robot"]


def test_the_bin_restores_and_is_emptied_after_a_question(running, qtbot):
    browser = running.window.browser
    for name in ("Robot", "Chair"):
        click_card(running, name)
        running.window.commands.actions["delete-asset"].trigger()
        qtbot.waitUntil(lambda n=name: n not in names(running))
    QTest.mouseClick(browser.bin_button, Qt.MouseButton.LeftButton)
    assert browser.title.text() == "Recycle bin"
    assert sorted(names(running)) == ["Chair", "Robot"]
    click_card(running, "Chair")
    assert not running.window.commands.actions["delete-asset"].isEnabled()
    QTest.mouseClick(browser.restore, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: names(running) == ["Robot"])
    QTest.mouseClick(browser.empty_all, Qt.MouseButton.LeftButton)
    box = running.doings.dialog
    assert isinstance(box, QMessageBox)
    delete = next(button for button in box.buttons() if button.text() == "Delete for good")
    QTest.mouseClick(delete, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: names(running) == [])
    assert browser.pages.currentWidget() is browser.empty_bin
    QTest.mouseClick(browser.bin_button, Qt.MouseButton.LeftButton)
    assert len(names(running)) == 2


def test_the_filter_finds_by_name_and_says_when_nothing_is_found(running, qtbot):
    browser = running.window.browser
    QTest.keyClick(running.window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert browser.search.hasFocus()
    QTest.keyClicks(browser.search, "rob")
    qtbot.waitUntil(lambda: names(running) == ["Robot"])
    QTest.keyClick(browser.search, Qt.Key.Key_Down)
    assert browser.grid.hasFocus()
    browser.search.setText("nobody")
    qtbot.waitUntil(lambda: browser.pages.currentWidget() is browser.no_match)
    browser.search.setFocus()
    QTest.keyClick(browser.search, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(names(running)) == 3)


def test_projects_are_made_switched_renamed_and_deleted(running, qtbot):
    window, library = running.window, running.session.library
    QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    answer(running, "  Garden \n gnomes ")
    qtbot.waitUntil(lambda: library.project.name == "Garden gnomes")
    assert names(running) == []
    window.commands.actions["rename-project"].trigger()
    answer(running, "Toys")
    qtbot.waitUntil(lambda: window.findChild(ErrorBox) is not None)
    window.findChild(ErrorBox).close()
    window.commands.actions["rename-project"].trigger()
    answer(running, "Gnomes")
    qtbot.waitUntil(lambda: library.project.name == "Gnomes")
    toys = next(line for line in window.top.project.menu().actions() if line.text() == "Toys")
    toys.trigger()
    assert len(names(running)) == 3
    window.commands.actions["delete-project"].trigger()
    qtbot.waitUntil(lambda: library.project.name == "Gnomes")
    library.undo.undo()
    qtbot.waitUntil(lambda: len(library.projects) == 2)
    window.commands.actions["restore-project"].trigger()
    assert "No project was deleted" in window.toasts.shown()
    library.undo.redo()
    qtbot.waitUntil(lambda: len(library.projects) == 1)
    window.commands.actions["restore-project"].trigger()
    answer(running, "Toys")
    qtbot.waitUntil(lambda: len(library.projects) == 2)


def test_what_another_process_wrote_is_seen_within_a_second(running, shelf, qtbot):
    other = ProjectStore.open(Paths.of().library)
    project = running.session.library.project
    shelf.store = other
    shelf.add(project.id, "From afar")
    other.close()
    qtbot.waitUntil(lambda: "From afar" in names(running))


def test_the_palette_runs_commands_and_goes_to_assets(running, qtbot):
    window = running.window
    QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    palette = running.hands.searching.popup
    assert palette.isVisible()
    QTest.keyClicks(palette.field, "robot")
    assert palette.titles() == ("Robot",)
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert running.session.chosen.asset.name == "Robot"
    QTest.mouseClick(window.top.search, Qt.MouseButton.LeftButton)
    palette = running.hands.searching.popup
    QTest.keyClicks(palette.field, "zzz")
    assert palette.nothing.isVisible()
    palette.field.clear()
    QTest.keyClicks(palette.field, "theme")
    assert palette.titles() == ("Switch between dark and light",)
    palette.field.clear()
    QTest.keyClicks(palette.field, "keyb short")
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert isinstance(running.doings.dialog, ShortcutsDialog)
    running.doings.dialog.accept()


def test_every_action_is_carried_out_by_somebody(running):
    assert set(running.doings.table) == {entry.id for entry in ACTIONS}
    for entry in ACTIONS:
        action = running.window.commands.actions[entry.id]
        assert action.toolTip()


def test_a_button_that_cannot_says_why(running, qtbot):
    running.doings.trigger("cancel-all")
    assert "Nothing is running or waiting" in running.window.toasts.shown()
    running.hands.wiring.generate()
    assert "Choose a picture first" in running.window.toasts.shown()


def test_the_view_is_steered_from_the_menu(running, qtbot):
    commands, view = running.window.commands, running.window.viewport
    for mode in Mode:
        commands.actions[f"view-{mode.value}"].trigger()
        assert view.mode is mode
        assert commands.actions[f"view-{mode.value}"].isChecked()
    for name in ("frame", "home", *(f"view-{side.name}" for side in ViewDirection), "copy-view", "parallel"):
        commands.actions[name].trigger()
    assert view.rig.parallel
    assert commands.actions["parallel"].isChecked()
    commands.actions["grid"].trigger()
    assert not view.bar.grid.isChecked()


def test_panels_hide_and_those_that_were_seen_come_back(running, qtbot):
    window = running.window
    window.commands.actions["panel-library"].trigger()
    QTest.keyClick(window, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert [dock.isVisible() for dock in window.docks] == [False] * 3
    assert not window.top.isVisible()
    window.commands.actions["panels"].trigger()
    assert [dock.isVisible() for dock in window.docks] == [False, True, True]
    QTest.mouseClick(window.top.panels["panel-library"], Qt.MouseButton.LeftButton)
    assert window.docks[0].isVisible()
    assert not window.top.panels["panel-library"].isVisible()
    window.commands.actions["panel-queue"].trigger()
    window.commands.actions["reset-layout"].trigger()
    assert [dock.isVisible() for dock in window.docks] == [True] * 3


def arrange(dock: QWidget, words: str) -> None:
    menu = next(button.menu() for button in dock.titleBarWidget().findChildren(QToolButton) if button.menu())
    next(line for line in menu.actions() if line.text() == words).trigger()


def test_panels_float_move_and_go_back(running, qtbot):
    window = running.window
    library, inspector, queue = window.docks
    arrange(library, "Float")
    assert library.isFloating()
    QTest.keyClick(window, Qt.Key.Key_Tab)
    assert QApplication.focusWidget().window() is window
    arrange(library, "Move to the right")
    assert window.dockWidgetArea(library) is Qt.DockWidgetArea.RightDockWidgetArea
    arrange(inspector, "Float")
    assert inspector.isFloating()
    arrange(queue, "Hide")
    assert not queue.isVisible()
    assert window.top.panels["panel-queue"].isVisible()
    window.commands.actions["reset-layout"].trigger()
    assert not inspector.isFloating()
    assert window.dockWidgetArea(library) is Qt.DockWidgetArea.LeftDockWidgetArea


def test_a_small_window_folds_panels_away_and_brings_them_back(running, qtbot):
    window = running.window
    library, inspector, queue = window.docks
    for width, height, seen in (
        (760, 420, [False, True]),
        (520, 380, [False, False]),
        (760, 420, [False, True]),
        (1200, 800, [True, True]),
    ):
        window.resize(width, height)
        qtbot.waitUntil(lambda size=(width, height): (window.width(), window.height()) == size)
        assert [library.isVisible(), inspector.isVisible()] == seen
        for part in (window.top.settings, window.inspector.generate.generate, window.status.offline):
            place = part.mapTo(window, QPoint(part.width(), part.height()))
            assert not part.isVisible() or (place.x() <= width and place.y() <= height)
        assert window.viewport.bar.geometry().right() < window.viewport.width()
        assert queue.isVisible()
    window.resize(760, 420)
    window.commands.actions["panel-library"].trigger()
    assert library.isVisible()


def test_the_theme_changes_and_is_kept(running, qtbot):
    running.window.commands.actions["theme"].trigger()
    assert running.window.look.theme.name is ThemeName.light
    running.window.close()
    assert load_settings(Paths.of().settings_file).appearance.theme.value == "light"


def test_settings_are_changed_in_their_dialog(running, qtbot):
    QTest.keyClick(running.window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    dialog = running.doings.dialog
    assert isinstance(dialog, SettingsDialog)
    dialog.forms["viewport"].set_values({"show_grid": False})
    dialog.save.click()
    assert not running.window.viewport.bar.grid.isChecked()
    running.session.store.close()
    assert not load_settings(Paths.of().settings_file).viewport.show_grid


def test_forms_begin_with_the_printer_of_the_settings(running):
    tools = running.window.inspector.tools
    tools.show_tool("print-check")

    def choose(printer):
        running.window.commands.actions["settings"].trigger()
        running.doings.dialog.forms["printing"].set_values({"printer": printer})
        running.doings.dialog.save.click()
        return tools.form.values()["printer"]

    assert choose("prusa-mk4") == "prusa-mk4"
    tools.form.set_values({"printer": "resin"})
    assert choose("prusa-mini") == "resin"
    assert tools.remembered() == {"print-check": {"printer": "resin"}}
    tools.form.resets["printer"].click()
    assert tools.form.values()["printer"] == "prusa-mini"
    assert tools.remembered() == {"print-check": {}}
    recipes = running.window.inspector.recipes
    titles = [recipes.list.item(row).text() for row in range(recipes.list.count())]
    recipes.list.setCurrentRow(titles.index("Ready to print"))
    assert sum("Prusa MINI" in fact.value for fact in recipes.steps.facts()) == 4


def test_about_names_the_version(running):
    running.window.commands.actions["about"].trigger()
    assert "Orfeas Desktop" in running.doings.dialog.text()
    running.doings.dialog.accept()


def test_layout_and_project_are_remembered(open_running, shelf, qtbot):
    first, _ = shelf.store.create_project("First")
    shelf.store.create_project("Second")
    running = open_running()
    running.session.library.open_project(first.id)
    running.window.resize(1200, 800)
    running.window.docks[2].hide()
    running.window.docks[0].setFloating(True)
    running.window.commands.actions["panels"].trigger()
    running.window.close()
    again = open_running()
    assert again.session.library.project.name == "First"
    assert (again.window.width(), again.window.height()) == (1200, 800)
    assert [dock.isVisible() for dock in again.window.docks] == [True, True, False]
    assert again.window.docks[0].isFloating()


def test_what_is_to_be_remembered_is_kept_at_once_and_a_paused_queue_stays_paused(
    open_running, shelf, picture: Path, qtbot, monkeypatch
):
    shelf.store.create_project("First")
    running = open_running()
    folder = running.paths.state
    assert running.session.library.project.name == "First"
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_given: ([str(picture)], ""))
    monkeypatch.setattr(running.session, "import_meshes", lambda _paths: None)
    running.window.commands.actions["import-mesh"].trigger()
    assert read_window_state(folder).places == {"meshes": picture.parent}
    exporting = running.doings.exporting
    monkeypatch.setattr(running.session, "export", lambda *_given: None)
    exporting._take([], ExportChoice("stl", {}, picture.with_suffix(".stl")))
    assert read_window_state(folder).last_export.exporter == "stl"
    QTest.mouseClick(running.window.jobs.pause, Qt.MouseButton.LeftButton)
    assert read_window_state(folder).held
    running.window.close()
    again = open_running()
    assert again.window.jobs.count.text() == "Paused"
    assert again.window.commands.actions["pause-queue"].isChecked()
    assert again.window.places.folder(Place.meshes) == picture.parent
    again.session.desk.kept_back.emit()
    toast = again.window.toasts._shown[-1]
    assert toast.message.text() == "The queue is paused"
    toast.button.click()
    assert not again.session.desk.list.held
    assert not read_window_state(folder).held
    assert not again.window.commands.actions["pause-queue"].isChecked()


def test_an_archive_is_refused_with_the_way_on(running, tmp_path: Path, qtbot):
    packed = tmp_path / "Pictures.zip"
    packed.write_bytes(b"PK\x03\x04" + bytes(60))
    dropped(running.window, packed)
    images = running.window.inspector.images
    qtbot.waitUntil(lambda: "“Pictures.zip” is an archive" in images.problem.text())
    assert "Unpack it first" in images.remedy.text()


def test_a_picture_dropped_anywhere_becomes_the_draft(running, picture: Path, qtbot):
    running.session.desk.send = lambda *_given, **_more: None
    dropped(running.window, picture)
    drafting = running.session.drafting
    qtbot.waitUntil(lambda: drafting.draft.name == "Red thing ü")
    assert (drafting.draft.front.width, drafting.draft.front.height) == (64, 48)
    assert drafting.draft.asset_id is None
    assert running.window.inspector.images.front_tile.image() is not None


def test_pixels_from_a_browser_are_taken_too(running, qtbot):
    running.session.desk.send = lambda *_given, **_more: None
    image = QImage(20, 10, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.green)
    tile = running.window.inspector.images.front_tile
    dropped(tile, image=image)
    drafting = running.session.drafting
    qtbot.waitUntil(lambda: drafting.draft.front is not None and drafting.draft.front.width == 20)
    assert drafting.draft.name == "Pasted picture"


def test_a_picture_inside_an_address_is_taken_and_one_in_the_web_is_explained(running, picture: Path, qtbot):
    running.session.desk.send = lambda *_given, **_more: None
    images = running.window.inspector.images
    for widget in (running.window, images.front_tile):
        images.show_problem("")
        far = QMimeData()
        far.setUrls([QUrl("https://example.org/cat.png")])
        dropped(widget, data=far)
        assert "still in the web" in images.problem.text()
    inside = QMimeData()
    inside.setHtml(f'<img src="data:image/png;base64,{b64encode(picture.read_bytes()).decode()}">')
    dropped(running.window, data=inside)
    drafting = running.session.drafting
    qtbot.waitUntil(lambda: drafting.draft.front is not None and drafting.draft.front.width == 64)
    broken = QMimeData()
    broken.setHtml("data:image/png;base64,AAAA")
    assert not holds_picture(broken)


def test_what_is_ready_is_shown_in_its_project_or_said_to_be_gone(running, shelf, qtbot):
    other, _ = shelf.store.create_project("Garden")
    gnome = shelf.store.asset(shelf.add(other.id, "Gnome")[0])
    session = running.session
    qtbot.waitUntil(lambda: len(session.library.projects) == 2)
    session.turn_to(gnome.latest.id)
    assert (session.library.project.name, session.chosen.asset.name) == ("Garden", "Gnome")
    with qtbot.waitSignal(session.failed) as heard:
        session.turn_to(10_000)
    assert isinstance(heard.args[0], NoSuchAsset)
    running.window.findChild(ErrorBox).close()


def test_ctrl_enter_starts_what_is_seen_while_editing(running, picture: Path, qtbot):
    window, inspector = running.window, running.window.inspector
    wanted: list[str] = []
    running.session.drafting.generate = lambda *_given: wanted.append("generate")
    inspector.tools.run_wanted.connect(lambda wish: wanted.append(wish.tool))
    running.session.desk.send = lambda *_given, **_more: None
    dropped(window, picture)
    qtbot.waitUntil(lambda: running.session.drafting.draft.front is not None)
    QTest.mouseClick(window.top.edit, Qt.MouseButton.LeftButton)
    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert wanted == []
    inspector.tools.show_tool("mirror")
    inspector.tools.run.setEnabled(True)
    QTest.keyClick(inspector.tools.run, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert wanted == ["mirror"]
    QTest.mouseClick(window.top.generate, Qt.MouseButton.LeftButton)
    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert wanted == ["mirror", "generate"]


def test_what_runs_can_be_cancelled_from_the_moment_it_runs(running):
    jobs, actions, panel = running.session.desk.list, running.window.commands.actions, running.window.jobs
    jobs.add(a_job("Cup", "1"))
    assert (actions["cancel-waiting"].isEnabled(), actions["cancel-current"].isEnabled()) == (True, False)
    jobs.take_event(JobStarted("1"))
    assert (actions["cancel-waiting"].isEnabled(), actions["cancel-current"].isEnabled()) == (False, True)
    cancelled: list[str] = []
    running.session.desk.cancel = cancelled.append
    QTest.mouseClick(panel.stop, Qt.MouseButton.LeftButton)
    assert cancelled == ["1"]
    jobs.take_event(JobCancelled("1"))
    assert not actions["cancel-current"].isEnabled()
    jobs.set_to_come(3)
    assert actions["cancel-waiting"].isEnabled()
    jobs.set_to_come(0)


def test_pasting_takes_pictures_and_says_when_there_is_none(running, picture: Path, qtbot):
    running.session.desk.send = lambda *_given, **_more: None
    clipboard = QGuiApplication.clipboard()
    clipboard.setText("words")
    QTest.keyClick(running.window, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert "The clipboard holds no picture" in running.window.toasts.shown()
    clipboard.setImage(QImage(str(picture)))
    QTest.keyClick(running.window, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: running.session.drafting.draft.front is not None)


def test_of_several_pictures_the_first_is_taken_and_all_are_offered(running, picture: Path, qtbot):
    running.session.desk.send = lambda *_given, **_more: None
    dropped(running.window, picture, picture)
    qtbot.waitUntil(lambda: "The first of 2 pictures was taken" in running.window.toasts.shown())
    assert running.session.drafting.draft.front is not None


def test_of_several_pictures_the_first_that_can_be_used_is_taken(running, picture: Path, tmp_path, qtbot):
    running.session.desk.send = lambda *_given, **_more: None
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    images = running.window.inspector.images
    dropped(running.window, broken, broken)
    qtbot.waitUntil(lambda: "broken.png" in images.problem.text())
    assert not running.window.toasts.shown()
    dropped(running.window, broken, picture)
    qtbot.waitUntil(lambda: running.session.drafting.draft.name == picture.stem)
    assert "The first of 2 pictures was taken" in running.window.toasts.shown()
    assert not images.problem.isVisible()


def test_a_closed_window_leaves_no_name_of_the_surface_it_drew_on(open_running):
    def surfaces() -> list[object]:
        return [each for each in Shiboken.getAllValidWrappers() if type(each) is QSurface]

    before = len(surfaces())
    running = open_running()
    assert len(surfaces()) > before
    running.window.close()
    assert len(surfaces()) == before


def test_a_mesh_of_another_format_is_not_taken_for_a_picture(running, tmp_path: Path):
    asked: list[list[Path]] = []
    running.session.import_meshes = lambda paths: asked.append(list(paths))
    chair = tmp_path / "Chair.FBX"
    chair.write_bytes(b"Kaydara FBX Binary")
    dropped(running.window, chair)
    assert asked == [[chair]]
    assert not running.window.inspector.images.problem.isVisible()


def test_a_folder_without_pictures_is_refused(running, tmp_path: Path, qtbot):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("nothing")
    dropped(running.window, tmp_path / "empty")
    assert "no picture and no mesh in the folder “empty”" in running.window.inspector.images.problem.text()


def test_a_picture_is_opened_with_the_file_dialog(running, picture: Path, qtbot, monkeypatch):
    running.session.desk.send = lambda *_given, **_more: None
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_given, **_more: (str(picture), ""))
    QTest.keyClick(running.window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: running.session.drafting.draft.front is not None)


def test_every_widget_has_a_name_for_screen_readers(running, qtbot):
    nameless = [
        widget
        for widget in running.window.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and not widget.accessibleName()
        and not isinstance(widget.parent(), QDialog)
    ]
    assert [f"{type(widget).__name__} in {type(widget.parent()).__name__}" for widget in nameless] == []


EXPORT = JobRequest(Table.exporters, "stl", 1, {}, {})
DIALOGS = (
    "settings",
    "weights",
    "manual",
    "shortcuts",
    "about",
    "new-project",
    "rename-project",
    "empty-bin",
)


def test_every_part_of_every_dialog_has_a_name_for_screen_readers(running, qtbot):
    nameless: list[str] = []
    for action in DIALOGS:
        running.doings.table[action]()
        dialog = running.doings.dialog
        for widget in dialog.findChildren(QWidget):
            spoken = widget.accessibleName() or getattr(widget, "text", str)()
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and not spoken:
                nameless.append(f"{action}: {type(widget).__name__} {widget.objectName()}")
        dialog.close()
    assert nameless == []


def test_tab_goes_round_the_window_as_one_reads_and_shows_where_it_is(running, qtbot):
    window = running.window
    window.top.menu.setFocus()
    reached: list[str] = []
    while "Menu" not in reached and len(reached) < 80:
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        reached.append(focus.accessibleName())
        assert running.ring.framed() in {None, focus}
    order = [
        "Export",
        "Recycle bin",
        "Filter the library",
        "Assets",
        "3D view",
        "Textured",
        "Picture",
        "Engine",
        "Seed",
    ]
    assert [reached.index(name) for name in order] == sorted(reached.index(name) for name in order)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Backtab)
    assert QApplication.focusWidget().accessibleName() == reached[-2]
    assert running.ring.framed() is not None or isinstance(QApplication.focusWidget(), QLineEdit)


def test_the_window_fits_small_screens_and_nothing_is_cut(running, qtbot):
    window = running.window
    window.resize(1280, 720)
    qtbot.waitUntil(lambda: (window.width(), window.height()) == (1280, 720))
    for part in (window.top.search, window.inspector.generate.generate, window.jobs, window.status.offline):
        place = part.mapTo(window, QPoint(0, 0))
        assert place.x() >= 0
        assert place.x() + part.width() <= 1280
        assert place.y() + part.height() <= 720


def test_an_export_is_given_up_only_by_whoever_says_so(running, qtbot, monkeypatch):
    running.session.desk.list.add(replace(a_job("Robot.stl", "out"), request=EXPORT))
    running.window.close()
    assert running.window.isVisible()
    buttons = {button.text(): button for button in running.doings.dialog.buttons()}
    leave = buttons["Give up the export"]
    QTest.mouseClick(leave, Qt.MouseButton.LeftButton)
    assert not running.window.isVisible()
    assert running.closed


def test_a_library_of_a_newer_program_says_why_it_takes_no_changes(open_running, shelf):
    shelf.store.create_project("Toys")
    with closing(sqlite3.connect(Paths.of().library / "library.sqlite")) as file:
        (number,) = file.execute("PRAGMA user_version").fetchone()
        file.execute(f"PRAGMA user_version = {number + 1}")
    status = open_running().window.status
    assert "written by a newer version of the program" in status.library.text()
    assert status.library.toolTip() == "Update the program to change it."


def test_a_library_that_cannot_open_says_so(qapp, look, home: Path, qtbot, tmp_path: Path):
    from orfeas_desktop.errors import LibraryDamaged
    from orfeas_desktop.ui.start import build, open_window
    from tests.ui.conftest import close

    def fail():
        raise LibraryDamaged(problem="it burnt down")

    paths = Paths.of()
    running = build(qapp, look, paths, load_settings(paths.settings_file), tmp_path)
    open_window(running, fail)
    qtbot.waitUntil(lambda: running.window.findChild(ErrorBox) is not None)
    assert "burnt down" in running.window.status.library.text()
    assert not running.window.commands.actions["new-project"].isEnabled()
    assert running.session.desk.list.count(JobState.running) == 0
    close(running)
