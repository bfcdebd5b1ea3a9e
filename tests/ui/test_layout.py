"""The whole window in both themes and several sizes: nothing is cut, nothing overlaps, every word can be read.

At 200 % a window has half the room: that is what the small sizes stand for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QPushButton, QWidget

from orfeas_desktop.ui.pieces.labels import ElidedLabel
from orfeas_desktop.ui.theme import ThemeChoice, contrast

SIZES = ((1440, 900), (1000, 640), (720, 450))
READABLE = 3.0
"""Less than the tokens promise: thin strokes are drawn paler than their colour."""


@pytest.fixture
def running(open_running, shelf):
    project, _ = shelf.store.create_project("Toys")
    shelf.add(project.id, "Robot", "A name that is far too long for any card of the library to show whole")
    return open_running()


def test_nothing_is_cut_overlaps_or_fades_in_either_theme_at_any_size(running, look):
    window, inspector = running.window, running.window.inspector
    faults: list[str] = []
    for theme in (ThemeChoice.dark, ThemeChoice.light):
        look.choose(theme)
        for width, height in SIZES:
            window.resize(width, height)
            for tab in (
                inspector.words_tab,
                inspector.picture_tab,
                inspector.details_tab,
                inspector.tools_tab,
            ):
                inspector.show_tab(tab) if tab is inspector.tools_tab else _turn(inspector, tab)
                for _ in range(3):
                    QApplication.processEvents()
                where = f"{theme} {width}x{height} {tab.text()}"
                faults += [
                    f"{where}: {fault}" for fault in (*cut(window), *overlapping(window), *pale(window))
                ]
    assert faults == []


def test_the_checks_see_what_they_look_for(qtbot, look):
    window = QWidget()
    qtbot.addWidget(window)
    window.viewport = QWidget(window)
    window.viewport.hide()
    row = QHBoxLayout(window)
    for words in ("narrow", "over", "pale"):
        row.addWidget(QLabel(words))
    window.resize(400, 60)
    with qtbot.waitExposed(window):
        window.show()
    assert [*cut(window), *overlapping(window), *pale(window)] == []
    narrow, over, faded = window.findChildren(QLabel)
    faded.setStyleSheet(f"color: {look.color('border').name()}")
    assert len([*pale(window)]) == 1
    narrow.resize(5, narrow.height())
    assert len([*cut(window)]) == 1
    over.move(faded.pos())
    assert len([*overlapping(window)]) == 1


def _turn(inspector, tab) -> None:
    inspector.set_editing(False)
    tab.click()


def seen(window: QWidget, kind: type[QWidget]) -> Iterator[QWidget]:
    """The widgets of that kind of which some is seen; what floats over the 3D view moves by itself."""
    for widget in window.findChildren(kind):
        over_view = window.viewport.isAncestorOf(widget) or widget is window.viewport
        if widget.isVisibleTo(window) and not over_view and not widget.visibleRegion().isEmpty():
            yield widget


def cut(window: QWidget) -> Iterator[str]:
    """Words that do not fit what shows them, and does not shorten them by itself."""
    for widget in (*seen(window, QLabel), *seen(window, QPushButton)):
        shortens = isinstance(widget, ElidedLabel) or widget.objectName() == "searchField"
        shortens = shortens or (isinstance(widget, QLabel) and widget.wordWrap())
        if widget.text() and not shortens and widget.width() < widget.minimumSizeHint().width():
            yield f"“{widget.text()}” has {widget.width()} px of {widget.minimumSizeHint().width()}"
        elif isinstance(widget, QLabel) and widget.wordWrap() and widget.text():
            needed = widget.heightForWidth(widget.width())
            if widget.height() < needed:
                yield f"“{widget.text()}” is {widget.height()} px high of {needed}"


def overlapping(window: QWidget) -> Iterator[str]:
    """Two children of one layout that lie over each other."""
    for parent in (window, *seen(window, QWidget)):
        layout = parent.layout()
        if layout is None or type(layout).__name__ == "QStackedLayout":
            continue
        items = [layout.itemAt(place).widget() for place in range(layout.count())]
        shown = [item for item in items if item is not None and item.isVisible()]
        for place, first in enumerate(shown):
            for second in shown[place + 1 :]:
                if first.geometry().intersects(second.geometry()):
                    yield f"{_name(first)} lies over {_name(second)} in {_name(parent)}"


def pale(window: QWidget) -> Iterator[str]:
    """Enabled words that stand out too little from their ground, as they are drawn."""
    drawn = window.grab().toImage()
    scale = drawn.devicePixelRatio()
    for label in seen(window, QLabel):
        if not label.isEnabled() or not label.text() or label.visibleRegion().boundingRect() != label.rect():
            continue
        place = QRect(label.mapTo(window, QPoint(0, 0)), label.size())
        spot = drawn.copy(QRect(place.topLeft() * scale, place.size() * scale))
        found = strongest(spot)
        if found < READABLE:
            yield f"“{label.text()}” has a contrast of {found:.1f}"


def strongest(image: QImage) -> float:
    """The contrast of the commonest colour with the colour that stands out most from it."""
    colours = Counter(
        image.pixel(x, y) for y in range(0, image.height(), 1) for x in range(0, image.width(), 1)
    )
    ground = QColor(colours.most_common(1)[0][0])
    return max(contrast(ground, QColor(colour)) for colour in colours)


def _name(widget: QWidget) -> str:
    return widget.accessibleName() or widget.objectName() or type(widget).__name__
