"""Presets and several assets on their way out of a real window, with a real worker."""

from __future__ import annotations

import json
import os
from pathlib import Path
from zipfile import ZipFile

from PySide6.QtWidgets import QPushButton

from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.requests import JobState
from orfeas_desktop.ui.dialogs.error_box import ErrorBox
from orfeas_desktop.ui.dialogs.export_dialog import ExportDialog
from orfeas_desktop.ui.pieces.toasts import Toast
from orfeas_desktop.ui.start import read_window_state
from orfeas_desktop.ui.state.delivery import Delivery
from tests.journeys.test_workshop import ring


def put(folder: Path, name: str, content: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content))


def test_a_preset_and_several_assets_are_exported(
    open_running, home: Path, tmp_path: Path, qtbot, monkeypatch
):
    monkeypatch.setenv("PATH", "")  # the report asks no other programs
    small = {"tool": "decimate", "params": {"faces": 400}}
    put(home / "data" / "recipes", "small.json", {"title": "Small", "steps": [small]})
    both = [{"to": "glb", "params": {"report": True}}, {"to": "godot"}]
    put(home / "data" / "presets", "both.json", {"title": "Both", "recipe": "small", "exports": both})
    put(home / "data" / "presets", "lost.json", {"title": "Lost", "recipe": "lost", "exports": both})
    whole, torn, out = ring(), tmp_path / "Torn.glb", tmp_path / "out"
    write_glb(whole, tmp_path / "Ring.glb")
    write_glb(whole.changed(faces=whole.faces[40:]), torn)
    out.mkdir()
    running = open_running()
    window, session, exporting = running.window, running.session, running.doings.exporting
    for path in (torn, tmp_path / "Ring.glb"):
        session.import_meshes([path])
    qtbot.waitUntil(lambda: session.desk.list.count(JobState.done) == 2)
    qtbot.waitUntil(lambda: window.browser.grid.model().rowCount() == 2)
    ids = {asset.name: asset.id for asset in session.studio.assets(session.library.project.id)}
    session.choose(ids["Ring"])

    dialog = asked(running)
    dialog.presets.setCurrentText("Lost")
    assert not dialog.save.isEnabled()
    dialog.presets.setCurrentText("Both")
    dialog.target.setText(str(out))
    picture = os.environ.get("ORFEAS_TEST_PICTURES")
    if picture:
        dialog.grab().save(f"{picture}/preset.png")
    dialog.save.click()
    window.close()
    assert window.isVisible()
    question = running.doings.dialog
    assert question.text() == "An export is not finished. Close all the same?"
    question.defaultButton().click()
    qtbot.waitUntil(lambda: "Exported to out" in window.toasts.shown())
    assert read_glb(out / "Ring.glb").face_count <= 400
    assert (out / "Ring-glb-report.html").exists()
    said = next(each for each in window.findChildren(Toast) if "Exported to out" in each.message.text())
    assert "Open report" in [button.text() for button in said.findChildren(QPushButton)]
    assert any((out / "Ring-godot").iterdir())
    qtbot.waitUntil(lambda: session.chosen.version.number == 2)
    qtbot.waitUntil(session.library.undo.canUndo)

    (out / "Ring.glb").unlink()
    assert not exporting.busy
    window.commands.actions["export-again"].trigger()
    window.commands.actions["export-again"].trigger()
    assert "This is in the queue already" in window.toasts.shown()
    qtbot.waitUntil((out / "Ring.glb").exists)
    assert session.studio.asset(ids["Ring"]).version_count == 2

    session.library.undo.undo()
    qtbot.waitUntil(lambda: session.chosen.version.number == 1)
    window.browser.grid.selectAll()
    dialog = asked(running)
    assert dialog.windowTitle() == "Export 2 assets"
    dialog.presets.setCurrentIndex(0)
    dialog.formats.setCurrentIndex(dialog.formats.findData("print"))
    window.browser.grid.choose(ids["Ring"])
    if picture:
        dialog.grab().save(f"{picture}/several.png")
    dialog.save.click()
    words = "1 of 2 assets exported, 1 failed"
    qtbot.waitUntil(lambda: words in window.toasts.shown())
    if picture:
        window.grab().save(f"{picture}/window.png")
    assert (out / "Ring.3mf").exists()
    assert not (out / "Torn.3mf").exists()

    window.browser.grid.selectAll()
    dialog = asked(running)
    dialog.presets.setCurrentText("Both")
    dialog.zipped.setChecked(True)
    (out / "Torn.zip").mkdir()
    dialog.save.click()
    qtbot.waitUntil((out / "Ring.zip").exists)
    qtbot.waitUntil(lambda: not exporting.findChildren(Delivery))
    assert words in window.toasts.shown()
    with ZipFile(out / "Ring.zip") as package:
        package.extractall(tmp_path / "taken")
    assert {path.name for path in (tmp_path / "taken").iterdir()} > {"Ring.glb", "Ring-godot"}
    assert not (out / "Ring.glb").exists()
    assert {
        read_glb(path).face_count <= 400 for path in (tmp_path / "taken" / "Ring.glb", out / "Torn.glb")
    } == {True}
    (out / "Torn.zip").rmdir()
    window.commands.actions["export-again"].trigger()
    qtbot.waitUntil(lambda: "2 assets exported" in window.toasts.shown())
    assert {path.name for path in out.iterdir()} == {"Ring.3mf", "Ring.zip", "Torn.zip"}
    window.browser.grid.choose(ids["Ring"])

    exporting.last = exporting.last.model_copy(update={"preset": "no-such"})
    exporting.again()
    box = window.findChild(ErrorBox)
    assert "no-such" in box.message.text()
    box.close()
    session.choose(None)
    exporting.ask()
    assert "Nothing that is chosen has a mesh" in window.toasts.shown()
    window.close()
    kept = read_window_state(running.paths.state).last_export
    assert kept is not None
    assert kept.into_folder
    assert kept.zipped


def asked(running) -> ExportDialog:
    running.window.commands.actions["export"].trigger()
    dialog = running.doings.dialog
    assert isinstance(dialog, ExportDialog)
    return dialog
