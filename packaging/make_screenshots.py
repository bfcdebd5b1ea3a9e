"""Takes the pictures of README and manual from the real window on the sample project. Needs a display.

python packaging/make_screenshots.py [FOLDER]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from orfeas_desktop.app import open_studio
from orfeas_desktop.paths import RESOURCES, Paths
from orfeas_desktop.settings import Settings
from orfeas_desktop.studio import ensure_sample_project
from orfeas_desktop.ui.start import Running, build, open_window
from orfeas_desktop.ui.theme import Look, ThemeChoice

PATIENCE_S = 120.0


def wait(done: Callable[[], bool]) -> None:
    """Run the event loop until `done`. Raises SystemExit when it takes too long."""
    loop, end = QEventLoop(), time.monotonic() + PATIENCE_S
    look = QTimer(interval=50)
    look.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > end else None)
    look.start()
    loop.exec()
    if not done():
        raise SystemExit("the window did not get there in time")


def rest(seconds: float) -> None:
    """Let the window draw what it still has to."""
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() > end)


def make_samples(paths: Paths, settings: Settings) -> None:
    """Make the sample project, with its thumbnails."""
    with open_studio(paths, settings) as studio:
        ensure_sample_project(studio)
        while studio.busy():
            event = studio.poll(0.1)
            if event is not None:
                studio.record(event)


def take(running: Running, look: Look, folder: Path) -> None:
    """Take one picture of the window in each theme."""
    shown: list[bool] = []
    wait(lambda: running.behind is not None)
    running.window.viewport.shown.connect(lambda: shown.append(True))
    wait(lambda: bool(shown))
    for theme in (ThemeChoice.dark, ThemeChoice.light):
        look.choose(theme)
        rest(1.5)
        running.window.grab().save(str(folder / f"window-{theme.value}.png"))


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else RESOURCES / "manual"
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as drag:
        os.environ["ORFEAS_HOME"] = home
        paths, settings = Paths.of(), Settings()
        make_samples(paths, settings)
        app = QApplication([])
        look = Look(app, ThemeChoice.dark)
        running = build(app, look, paths, settings, Path(drag))
        open_window(running, partial(open_studio, paths, settings))
        running.window.resize(1440, 900)
        take(running, look, folder)
        running.window.close()
        running.close()


if __name__ == "__main__":
    main()
