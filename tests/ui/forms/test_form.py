"""A form is drawn from a Params class, with real keys and clicks."""

from __future__ import annotations

from enum import StrEnum

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFontMetrics, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.params import FieldKind, Params, Traits, param
from orfeas_desktop.ui.forms.editors import (
    BooleanEditor,
    ChoiceEditor,
    IntegerEditor,
    NumberEditor,
    PathEditor,
    TextEditor,
)
from orfeas_desktop.ui.forms.form import Form


class Shape(StrEnum):
    auto = "auto"
    soft = "soft"


class Sample(Params):
    shape: Shape = param(Shape.auto, "Shape", "How it bulges.", traits=Traits(choice_titles=("Auto", "Soft")))
    depth: float = param(1.0, "Depth", ge=0.5, le=1.5, traits=Traits(step=0.05))
    scale: float = param(2.5, "Scale", traits=Traits(unit="mm"))
    resolution: int = param(160, "Resolution", ge=64, le=256, traits=Traits(step=32, unit="px"))
    detail: bool = param(True, "Detail")
    label: str = param("", "Label", traits=Traits(advanced=True))
    folder: str = param("", "Folder", traits=Traits(kind=FieldKind.folder))
    file: str = param("", "File", traits=Traits(kind=FieldKind.file))
    hidden: str = param("", "Hidden")


class Limits(Params):
    faces: int = param(0, "Faces", ge=0, traits=Traits(at_minimum="By share"))
    error: float = param(0.0, "Error", ge=0.0, le=9.0, traits=Traits(unit="mm", at_minimum="No limit"))
    gap: float = param(0.0, "Gap", ge=0.0, le=9.0, traits=Traits(unit="mm"))


@pytest.fixture
def form(qtbot):
    made = Form(Sample, skip={"hidden"})
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def test_each_kind_has_its_editor_and_default(form: Form):
    kinds = [type(editor) for editor in form.editors.values()]
    assert kinds == [
        ChoiceEditor,
        NumberEditor,
        NumberEditor,
        IntegerEditor,
        BooleanEditor,
        PathEditor,
        PathEditor,
        TextEditor,
    ]
    assert Sample.check("sample", form.values()) == Sample()


def test_typing_changes_a_value_and_reset_takes_it_back(form: Form, qtbot):
    editor = form.editors["resolution"]
    assert isinstance(editor, IntegerEditor)
    editor.spin.selectAll()
    with qtbot.waitSignal(form.changed):
        qtbot.keyClicks(editor.spin, "96")
    assert form.values()["resolution"] == 96
    assert form.resets["resolution"].isVisible()
    qtbot.mouseClick(form.resets["resolution"], Qt.MouseButton.LeftButton)
    assert form.values()["resolution"] == 160
    assert not form.resets["resolution"].isVisible()


def test_slider_and_number_show_the_same(form: Form, qtbot):
    editor = form.editors["depth"]
    assert isinstance(editor, NumberEditor)
    assert editor.slider is not None
    editor.slider.setFocus()
    qtbot.keyClick(editor.slider, Qt.Key.Key_Right)
    assert form.values()["depth"] == 1.05
    editor.spin.setValue(1.5)
    assert editor.slider.value() == editor.slider.maximum()
    assert editor.spin.decimals() == 2


def test_a_least_value_that_is_no_amount_is_said_in_words(qtbot):
    form = Form(Limits)
    qtbot.addWidget(form)
    with qtbot.waitExposed(form):
        form.show()
    faces, error, gap = (form.editors[name].spin for name in ("faces", "error", "gap"))
    assert (faces.text(), error.text(), gap.text()) == ("By share", "No limit", "0.00 mm")
    assert form.values() == {"faces": 0, "error": 0.0, "gap": 0.0}
    for spin, typed in ((faces, "500"), (error, "1.5")):
        spin.selectAll()
        qtbot.keyClicks(spin, typed)
        qtbot.keyClick(spin, Qt.Key.Key_Return)
    assert (faces.text(), error.text()) == ("500", "1.50 mm")
    assert form.values() == {"faces": 500, "error": 1.5, "gap": 0.0}


def test_sliders_below_each_other_end_at_one_edge(qtbot):
    form = Form(Limits)
    qtbot.addWidget(form)
    error, gap = form.editors["error"], form.editors["gap"]
    assert error.spin.minimumWidth() == gap.spin.minimumWidth() == error.spin.maximumWidth()


def test_values_come_in_and_go_out(form: Form):
    wanted = {"shape": "soft", "depth": 0.75, "detail": False, "label": "a", "scale": 3.0, "nothing": 1}
    form.set_values(wanted)
    shown = form.values()
    assert {name: shown[name] for name in wanted if name != "nothing"} == {
        name: value for name, value in wanted.items() if name != "nothing"
    }
    form.reset()
    assert Sample.check("sample", form.values()) == Sample()


def test_rare_settings_are_folded_away(form: Form, qtbot):
    assert not form.editors["label"].isVisible()
    qtbot.mouseClick(form.more, Qt.MouseButton.LeftButton)
    assert form.editors["label"].isVisible()
    form.set_values({"label": "x"})
    assert form.resets["label"].isVisible()
    qtbot.mouseClick(form.more, Qt.MouseButton.LeftButton)
    assert not form.editors["label"].isVisible()
    assert not form.resets["label"].isVisible()


def wheel(widget) -> None:
    place = QPointF(5, 5)
    event = QWheelEvent(
        place,
        widget.mapToGlobal(place),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_a_wheel_over_a_field_without_focus_changes_nothing(form: Form, qtbot):
    editor = form.editors["resolution"]
    assert isinstance(editor, IntegerEditor)
    form.editors["shape"].setFocus()
    wheel(editor.spin)
    assert editor.value() == 160
    editor.spin.setFocus()
    qtbot.waitUntil(editor.spin.hasFocus)
    wheel(editor.spin)
    assert editor.value() == 192


def test_paths_are_picked(form: Form, qtbot, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/somewhere")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    for name in ("folder", "file"):
        editor = form.editors[name]
        assert isinstance(editor, PathEditor)
        qtbot.mouseClick(editor.button, Qt.MouseButton.LeftButton)
    assert form.values()["folder"] == "/somewhere"
    assert form.values()["file"] == ""


def test_every_editor_can_be_named_by_a_screen_reader(form: Form):
    for name, editor in form.editors.items():
        assert editor.focusProxy().accessibleName() == Sample.model_fields[name].title
    assert form.editors["shape"].focusProxy().accessibleDescription() == "How it bulges."


def test_titles_leave_room_for_what_they_name_in_the_inspector(look):
    metrics = QFontMetrics(QApplication.font())
    titles = {
        field.title for table in (BACKENDS, TOOLS) for entry in table for field in entry.params.fields()
    }
    assert [title for title in titles if metrics.horizontalAdvance(title) > 140] == []
