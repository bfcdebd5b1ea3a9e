"""Measures the window: first paint, 3D ready, gaps of its event loop during a generation, 10,000 assets.

Prints one JSON object. Needs a display. `python -m tests.bench.window [--home FOLDER] [--assets N]`
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

PAINT = """
import time; began = time.perf_counter()
import json
from orfeas_desktop import app
said = {}
open_window = app.start_window
def watched(*given):
    import gc
    gc.disable()  # as `start_window` does, which comes only after this import
    from orfeas_desktop.ui import start
    then = start._after_first_paint
    def note(running, open_studio):
        said["first_paint_s"] = round(time.perf_counter() - began, 3)
        said["cpu_s"] = round(time.process_time(), 3)
        then(running, open_studio)
        running.window.viewport.ready.connect(lambda: end(running))
    def end(running):
        said["ready_3d_s"] = round(time.perf_counter() - began, 3)
        running.window.close()
    start._after_first_paint = note
    return open_window(*given)
app.start_window = watched
from orfeas_desktop.__main__ import main
main([])
print(json.dumps(said))
"""


def starts(home: Path, rounds: int) -> dict[str, float]:
    """Start the window several times; return medians in seconds from process start."""
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", PAINT],
                env={**os.environ, "ORFEAS_HOME": str(home)},
                capture_output=True,
                text=True,
                check=True,
                timeout=120,
            ).stdout.splitlines()[-1]
        )
        for _ in range(rounds)
    ]
    return {key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]}


def fill(home: Path, count: int) -> None:
    """Put `count` small assets into one project."""
    from orfeas_desktop.assets import AssetKind
    from orfeas_desktop.paths import Paths
    from orfeas_desktop.projects.records import Provenance
    from orfeas_desktop.projects.store import ProjectStore
    from orfeas_desktop.requests import Destination

    store = ProjectStore.open(Paths.of({"ORFEAS_HOME": str(home)}).library, clock=lambda: datetime.now(UTC))
    project, _ = store.create_project("Many")
    thumbnails = []
    for number in range(20):
        path = home / f"{number}.png"
        _picture(path, number)
        thumbnails.append(store.add_blob(path, AssetKind.thumbnail, path.name))
    made = Provenance(None, "1", "", {}, {}, cached=False)
    for number in range(count):
        files = {"thumbnail": thumbnails[number % 20]}
        store.add_version(Destination(project.id, f"Asset {number:05}"), files, made)
    store.close()


def _picture(path: Path, number: int) -> None:
    from PIL import Image

    Image.new("RGB", (256, 256), (number * 12, 90, 200 - number * 8)).save(path)


class Gaps:
    """Notes how late a 5 ms timer of the event loop comes, and how much of that was drawing with GL.

    `thread_cpu` is what the GUI thread itself worked between two ticks, GL drawing left out: it says on a machine
    that has other things to do how long the gaps were if it had not.
    """

    def __init__(self, gl: GlTime) -> None:
        from PySide6.QtCore import Qt, QTimer

        self._gl = gl
        self._ms: list[tuple[float, float, float]] = []
        self._last, self._drawn = time.perf_counter(), gl.seconds
        self._cpu = time.thread_time() - gl.cpu
        gl.busiest = (0.0, 0.0, "")
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(5)

    def _tick(self) -> None:
        now, drawn, cpu = time.perf_counter(), self._gl.seconds, time.thread_time() - self._gl.cpu
        whole = now - self._last
        self._ms.append((whole * 1000, (whole - drawn + self._drawn) * 1000, (cpu - self._cpu) * 1000))
        self._last, self._drawn, self._cpu = now, drawn, cpu

    def stop(self) -> dict[str, object]:
        """Return median, 99th percentile and maximum in milliseconds, with GL drawing and without."""
        self._timer.stop()
        cpu, seconds, turn = self._gl.busiest
        return {
            "busiest_turn": f"{turn}, {cpu * 1000:.1f} ms of the thread in {seconds * 1000:.1f} ms",
            "with_gl": _spread([whole for whole, _, _ in self._ms]),
            "without_gl": _spread([rest for _, rest, _ in self._ms]),
            "thread_cpu": _spread([cpu for _, _, cpu in self._ms]),
        }


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median_ms": round(statistics.median(ordered), 1),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)], 1),
        "max_ms": round(ordered[-1], 1),
        "over_16_ms": sum(value > 16 for value in ordered),
        "ticks": len(ordered),
    }


class GlTime:
    """Adds up the seconds of the GUI thread's turns in which the 3D view was drawn or composed."""

    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0
        self.busiest = (0.0, 0.0, "")
        self._depth = 0
        self._drew = False

    def _take(self, turn: str, seconds: float, cpu: float) -> None:
        """Note a whole turn: as drawing, or as one of ours."""
        if self._drew:
            self.seconds += seconds
            self.cpu += cpu
        else:
            self.busiest = max(self.busiest, (cpu, seconds, turn))
        self._drew = False

    def application(self) -> QApplication:
        """Return an application that hands its events on under this watch."""
        from PySide6.QtCore import QEvent
        from PySide6.QtWidgets import QApplication

        main, watch = threading.get_ident(), self

        class Watched(QApplication):
            def notify(self, receiver, event):
                if threading.get_ident() != main:
                    return super().notify(receiver, event)
                began, cpu, kind = time.perf_counter(), time.thread_time(), event.type()
                watch._depth += 1
                try:
                    return super().notify(receiver, event)
                finally:
                    watch._drew |= kind == QEvent.Type.Paint and type(receiver).__name__ == "QtInteractor"
                    watch._depth -= 1
                    if not watch._depth:
                        watch._take(
                            f"{type(receiver).__name__}: {QEvent.Type(kind).name}",
                            time.perf_counter() - began,
                            time.thread_time() - cpu,
                        )

        return Watched([])


def in_window(home: Path) -> dict[str, object]:
    """Open the window on the library of `home`; time reading and searching it, then generate and watch the loop."""
    from orfeas_desktop.paths import RESOURCES
    from orfeas_desktop.requests import JobState
    from tests.bench.opened import opened, pause, wait

    gl = GlTime()
    running = opened(gl.application(), home)
    library, model = running.session.library, running.session.library.model
    said: dict[str, object] = {"assets": model.total()}
    began = time.perf_counter()
    library.open_project(library.project.id)
    said["open_project_ms"] = round((time.perf_counter() - began) * 1000, 1)
    began = time.perf_counter()
    model._pixmaps.clear()
    running.window.browser.grid.viewport().repaint()
    wait(lambda: len(model._pixmaps) >= 5)
    said["first_thumbnails_ms"] = round((time.perf_counter() - began) * 1000, 1)
    began = time.perf_counter()
    library.search("099")
    said["search_ms"] = round((time.perf_counter() - began) * 1000, 1)
    library.search("")
    drafting, jobs = running.session.drafting, running.session.desk.list
    drafting.take_file("front", RESOURCES / "samples" / "robot.png")
    wait(lambda: drafting.draft.found is not None)
    pause(1)
    quiet = Gaps(gl)
    pause(2)
    said["loop_idle"] = quiet.stop()
    rounds = []
    for seed in range(1, 4):
        running.window.inspector.generate.seed.setValue(seed)
        gaps = Gaps(gl)
        running.window.inspector.generate.generate.click()
        wait(lambda seed=seed: jobs.count(JobState.done) == seed)
        rounds.append(gaps.stop())
        after = Gaps(gl)
        pause(1.5)
        said["loop_while_showing"] = after.stop()
    said["loop_while_generating"] = rounds[0]
    said["loop_while_generating_again"] = rounds[-1]
    running.window.close()
    return said


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--home", type=Path, help="a library that was filled before")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orfeas-bench-") as folder:
        home = words.home or Path(folder)
        said: dict[str, object] = {"start": starts(home / "empty", words.rounds)}
        if not words.home:
            fill(home, words.assets)
        said["window"] = in_window(home)
    print(json.dumps({"load": os.getloadavg()[0], **said}, indent=2))


if __name__ == "__main__":
    main()
    os._exit(0)
