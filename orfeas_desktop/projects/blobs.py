"""Files of the library, named by the SHA-256 of their content in two levels of folders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orfeas_desktop.errors import FileChanging, LibraryDamaged
from orfeas_desktop.projects.files import library_error, source_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from orfeas_desktop.projects.files import Files

DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Arrival:
    """A file that is about to become a blob; a `moved` one leaves its old place."""

    source: Path
    digest: str
    size: int
    moved: bool = False


class Blobs:
    """Puts files in place so that a name in `folder` always stands for whole content."""

    def __init__(self, folder: Path, files: Files) -> None:
        self.folder = folder
        self._files = files

    def path(self, digest: str) -> Path:
        """Return where a blob lies or would lie. Raises LibraryDamaged for what is no digest."""
        if not DIGEST.fullmatch(digest):
            raise LibraryDamaged(problem=f"“{digest[:80]}” does not name a file", details=digest)
        return self.folder / digest[:2] / digest[2:4] / digest

    def part(self, digest: str, holder: str) -> Path:
        """Return where `holder` writes a blob before it is whole."""
        final = self.path(digest)
        return final.with_name(f"{digest}.{holder}.part")

    def holds(self, digest: str, size: int | None = None) -> bool:
        """Return whether the blob is there, of that size when one is given."""
        found = self._files.size(self.path(digest))
        return found is not None and size in (None, found)

    def measure(self, path: Path) -> tuple[str, int]:
        """Return digest and size of a file from outside.

        Raises FileMissing, NotAFile or PermissionDenied.
        """
        try:
            return self._files.measure(path)
        except OSError as problem:
            raise source_error(problem, path) from problem

    def content(self, digest: str) -> str:
        """Return the digest of what a blob really holds. Raises OSError."""
        return self._files.measure(self.path(digest))[0]

    def place(self, arrival: Arrival, holder: str) -> None:
        """Put a file in its place, lasting; nothing happens when it is there already.

        Raises DiskFull, LibraryReadOnly, FileMissing, FileChanging; then nothing is left behind.
        """
        final = self.path(arrival.digest)
        try:
            if not self.holds(arrival.digest, arrival.size):
                self._files.make_folder(final.parent)
                if not (arrival.moved and self._move(arrival.source, final)):
                    self._copy(arrival, final, holder)
            self._settle(final.parent)
            if arrival.moved and not self._files.same(arrival.source, final):
                self._files.remove(arrival.source)
        except OSError as problem:
            if self._files.size(arrival.source) is None and not self.holds(arrival.digest):
                raise source_error(problem, arrival.source) from problem
            raise library_error(problem, self.folder) from problem

    def _move(self, source: Path, final: Path) -> bool:
        """Return whether a rename did it: not across disks, nor while Windows has the file open."""
        self._files.sync(source)
        try:
            self._files.rename(source, final)
        except OSError:
            return False
        return True

    def _settle(self, folder: Path) -> None:
        """Make the names on the way to a blob last, even those that another process has just written."""
        for place in (folder, folder.parent, self.folder):
            self._files.sync_folder(place)

    def _copy(self, arrival: Arrival, final: Path, holder: str) -> None:
        part = self.part(arrival.digest, holder)
        try:
            if self._files.copy(arrival.source, part) == arrival.digest:
                self._files.rename(part, final)
                return
        except OSError:
            self.discard(arrival.digest, holder)
            raise
        self.discard(arrival.digest, holder)
        raise FileChanging(name=arrival.source.name)

    def discard(self, digest: str, holder: str) -> bool:
        """Delete what `holder` left unfinished; return whether there was anything. Never raises OSError."""
        part = self.part(digest, holder)
        try:
            found = self._files.size(part) is not None
            self._files.remove(part)
        except OSError:
            return False
        return found

    def remove(self, digests: Iterable[str]) -> list[str]:
        """Delete these blobs, lasting, and return those that are gone: Windows keeps what somebody has open.

        Raises LibraryDamaged when the disk fails.
        """
        gone = [digest for digest in digests if self._removed(self.path(digest))]
        folders = {self.path(digest).parent for digest in gone}
        try:
            for folder in folders:
                if folder.is_dir():
                    self._files.sync_folder(folder)
        except OSError as problem:
            raise library_error(problem, self.folder) from problem
        return gone

    def _removed(self, path: Path) -> bool:
        try:
            self._files.remove(path)
        except PermissionError:
            return False
        except OSError as problem:
            raise library_error(problem, self.folder) from problem
        return True

    def present(self) -> Iterator[str]:
        """Yield the names of all files in the blob folder."""
        return (path.name for path in self._files.under(self.folder))
