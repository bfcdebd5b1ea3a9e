"""The small parts: labels that shorten, toasts that go, the palette, rows."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QUndoCommand, QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QPushButton, QVBoxLayout, QWidget

from orfeas_desktop.ui.pieces.command_palette import CommandPalette, PaletteItem
from orfeas_desktop.ui.pieces.frames import EmptyState, divider, fit_screen, holder, row_of
from orfeas_desktop.ui.pieces.labels import ElidedLabel, Role, label, set_role
from orfeas_desktop.ui.pieces.tab_order import next_stop, tab_stops
from orfeas_desktop.ui.pieces.toasts import Toasts


def test_a_label_shortens_what_does_not_fit(qtbot):
    whole = "A name that is far too long for the place it has"
    words = ElidedLabel(whole + "\nand has two lines")
    qtbot.addWidget(words)
    words.resize(80, 20)
    words.show()
    words.grab()
    assert words.text().endswith("…")
    assert words.toolTip() == words.whole_text() == whole + " and has two lines"
    words.resize(900, 20)
    words.grab()
    assert words.text() == words.whole_text()
    assert words.toolTip() == ""
    assert words.minimumSizeHint().width() < words.sizeHint().width()


def test_a_role_is_changed_once(qtbot):
    words = label("x", Role.muted)
    qtbot.addWidget(words)
    set_role(words, Role.danger)
    set_role(words, Role.danger)
    assert words.property("role") == "danger"


def test_an_offer_to_undo_goes_when_another_step_is_made(qtbot, look):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    toasts, stack = Toasts(look, window), QUndoStack(window)
    stack.push(QUndoCommand("first"))
    toasts.show_undoable("First", stack)
    stack.push(QUndoCommand("second"))
    assert toasts.shown() == ()
    toast = toasts.show_undoable("Second", stack)
    QTest.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    assert (stack.index(), toasts.shown()) == (1, ())


def test_toasts_stay_inside_what_they_stand_over(qtbot, look):
    window = QWidget()
    qtbot.addWidget(window)
    part = QWidget(window)
    part.setGeometry(100, 20, 500, 200)
    window.resize(900, 400)
    window.show()
    toasts = Toasts(look, part)
    for words in ("One", "Two"):
        toast = toasts.show(words)
        assert part.rect().contains(toast.geometry())
    for width in (400, 200):
        part.resize(width, 150)
        assert part.rect().contains(toast.geometry())
        assert toast.geometry().right() > width - 20


def test_no_toast_goes_while_somebody_is_at_it(qtbot, look):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    toasts = Toasts(look, window)
    toast = toasts.show("One", ("Undo", lambda: None))
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    toast.button.setFocus()
    toast.leave()
    assert toasts.shown() == ("One",)
    window.setFocus()
    toast.button.clearFocus()
    toast.leave()
    assert toasts.shown() == ()


def test_toasts_stack_go_and_act(qtbot, look):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(600, 400)
    window.show()
    toasts = Toasts(look, window)
    done: list[str] = []
    toasts.show("One")
    toast = toasts.show("Two", ("Undo", lambda: done.append("undone")))
    assert toasts.shown() == ("One", "Two")
    long = toasts.show(
        "A sentence that is so long that it needs several lines to be read to its end, which it must"
    )
    assert long.message.height() >= 2 * long.message.fontMetrics().height()
    QTest.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    assert done == ["undone"]
    assert "Two" not in toasts.shown()
    for number in range(5):
        toasts.show(str(number))
    assert toasts.shown() == ("2", "3", "4")
    window.resize(700, 500)


def test_the_palette_is_driven_with_keys_and_mouse(qtbot, look):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    items = [
        PaletteItem("a", "Alpha", "Ctrl+A", look.icon("ph.cube")),
        PaletteItem("b", "Beta", enabled=False),
    ]
    palette = CommandPalette(
        look, lambda text: [item for item in items if text in item.title.lower()], window
    )
    palette.open_at(QPoint(10, 10), 400)
    palette.list.grab()
    assert palette.titles() == ("Alpha", "Beta")
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()
    with qtbot.waitSignal(palette.chosen) as heard:
        place = palette.list.visualRect(palette.list.model().index(0, 0)).center()
        QTest.mouseClick(
            palette.list.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place
        )
    assert heard.args == ["a"]
    assert not palette.isVisible()


def test_an_empty_state_offers_actions(qtbot, look):
    state = EmptyState("Nothing here", (("go", "Go"),))
    qtbot.addWidget(state)
    state.show()
    with qtbot.waitSignal(state.chosen) as heard:
        QTest.mouseClick(state.findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert heard.args == ["go"]


def test_no_dialog_is_larger_than_the_screen(qtbot):
    window, dialog = QWidget(), QDialog()
    for widget in (window, dialog):
        qtbot.addWidget(widget)
    dialog.setMinimumWidth(5000)
    dialog.resize(5000, 100)
    fit_screen(dialog, window)
    assert dialog.width() < window.screen().availableGeometry().width()
    assert dialog.height() == 100


def test_rows_and_lines(qtbot):
    row = holder(row_of(QLabel("a"), 4, None, QLabel("b")))
    qtbot.addWidget(row)
    assert row.layout().count() == 4
    assert divider().height() == 1
    assert divider(upright=True).width() == 1


def test_tab_goes_from_row_to_row(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    buttons = [QPushButton(name) for name in "abc"]
    for button in reversed(buttons):
        column.addWidget(button)
    window.show()
    stops = tab_stops(window, [window])
    assert [stop.text() for stop in stops] == ["c", "b", "a"]
    assert next_stop(stops, buttons[0], forwards=True) is buttons[2]
    assert next_stop(stops, buttons[2], forwards=False) is buttons[0]
    assert next_stop(stops, None, forwards=True) is stops[0]
    assert next_stop(stops, None, forwards=False) is stops[-1]
    assert next_stop([], None, forwards=True) is None
