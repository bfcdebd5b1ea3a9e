"""The program's window, opened in this process and waited for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from orfeas_desktop.app import open_studio
from orfeas_desktop.paths import Paths
from orfeas_desktop.settings import load_settings
from orfeas_desktop.ui.start import build, open_window
from orfeas_desktop.ui.theme import Look


def wait(met: Callable[[], bool], seconds: float = 120) -> None:
    """Let the event loop run until `met`. Raises TimeoutError."""
    loop, check = QEventLoop(), QTimer()
    end = time.monotonic() + seconds
    check.timeout.connect(lambda: loop.quit() if met() or time.monotonic() > end else None)
    check.start(5)
    loop.exec()
    if not met():
        raise TimeoutError


def pause(seconds: float) -> None:
    """Let the event loop run for so long."""
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() >= end, seconds + 60)


def opened(app: QApplication, home: Path):
    """Return the running window on the library of `home`, its project open and its 3D view ready."""
    os.environ["ORFEAS_HOME"] = str(home)
    paths = Paths.of()
    settings = load_settings(paths.settings_file)
    running = build(app, Look(app), paths, settings, home / "drag")
    open_window(running, lambda: open_studio(paths, settings))
    wait(lambda: running.behind is not None and running.session.library.project is not None)
    wait(lambda: running.window.viewport.is_ready)
    return running
