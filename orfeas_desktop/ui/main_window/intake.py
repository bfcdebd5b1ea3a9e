"""Intake: what is dropped on the window or pasted into it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from orfeas_desktop.assets import MESH_SUFFIXES
from orfeas_desktop.errors import NothingInside
from orfeas_desktop.pictures import SUFFIXES
from orfeas_desktop.ui.panels.picture_tile import files_in, holds_picture, image_in, only_address_in
from orfeas_desktop.ui.state.draft import FRONT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QMimeData

    from orfeas_desktop.ui.main_window.picture_batch import PictureBatch
    from orfeas_desktop.ui.main_window.window import MainWindow
    from orfeas_desktop.ui.state.session import Session

_TAKEN = (*SUFFIXES, *MESH_SUFFIXES)
_MESHES = (
    *MESH_SUFFIXES,
    ".3mf",
    ".abc",
    ".blend",
    ".dae",
    ".fbx",
    ".off",
    ".step",
    ".stp",
    ".usd",
    ".usda",
    ".usdz",
)
"""What is meant as a mesh; those that cannot be read are refused as such."""


class Intake(QObject):
    """Sorts pictures from meshes and hands them to the session."""

    def __init__(self, window: MainWindow, session: Session, batch: PictureBatch) -> None:
        super().__init__(window)
        self.window = window
        self.session = session
        self.batch = batch
        window.dropped.connect(self.take_dropped)

    def take_dropped(self, data: QMimeData) -> None:
        """Take what was dropped anywhere on the window: pictures to build from, meshes to keep."""
        files = opened(files_in(data))
        meshes = [path for path in files if path.suffix.lower() in _MESHES]
        self.session.import_meshes(meshes)
        pictures = [path for path in files if path not in meshes]
        if len(pictures) == 1:
            self.take_picture(pictures[0])
        elif pictures:
            self.window.inspector.show_picture()
            self.session.drafting.take_first(pictures, lambda: self.batch.offer(pictures))
        image = None if files else image_in(data)
        if image is not None:
            self.window.inspector.show_picture()
            self.session.drafting.take_image(FRONT, image)
        elif not files and only_address_in(data):
            self.window.inspector.show_picture()
            self.window.inspector.images.refuse_address()

    def take_picture(self, path: Path) -> None:
        """Take a picture as the main one."""
        if path.is_dir():
            self.session.drafting.refused.emit(NothingInside(name=path.name))
            return
        self.window.inspector.show_picture()
        self.session.drafting.take_file(FRONT, path)

    def paste(self) -> None:
        """Take what lies on the clipboard."""
        data = QGuiApplication.clipboard().mimeData()
        if holds_picture(data):
            self.take_dropped(data)
        else:
            self.window.toasts.show(self.tr("The clipboard holds no picture"))


def opened(paths: Sequence[Path]) -> list[Path]:
    """Return the files, and in place of a folder the pictures and meshes in it, in the order of their names.

    A folder in which there are none stands for itself, and is refused where files are read.
    """
    files: list[Path] = []
    for path in paths:
        inside: list[Path] = []
        if path.is_dir():
            with suppress(OSError):
                inside = [each for each in sorted(path.iterdir()) if each.suffix.lower() in _TAKEN]
        files += inside or [path]
    return files
