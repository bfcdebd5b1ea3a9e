"""A new user goes from nothing to a mesh from words: weights, licence, download, words, Generate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from orfeas_desktop.engine.mesh.glb import read_glb
from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.requests import JobState
from orfeas_desktop.ui.dialogs.licence_dialog import LicenceDialog
from orfeas_desktop.ui.dialogs.weights_dialog import WeightsDialog
from tests.engine.weights.loopback_hub import Hub
from tests.ui.test_window import names

SET = "sdxl-turbo"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_pipelines: Path) -> Iterator[Hub]:
    """A hub whose SDXL-Turbo is the tiny one."""
    made = Hub(weight_set(SET).repository, "")
    place = tiny_pipelines / "sdxl-base"
    for file in place.rglob("*"):
        if file.is_file():
            made.put(file.relative_to(place).as_posix(), file.read_bytes())
    made.put("sd_xl_turbo_1.0.safetensors", b"not wanted")
    monkeypatch.setenv("HF_ENDPOINT", made.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    yield made
    made.close()


def test_weights_licence_download_words_generate(
    open_running, hub: Hub, home: Path, tiny_pipelines: Path, tmp_path: Path, qtbot, monkeypatch
) -> None:
    running = open_running()
    window, session = running.window, running.session
    QTest.mouseClick(window.welcome.words, Qt.MouseButton.LeftButton)
    panel = window.inspector.words
    assert panel.weights.isVisible()
    assert "SDXL-Turbo" in panel.recipe.why.text()

    QTest.mouseClick(panel.weights, Qt.MouseButton.LeftButton)
    dialog = running.doings.dialog
    assert isinstance(dialog, WeightsDialog)
    qtbot.waitUntil(lambda: SET in dialog.cards)
    dialog.cards[SET].main.click()
    licence = dialog.findChild(LicenceDialog)
    licence.box.click()
    licence.agree.click()
    qtbot.waitUntil(lambda: dialog.cards[SET].row.here)
    assert not any(asked.path.endswith("sd_xl_turbo_1.0.safetensors") for asked in hub.asked)
    dialog.accept()
    qtbot.waitUntil(lambda: not panel.weights.isVisible())
    assert panel.recipe.engine_id() == SET
    assert panel.recipe.why.text() == "Type what to make first"

    prompt = panel.recipe.form.editors["prompt"].text
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.inspector.show_words()
    QTest.keyClicks(prompt, "a red cup")
    panel.recipe.form.set_values({"width": 256, "height": 256})
    assert panel.recipe.target.whole_text() == "New asset: a red cup"
    qtbot.waitUntil(panel.recipe.generate.isEnabled)
    with qtbot.waitSignal(window.viewport.shown):
        QTest.keyClick(prompt, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert panel.words() == "a red cup"
    assert names(running) == ["a red cup"]
    (version,) = session.chosen.versions
    mesh = read_glb(session.studio.blob_path(version.files["mesh"].digest))
    assert "a red cup" in str(mesh.extras["picture"])
    front = version.provenance.request.inputs["front"][0]
    assert front.name == "a red cup.png"
    qtbot.waitUntil(lambda: session.drafting.draft.front is not None)
    assert {row.state for row in session.desk.list.rows()} == {JobState.done}

    lora = tiny_pipelines / "sdxl-base-lora.safetensors"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(lora), ""))
    QTest.mouseClick(panel.loras.add, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(panel.loras.rows) == 1)
    (row,) = panel.loras.rows.values()
    row.used.click()
    row.slider.setValue(16)
    assert panel.loras.value().endswith(":0.8")
    panel.recipe.form.set_values({"num_images_per_prompt": 2})
    QTest.mouseClick(panel.paint, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(panel.strip.thumbs) == 3)
    QTest.keyClick(panel.strip.thumbs[1], Qt.Key.Key_Return)
    chosen = panel.strip.current
    assert (chosen.name, chosen.seed) == ("a red cup 2", 1)
    target = tmp_path / "kept"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    QTest.mouseClick(panel.strip.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(target.with_suffix(".png").exists)
    with qtbot.waitSignal(window.viewport.shown):
        QTest.mouseClick(panel.strip.build, Qt.MouseButton.LeftButton)
    assert set(names(running)) == {"a red cup", "a red cup 2"}

    window.inspector.show_words()
    QTest.mouseClick(panel.strip.use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.drafting.draft.found is not None)
    assert window.inspector.pages.currentWidget() is window.inspector.generate
    assert session.drafting.draft.name == "a red cup 2"
