"""The Edit workspace with a real window, a real library and a real worker."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.recipes import SHIPPED
from orfeas_desktop.requests import JobState
from orfeas_desktop.ui.dialogs.settings_dialog import SettingsChange
from tests.printing_files import slicer_says


def ring(around: int = 48, across: int = 24) -> Mesh:
    """A closed ring of 30 mm."""
    u, v = np.meshgrid(
        np.linspace(0, 2 * np.pi, around, endpoint=False),
        np.linspace(0, 2 * np.pi, across, endpoint=False),
        indexing="ij",
    )
    wide = 11 + 4 * np.cos(v)
    places = np.stack([wide * np.cos(u), 4 * np.sin(v), -wide * np.sin(u)], axis=-1).reshape(-1, 3)
    at = np.arange(around * across).reshape(around, across)
    right, up = np.roll(at, -1, axis=0), np.roll(at, -1, axis=1)
    quads = np.stack([at, right, np.roll(right, -1, axis=1), up], axis=-1).reshape(-1, 4)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    return Mesh(places.astype(np.float32), faces, metres_per_unit=0.001, name="ring")


@pytest.fixture
def torn(tmp_path: Path) -> Path:
    """The ring with some faces gone and some turned."""
    whole = ring()
    random = np.random.default_rng(5)
    faces = whole.faces[random.random(whole.face_count) > 0.01].copy()
    turned = random.random(len(faces)) < 0.02
    faces[turned] = faces[turned][:, ::-1]
    path = tmp_path / "Torn ring.glb"
    write_glb(whole.changed(faces=faces), path)
    return path


def click(button) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_faults_are_shown_mended_undone_and_mended_again(open_running, torn: Path, qtbot):
    running = open_running()
    window, session, inspector = running.window, running.session, running.window.inspector
    click(window.top.edit)
    assert inspector.tools.isVisible()
    assert inspector.doctor.why.text() == "Choose an asset first"
    with qtbot.waitSignal(window.viewport.shown):
        session.import_meshes([torn])
    click(inspector.doctor_tab)
    click(inspector.doctor.check)
    qtbot.waitUntil(lambda: bool(inspector.doctor.rows))
    holes = inspector.doctor.rows[0]
    assert holes.sentence.text() == "The surface has holes."
    click(holes.show_button)
    marks = window.viewport._stage.marks
    assert marks.shown
    click(holes.mend)
    assert not inspector.doctor.isVisible()
    assert inspector.tools.title.whole_text() == "Repair"
    stood: list[int] = []
    session.library.stood.connect(stood.append)
    click(inspector.tools.run)
    qtbot.waitUntil(lambda: session.chosen.version.number == 2)
    assert ("Closed", "No → Yes") in [(fact.name, fact.value) for fact in inspector.tools.change.facts()]
    qtbot.waitUntil(lambda: not marks.shown)

    library = session.library
    qtbot.waitUntil(library.undo.canUndo)
    with qtbot.waitCallback() as written:
        session.store.ask(lambda: None, written)
    assert not stood, "noting the step turned the view, which the user may have turned elsewhere since"
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: session.chosen.version.number == 1)
    assert session.studio.asset(session.chosen.asset.id).latest.number == 1
    assert inspector.doctor.rows
    QTest.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: session.chosen.version.number == 2)

    inspector.tools.show_tool("boolean")
    assert inspector.tools.other.currentText() == "Version 1"
    window.commands.actions["tools"].trigger()
    assert inspector.tools.list.isVisible()
    window.commands.actions["doctor"].trigger()
    assert inspector.doctor.isVisible()
    window.hide_panels(False)
    click(window.top.generate)
    assert inspector.generate.isVisible()
    running.hands.searching.run("tool:lod")
    assert inspector.tools.tool == "lod"
    assert any(item.id == "tool:lod" for item in running.hands.searching.find("level"))


def test_a_recipe_runs_on_one_on_many_and_on_a_folder(
    open_running, torn: Path, home: Path, tmp_path: Path, qtbot
):
    own = home / "data" / "recipes"
    own.mkdir(parents=True)
    quick = {"title": "Quick", "steps": [{"tool": "repair"}, {"tool": "lod", "params": {"levels": 1}}]}
    (own / "quick.json").write_text(json.dumps(quick))
    running = open_running()
    window, session, inspector = running.window, running.session, running.window.inspector
    cookery = running.hands.workbench.cookery
    window.commands.actions["recipes"].trigger()
    panel = inspector.recipes
    assert panel.why.text() == "Choose an asset first"
    with qtbot.waitSignal(window.viewport.shown):
        session.import_meshes([torn])
    panel.list.setCurrentRow(panel.list.count() - 1)
    assert panel.chosen() == "quick"
    assert panel.steps.facts()[1].value == "Levels 1"
    assert panel.run.text() == "Run on Torn ring"
    assert not panel.save.isEnabled()
    click(panel.run)
    click(panel.run)
    assert "This is in the queue already" in window.toasts.shown()
    qtbot.waitUntil(lambda: session.chosen.version.number == 2)
    version = session.chosen.version
    assert version.provenance.facts["watertight"] is True
    assert [file.name for file in version.all_files("lods")] == ["Torn ring-lod1.glb"]

    click(panel.save)
    cookery.dialog.setTextValue("My chain")
    cookery.dialog.accept()
    assert panel.chosen() == "my-chain"
    assert "Recipe “My chain” saved" in window.toasts.shown()
    click(panel.remove)
    assert not (own / "my-chain.json").exists()

    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "one.glb").write_bytes(torn.read_bytes())
    (folder / "bad.stl").write_text("no mesh")
    (folder / "two.glb").write_bytes(torn.read_bytes())
    assert cookery.run_on_folder("quick", folder) == 2 + 1

    def states() -> dict[str, int]:
        return {
            asset.name: asset.version_count for asset in session.studio.assets(session.library.project.id)
        }

    qtbot.waitUntil(lambda: states() == {"Torn ring": 2, "one": 2, "two": 2})
    qtbot.waitUntil(lambda: session.desk.list.count(JobState.failed) == 1)
    window.browser.grid.selectAll()
    assert panel.run.text() == "Run on 3 assets"
    session.choose(None)
    assert cookery.run_on_folder("no-such-recipe", folder) == 0


def test_a_damaged_mesh_becomes_a_game_asset_and_a_print(
    open_running, torn: Path, home: Path, tmp_path: Path, qtbot
):
    own = home / "data" / "recipes"
    own.mkdir(parents=True)
    shipped = json.loads((SHIPPED / "game-prop-10k.json").read_bytes())
    small = {
        "decimate": {"faces": 600},
        "unwrap": {"texture_side": 64},
        "bake": {"texture_side": 64, "rays": 4},
    }
    for step in shipped["steps"]:
        step["params"] = small.get(step["tool"], {})
    (own / "small-prop.json").write_text(json.dumps({**shipped, "title": "Small prop"}))
    running = open_running()
    window, session, panel = running.window, running.session, running.window.inspector.recipes
    with qtbot.waitSignal(window.viewport.shown):
        session.import_meshes([torn])
    window.commands.actions["recipes"].trigger()
    raw = session.chosen.version.id
    panel.list.setCurrentRow(panel.list.count() - 1)
    click(panel.run)
    qtbot.waitUntil(panel.working.isVisible)
    qtbot.waitUntil(lambda: session.chosen.version.number == 2)
    qtbot.waitUntil(panel.working.isHidden)
    version = session.chosen.version
    mesh = read_glb(session.studio.blob_path(version.files["mesh"].digest))
    assert mesh.face_count <= 600
    assert mesh.materials[0].normal_map is not None
    assert len(version.all_files("lods")) == 3
    assert len(version.all_files("collision")) == 1

    running.doings.change_settings(SettingsChange("printing", {"printer": "prusa-mini"}))
    session.choose_version(raw)
    panel.list.setCurrentRow(
        [panel.list.item(row).text() for row in range(panel.list.count())].index("Ready to print")
    )
    click(panel.run)
    qtbot.waitUntil(lambda: session.chosen.version.number == 3)
    assert str(session.chosen.version.provenance.request.params["steps"]).count("prusa-mini") == 4
    target = tmp_path / "ring.3mf"
    with qtbot.waitSignal(session.exported):
        session.export("print", {}, target)
    assert slicer_says(target)["manifold"] == "yes"

    session.choose_version(raw)
    with qtbot.waitSignal(session.desk.failed):
        session.export("print", {}, tmp_path / "torn.3mf")
    qtbot.waitUntil(lambda: bool(window.inspector.doctor.rows))
    assert window.inspector.doctor.isVisible()
    assert window.inspector.doctor.rows[0].mend.text() == "Repair"
    assert not (tmp_path / "torn.3mf").exists()
    with qtbot.waitSignal(window.viewport.shown):
        window.inspector.doctor.map_wanted.emit("overhangs")
    with qtbot.waitSignal(window.viewport.shown):
        window.inspector.doctor.map_wanted.emit("")
