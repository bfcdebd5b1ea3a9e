"""The panels of the Edit workspace by themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from orfeas_desktop.assets import AssetKind, AssetRef
from orfeas_desktop.engine.tools import TOOLS, group_of, in_groups
from orfeas_desktop.projects.records import Provenance
from orfeas_desktop.recipes import RecipeStep, steps_text
from orfeas_desktop.ui.main_window.change_facts import change_facts
from orfeas_desktop.ui.main_window.provenance import score_facts, step_facts
from orfeas_desktop.ui.panels.badges import badges_of, short_count
from orfeas_desktop.ui.panels.doctor_facts import doctor_facts
from orfeas_desktop.ui.panels.doctor_panel import DoctorPanel
from orfeas_desktop.ui.panels.fact_grid import Fact, number_words
from orfeas_desktop.ui.panels.recipe_panel import RecipeChoice, RecipePanel
from orfeas_desktop.ui.panels.tool_list import ToolChoice
from orfeas_desktop.ui.panels.tool_panel import OtherChoice, ToolPanel
from orfeas_desktop.ui.pieces.places import Places
from orfeas_desktop.ui.state.diagnosis import Diagnosis, FoundFault
from tests.ui.made_up import an_asset

MESH = AssetRef("d", AssetKind.mesh, "Cup.glb", 1)


@pytest.fixture
def panel(qtbot, look) -> ToolPanel:
    made = ToolPanel(look, Places({}))
    qtbot.addWidget(made)
    made.resize(308, 560)
    made.offer(
        [
            ToolChoice(
                tool.id,
                tool.title,
                tool.summary,
                group_of(tool.id),
                tool.params,
                tool.input("other") is not None,
            )
            for tool in in_groups()
        ]
    )
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_every_tool_is_shown_once_in_a_group():
    assert sorted(tool.id for tool in in_groups()) == sorted(tool.id for tool in TOOLS if tool.id != "recipe")
    assert group_of("repair") == "Look and mend"
    assert group_of("something new") == "More"


def test_a_tool_is_found_by_words_and_opened_by_keys(panel: ToolPanel, qtbot):
    QTest.keyClicks(panel.list.search, "doubles loose")
    assert panel.list.titles() == ("Repair",)
    QTest.keyClick(panel.list.search, Qt.Key.Key_Return)
    assert (panel.tool, panel.title.whole_text()) == ("repair", "Repair")
    QTest.mouseClick(panel.back, Qt.MouseButton.LeftButton)
    assert panel.tool == ""
    panel.list.search.setText("no such tool")
    assert panel.list.nothing.isVisible()
    assert panel.list.titles() == ()
    QTest.keyClick(panel.list.search, Qt.Key.Key_Return)
    assert panel.tool == ""
    panel.list.search.setText("decim")
    QTest.keyClick(panel.list.search, Qt.Key.Key_Down)
    QTest.keyClick(panel.list.list, Qt.Key.Key_Return)
    assert panel.tool == "decimate"
    panel.show_tool("no-such-tool")
    assert panel.tool == "decimate"


def test_what_was_chosen_is_there_again(panel: ToolPanel, qtbot):
    panel.show_tool("lod")
    panel.set_values({"levels": 5})
    panel.show_tool("repair")
    assert not panel.other_row.isVisible()
    panel.show_tool("lod")
    assert panel.form.values()["levels"] == 5
    panel.say(estimate="About 1 s", target="Next version of Cup", why_not="")
    with qtbot.waitSignal(panel.run_wanted) as asked:
        QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    (wish,) = asked.args
    assert (wish.tool, wish.params["levels"], wish.other) == ("lod", 5, None)
    assert panel.remembered()["lod"]["levels"] == 5
    panel.say(estimate="", target="", why_not="Choose an asset first")
    assert not panel.run.isEnabled()
    assert panel.why.isVisible()


def test_the_other_mesh_is_of_the_library_or_a_file(panel: ToolPanel, qtbot, monkeypatch, tmp_path: Path):
    panel.show_tool("boolean")
    panel.offer_others(())
    assert panel.needs_other()
    panel.offer_others((OtherChoice("Version 1", MESH),))
    assert panel.other_mesh() == MESH
    assert not panel.needs_other()
    file = tmp_path / "hole.stl"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    panel._choose_other(1)
    assert panel.other_mesh() == file
    panel.say(estimate="", target="", why_not="")
    with qtbot.waitSignal(panel.run_wanted) as asked:
        panel.run.click()
    assert asked.args[0].other == file
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    panel._choose_other(2)
    assert panel.other_mesh() == MESH


def test_the_doctor_lists_faults_marks_one_and_opens_the_tool(qtbot):
    doctor = DoctorPanel()
    qtbot.addWidget(doctor)
    doctor.resize(308, 560)
    doctor.show()
    doctor.know_tools({"repair": "Repair", "print-check": "Check"})
    assert doctor.print_check.isVisible()
    faults = (
        FoundFault("open-edges", 12, "The surface has holes.", "repair"),
        FoundFault("inside-out", 1, "The whole surface is inside out.", "repair"),
        FoundFault("turned-faces", 3, "Faces look the other way than their neighbours.", "unknown-tool"),
    )
    arrays = {
        "open-edges-points": np.zeros((2, 3), np.float32),
        "turned-faces-faces": np.zeros((3, 3, 3), np.float32),
    }
    facts = {"faces": 12, "watertight": False, "uv_coverage": 0.5, "uv_stretch": 1.25, "volume_m3": 1e-6}
    doctor.show_diagnosis(Diagnosis(1, "analyse", faults, facts, arrays))
    first, second, third = doctor.rows
    assert second.show_button.isHidden()
    assert third.mend.isHidden()
    with qtbot.waitSignal(doctor.places_wanted) as asked:
        first.show_button.click()
    assert asked.args == ["open-edges"]
    third.show_button.click()
    assert not first.show_button.isChecked()
    with qtbot.waitSignal(doctor.places_wanted) as asked:
        third.show_button.click()
    assert asked.args == [""]
    with qtbot.waitSignal(doctor.tool_wanted) as asked:
        first.mend.click()
    assert asked.args == ["repair"]
    said = {fact.name: fact.value for fact in doctor.facts.facts()}
    assert said["Surface"] == "Open"
    assert said["UV coverage"] == "50 %"
    maps = {"walls": Path("w.glb"), "overhangs": Path("o.glb")}
    doctor.show_diagnosis(Diagnosis(1, "print-check", (), {}, maps=maps))
    buttons = [doctor.maps.itemAt(place).widget() for place in range(3)]
    assert [button.text() for button in buttons] == ["Show walls", "Show overhangs", "Show the mesh"]
    for button, name in zip(buttons, ("walls", "overhangs", ""), strict=True):
        with qtbot.waitSignal(doctor.map_wanted) as asked:
            button.click()
        assert asked.args == [name]
    doctor.say(why_not="", busy=True)
    assert not doctor.check.isEnabled()
    doctor.show_diagnosis(Diagnosis(1, "analyse", (), {}))
    assert doctor.verdict.text() == "Nothing is wrong with this mesh."


def test_a_recipe_shows_its_steps_and_what_it_runs_on(qtbot, look):
    panel = RecipePanel(look)
    qtbot.addWidget(panel)
    panel.resize(308, 560)
    panel.show()
    panel.offer(())
    assert panel.chosen() == ""
    shipped = RecipeChoice("print", "Ready to print", "Repairs.", (Fact("1  Repair", "Defaults"),), own=False)
    mine = RecipeChoice("mine", "Mine", "", (), own=True)
    panel.offer((shipped, mine))
    assert panel.chosen() == "print"
    assert panel.remove.isHidden()
    assert panel.steps.facts() == shipped.steps
    panel.say(target="Run on Cup", why_not="", why_no_folder="", why_not_saved="Nothing to save")
    assert not panel.save.isEnabled()
    for button, wanted in ((panel.run, panel.run_wanted), (panel.folder, panel.folder_wanted)):
        with qtbot.waitSignal(wanted) as asked:
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert asked.args == ["print"]
    panel.offer((shipped, mine), "mine")
    assert panel.summary.isHidden()
    with qtbot.waitSignal(panel.remove_wanted) as asked:
        QTest.mouseClick(panel.remove, Qt.MouseButton.LeftButton)
    assert asked.args == ["mine"]
    panel.say(target="", why_not="Choose an asset first", why_no_folder="", why_not_saved="")
    assert not panel.run.isEnabled()
    assert panel.why.isVisible()


def test_a_scorecard_becomes_badges():
    asset = an_asset(1, "Cup")
    assert badges_of(asset, whole=True) == ()
    score = {"closed": True, "faces": 9216, "silhouette_iou": 0.974}
    scored = replace(asset, latest=replace(asset.latest, score=score))
    assert [badge.text for badge in badges_of(scored, whole=False)] == ["9.2k"]
    assert [badge.text for badge in badges_of(scored, whole=True)] == ["9.2k", "97 %"]
    assert [short_count(count) for count in (812, 1000, 154_321, 1_500_000)] == [
        "812",
        "1.0k",
        "154k",
        "1.5M",
    ]
    titles = {
        fact.name: fact.value for fact in score_facts({**score, "uv_coverage": 0.5, "uv_stretch": None})
    }
    assert titles == {"Like the picture": "97.4 %", "UV coverage": "50 %"}
    assert [fact.value for fact in score_facts({"uv_stretch": 1254.7})] == ["more than 10"]


def test_the_doctor_says_what_was_measured_in_plain_numbers():
    facts = {
        "printer": "Some printer",
        "thinnest_wall_mm": 0.0179,
        "supports_needed": True,
        "weight_g": 66043.2,
        "faces": 183276,
        "uv_stretch": 448.7,
        "uv_coverage": 0.53,
        "watertight": False,
        "volume_m3": 0.2280931,
        "texels_per_mm": None,
        "cost": "dear",
    }
    found = {
        fact.name: fact.value.replace(",", "")
        for fact in doctor_facts(Diagnosis(1, "print-check", (), facts, {}, {}))
    }
    assert found == {
        "Printer": "Some printer",
        "Thinnest wall": "0.0179 mm",
        "Supports": "Needed",
        "Weight": "66.0 kg",
        "Faces": "183276",
        "UV coverage": "53 %",
        "UV stretch": "more than 10",
        "Surface": "Open",
        "Volume": "228093 cm³",
    }
    assert [number_words(value, 3).replace(",", "") for value in (0.0, 1234567.0, 0.012345)] == [
        "0.00",
        "1234567",
        "0.0123",
    ]


def test_settings_that_are_no_amount_and_a_mesh_that_did_not_move_are_said_in_words():
    steps = steps_text([RecipeStep(tool="repair", params={"largest_hole": 0, "smallest_piece": 2.0})])
    (fact,) = step_facts(steps)
    assert fact.value == "Largest hole Any, Smallest piece 2 %"
    still = {"distance_mean_mm": 0.0, "distance_max_mm": 0.0}
    moved = change_facts(Provenance(None, "1", "", {}, still, cached=False))
    assert [fact.value for fact in moved] == ["Nothing"]
