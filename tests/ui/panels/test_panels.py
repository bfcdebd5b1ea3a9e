"""Panels by themselves: records in, wishes out, by mouse and keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QEnterEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from orfeas_desktop.assets import AssetKind, AssetRef
from orfeas_desktop.errors import WorkerDied
from orfeas_desktop.params import Params, param
from orfeas_desktop.requests import JobCancelled, JobFailed, JobProgressed, JobStarted, JobState, Progress
from orfeas_desktop.ui.panels.box_editor import BoxEditor
from orfeas_desktop.ui.panels.details_panel import DetailsPanel
from orfeas_desktop.ui.panels.generate_panel import EngineChoice, GeneratePanel
from orfeas_desktop.ui.panels.image_panel import ImagePanel
from orfeas_desktop.ui.panels.inspector import Inspector
from orfeas_desktop.ui.panels.job_panel import JobPanel
from orfeas_desktop.ui.panels.job_row import clock, cross_of, retry_of
from orfeas_desktop.ui.panels.picture_tile import PictureTile
from orfeas_desktop.ui.panels.project_browser import ProjectBrowser
from orfeas_desktop.ui.panels.prompt_panel import PromptPanel
from orfeas_desktop.ui.panels.status_line import MachineLine, StatusLine
from orfeas_desktop.ui.pieces.places import Places
from orfeas_desktop.ui.state.draft import Draft, FoundMask, Picture
from orfeas_desktop.ui.state.job_list import JobList
from orfeas_desktop.ui.state.library_model import DragFiles, LibraryModel
from tests.ui.made_up import a_job, an_asset


def shown(qtbot, widget, width=320, height=300):
    qtbot.addWidget(widget)
    widget.resize(width, height)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def filled(width: int = 100, height: int = 80) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.darkGreen)
    return image


def a_picture(width: int = 200, height: int = 160) -> Picture:
    return Picture(AssetRef("d", AssetKind.picture, "p.png", 1), width, height, filled())


@pytest.fixture
def tile(qtbot, look) -> PictureTile:
    return shown(qtbot, PictureTile(look, "Front", "Drop it"), 140, 140)


def test_a_tile_is_picked_cleared_and_square(tile: PictureTile, qtbot):
    with qtbot.waitSignal(tile.pick_wanted):
        QTest.mouseClick(tile, Qt.MouseButton.LeftButton)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
        with qtbot.waitSignal(tile.pick_wanted):
            QTest.keyClick(tile, key)
    tile.show_image(filled())
    assert tile.image() is not None
    with qtbot.waitSignal(tile.removed):
        QTest.keyClick(tile, Qt.Key.Key_Delete)
    QTest.keyClick(tile, Qt.Key.Key_X)
    assert tile.height() == tile.width()
    assert tile.sizeHint().width() == tile.sizeHint().height()


def test_a_tile_shows_its_cross_under_the_pointer(tile: PictureTile):
    tile.show_image(filled())
    tile.caption = "Front"
    middle = QPointF(tile.rect().center())
    QApplication.sendEvent(tile, QEnterEvent(middle, middle, middle))
    assert tile.remove.isVisible()
    tile.grab()
    tile.show_image(None)
    assert not tile.remove.isVisible()
    tile.leaveEvent(None)


def test_a_tile_takes_files_and_pixels_and_nothing_else(tile: PictureTile, qtbot, tmp_path: Path):
    words = QMimeData()
    words.setText("words")
    refused = QDragEnterEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        words,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    refused.ignore()
    tile.dragEnterEvent(refused)
    assert not refused.isAccepted()
    remote = QMimeData()
    remote.setUrls([QUrl("https://example.org/a.png")])
    tile.dropEvent(_drop(remote))
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.png")), QUrl.fromLocalFile(str(tmp_path / "b.png"))])
    with qtbot.waitSignal(tile.given) as heard:
        tile.dropEvent(_drop(files))
    assert heard.args[0].name == "a.png"
    pixels = QMimeData()
    pixels.setImageData(filled())
    with qtbot.waitSignal(tile.image_given):
        tile.dropEvent(_drop(pixels))
    tile.dragLeaveEvent(QDragLeaveEvent())


def _drop(data: QMimeData) -> QDropEvent:
    return QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )


@pytest.fixture
def editor(qtbot, look) -> BoxEditor:
    made = shown(qtbot, BoxEditor(look), 300, 240)
    made.show_picture(filled(), 200, 160, filled(50, 40), "")
    return made


def test_a_box_is_drawn_with_the_mouse_in_picture_pixels(editor: BoxEditor, qtbot):
    with qtbot.waitSignal(editor.box_drawn) as heard:
        QTest.mousePress(editor, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(30, 30))
        QTest.mouseMove(editor, QPoint(150, 120))
        QTest.mouseRelease(
            editor, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(150, 120)
        )
    assert heard.args[0] == "20,20,100,80"
    editor.grab()
    with qtbot.waitSignal(editor.box_drawn) as heard:
        QTest.mouseClick(editor, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(40, 40))
    assert heard.args[0] == ""
    QTest.mouseRelease(editor, Qt.MouseButton.LeftButton)


def test_a_box_never_leaves_the_picture(editor: BoxEditor, qtbot):
    QTest.mousePress(editor, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(30, 30))
    QTest.mouseRelease(editor, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(299, 239))
    assert editor.box() == "20,20,199,159"
    for _ in range(300):
        QTest.keyClick(editor, Qt.Key.Key_Right)
    x0, _, x1, _ = (int(edge) for edge in editor.box().split(","))
    assert 0 <= x0 <= x1 <= 200


def test_the_arrow_keys_make_move_and_resize_a_box(editor: BoxEditor, qtbot):
    QTest.keyClick(editor, Qt.Key.Key_Down)
    first = [int(edge) for edge in editor.box().split(",")]
    QTest.keyClick(editor, Qt.Key.Key_Right)
    assert [int(edge) for edge in editor.box().split(",")] == [first[0] + 2, first[1], first[2] + 2, first[3]]
    QTest.keyClick(editor, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert [int(edge) for edge in editor.box().split(",")] == [first[0] + 2, first[1], first[2], first[3]]
    QTest.keyClick(editor, Qt.Key.Key_A)
    editor.clear()
    assert editor.box() == ""
    editor.show_picture(filled(), 200, 160, None, "1,2,30,40")
    assert editor.box() == "1,2,30,40"
    assert editor.sizeHint().isValid()


def test_an_editor_without_a_picture_does_nothing(qtbot, look):
    editor = shown(qtbot, BoxEditor(look))
    editor.grab()
    QTest.mouseClick(editor, Qt.MouseButton.LeftButton)
    QTest.keyClick(editor, Qt.Key.Key_Down)
    assert editor.box() == ""


def test_the_picture_panel_says_how_the_mask_was_found(qtbot, look):
    panel = shown(qtbot, ImagePanel(look, Places({})))
    for how, words in (
        ("plain", "On plain ground, 80 % sure"),
        ("other", "Found, 80 % sure"),
    ):
        panel.show_draft(Draft({"front": a_picture()}, found=FoundMask(filled(), how, 0.8)))
        assert panel.mask_text.whole_text() == words
    panel.show_draft(Draft({"front": a_picture()}))
    assert panel.mask_text.whole_text() == "No mask yet"
    panel.edit_mask(True)
    assert panel.editor.isVisible()
    panel.show_draft(Draft())
    assert panel.front_tile.isVisible()


def test_the_inspector_turns_its_pages(qtbot, look):
    inspector = Inspector(look, Places({}))
    inspector.add_words(PromptPanel(look, Places({})), DetailsPanel())
    shown(qtbot, inspector, 340, 700)
    QTest.mouseClick(inspector.views_tab, Qt.MouseButton.LeftButton)
    assert inspector.images.views["back"].isVisible()
    inspector.show_details()
    assert inspector.details.isVisible()
    inspector.show_picture()
    assert inspector.images.front_tile.isVisible()
    with qtbot.waitSignal(inspector.images.picture_removed) as heard:
        inspector.images.views["left"].removed.emit()
    assert heard.args == ["left"]


class First(Params):
    depth: float = param(1.0, "Depth", ge=0, le=2)


class Second(Params):
    steps: int = param(5, "Steps", ge=1, le=50)


def test_engines_keep_their_values_and_say_why_they_cannot(qtbot, look):
    panel = shown(qtbot, GeneratePanel(look, ImagePanel(look, Places({}))), 340, 700)
    panel.offer(
        [
            EngineChoice("none", "No weights", "x", First, "Needs weights"),
            EngineChoice("first", "First", "The first", First),
            EngineChoice("second", "Second", "The second", Second),
        ]
    )
    assert panel.engine_id() == "first"
    assert panel.form is not None
    panel.form.set_values({"depth": 1.5})
    assert panel.choose_engine("second")
    assert panel.values() == {"steps": 5}
    panel.choose_engine("first")
    assert panel.values() == {"depth": 1.5}
    panel.show_recipe("second", {"steps": 9}, 77)
    assert (panel.values(), panel.seed_value()) == ({"steps": 9}, 77)
    assert not panel.choose_engine("unknown")
    panel.show_recipe("unknown", {}, 0)
    assert panel.seed_value() == 77
    item = panel.engine.model().index(0, 0)
    assert not item.flags() & Qt.ItemFlag.ItemIsEnabled
    assert item.data(Qt.ItemDataRole.ToolTipRole) == "Needs weights"


HALF = Progress("Surface", 0.5, 0.5, 2.0, 3.0)


@pytest.fixture
def queue(qtbot, look) -> JobPanel:
    jobs = JobList()
    for number, name in enumerate(("One", "Two", "Three", "Four")):
        jobs.add(a_job(name, str(number)))
    jobs.take_event(JobStarted("0"))
    jobs.take_event(JobProgressed("0", HALF))
    jobs.take_event(JobFailed("3", WorkerDied(status=9)), "It stopped.")
    panel = shown(qtbot, JobPanel(look, jobs), 900, 180)
    panel.jobs = jobs
    return panel


def test_the_queue_counts_and_paints(queue: JobPanel):
    assert queue.count.text() == "1 running · 2 waiting"
    assert queue.stop.isEnabled()
    assert queue.clear.isEnabled()
    queue.jobs.set_to_come(9)
    assert queue.count.text() == "1 running · 2 waiting · 9 to come"
    image = queue.view.grab().toImage()
    assert not image.isNull()
    queue.jobs.take_event(JobProgressed("0", Progress("", None, None, 61.0, None)))
    queue.view.grab()
    queue.resize(420, 180)
    queue.view.grab()


def test_a_cross_cancels_what_lives_and_clears_what_ended(queue: JobPanel, qtbot):
    view, jobs = queue.view, queue.jobs
    with qtbot.waitSignal(queue.cancel_wanted) as heard:
        _click(view, cross_of(view.visualRect(jobs.index(1))).center())
    assert heard.args == ["1"]
    with qtbot.waitSignal(queue.forget_wanted) as heard:
        _click(view, cross_of(view.visualRect(jobs.index(3))).center())
    assert heard.args == ["3"]
    with qtbot.waitSignal(queue.retry_wanted):
        _click(view, retry_of(view.visualRect(jobs.index(3))).center())
    with qtbot.waitSignal(queue.explain_wanted):
        _click(view, view.visualRect(jobs.index(3)).center())
    view.setCurrentIndex(jobs.index(0))
    with qtbot.waitSignal(queue.cancel_wanted):
        QTest.keyClick(view, Qt.Key.Key_Delete)
    QTest.keyClick(view, Qt.Key.Key_Down)
    with qtbot.waitSignal(queue.action_wanted) as heard:
        QTest.mouseClick(queue.stop_all, Qt.MouseButton.LeftButton)
    assert heard.args == ["cancel-all"]


def _click(view, at: QPoint) -> None:
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)


def test_what_waits_is_moved_with_mouse_and_keys(queue: JobPanel, qtbot):
    view, jobs = queue.view, queue.jobs
    view.setCurrentIndex(jobs.index(1))
    with qtbot.waitSignal(queue.move_wanted) as heard:
        QTest.keyClick(view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert heard.args == [("1", 1)]
    for row, at, place in ((1, view.visualRect(jobs.index(2)).bottomLeft(), 1), (2, QPoint(20, 30), 0)):
        view.setCurrentIndex(jobs.index(row))
        assert view._place_at(at) == place
    queue._show_menu(view.visualRect(jobs.index(2)).center())
    menu = queue.findChildren(QMenu)[-1]
    with qtbot.waitSignal(queue.move_wanted) as heard:
        menu.actions()[0].trigger()
    menu.close()
    assert heard.args == [("2", 0)]
    view.activated.emit(jobs.index(0))


def test_the_chosen_place_stays_when_its_job_is_cancelled(queue: JobPanel, qtbot):
    view, jobs = queue.view, queue.jobs
    view.setCurrentIndex(jobs.index(1))
    jobs.take_event(JobCancelled("1"))
    assert jobs.row_at(view.currentIndex()).id == "2"
    jobs.take_event(JobCancelled("2"))
    assert jobs.row_at(view.currentIndex()).id == "2"
    jobs.take_event(JobCancelled("0"))
    assert jobs.row_at(view.currentIndex()).id == "2"


def test_new_work_is_in_sight_wherever_the_history_was_scrolled_to(queue: JobPanel, qtbot):
    view, jobs = queue.view, queue.jobs
    for number in range(30):
        jobs.add(a_job("Old", f"old {number}"), JobState.done)
    qtbot.waitUntil(lambda: view.verticalScrollBar().maximum() > 0)
    view.scrollToBottom()
    jobs.add(a_job("Older", "older"), JobState.done)
    assert view.verticalScrollBar().value() > 0
    jobs.add(a_job("New", "new"))
    assert view.verticalScrollBar().value() == 0


def test_the_queue_has_a_menu_for_every_row(queue: JobPanel, qtbot):
    titles: list[list[str]] = []
    for row in range(4):
        queue._show_menu(queue.view.visualRect(queue.jobs.index(row)).center())
        menu = queue.findChildren(QMenu)[-1]
        titles.append([line.text() for line in menu.actions()])
        menu.close()
    assert titles[0] == ["Cancel"]
    assert titles[3] == ["Retry", "Show the problem", "Remove from the list"]
    queue._show_menu(QPoint(5, 5000))


def test_an_empty_queue_says_so(qtbot, look):
    panel = shown(qtbot, JobPanel(look, JobList()), 600, 120)
    assert panel.pages.currentWidget() is panel.empty


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00"), (61.4, "1:01"), (3_661, "1:01:01"), (-3, "0:00")]
)
def test_a_clock_shows_minutes_and_hours(seconds: float, words: str):
    assert clock(seconds) == words


def test_the_library_offers_a_menu_for_a_card(qtbot, look):
    model = LibraryModel(Path)
    browser = shown(qtbot, ProjectBrowser(look, model, DragFiles(lambda _asset: None)), 292, 400)
    assets = [an_asset(1, "Robot"), an_asset(2, "Cup")]
    model.show_pages(lambda offset, limit: assets[offset : offset + limit], 2)
    browser.refresh()
    at = browser.grid.visualRect(model.index(0)).center()
    browser._show_menu(at)
    menu = browser.findChildren(QMenu)[-1]
    with qtbot.waitSignal(browser.action_wanted) as heard:
        menu.actions()[0].trigger()
    assert heard.args == ["export"]
    menu.close()
    browser.show_bin(True)
    browser.grid.choose(2)
    browser._show_menu(at)
    with qtbot.waitSignal(browser.restore_wanted):
        browser.findChildren(QMenu)[-1].actions()[0].trigger()
    browser.rename()
    browser._show_menu(QPoint(5, 5000))
    with qtbot.waitSignal(browser.opened):
        browser.grid.doubleClicked.emit(model.index(0))
    browser.grid.choose(99)
    assert browser.grid.chosen() == ()
    browser.grid.startDrag(Qt.DropAction.CopyAction)
    assert browser.grid.sizeHint().isValid()
    model.close()


def test_the_status_line_says_whether_the_network_may_be_used(qtbot, look):
    line = shown(qtbot, StatusLine(look), 900, 28)
    assert line.offline.text() == "Network for downloads only"
    line.show_network(offline=True)
    assert line.offline.text() == "Offline"
    assert "off the network" in line.offline.toolTip()


def test_the_status_line_leaves_out_what_grows_beyond_its_room(qtbot, look):
    line = shown(qtbot, StatusLine(look), 330, 28)
    line.show_machine(MachineLine("", 0.0, 1.0, 8.0, 5.0))
    few = [part for part in (line.cpu, line.ram, line.disk) if part.isVisible()]
    line.show_machine(MachineLine("A card with a long name", 1.0, 100.5, 128.0, 12345.0))
    QApplication.processEvents()
    left = [part for part in (line.gpu, line.cpu, line.ram, line.disk) if part.isVisible()]
    assert len(left) < len(few)
    assert all(part.width() >= part.minimumSizeHint().width() for part in (*left, line.offline))
    line.show_machine(MachineLine("", 0.0, 1.0, 8.0, 5.0))
    assert [part for part in (line.cpu, line.ram, line.disk) if part.isVisible()] == few


def test_the_status_line_leaves_out_figures_for_which_there_is_no_room(qtbot, look):
    line = shown(qtbot, StatusLine(look), 900, 28)
    line.show_machine(MachineLine("No GPU found", 0.5, 10.0, 24.0, 72.0))
    figures = (line.gpu, line.cpu, line.ram, line.disk)
    assert all(figure.isVisible() for figure in figures)
    assert line.disk.text() == "Disk 72 GB free"
    line.show_machine(MachineLine("No GPU found", 0.5, 10.0, 24.0, 0.0314))
    assert line.disk.text() == "Disk 31 MB free"
    line.resize(440, 28)
    QApplication.processEvents()
    assert line.gpu.isVisible()
    assert not line.disk.isVisible()
    assert line.offline.geometry().right() < line.width()
    line.resize(900, 28)
    QApplication.processEvents()
    assert all(figure.isVisible() for figure in figures)
