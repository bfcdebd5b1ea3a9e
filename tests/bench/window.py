"""Start of the window and its event loop while a mesh is made. Prints JSON.

    python tests/bench/window.py [--runs 5] [--picture resources/samples/robot.png]

`gap`: time between two ticks of a 5 ms timer; a gap that holds a GL draw is reported apart, since software GL
is slow. Needs a display (Xvfb will do).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULT = "BENCH "
STARTED = "ORFEAS_BENCH_STARTED"


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def child(picture: Path) -> None:
    """One start of the program, in this process; prints its figures."""
    born = float(os.environ[STARTED])
    marks: dict[str, float] = {}

    def mark(name: str) -> None:
        marks.setdefault(name, time.time() - born)

    from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from orfeas_desktop.app import open_studio
    from orfeas_desktop.paths import Paths
    from orfeas_desktop.settings import load_settings
    from orfeas_desktop.ui.start import build, open_window
    from orfeas_desktop.ui.theme import Look, ThemeChoice

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  (Qt's name)
            if event.type() is QEvent.Type.Paint:
                QTimer.singleShot(0, lambda: mark("first_paint_s"))
                watched.removeEventFilter(self)
            return False

    app = QApplication([])
    paths = Paths.of()
    settings = load_settings(paths.settings_file)
    with tempfile.TemporaryDirectory() as folder:
        running = build(app, Look(app, ThemeChoice.dark), paths, settings, Path(folder))
        watch = Watch()
        running.window.centralWidget().installEventFilter(watch)
        running.window.installEventFilter(watch)
        running.session.opened.connect(lambda: mark("library_open_s"))
        running.window.viewport.ready.connect(lambda: mark("viewport_ready_s"))
        open_window(running, partial(open_studio, paths, settings))

        def wait(done, limit: float = 120.0) -> None:
            loop, end = QEventLoop(), time.monotonic() + limit
            look = QTimer(interval=20)
            look.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > end else None)
            look.start()
            loop.exec()
            if not done():
                raise SystemExit("the window did not get there in time")

        wait(lambda: {"first_paint_s", "library_open_s", "viewport_ready_s"} <= marks.keys())
        gaps = Gaps(running)
        generate = running.window.inspector.generate
        running.session.drafting.take_file("front", picture)
        wait(lambda: generate.generate.isEnabled())
        shown: list[float] = []
        running.window.viewport.shown.connect(lambda: shown.append(time.monotonic()))
        ticker = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=5)
        ticker.timeout.connect(gaps.tick)
        ticker.start()
        asked = time.monotonic()
        generate.generate.click()
        wait(lambda: bool(shown))
        end = time.monotonic() + 1.5
        wait(lambda: time.monotonic() > end)
        ticker.stop()
        marks["click_to_mesh_shown_s"] = shown[-1] - asked
        sys.stdout.write(RESULT + json.dumps({**marks, **gaps.figures()}) + "\n")
        sys.stdout.flush()
        running.window.close()
        running.close()


class Gaps:
    """Collects the gaps of the event loop, apart from those in which GL drew."""

    def __init__(self, running) -> None:
        self.last = 0.0
        self.quiet: list[float] = []
        self.drawing: list[float] = []
        self.drawn = False
        window = running.window.viewport._canvas.render_window
        window.AddObserver("StartEvent", lambda *_: setattr(self, "drawn", True))

    def tick(self) -> None:
        now = time.perf_counter()
        if self.last:
            (self.drawing if self.drawn else self.quiet).append((now - self.last) * 1000)
        self.drawn = False
        self.last = now

    def figures(self) -> dict[str, float]:
        return {
            "ticks": len(self.quiet),
            "gap_p99_ms": round(percentile(self.quiet, 0.99), 1),
            "gap_max_ms": round(max(self.quiet), 1),
            "gl_ticks": len(self.drawing),
            "gl_gap_max_ms": round(max(self.drawing, default=0.0), 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--picture", type=Path, default=ROOT / "resources" / "samples" / "robot.png")
    parser.add_argument("--child", action="store_true")
    options = parser.parse_args()
    if options.child:
        child(options.picture)
        return
    rows = []
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(
                [sys.executable, __file__, "--child", "--picture", str(options.picture)],
                env={**os.environ, "ORFEAS_HOME": home, "QT_QPA_PLATFORM": "xcb", STARTED: repr(time.time())},
                capture_output=True,
                text=True,
                cwd=ROOT,
                check=False,
            )
        line = next((line for line in done.stdout.splitlines() if line.startswith(RESULT)), None)
        if line is None:
            raise SystemExit(done.stdout + done.stderr)
        rows.append(json.loads(line.removeprefix(RESULT)))
    medians = {name: round(statistics.median(row[name] for row in rows), 3) for name in rows[0]}
    print(
        json.dumps({"cores": os.cpu_count(), "runs": options.runs, "median": medians, "rows": rows}, indent=2)
    )


if __name__ == "__main__":
    main()
