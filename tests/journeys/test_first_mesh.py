"""The main job, with a real window, a real library and a real worker."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from orfeas_desktop.engine.mesh.glb import read_glb
from orfeas_desktop.requests import JobState
from orfeas_desktop.ui.dialogs.error_box import ErrorBox
from orfeas_desktop.ui.dialogs.export_dialog import ExportDialog
from tests.bad_inputs import cut_out, object_picture
from tests.ui.test_window import click_card, dropped, names


@pytest.fixture
def cup(tmp_path: Path) -> Path:
    """A picture whose object is cut out."""
    path = tmp_path / "Tasse grün 🫖.png"
    cut_out(160).save(path)
    return path


def generated(running, qtbot) -> None:
    """Press Generate and wait until the mesh is seen."""
    panel = running.window.inspector.generate
    qtbot.waitUntil(panel.generate.isEnabled)
    with qtbot.waitSignal(running.window.viewport.shown):
        QTest.mouseClick(panel.generate, Qt.MouseButton.LeftButton)


def test_a_folder_of_pictures_waits_while_the_queue_is_paused_and_a_bad_one_stops_none(
    open_running, tmp_path: Path, qtbot
):
    running = open_running()
    window = running.window
    folder = tmp_path / "things"
    folder.mkdir()
    for name in ("a cup", "b cup"):
        cut_out(96 if name == "a cup" else 112).save(folder / f"{name}.png")
    (folder / "c.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("passed over")
    qtbot.waitUntil(lambda: running.session.writable and bool(running.session.library.project))
    queue = window.jobs
    QTest.mouseClick(queue.pause, Qt.MouseButton.LeftButton)
    assert (queue.pause.isVisible(), queue.resume.isVisible()) == (False, True)
    dropped(window, folder)
    qtbot.waitUntil(lambda: "The first of 3 pictures was taken" in window.toasts.shown())
    toast = next(each for each in window.toasts._shown if "first of 3" in each.message.text())
    QTest.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: queue.count.text() == "Paused · 2 waiting")
    qtbot.waitUntil(lambda: "1 of 3 pictures cannot be used" in window.toasts.shown())
    qtbot.waitUntil(lambda: running.session.drafting.draft.found is not None)
    assert names(running) == []
    QTest.mouseClick(queue.resume, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: sorted(names(running)) == ["a cup", "b cup"])


def test_drop_mask_generate_mesh_restart_export(open_running, cup: Path, tmp_path: Path, qtbot):
    running = open_running()
    window, drafting = running.window, running.session.drafting
    dropped(window, cup)
    qtbot.waitUntil(lambda: drafting.draft.found is not None)
    images = window.inspector.images
    assert images.mask_tile.image() is not None
    assert images.mask_text.whole_text() == "From transparency"
    assert not images.notice.isVisible()
    assert window.inspector.generate.target.whole_text() == f"New asset: {cup.stem}"

    generated(running, qtbot)
    assert names(running) == [cup.stem]
    assert window.viewport.pill.isVisible()
    assert "closed" in window.viewport.pill.text()
    assert window.inspector.generate.target.whole_text() == f"Next version of {cup.stem}"
    assert running.session.desk.list.rows()[0].state is JobState.done
    qtbot.waitUntil(lambda: "thumbnail" in _latest(running).files)
    seen = window.viewport.grab().toImage()
    assert not seen.isNull()

    window.inspector.generate.seed.setValue(11)
    window.inspector.generate.form.set_values({"depth": 0.7})
    generated(running, qtbot)
    assert _latest(running).number == 2
    assert len(names(running)) == 1
    window.close()

    again = open_running()
    assert names(again) == [cup.stem]
    qtbot.waitUntil(again.window.viewport.pill.isVisible)
    details = again.window.inspector.details
    assert ("Seed", "11") in details.lines()
    assert details.versions.count() == 2
    QTest.keyClick(again.window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = again.doings.dialog
    assert isinstance(dialog, ExportDialog)
    target = tmp_path / "out.glb"
    dialog.target.setText(str(target))
    with qtbot.waitSignal(again.session.exported):
        dialog.save.click()
    mesh = read_glb(target)
    assert mesh.face_count > 1000
    assert again.doings.exporting.last is not None
    target.unlink()
    with qtbot.waitSignal(again.session.exported):
        again.window.commands.actions["export-again"].trigger()


def test_generating_again_before_the_first_mesh_is_there_makes_versions_of_one_asset(
    open_running, cup: Path, qtbot
):
    running = open_running()
    session, panel = running.session, running.window.inspector.generate
    dropped(running.window, cup)
    qtbot.waitUntil(lambda: session.drafting.draft.found is not None)
    for seed in range(3):
        panel.seed.setValue(seed)
        QTest.mouseClick(panel.generate, Qt.MouseButton.LeftButton)
    assert panel.target.whole_text() == f"Next version of {cup.stem}"
    qtbot.waitUntil(lambda: session.desk.list.count(JobState.done) == 3)
    qtbot.waitUntil(lambda: session.chosen is not None and session.chosen.version.number == 3)
    assert names(running) == [cup.stem]
    qtbot.waitUntil(lambda: session.library.undo.count() == 2)
    QTest.keyClick(running.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: session.chosen.version.number == 2)


def _latest(running):
    return running.session.studio.asset(running.session.chosen.asset.id).latest


def test_a_doubtful_mask_asks_for_a_look_and_a_box_settles_it(open_running, tmp_path: Path, qtbot):
    running = open_running()
    busy = Image.effect_noise((200, 160), 90).convert("RGB")
    busy.paste(object_picture(side=90), (60, 40))
    path = tmp_path / "busy.png"
    busy.save(path)
    dropped(running.window, path)
    drafting, images = running.session.drafting, running.window.inspector.images
    qtbot.waitUntil(lambda: drafting.draft.found is not None)
    assert drafting.draft.found.confidence < 0.6
    assert images.notice.isVisible()
    assert running.window.inspector.generate.generate.toolTip() == "Look at the mask first"
    QTest.mouseClick(images.correct, Qt.MouseButton.LeftButton)
    editor = images.editor
    qtbot.waitUntil(editor.isVisible)
    first, last = (
        editor._to_widget(_box(60, 40, 150, 130)).topLeft(),
        editor._to_widget(_box(60, 40, 150, 130)).bottomRight(),
    )
    QTest.mousePress(editor, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, first.toPoint())
    QTest.mouseMove(editor, last.toPoint())
    QTest.mouseRelease(editor, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, last.toPoint())
    qtbot.waitUntil(lambda: drafting.draft.found is not None and drafting.draft.found.how == "box")
    edges = [int(edge) for edge in drafting.draft.box.split(",")]
    assert edges == pytest.approx([60, 40, 150, 130], abs=3)
    QTest.mouseClick(images.mask_done, Qt.MouseButton.LeftButton)
    assert images.mask_edit.isVisible()

    mask = tmp_path / "mask.png"
    Image.new("L", busy.size, 255).save(mask)
    drafting.give_mask(mask)
    qtbot.waitUntil(lambda: drafting.draft.found is not None and drafting.draft.found.how == "mask")
    drafting.reset_mask()
    qtbot.waitUntil(lambda: drafting.draft.found is not None and drafting.draft.found.how == "saliency")
    QTest.mouseClick(images.accept, Qt.MouseButton.LeftButton)
    assert not images.notice.isVisible()
    assert running.window.inspector.generate.generate.isEnabled()


def _box(x0: float, y0: float, x1: float, y1: float):
    from PySide6.QtCore import QPointF, QRectF

    return QRectF(QPointF(x0, y0), QPointF(x1, y1))


def test_work_can_be_cancelled_and_tried_again(open_running, cup: Path, qtbot):
    running = open_running()
    dropped(running.window, cup)
    drafting, jobs = running.session.drafting, running.session.desk.list
    qtbot.waitUntil(lambda: drafting.draft.found is not None)
    generate = running.window.inspector.generate
    QTest.mouseClick(generate.generate, Qt.MouseButton.LeftButton)
    QTest.mouseClick(generate.generate, Qt.MouseButton.LeftButton)
    assert "This is in the queue already" in running.window.toasts.shown()
    generate.seed.setValue(1)
    generate.form.set_values({"depth": 1.3})
    QTest.mouseClick(generate.generate, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(jobs.rows()) == 2)
    running.window.commands.actions["cancel-all"].trigger()
    qtbot.waitUntil(lambda: all(row.ended for row in jobs.rows()))
    cancelled = [row for row in jobs.rows() if row.state is JobState.cancelled]
    assert cancelled
    running.window.jobs.retry_wanted.emit(cancelled[0].id)
    qtbot.waitUntil(lambda: bool(jobs.rows()) and jobs.rows()[0].state is JobState.done)
    running.window.commands.actions["clear-history"].trigger()
    assert jobs.rows() == ()


def test_the_samples_are_made_by_the_program_itself(open_running, qtbot):
    running = open_running()
    QTest.mouseClick(running.window.welcome.sample, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: sorted(names(running)) == ["Chair", "Robot"])
    qtbot.waitUntil(lambda: running.session.chosen is not None)
    click_card(running, "Robot")
    qtbot.waitUntil(lambda: running.session.drafting.draft.name == "Robot")
    assert not running.window.welcome.isVisible()


def test_a_mesh_file_dropped_on_the_window_becomes_an_asset(open_running, tmp_path: Path, qtbot):
    import numpy as np

    from orfeas_desktop.engine.mesh.glb import write_glb
    from orfeas_desktop.engine.mesh.mesh import Mesh

    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32)
    path = tmp_path / "Pyramid.glb"
    write_glb(Mesh(corners, faces), path)
    running = open_running()
    with qtbot.waitSignal(running.window.viewport.shown):
        dropped(running.window, path)
    assert names(running) == ["Pyramid"]
    files = running.window.browser.grid._files.mime_data([running.session.chosen.asset])
    out = Path(files.urls()[0].toLocalFile())
    assert out.name == "Pyramid.glb"
    assert read_glb(out).face_count == 4


def test_a_worker_that_is_killed_fails_its_job_and_a_retry_works(open_running, cup: Path, qtbot):
    running = open_running()
    dropped(running.window, cup)
    drafting, jobs = running.session.drafting, running.session.desk.list
    qtbot.waitUntil(lambda: drafting.draft.found is not None)
    panel = running.window.inspector.generate
    panel.form.set_values({"resolution": 256})
    with qtbot.waitSignal(running.session.desk.failed):
        QTest.mouseClick(panel.generate, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: jobs.count(JobState.running) == 1)
        for pid in running.session.studio._engine.workers().values():
            os.kill(pid, signal.SIGKILL)
    failed = jobs.rows()[0]
    assert failed.state is JobState.failed
    assert "stopped unexpectedly" in failed.problem
    toast = running.window.toasts._shown[-1]
    assert toast.message.text() == f"{cup.stem} failed"
    QTest.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    box = running.window.findChild(ErrorBox)
    assert "stopped unexpectedly" in box.text()
    box.close()
    running.window.jobs.retry_wanted.emit(failed.id)
    qtbot.waitUntil(lambda: bool(jobs.rows()) and jobs.rows()[0].state is JobState.done)
    qtbot.waitUntil(lambda: names(running) == [cup.stem])


def test_a_result_does_not_take_the_next_picture_away(open_running, cup: Path, picture: Path, qtbot):
    running = open_running()
    dropped(running.window, cup)
    drafting = running.session.drafting
    qtbot.waitUntil(lambda: drafting.draft.found is not None)
    with qtbot.waitSignal(running.session.arrived):
        QTest.mouseClick(running.window.inspector.generate.generate, Qt.MouseButton.LeftButton)
        dropped(running.window, picture)
        qtbot.waitUntil(lambda: drafting.draft.name == picture.stem)
    assert drafting.draft.name == picture.stem
    toast = next(
        toast for toast in running.window.toasts._shown if toast.message.text() == f"“{cup.stem}” is ready"
    )
    QTest.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: drafting.draft.name == cup.stem)
    QTest.mouseClick(running.window.inspector.details_tab, Qt.MouseButton.LeftButton)
    QTest.mouseClick(running.window.inspector.details.again, Qt.MouseButton.LeftButton)
    assert running.window.inspector.images.front_tile.isVisible()
    solid = cup.with_name("solid.obj")
    solid.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")
    dropped(running.window, solid)
    qtbot.waitUntil(lambda: running.session.chosen.asset.name == "solid")
    running.session.choose(None)
    assert drafting.draft.front is None
    assert running.window.inspector.details.empty.isHidden() is False
