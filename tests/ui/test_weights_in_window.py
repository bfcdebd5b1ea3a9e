"""Weights in the whole window: an action opens the dialog, and a set that arrives offers its engine."""

from __future__ import annotations

import shutil
from pathlib import Path

from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.linking import add_weights
from orfeas_desktop.engine.weights.store import WeightStore
from orfeas_desktop.ui.dialogs.weights_dialog import WeightsDialog

DATA = Path(__file__).parents[1] / "data" / "hunyuan3d_shape"


def test_weights_open_from_the_menu_and_make_an_engine_available(qtbot, open_running, tmp_path) -> None:
    running = open_running()
    doings, studio = running.doings, running.session.studio
    backend = BACKENDS["hunyuan3d-2mini"]
    assert studio.unavailable(backend) is not None
    running.window.commands.actions["weights"].trigger()
    dialog = doings.dialog
    assert isinstance(dialog, WeightsDialog)
    qtbot.waitUntil(lambda: bool(dialog.cards))
    folder = tmp_path / "comfy" / "hunyuan3d-dit-v2-mini"
    folder.mkdir(parents=True)
    for path in (DATA / "e2e_mini").iterdir():
        if path.name == "config.yaml" or path.name.startswith("model"):
            shutil.copyfile(path, folder / path.name)
    add_weights(WeightStore.of(), folder)
    with qtbot.waitSignal(doings.weights.available_changed):
        doings.weights.accept(weight_set(backend.id), lambda: None)
    assert studio.unavailable(backend) is None
    dialog.accept()
    qtbot.waitUntil(lambda: doings.dialog is None)
