"""A look, a library with something in it, and the whole window over a real studio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QColor, QImage

from orfeas_desktop.app import open_studio
from orfeas_desktop.assets import AssetKind
from orfeas_desktop.paths import Paths
from orfeas_desktop.projects.records import Provenance
from orfeas_desktop.requests import Destination
from orfeas_desktop.settings import load_settings
from orfeas_desktop.ui.start import build, open_window
from orfeas_desktop.ui.theme import Look, ThemeChoice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from orfeas_desktop.projects.store import ProjectStore
    from orfeas_desktop.studio import Studio
    from orfeas_desktop.ui.start import Running


@pytest.fixture(scope="session")
def look(qapp: QApplication) -> Iterator[Look]:
    """The dark look; a test that changes it puts it back."""
    made = Look(qapp, ThemeChoice.dark)
    made.bring_icons()
    yield made
    qapp.setStyleSheet("")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A small red picture."""
    image = QImage(64, 48, QImage.Format.Format_RGB32)
    image.fill(QColor("#c83020"))
    path = tmp_path / "Red thing ü.png"
    image.save(str(path))
    return path


class Shelf:
    """Fills a library without a worker: assets whose mesh is any small file."""

    def __init__(self, store: ProjectStore, folder: Path) -> None:
        self.store = store
        self.folder = folder

    def add(self, project_id: int, *names: str) -> list[int]:
        """Add an asset of each name, the first one oldest; return their ids."""
        ids: list[int] = []
        for name in names:
            ids.append(self._add(project_id, name, "report"))
        return ids

    def add_broken(self, project_id: int, name: str) -> int:
        """Add an asset whose mesh cannot be read; return its id."""
        return self._add(project_id, name, "mesh")

    def _add(self, project_id: int, name: str, slot: str) -> int:
        path = self.folder / f"{len(name)}-{name[:8]}.glb"
        path.write_bytes(name.encode())
        file = self.store.add_blob(path, AssetKind.file, path.name)
        made = Provenance(None, "1", "", {}, {"faces": 12}, cached=False)
        version, _ = self.store.add_version(Destination(project_id, name), {slot: file}, made)
        return version.asset_id


@pytest.fixture
def open_running(
    qapp: QApplication, qtbot: QtBot, look: Look, home: Path, tmp_path: Path
) -> Iterator[Callable[[], Running]]:
    """Open the window over the real library of `home`, wait until it is there; close what is open at the end."""
    opened: list[Running] = []

    def open_one() -> Running:
        paths = Paths.of()
        settings = load_settings(paths.settings_file)
        running = build(qapp, look, paths, settings, tmp_path / "drag")
        opened.append(running)
        open_window(running, lambda: open_studio(paths, settings))
        qtbot.waitUntil(lambda: running.behind is not None)
        qtbot.waitUntil(lambda: running.session.studio is not None)
        qtbot.waitUntil(lambda: running.session.library.project is not None)
        qtbot.waitUntil(lambda: running.window.viewport.is_ready)
        running.window.activateWindow()
        qtbot.waitUntil(running.window.isActiveWindow)
        return running

    yield open_one
    for running in opened:
        close(running)
    look.choose(ThemeChoice.dark)


def close(running: Running) -> None:
    """Close the window, whatever goes on in it, and let Qt delete it."""
    running.close()
    running.window.close()
    running.window.deleteLater()
    running.session.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()


@pytest.fixture
def shelf(home: Path, tmp_path: Path) -> Iterator[Shelf]:
    """The library of `home`, to be filled before or while a window shows it."""
    from orfeas_desktop.projects.store import ProjectStore

    store = ProjectStore.open(Paths.of().library)
    folder = tmp_path / "shelf"
    folder.mkdir()
    yield Shelf(store, folder)
    store.close()


@pytest.fixture
def studio(home: Path) -> Iterator[Studio]:
    """A real studio; its workers start when something is asked of them."""
    paths = Paths.of()
    made = open_studio(paths, load_settings(paths.settings_file))
    yield made
    made.close()
