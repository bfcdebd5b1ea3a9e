"""The few acts on the disk that the library's safety rests on."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from orfeas_desktop.assets import digest_of, open_file
from orfeas_desktop.errors import (
    DiskFull,
    FileMissing,
    LibraryDamaged,
    LibraryReadOnly,
    NotAFile,
    OrfeasError,
    PermissionDenied,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 20
FULL = {errno.ENOSPC, errno.EDQUOT}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def library_error(problem: OSError, folder: Path) -> OrfeasError:
    """Return what a failed act inside the library's `folder` means to the user."""
    if problem.errno in FULL:
        return DiskFull(place=str(folder), details=str(problem))
    if problem.errno in {*FORBIDDEN, errno.ENOTDIR}:
        return LibraryReadOnly(place=str(folder), details=str(problem))
    return LibraryDamaged(problem=problem.strerror or type(problem).__name__, details=str(problem))


def source_error(problem: OSError, path: Path) -> OrfeasError:
    """Return what a failed read of a file outside the library means to the user."""
    if isinstance(problem, IsADirectoryError):
        return NotAFile(name=path.name, details=str(problem))
    if problem.errno in FORBIDDEN:
        return PermissionDenied(place=str(path), details=str(problem))
    return FileMissing(name=path.name, details=str(problem))


class Files:
    """Does each act so that it lasts; a test puts one in its place that fails or forgets."""

    def size(self, path: Path) -> int | None:
        """Return the bytes of a regular file, None when there is none."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def same(self, one: Path, other: Path) -> bool:
        """Return whether both paths are one name; two hard links to one file are two names."""
        return one.resolve() == other.resolve()

    def measure(self, path: Path) -> tuple[str, int]:
        """Return SHA-256 in hex and size in bytes. Raises OSError."""
        with open_file(path) as stream:
            return digest_of(stream), stream.tell()

    def copy(self, source: Path, target: Path) -> str:
        """Write a copy that lasts and return the SHA-256 of what was written. Raises OSError."""
        seen = hashlib.sha256()
        with open_file(source) as reader, target.open("wb") as writer:
            while chunk := reader.read(CHUNK):
                seen.update(chunk)
                self.write(writer, chunk)
            self.flush(writer)
        return seen.hexdigest()

    def write(self, stream: BinaryIO, chunk: bytes) -> None:
        """Write one piece."""
        stream.write(chunk)

    def flush(self, stream: BinaryIO) -> None:
        """Wait until what was written is on the disk."""
        stream.flush()
        _settle(stream.fileno())

    def sync(self, path: Path) -> None:
        """Wait until the content of a file is on the disk."""
        with path.open("rb+") as stream:
            _settle(stream.fileno())

    def rename(self, source: Path, target: Path) -> None:
        """Put `source` in the place of `target`, at once or not at all; `sync_folder` makes it last."""
        source.replace(target)

    def sync_folder(self, folder: Path) -> None:
        """Wait until the names in a folder are on the disk; Windows does that by itself."""
        if os.name == "nt":
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it; `sync_folder` of each above makes it last."""
        folder.mkdir(parents=True, exist_ok=True)

    def remove(self, path: Path) -> None:
        """Delete a file if it is there."""
        path.unlink(missing_ok=True)

    def under(self, folder: Path) -> Iterator[Path]:
        """Yield every file below a folder."""
        for place, _, names in os.walk(folder):
            yield from (Path(place) / name for name in names)


def _settle(descriptor: int) -> None:
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415  (there is none on Windows)

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)
