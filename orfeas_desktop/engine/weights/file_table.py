"""Small JSON tables that several processes read and change."""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from orfeas_desktop.errors import DiskFull, PathTooLong, PermissionDenied, WeightsBusy

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import BinaryIO

T = TypeVar("T", bound=BaseModel)

LONGEST_PATH = 259 if sys.platform == "win32" else 4095
"""Letters of the longest path that programs can be sure to open."""
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_WAIT_S = 10.0


def read_table(path: Path, kind: type[T]) -> T:
    """Return the table at `path`; one that is missing or broken is empty."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return kind()


def write_table(path: Path, table: BaseModel) -> None:
    """Write the table whole or not at all. Raises PermissionDenied and DiskFull."""
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".part", prefix=path.stem, dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(table.model_dump(mode="json"), stream, indent=1, ensure_ascii=False)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as problem:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise told(problem, path.parent) from problem


def told(problem: OSError, place: Path) -> DiskFull | PermissionDenied | PathTooLong:
    """Return the error to show for a failure to write in `place`."""
    if problem.errno in FULL:
        return DiskFull(place=str(place))
    if problem.errno == errno.ENAMETOOLONG:
        return PathTooLong(place=str(place), length=len(str(place)), limit=LONGEST_PATH)
    return PermissionDenied(place=str(place), details=str(problem))


@contextmanager
def only_here(path: Path, what: str, wait_s: float = _WAIT_S) -> Generator[None]:
    """Hold the lock file at `path`; the system lets go of it when the process ends.

    Raises WeightsBusy naming `what` when somebody else holds it for longer than `wait_s`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("ab")
    except OSError as problem:
        raise told(problem, path.parent) from problem
    with stream:
        end = time.monotonic() + wait_s
        while not _taken(stream):
            if time.monotonic() >= end:
                raise WeightsBusy(entry=what)
            time.sleep(0.02)
        yield


def _taken(stream: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
