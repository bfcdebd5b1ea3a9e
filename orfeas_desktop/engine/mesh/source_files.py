"""Reading files that may be broken, hostile or gone: bounded, and never outside one folder."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np

from orfeas_desktop.errors import BadMesh, FileMissing, NotAFile, OrfeasError, PermissionDenied

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.params import Scalar

MAX_FILE_BYTES = 2**31
MAX_TEXT_BYTES = 2**29
MAX_VERTICES = 20_000_000
MAX_FACES = 20_000_000


class Broken(ValueError):
    """What is wrong with a file, in a few plain words; readers turn it into BadMesh."""


def one_line(name: str) -> str:
    """Return a stranger's name as one short line without control characters; empty when nothing is left."""
    shown = (each for each in name if each.isprintable() or each.isspace() or each in _JOINERS)
    return " ".join("".join(shown).split())[:_LONGEST_NAME]


_JOINERS = "\u200c\u200d"
_LONGEST_NAME = 200


def read_bounded(path: Path, limit: int = MAX_FILE_BYTES) -> bytes:
    """Return the bytes of a regular file.

    Raises FileMissing, NotAFile, PermissionDenied; BadMesh when it is empty or larger than `limit` bytes.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise NotAFile(name=path.name)
        if status.st_size > limit:
            raise BadMesh(name=path.name, problem=f"it is larger than {limit // 2**20} MB")
        data = path.read_bytes()
    except OSError as trouble:
        raise _error_of(trouble, path) from None
    except ValueError:  # a name with a NUL in it
        raise FileMissing(name=path.name) from None
    if not data:
        raise BadMesh(name=path.name, problem="it is empty")
    return data


def _error_of(trouble: OSError, path: Path) -> OrfeasError:
    if isinstance(trouble, IsADirectoryError):
        return NotAFile(name=path.name)
    if isinstance(trouble, PermissionError):
        return PermissionDenied(place=str(path))
    return FileMissing(name=path.name, details=str(trouble))


def neighbour(folder: Path, reference: str) -> Path:
    """Return the file inside `folder` that a file of it names by relative URI or path.

    Raises Broken when the name leads elsewhere or nothing is there.
    """
    name = unquote(reference).replace("\\", "/").removeprefix("./")
    shown = reference if len(reference) <= 60 else f"{reference[:57]}…"
    if not name or "\0" in name or ":" in name or name.startswith("/"):
        raise Broken(f"it refers to “{shown}”, which is not a file beside it")
    root = folder.resolve()
    try:
        target = (root / name).resolve()
        inside = target.is_relative_to(root) and target.is_file()
    except (OSError, RuntimeError):
        inside = False
        target = root
    if not inside:
        raise Broken(f"it refers to “{shown}”, which is not a file beside it")
    return target


def neighbour_if_there(folder: Path, reference: str) -> Path | None:
    """Return the file of `folder` that a path names, or one of the same last name; None when neither is there."""
    name = reference.strip().strip('"').replace("\\", "/")
    for candidate in (name, name.rpartition("/")[2]):
        try:
            return neighbour(folder, candidate.replace("%", "%25"))
        except Broken:
            continue
    return None


def numbers(text: bytes) -> NDArray[np.float64]:
    """Return the numbers that `text` lists, parted by white space. Raises Broken when there is anything else."""
    try:
        return np.fromstring(text, sep=" ")
    except ValueError:
        raise Broken("a number in it cannot be read") from None


def require(condition: bool, problem: str, **details: Scalar) -> None:
    """Raise Broken with `problem` unless `condition` holds."""
    if not condition:
        raise Broken(problem.format(**details))
