"""Viewports in processes of their own: other screens, no OpenGL, what gets imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys
from pathlib import Path
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow
from orfeas_desktop.ui.theme import Theme, ThemeName
from orfeas_desktop.ui.viewport.modes import ViewportColours
from orfeas_desktop.ui.viewport.viewport import Viewport

app = QApplication([])
window = QMainWindow()
window.resize(500, 400)
view = Viewport(ViewportColours.of(Theme.read(ThemeName.dark).color), lambda name: QIcon())
window.setCentralWidget(view)
window.show()
app.processEvents()
window.grab()
said = {"before": sorted({"pyvista", "pyvistaqt", "vtkmodules", "matplotlib"} & set(sys.modules))}

def wait(*signals):
    loop = QEventLoop()
    for one in signals:
        one.connect(lambda *_: loop.quit())
    QTimer.singleShot(240_000, loop.quit)
    loop.exec()

errors = []
view.failed.connect(lambda error: errors.append([error.code, error.say()]))
view.start_3d()
view.show_display(Path(sys.argv[1]))
wait(view.shown, view.failed)
said |= {"errors": errors, "ready": view.is_ready, "message": view.message.text, "bar": view.bar.isEnabled()}
if view.is_ready:
    wait(view._canvas.frameSwapped)
    shot = Path(sys.argv[2])
    view.screenshot(shot)
    wait(view.screenshot_saved, view.failed)
    camera = view._canvas.renderer.GetActors()
    said["size"] = [view._canvas.width(), view._canvas.height()]
    picked = []
    view.picked.connect(picked.append)
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest
    view._canvas.update()
    wait(view._canvas.frameSwapped)
    QTest.mouseClick(view._canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, view._canvas.rect().center())
    said["picked"] = picked
heavy = {"torch", "diffusers", "transformers", "trimesh", "cv2", "scipy", "skimage", "xatlas"}
said["heavy"] = sorted(heavy & set(sys.modules))
window.setCentralWidget(QLabel("the window lives on"))
view.close()
app.processEvents()
window.close()
print(json.dumps(said))
"""


def run(manifest, shot, **changes):
    world = {**os.environ, **{name: value for name, value in changes.items() if value is not None}}
    for name, value in changes.items():
        if value is None:
            world.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(manifest), str(shot)],
        env=world,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_first_paint_needs_no_3d_and_a_shown_mesh_no_heavy_library(small, tmp_path):
    said = run(small, tmp_path / "shot.png")
    assert said["before"] == []
    assert said["errors"] == []
    assert said["ready"]
    assert said["heavy"] == []


@pytest.mark.parametrize("factor", ["1.5", "2"])
def test_on_a_fine_screen_everything_is_drawn_at_its_resolution(small, tmp_path, factor):
    from PIL import Image

    said = run(small, tmp_path / "shot.png", QT_SCALE_FACTOR=factor)
    assert said["errors"] == []
    width, height = (round(side * float(factor)) for side in said["size"])
    image = Image.open(tmp_path / "shot.png")
    assert abs(image.width - width) <= 1
    assert abs(image.height - height) <= 1
    red, _, blue, _ = image.getpixel((image.width // 2 + 20, image.height // 2))
    assert abs(red - blue) > 60
    (point,) = said["picked"]
    assert sum(
        (one - other) ** 2 for one, other in zip(point, (0, 0.5, 0), strict=True)
    ) ** 0.5 == pytest.approx(0.5, abs=0.03)


WITHOUT_OPENGL = {
    "a screen without OpenGL": {"QT_XCB_GL_INTEGRATION": "none"},
    "no screen": {"QT_QPA_PLATFORM": "offscreen", "DISPLAY": None},
    "a minimal platform": {"QT_QPA_PLATFORM": "minimal", "DISPLAY": None},
}


@pytest.mark.parametrize("changes", WITHOUT_OPENGL.values(), ids=WITHOUT_OPENGL)
def test_without_opengl_the_view_says_so_and_the_window_lives(small, tmp_path, changes):
    said = run(small, tmp_path / "shot.png", **changes)
    assert said["errors"] == [["program-missing", "OpenGL 3.2 was not found on this machine."]]
    assert not said["ready"]
    assert not said["bar"]
    assert said["message"] == "3D is not available on this machine"
    assert list(tmp_path.iterdir()) == []
