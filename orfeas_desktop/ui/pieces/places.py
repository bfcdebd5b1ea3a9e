"""Places: asks for files and folders, each kind of thing where the user last was for it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Signal
from PySide6.QtWidgets import QFileDialog

from orfeas_desktop.names import file_stem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtWidgets import QWidget


class Place(StrEnum):
    """Kinds of things that people keep in places of their own."""

    pictures = "pictures"
    """What is given to build from."""
    shots = "shots"
    """Pictures that are saved from here."""
    meshes = "meshes"
    exports = "exports"
    weights = "weights"


_System = QStandardPaths.StandardLocation
_FIRST = {
    Place.pictures: _System.PicturesLocation,
    Place.shots: _System.PicturesLocation,
    Place.weights: _System.DownloadLocation,
}
_PLAIN = QFileDialog.Option.HideNameFilterDetails


def first_folder(kind: Place) -> Path:
    """Return where things of that kind lie on most machines."""
    for location in (_FIRST.get(kind, _System.DocumentsLocation), _System.HomeLocation):
        folder = Path(QStandardPaths.writableLocation(location))
        if folder.is_dir():
            return folder
    return Path.home()


class Places(QObject):
    """Opens the system's dialogs for files; remembers the folder of every answer."""

    changed = Signal()

    def __init__(self, known: Mapping[str, Path], parent: QObject | None = None) -> None:
        """Begin with the folders that were remembered, by kind."""
        super().__init__(parent)
        self._known = dict(known)

    def known(self) -> dict[str, Path]:
        """Return the folders to remember, by kind."""
        return dict(self._known)

    def folder(self, kind: Place) -> Path:
        """Return where to begin; a folder that has gone is passed over."""
        last = self._known.get(kind)
        return last if last is not None and last.is_dir() else first_folder(kind)

    def note(self, kind: Place, folder: Path) -> None:
        """Remember where the user was."""
        if self._known.get(kind) != folder:
            self._known[kind] = folder
            self.changed.emit()

    def open_file(self, parent: QWidget, kind: Place, title: str, suffixes: Sequence[str]) -> Path | None:
        """Ask for a file that ends in one of these."""
        shown = (str(self.folder(kind)), self._filter(kind, suffixes))
        path, _ = QFileDialog.getOpenFileName(parent, title, *shown, "", _PLAIN)
        return self._answer(kind, path)

    def open_files(self, parent: QWidget, kind: Place, title: str, suffixes: Sequence[str]) -> list[Path]:
        """Ask for files that end in one of these."""
        shown = (str(self.folder(kind)), self._filter(kind, suffixes))
        paths, _ = QFileDialog.getOpenFileNames(parent, title, *shown, "", _PLAIN)
        return [path for path in (self._answer(kind, each) for each in paths) if path is not None]

    def save_png(self, parent: QWidget, kind: Place, name: str, title: str) -> Path | None:
        """Ask where a PNG picture goes that may be called `name`."""
        suggested = str(self.folder(kind) / f"{file_stem(name)}.png")
        path, _ = QFileDialog.getSaveFileName(parent, title, suggested, self.tr("PNG picture (*.png)"))
        target = self._answer(kind, path)
        return target if target is None or target.suffix else target.with_suffix(".png")

    def open_folder(self, parent: QWidget, kind: Place, title: str) -> Path | None:
        """Ask for a folder."""
        path = Path(QFileDialog.getExistingDirectory(parent, title, str(self.folder(kind))))
        if path == Path():
            return None
        self.note(kind, path)
        return path

    def _filter(self, kind: Place, suffixes: Sequence[str]) -> str:
        """Name the kind and match its files however their endings are written."""
        titles = {
            Place.meshes: self.tr("Meshes"),
            Place.pictures: self.tr("Pictures"),
            Place.weights: self.tr("Weights"),
        }
        patterns = " ".join(f"*{suffix} *{suffix.upper()}" for suffix in suffixes)
        return f"{titles[kind]} ({patterns})"

    def _answer(self, kind: Place, path: str) -> Path | None:
        if not path:
            return None
        self.note(kind, Path(path).parent)
        return Path(path)
