"""Batches of pictures: each becomes an asset of its own, made with what the form says."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QObject

from orfeas_desktop.pictures import SUFFIXES
from orfeas_desktop.requests import Destination
from orfeas_desktop.ui.pieces.places import Place
from orfeas_desktop.ui.state.draft import FRONT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orfeas_desktop.engine.backends.base import Backend
    from orfeas_desktop.errors import OrfeasError
    from orfeas_desktop.params import PlainParams
    from orfeas_desktop.requests import Job
    from orfeas_desktop.studio import Studio
    from orfeas_desktop.ui.main_window.telling import Telling
    from orfeas_desktop.ui.main_window.window import MainWindow
    from orfeas_desktop.ui.main_window.wiring import Wiring
    from orfeas_desktop.ui.state.session import Session

BOX = "box"


class PictureBatch(QObject):
    """Starts a generation from each of several pictures; one that cannot be used stops no other."""

    def __init__(self, window: MainWindow, session: Session, wiring: Wiring, telling: Telling) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._wiring = wiring
        self._telling = telling

    def pick(self) -> None:
        """Ask for picture files, and begin."""
        title = self.tr("Generate from several pictures")
        paths = self._window.places.open_files(self._window, Place.pictures, title, SUFFIXES)
        if paths:
            self.begin(paths)

    def offer(self, paths: Sequence[Path]) -> None:
        """Offer to begin: the first picture was taken alone."""
        count = QLocale().toString(len(paths))
        words = self.tr("The first of {count} pictures was taken").format(count=count)
        action = self.tr("Generate all {count}").format(count=count)
        self._window.toasts.show(words, (action, lambda: self.begin(paths)))

    def begin(self, paths: Sequence[Path]) -> None:
        """Queue a generation from each picture, or say why none can start."""
        project = self._session.library.project
        why = self._window.commands.why_not("generate-several") or self._wiring.why_no_engine()
        if why or project is None:
            self._window.toasts.show(why)
            return
        panel = self._window.inspector.generate
        backend, seed = self._wiring.backends[panel.engine_id()], panel.seed_value()
        params = {name: value for name, value in panel.values().items() if name != BOX}
        refused: list[OrfeasError] = []
        starts = [
            partial(_begun, path, backend, params, seed, Destination(project.id, path.stem)) for path in paths
        ]
        self._session.desk.send_all(starts, refused.append, lambda: self._tell(len(paths), refused))

    def _tell(self, every: int, refused: Sequence[OrfeasError]) -> None:
        count, failed = QLocale().toString(every), QLocale().toString(len(refused))
        if not refused:
            self._window.toasts.show(self.tr("{count} pictures are in the queue").format(count=count))
            return
        words = self.tr("{failed} of {count} pictures cannot be used").format(failed=failed, count=count)
        why = (self.tr("Show why"), lambda: self._telling.show_error(refused[0]))
        self._window.toasts.show(words, why)


def _begun(
    path: Path, backend: Backend, params: PlainParams, seed: int, goal: Destination, studio: Studio
) -> Job:
    picture = studio.add_picture(path)
    return studio.generate(backend.id, {FRONT: (picture,)}, params=params, seed=seed, destination=goal)
