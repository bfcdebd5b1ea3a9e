"""OwnPictures: text-to-image folders and files of the user's own, remembered where they lie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from orfeas_desktop.engine.weights.file_table import only_here, read_table, write_table
from orfeas_desktop.engine.weights.picture_base import PictureBase, base_of_checkpoint
from orfeas_desktop.engine.weights.pipeline_folder import INDEX, read_pipeline_folder, sampled
from orfeas_desktop.engine.weights.plain_pipeline import plain_pipeline
from orfeas_desktop.engine.weights.shelf import WeightShelf
from orfeas_desktop.engine.weights.torch_file import ONE_FILE, as_safetensors, forget_converted, looked_into
from orfeas_desktop.errors import BadWeights, FileMissing, UnknownEntry

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

OWN = "own_pictures.json"
SHORT = 16
LONGEST_NAME = 60


class OwnPicture(BaseModel):
    """A pipeline of the user's own."""

    name: str
    path: str
    base: PictureBase
    digest: str
    """Sampled."""
    converted: str = ""
    """What its pickles were converted into, by its name in the program's own folder."""

    @property
    def written(self) -> str:
        """How a request names it."""
        return f"{self.name}@{self.digest[:SHORT]}"


class OwnTable(BaseModel):
    """The user’s own pipelines."""

    own: list[OwnPicture] = []


@dataclass(frozen=True)
class OwnPictures:
    """Answers for the list of them in the weights folder."""

    folder: Path

    def all(self) -> tuple[OwnPicture, ...]:
        """Return those that still lie where they were, by name."""
        found = [each for each in read_table(self._file, OwnTable).own if Path(each.path).exists()]
        return tuple(sorted(found, key=lambda each: each.name.casefold()))

    def named(self, name: str) -> OwnPicture:
        """Return the one of that name. Raises UnknownEntry."""
        found = next((each for each in self.all() if each.name.casefold() == name.casefold()), None)
        if found is None:
            known = ", ".join(each.name for each in self.all()) or "none is there yet"
            raise UnknownEntry(entry=name, table="own pipelines", known=known)
        return found

    def add(self, path: Path) -> OwnPicture:
        """Remember a folder or a file; the tensors of a torch pickle are written into the program's own folder.

        Raises FileMissing, BadWeights, DiskFull and PermissionDenied.
        """
        path = path.absolute()
        base, files = _looked_at(path, self._converted)
        own = OwnPicture(name=_plain(path), path=str(path), base=base, digest=_digest(path, files))
        place = self.place(own)
        own.converted = place.name if place.parent == self._converted else ""
        with self._lock():
            others = [each for each in read_table(self._file, OwnTable).own if each.path != own.path]
            names = {each.name.casefold() for each in others}
            first, number = own.name, 2
            while own.name.casefold() in names:
                own.name, number = f"{first} {number}", number + 1
            write_table(self._file, OwnTable(own=[*others, own]))
        return own

    def forget(self, name: str) -> OwnPicture:
        """No longer know one; its files stay. Raises UnknownEntry."""
        with self._lock():
            own = self.named(name)
            others = [each for each in read_table(self._file, OwnTable).own if each.path != own.path]
            gone = [each for each in others if not Path(each.path).exists()]
            left = [each for each in others if each not in gone]
            write_table(self._file, OwnTable(own=left))
            used = {each.converted for each in left}
            for each in (own, *gone):
                if each.converted and each.converted not in used:
                    forget_converted(self._converted / Path(each.converted).name)
        return own

    def place(self, own: OwnPicture) -> Path:
        """Return the folder or safetensors file to load it from. Raises BadWeights, DiskFull and PermissionDenied."""
        path = Path(own.path)
        convert = plain_pipeline if path.is_dir() else as_safetensors
        return convert(path, self._converted)

    def find(self, written: str) -> OwnPicture:
        """Return the one that a request names, its files being those it was added with. Raises BadWeights."""
        name, digest = read_own(written)
        own = next((each for each in self.all() if each.digest.startswith(digest)), None)
        if own is None:
            raise BadWeights(name=name, problem="it is no longer known; add it again under “Weights…”")
        path = Path(own.path)
        if _digest(path, _looked_at(path, self._converted)[1]) != own.digest:
            raise BadWeights(name=name, problem="it was changed since it was added; add it again")
        return own

    @property
    def _converted(self) -> Path:
        return WeightShelf(self.folder).converted

    @property
    def _file(self) -> Path:
        return self.folder / OWN

    def _lock(self) -> AbstractContextManager[None]:
        return only_here(self.folder / "locks" / "own_pictures.lock", "own pipelines")


def read_own(written: str) -> tuple[str, str]:
    """Read `name@digest`. Raises ValueError for anything else."""
    found = re.fullmatch(r"([^@]+)@([0-9a-f]{16})", written.strip())
    if found is None:
        raise ValueError("an own pipeline is written name@digest")
    return found[1], found[2]


def _looked_at(path: Path, converted: Path) -> tuple[PictureBase, tuple[Path, ...]]:
    if path.is_dir():
        found = read_pipeline_folder(plain_pipeline(path, converted))
        return found.base, (found.folder / INDEX, *found.files)
    if not path.is_file():
        raise FileMissing(name=path.name)
    if path.suffix.lower() not in ONE_FILE:
        raise BadWeights(name=path.name, problem=f"its name does not end in {', '.join(ONE_FILE)}")
    with looked_into(path, converted) as plain:
        return base_of_checkpoint(plain), (path,)


def _digest(path: Path, files: tuple[Path, ...]) -> str:
    try:
        return sampled(files)
    except OSError as problem:
        raise BadWeights(name=path.name, problem=problem.strerror or "it cannot be read") from None


def _plain(path: Path) -> str:
    text = path.name if path.is_dir() else path.stem
    plain = "".join(" " if letter in "@:," or ord(letter) < 32 else letter for letter in text)
    return " ".join(plain.split())[:LONGEST_NAME] or "pipeline"
