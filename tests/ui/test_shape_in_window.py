"""From published weights in a folder to a mesh, in the window."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.files import read_mesh
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.linking import add_weights
from orfeas_desktop.engine.weights.store import WeightStore
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Job, JobPreviewed, JobRequest, JobState

DATA = Path(__file__).parents[1] / "data" / "hunyuan3d_shape" / "e2e_mini"
ENGINE = "hunyuan3d-2mini"


def dropped(widget, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place, button = widget.rect().center(), Qt.MouseButton.LeftButton
    plain = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(widget, QDragEnterEvent(place, Qt.DropAction.CopyAction, data, button, plain))
    drop = QDropEvent(place.toPointF(), Qt.DropAction.CopyAction, data, button, plain)
    QApplication.sendEvent(widget, drop)


def test_from_a_folder_of_weights_to_a_mesh(qtbot, open_running, tmp_path) -> None:
    running = open_running()
    session, panel = running.session, running.window.inspector.generate
    place = panel.engine.findData(ENGINE)
    item = panel.engine.model().item(place)
    assert not item.isEnabled()
    assert "weights" in item.toolTip()
    folder = tmp_path / "models" / "hunyuan3d-dit-v2-mini"
    folder.mkdir(parents=True)
    for path in DATA.iterdir():
        if path.name == "config.yaml" or path.name.startswith("model"):
            shutil.copyfile(path, folder / path.name)
    add_weights(WeightStore.of(), folder.parent)
    with qtbot.waitSignal(running.doings.weights.available_changed):
        running.doings.weights.accept(weight_set(ENGINE), lambda: None)
    qtbot.waitUntil(panel.engine.model().item(place).isEnabled)
    dropped(running.window, DATA / "input.png")
    qtbot.waitUntil(lambda: session.drafting.draft.front is not None)
    assert panel.choose_engine(ENGINE)
    panel.form.set_values({"num_inference_steps": 4, "octree_resolution": 24})
    panel.seed.setValue(8650)
    shown, ended = [], []
    session.display_ready.connect(shown.append)
    session.desk.finished.connect(ended.append)
    qtbot.waitUntil(panel.generate.isEnabled)
    QTest.mouseClick(panel.generate, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    qtbot.waitUntil(lambda: any(event.job.request.entry == ENGINE for event in ended))
    qtbot.waitUntil(lambda: bool(shown) and session.chosen is not None)
    kept = session.chosen.version.files["mesh"]
    mesh = read_mesh(session.studio.blob_path(kept.digest))
    assert mesh_facts(mesh).watertight
    assert mesh.extras["entry"] == ENGINE
    assert session.chosen.asset.name == "input"


def test_a_coarse_mesh_is_shown_while_its_job_runs(qtbot, open_running, tmp_path) -> None:
    session = open_running().session
    path = tmp_path / "preview.glb"
    corners = np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    write_glb(Mesh(corners, np.int32([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])), path)
    job = Job(JobRequest(Table.backends, ENGINE, 1, {}, {}), "A tetrahedron")
    waiting = Job(JobRequest(Table.backends, ENGINE, 1, {}, {}), "Another one")
    session.desk.list.add(job, JobState.running)
    session.desk.list.add(waiting)
    with qtbot.assertNotEmitted(session.display_ready, wait=50):
        session.drafting.previewed.emit(JobPreviewed(waiting.id, path, AssetKind.mesh))
        session.drafting.previewed.emit(JobPreviewed(job.id, path, AssetKind.picture))
        session.drafting.previewed.emit(JobPreviewed(job.id, tmp_path / "gone.glb", AssetKind.mesh))
    with qtbot.waitSignal(session.display_ready) as heard:
        session.drafting.previewed.emit(JobPreviewed(job.id, path, AssetKind.mesh))
    assert heard.args[0].manifest.exists()
