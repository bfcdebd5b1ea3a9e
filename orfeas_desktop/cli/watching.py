"""A folder that is watched: files that have stopped growing, each once, also after a restart."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from orfeas_desktop.assets import MESH_SUFFIXES
from orfeas_desktop.cli.screen import WrongWords
from orfeas_desktop.engine.formats.publish import disk_error
from orfeas_desktop.engine.weights.file_table import only_here
from orfeas_desktop.errors import FolderMissing, WeightsBusy
from orfeas_desktop.pictures import SUFFIXES as PICTURES

LISTING = ".orfeas-watch.json"
LOCK = ".orfeas-watch.lock"
_LOOK_EVERY_S = 1.0


class _Seen(BaseModel):
    size: int
    changed_ns: int


_LISTING = TypeAdapter(dict[str, _Seen])


def _look(path: Path) -> _Seen | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return _Seen(size=facts.st_size, changed_ns=facts.st_mtime_ns)


@dataclass
class Watched:
    """What was done with the files of a watched folder, kept in the folder that is written to."""

    listing: Path
    seen: dict[str, _Seen] = field(default_factory=dict[str, _Seen])
    begun: dict[str, _Seen] = field(default_factory=dict[str, _Seen])
    """How files were when they were handed out."""

    @classmethod
    def read(cls, out: Path) -> Watched:
        """Return what an earlier watch left in `out`; a listing that cannot be read counts as none."""
        path = out / LISTING
        try:
            return cls(path, _LISTING.validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            return cls(path)

    def is_new(self, path: Path) -> bool:
        """Whether the file was not dealt with as it is now."""
        return self.seen.get(path.name) != _look(path)

    def done(self, path: Path) -> None:
        """Note that the file was dealt with, well or badly; it is taken up again when it changes, meanwhile too.

        Raises DiskFull, PermissionDenied, FileMissing.
        """
        then = self.begun.get(path.name)
        if then is not None:
            self.seen[path.name] = then
        temporary = self.listing.with_name(f"{LISTING}.part")
        try:
            temporary.write_bytes(_LISTING.dump_json(self.seen))
            temporary.replace(self.listing)
        except OSError as trouble:
            raise disk_error(trouble, self.listing) from None


def settled_files(
    folder: Path, known: Watched, *, once: bool, wait: Callable[[float], None] = time.sleep
) -> Iterator[Path]:
    """Yield every new picture or mesh once it did not change between two looks; for ever, unless `once`.

    Raises FolderMissing when the folder goes away.
    """
    before: dict[Path, _Seen | None] = {}
    while True:
        new = [path for path in _files(folder) if path.is_file() and known.is_new(path)]
        ready = [path for path in new if before.get(path) == _look(path) is not None]
        before = {path: _look(path) for path in new}
        for path in ready:
            look = _look(path)
            if look is not None:
                known.begun[path.name] = look
                yield path
        if once and not new:
            return
        if not ready:
            wait(_LOOK_EVERY_S)


@contextmanager
def alone(out: Path) -> Generator[None]:
    """Hold the folder that is written to: two watches would write the same files. Raises WrongWords."""
    with ExitStack() as held:
        try:
            held.enter_context(only_here(out / LOCK, str(out), wait_s=0.0))
        except WeightsBusy:
            raise WrongWords(f"Another “orfeas watch” writes to {out}; end that one first.") from None
        yield


def asset_name(path: Path) -> str:
    """Return what an asset made of a file is called: its stem, with the suffix where a neighbour has the same."""
    twins = [each for each in _files(path.parent) if each.stem.casefold() == path.stem.casefold()]
    return path.stem if len(twins) < 2 else f"{path.stem}-{path.suffix[1:].lower()}"


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in (*MESH_SUFFIXES, *PICTURES))
    except OSError:
        raise FolderMissing(place=str(folder)) from None
