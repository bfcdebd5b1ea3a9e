"""Starting, closing, crashing: light before the first paint, nothing left running after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orfeas_desktop.paths import Paths
from orfeas_desktop.settings import load_settings
from orfeas_desktop.ui.dialogs.error_box import ErrorBox
from orfeas_desktop.ui.start import _report_crash, build
from tests.patience import PATIENCE_S

PROBE = """
import gc, json, sys, threading
from pathlib import Path
from PySide6.QtCore import QObject, QTimer
from orfeas_desktop.ui import start
seen = {}
furnish = start._after_first_paint
def note(running, open_studio):
    seen["first"] = sorted(sys.modules)
    seen["collects_first"] = gc.isenabled()
    seen["shown"] = running.window.isVisible()
    furnish(running, open_studio)
    running.window.viewport.ready.connect(lambda: end(running))
    running.window.viewport.failed.connect(lambda _error: end(running))
def end(running):
    seen["last"] = sorted(sys.modules)
    knot = Knot()
    knot.itself = knot
    running.session.store.ask(lambda: much.extend([] for _ in range(100_000)))
    look = QTimer(running.window)
    look.timeout.connect(lambda: "collects_on" in seen and running.window.close())
    look.start(10)
much = []
class Knot(QObject):
    def __del__(self):
        seen["collects_on"] = threading.current_thread().name
start._after_first_paint = note
from orfeas_desktop.app import run
status = run([])
Path(sys.argv[1]).write_text(json.dumps(seen))
sys.exit(status)
"""
NEVER = {"torch", "diffusers", "transformers", "trimesh", "xatlas", "cv2", "scipy", "skimage"}
LIBRARIES_LATER = {
    "pyvista",
    "vtkmodules",
    "sqlalchemy",
    "alembic",
    "numpy",
    "qtawesome",
    "pydantic_settings",
    "asyncio",
}
ROOMS_LATER = {
    "orfeas_desktop.studio",
    "orfeas_desktop.engine",
    "orfeas_desktop.recipes",
    "orfeas_desktop.presets",
    "orfeas_desktop.projects.store",
    "orfeas_desktop.ui.dialogs",
    "orfeas_desktop.ui.viewport.viewport",
    "orfeas_desktop.ui.main_window.doings",
    "orfeas_desktop.ui.main_window.wiring",
    "orfeas_desktop.ui.panels.details_panel",
    "orfeas_desktop.ui.panels.doctor_panel",
    "orfeas_desktop.ui.panels.prompt_panel",
    "orfeas_desktop.ui.panels.recipe_panel",
    "orfeas_desktop.ui.panels.tool_panel",
    "orfeas_desktop.ui.pieces.command_palette",
}


def test_the_first_paint_needs_nothing_heavy_and_torch_is_never_loaded(home: Path, tmp_path: Path):
    report = tmp_path / "seen.json"
    run = subprocess.run(
        [sys.executable, "-c", PROBE, str(report)],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert run.returncode == 0, run.stderr
    seen = json.loads(report.read_text())
    assert seen["shown"]
    first, last = set(seen["first"]), set(seen["last"])
    assert sorted((NEVER | LIBRARIES_LATER | ROOMS_LATER) & first) == []
    assert sorted(ROOMS_LATER - last) == []
    assert sorted(NEVER & last) == []
    assert not seen["collects_first"]
    assert seen["collects_on"] == "MainThread", "what Qt made must not be unmade on another thread"


def test_a_window_can_be_closed_before_it_was_painted(qapp, look, home: Path, tmp_path: Path):
    paths = Paths.of()
    running = build(qapp, look, paths, load_settings(paths.settings_file), tmp_path)
    with pytest.raises(RuntimeError):
        _ = running.hands
    running.window.close()
    running.close()
    assert running.closed
    running.window.deleteLater()


def test_a_bug_is_reported_and_the_window_goes_on(open_running, qtbot, capsys):
    running = open_running()
    bug = ZeroDivisionError("a slot divided by nothing")
    _report_crash(running, ZeroDivisionError, bug, None)
    assert "a slot divided by nothing" in capsys.readouterr().err
    reports = list(Paths.of().crashes.iterdir())
    assert len(reports) == 1
    box = running.window.findChild(ErrorBox)
    assert box is not None
    assert str(reports[0]) in box.text()
    box.close()
    assert running.window.isVisible()


def test_an_interrupt_closes_the_window(open_running):
    running = open_running()
    _report_crash(running, KeyboardInterrupt, KeyboardInterrupt(), None)
    assert running.closed
