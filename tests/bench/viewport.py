"""Figures of showing a mesh in the 3D view, as one JSON object; needs a display (xvfb-run -a python …)."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orfeas_desktop.ui.viewport.viewport import Viewport

PREPARE = """
import json, sys, time
from contextlib import contextmanager
from pathlib import Path
import numpy as np
from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.chores import CHORES
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture

class Context:
    seed, threads = 0, 2
    def __init__(self, folder):
        self.staging = self.scratch = folder
        self.seconds, self.begun, self.preview_s = {}, time.perf_counter(), None
    @contextmanager
    def stage(self, title):
        start = time.perf_counter()
        yield
        self.seconds[title] = time.perf_counter() - start
    def check_cancelled(self): pass
    def progress(self, fraction): pass
    def fact(self, name, value): pass
    def preview(self, path, kind): self.preview_s = time.perf_counter() - self.begun

def field(faces):
    side = round((faces / 2) ** 0.5)
    steps = np.linspace(0, 1, side + 1)
    v, u = (part.reshape(-1) for part in np.meshgrid(steps, steps, indexing="ij"))
    polar, around = v * np.pi, u * 2 * np.pi
    bump = 0.45 + 0.05 * np.sin(20 * polar) * np.sin(20 * around)
    unit = np.stack((np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)), axis=1)
    row = np.arange(side * side)
    a = row // side * (side + 1) + row % side
    below = a + side + 1
    corners = np.concatenate((np.stack((a, below, a + 1), 1), np.stack((a + 1, below, below + 1), 1)))
    from io import BytesIO
    from PIL import Image
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    out = BytesIO()
    Image.fromarray(noise).resize((2048, 2048)).save(out, "PNG")
    return Mesh(
        (unit * bump[:, None]).astype(np.float32), corners.astype(np.int32), normals=unit.astype(np.float32),
        uvs=(np.stack((u, v), axis=1).astype(np.float32),),
        materials=(Material(base_color_texture=Texture(out.getvalue(), "image/png")),),
    )

folder, faces = Path(sys.argv[1]), int(sys.argv[2])
write_glb(field(faces), folder / "mesh.glb")
entry = CHORES["display"]
context = Context(folder)
manifest, *_ = entry.run({"mesh": (local_file(folder / "mesh.glb", AssetKind.mesh),)}, entry.params(), context)
said = {"stages_s": context.seconds, "preview_after_s": context.preview_s}
thumbnail = CHORES["thumbnail"]
for name in ("first", "next"):
    start = time.perf_counter()
    thumbnail.run({"mesh": (local_file(folder / "mesh.glb", AssetKind.mesh),)}, thumbnail.params(), context)
    said[f"thumbnail_{name}_s"] = time.perf_counter() - start
print(json.dumps(said))
"""


class Watch:
    """Times every turn of the event loop and every stretch that OpenGL takes, so that one can be told without the other."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.gl: list[tuple[float, float]] = []
        self.draws: list[tuple[float, float, int]] = []
        self.ticks: list[float] = []
        self._begun = self._composing = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self.ticks.append(time.perf_counter()))

    def watch(self, view: Viewport) -> None:
        """Follow the draws of VTK and the composing of Qt."""
        canvas = view._canvas

        def drawn(*_: object) -> None:
            shown = [actor for actor in view._stage.mesh.actors if actor.GetVisibility()]
            faces = sum(actor.GetMapper().GetInput().GetNumberOfCells() for actor in shown)
            self.draws.append((self._begun, time.perf_counter(), faces))
            self.gl.append(self.draws[-1][:2])

        canvas.ren_win.AddObserver("StartEvent", lambda *_: setattr(self, "_begun", time.perf_counter()))
        canvas.ren_win.AddObserver("EndEvent", drawn)
        canvas.aboutToCompose.connect(lambda: setattr(self, "_composing", time.perf_counter()))
        canvas.frameSwapped.connect(lambda: self.gl.append((self._composing, time.perf_counter())))

    def start(self) -> None:
        """Begin anew."""
        self.ticks, self.draws, self.gl = [], [], []
        self._timer.start(5)

    def first_draw(self, least: int, most: int) -> float:
        """Return when a frame of that many faces was drawn."""
        return next((end for _, end, faces in self.draws if least <= faces <= most), float("nan"))

    def stop(self) -> dict[str, float]:
        """Return the gaps of the loop, with and without OpenGL, and the draws in milliseconds."""
        self._timer.stop()
        gaps, bare = [], []
        for before, after in zip(self.ticks, self.ticks[1:], strict=False):
            busy = sum(max(0.0, min(end, after) - max(start, before)) for start, end in self.gl)
            gaps.append((after - before) * 1000)
            bare.append((after - before - busy) * 1000)
        draws = [(end - start) * 1000 for start, end, _ in self.draws]
        return {
            "gap_p99_ms": percentile(gaps, 99),
            "gap_max_ms": max(gaps, default=0.0),
            "gap_without_gl_p99_ms": percentile(bare, 99),
            "gap_without_gl_max_ms": max(bare, default=0.0),
            "draws": len(draws),
            "draw_median_ms": statistics.median(draws) if draws else 0.0,
            "draw_max_ms": max(draws, default=0.0),
        }


def percentile(values: list[float], share: float) -> float:
    """Return the value that `share` percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))] if ordered else 0.0


def wait(signal: object | None = None, seconds: float = 60.0) -> None:
    """Run the event loop until the signal comes, or for some seconds."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    if signal is not None:
        signal.connect(loop.quit)
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def measure(folder: Path, faces: int) -> dict[str, object]:
    """Show the mesh of `folder` in a window and turn it."""
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication, QMainWindow

    from orfeas_desktop.ui.theme import Theme, ThemeName
    from orfeas_desktop.ui.viewport.modes import ViewportColours
    from orfeas_desktop.ui.viewport.viewport import Viewport

    app = QApplication([])
    window = QMainWindow()
    window.resize(784, 684)
    view = Viewport(ViewportColours.of(Theme.read(ThemeName.dark).color), lambda _name: QIcon())
    window.setCentralWidget(view)
    window.show()
    wait(seconds=0.3)
    watch = Watch()
    watch.start()
    begun = time.perf_counter()
    view.start_3d()
    wait(view.ready)
    said: dict[str, object] = {"ready_3d_s": time.perf_counter() - begun}
    wait(view._canvas.frameSwapped)
    said["starting_3d"] = watch.stop()
    watch.watch(view)
    memory = resident_mb()
    said["show_first"] = showing(view, watch, folder, faces)
    said["memory_mb"] = resident_mb() - memory
    said["show_again"] = showing(view, watch, folder, faces)
    wait(seconds=0.5)
    watch.start()
    for _ in range(5):
        view._canvas.update()
        wait(view._canvas.frameSwapped)
    said["whole_frame_ms"] = watch.stop()["draw_median_ms"]
    said["turning"] = turning(view, watch)
    view.close()
    window.close()
    app.processEvents()
    return said


def showing(view: Viewport, watch: Watch, folder: Path, faces: int) -> dict[str, float]:
    """Show the mesh; return when its stand-in and when all of it was drawn, in seconds."""
    view.clear()
    wait(seconds=0.5)
    watch.start()
    begun = time.perf_counter()
    view.show_display(folder / "display.json")
    called = time.perf_counter() - begun
    wait(view.shown)
    wait(view._canvas.frameSwapped)
    wait(seconds=0.1)
    whole = watch.first_draw(faces // 2, 2 * faces)
    stand_in = watch.first_draw(1, faces // 2)
    return {
        "call_ms": called * 1000,
        "stand_in_visible_s": stand_in - begun,
        "whole_visible_s": whole - begun,
    } | watch.stop()


def turning(view: Viewport, watch: Watch) -> dict[str, float]:
    """Drag across the view for a while; return gaps, draws and what a mouse move costs."""
    from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent

    canvas = view._canvas

    def mouse(kind: QEvent.Type, at: QPointF) -> None:
        held = Qt.MouseButton.LeftButton
        button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else held
        event = QMouseEvent(kind, at, canvas.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
        QCoreApplication.sendEvent(canvas, event)

    watch.start()
    slots: list[float] = []
    at = QPointF(canvas.rect().center())
    mouse(QEvent.Type.MouseButtonPress, at)
    for step in range(60):
        begun = time.perf_counter()
        mouse(QEvent.Type.MouseMove, at + QPointF(step * 3.0, step))
        slots.append((time.perf_counter() - begun) * 1000)
        wait(seconds=0.02)
    mouse(QEvent.Type.MouseButtonRelease, at + QPointF(180.0, 60.0))
    return watch.stop() | {
        "mouse_move_max_ms": max(slots),
        "mouse_move_median_ms": statistics.median(slots),
    }


def resident_mb() -> float:
    """Return this process' memory."""
    import psutil

    return psutil.Process().memory_info().rss / 2**20


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=1_000_000)
    faces = parser.parse_args().faces
    os.environ.setdefault("QT_API", "pyside6")
    with tempfile.TemporaryDirectory(prefix="orfeas-viewport-") as name:
        prepared = subprocess.run(
            [sys.executable, "-c", PREPARE, name, str(faces)], check=True, capture_output=True, text=True
        )
        worker = json.loads(prepared.stdout)
        print(json.dumps({"faces": faces, "worker": worker, "window": measure(Path(name), faces)}, indent=2))


if __name__ == "__main__":
    main()
