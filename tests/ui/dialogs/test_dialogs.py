"""Dialogs say what is wrong, remember what was chosen and can be driven by keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel

from orfeas_desktop.errors import BackendFailed, FileMissing
from orfeas_desktop.params import Params, param
from orfeas_desktop.paths import RESOURCES
from orfeas_desktop.ui.dialogs.error_box import ErrorBox
from orfeas_desktop.ui.dialogs.export_dialog import ExportChoice, ExportDialog, PresetChoice
from orfeas_desktop.ui.dialogs.manual_dialog import ManualDialog
from orfeas_desktop.ui.dialogs.settings_dialog import SettingsChange, SettingsDialog, SettingsPage
from orfeas_desktop.ui.dialogs.shortcuts_dialog import Shortcut, ShortcutsDialog
from orfeas_desktop.ui.forms.form import Form


class GlbParams(Params):
    extras: bool = param(True, "Recipe")


class StlParams(Params):
    scale: float = param(1000.0, "Scale", ge=0.001)
    recipe: str = param("", "Recipe")


@dataclass(frozen=True)
class Format:
    id: str
    title: str
    summary: str
    suffix: str
    params: type[Params]
    folder: bool = False


FORMATS = (
    Format("glb", "glTF binary", "One file.", ".glb", GlbParams),
    Format("stl", "STL", "For printing.", ".stl", StlParams),
)


def shown(qtbot, dialog):
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    return dialog


def test_an_error_is_one_sentence_a_remedy_and_details_on_demand(qtbot):
    box = shown(qtbot, ErrorBox(BackendFailed(entry="relief", problem="it broke", details="line 7")))
    assert box.message.text() == "relief failed: it broke."
    assert "details" in box.remedy.text()
    assert not box.details.isVisible()
    qtbot.mouseClick(box.toggle, Qt.MouseButton.LeftButton)
    assert box.details.isVisible()
    qtbot.mouseClick(box.copy, Qt.MouseButton.LeftButton)
    assert "line 7" in QGuiApplication.clipboard().text()
    assert "[backend-failed]" in QGuiApplication.clipboard().text()
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert not box.isVisible()


def test_every_page_of_the_manual_is_read_and_the_way_back_is_found(qtbot):
    dialog = shown(qtbot, ManualDialog(RESOURCES / "manual"))
    assert dialog.page.toPlainText().startswith("Manual")
    assert not dialog.back.isEnabled()
    pages = [path.name for path in (RESOURCES / "manual").glob("*.md") if path.name != "index.md"]
    assert len(pages) > 5
    for page in pages:
        dialog.page.setSource(QUrl(page))
        assert dialog.page.document().begin().blockFormat().headingLevel() == 1, page
    qtbot.mouseClick(dialog.back, Qt.MouseButton.LeftButton)
    assert dialog.page.source().fileName() == pages[-2]
    qtbot.mouseClick(dialog.contents, Qt.MouseButton.LeftButton)
    assert dialog.page.toPlainText().startswith("Manual")


def test_a_hostile_name_is_shown_as_text(qtbot):
    box = ErrorBox.show_error(None, FileMissing(name="<b>bold</b><img src=x>"))
    qtbot.addWidget(box)
    assert box.message.textFormat() is Qt.TextFormat.PlainText
    assert "<b>" in box.message.text()
    assert not box.toggle.isVisible()
    assert box.text().endswith("[file-missing]")


@pytest.fixture
def export(qtbot, tmp_path: Path):
    last = ExportChoice("glb", {"extras": False}, tmp_path / "old.glb")
    dialog = ExportDialog(
        FORMATS, "Robot: v3/4", last=last, form_of=lambda each: Form(each.params, skip={"recipe"})
    )
    return shown(qtbot, dialog)


def test_the_last_choice_comes_back_and_the_name_is_made_safe(export, tmp_path):
    choice = export.choice()
    assert choice.params == {"extras": False}
    assert choice.target == tmp_path / "Robot_ v3_4.glb"


def test_a_format_brings_its_form_and_suffix_and_keeps_what_was_set(export, qtbot):
    export.formats.setCurrentIndex(1)
    assert export.target.text().endswith("Robot_ v3_4.stl")
    assert set(export.form.editors) == {"scale"}
    export.form.set_values({"scale": 10.0})
    export.formats.setCurrentIndex(0)
    assert export.choice().params == {"extras": False}
    export.formats.setCurrentIndex(1)
    assert export.choice().params == {"scale": 10.0}
    with qtbot.waitSignal(export.chosen) as heard:
        qtbot.mouseClick(export.save, Qt.MouseButton.LeftButton)
    assert heard.args[0].exporter == "stl"


@pytest.mark.parametrize("target", ["", "/", "/nowhere/at/all/x.glb"])
def test_a_target_that_cannot_be_written_is_said_before_pressing(export, target):
    export.target.setText(target)
    assert not export.save.isEnabled()
    assert export.problem.isVisible()
    assert export.save.toolTip() == export.problem.text()


PRESETS = (
    PresetChoice("prop", "Prop", "A game prop.", (("1  Repair", "Defaults"), ("Then writes", "FBX"))),
    PresetChoice("gone", "Gone", "", (), why_not="There is no entry magic."),
)


def test_a_preset_asks_for_a_folder_and_says_what_it_does(qtbot, tmp_path: Path):
    last = ExportChoice("stl", {"scale": 2.0}, tmp_path, preset="prop", into_folder=True)
    dialog = shown(qtbot, ExportDialog(FORMATS, "Robot", last=last, presets=PRESETS))
    assert not dialog.formats.isVisible()
    assert dialog.summary.text() == "A game prop."
    assert "Repair" in " ".join(label.text() for label in dialog.page.widget().findChildren(QLabel))
    assert dialog.choice() == ExportChoice("stl", {"scale": 2.0}, tmp_path, "prop", into_folder=True)
    dialog.target.setText("")
    assert dialog.problem.text() == "Choose a folder."
    dialog.target.setText(str(tmp_path))
    dialog.presets.setCurrentIndex(2)
    assert dialog.problem.text() == "There is no entry magic."
    assert not dialog.save.isEnabled()
    dialog.presets.setCurrentIndex(0)
    assert dialog.formats.isVisible()
    assert dialog.choice().target == tmp_path / "Robot.stl"
    dialog.form.set_values({"scale": 3.0})
    dialog.presets.setCurrentIndex(1)
    dialog.presets.setCurrentIndex(0)
    values = {"scale": 3.0}
    assert dialog.choice() == ExportChoice("stl", values, tmp_path / "Robot.stl")


def test_several_assets_go_into_a_folder_in_one_format(qtbot, tmp_path: Path, monkeypatch):
    last = ExportChoice("stl", {"scale": 2.0}, tmp_path / "old.stl")
    dialog = shown(qtbot, ExportDialog(FORMATS, "3 assets", last=last, presets=PRESETS, several=True))
    assert dialog.formats.isVisible()
    values = {"scale": 2.0}
    assert dialog.choice() == ExportChoice("stl", values, tmp_path, into_folder=True)
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "out"))
    qtbot.mouseClick(dialog.browse, Qt.MouseButton.LeftButton)
    dialog.formats.setCurrentIndex(0)
    assert dialog.choice().target == tmp_path / "out"
    assert dialog.zipped.text() == "One ZIP for each asset"
    qtbot.mouseClick(dialog.zipped, Qt.MouseButton.LeftButton)
    assert dialog.choice().zipped
    dialog.target.setText(str(tmp_path / "nowhere"))
    assert dialog.problem.text() == "This folder does not exist."


def test_what_will_be_replaced_is_said_before(export, tmp_path):
    assert not export.replaced.isVisible()
    assert not export.zipped.isVisible()
    (tmp_path / "cup.glb").write_text("old")
    export.target.setText(str(tmp_path / "cup.glb"))
    assert export.replaced.text() == "“cup.glb” is there already. It will be replaced."
    assert export.replaced.isVisible()
    assert export.save.isEnabled()
    export.target.setText(str(tmp_path))
    assert not export.replaced.isVisible()


def test_a_picked_target_gets_the_suffix(export, qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "cup"), ""))
    qtbot.mouseClick(export.browse, Qt.MouseButton.LeftButton)
    assert export.choice().target == tmp_path / "cup.glb"


def test_only_changed_settings_are_told(qtbot):
    pages = (
        SettingsPage("one", "One", GlbParams, {"extras": True}),
        SettingsPage("two", "Two", StlParams, {"scale": 5.0, "recipe": ""}),
    )
    dialog = shown(qtbot, SettingsDialog(pages))
    dialog.list.setCurrentRow(1)
    dialog.defaults.click()
    heard: list[SettingsChange] = []
    dialog.changed.connect(heard.append)
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert heard == [SettingsChange("two", {"scale": 1000.0, "recipe": ""})]


def test_shortcuts_are_filtered_as_one_types(qtbot):
    rows = (Shortcut("Edit", "Undo", "Ctrl+Z"), Shortcut("View", "Frame", "F"))
    dialog = shown(qtbot, ShortcutsDialog(rows))
    qtbot.keyClicks(dialog.filter, "ctrl+z")
    assert [dialog.table.isRowHidden(row) for row in range(2)] == [False, True]
