"""Exported files go to the user's folder: all of them whole, or none."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from orfeas_desktop.errors import BadInput, DiskFull, FileMissing, NotAFile, OrfeasError, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orfeas_desktop.requests import OutputFile

MAIN_SLOT = "file"
_REFERRING = {
    ".obj": (b"mtllib",),
    ".mtl": (b"map_", b"norm", b"bump", b"disp", b"refl"),
    ".ply": (b"comment TextureFile",),
}
_SPLIT = 2**20


@dataclass(frozen=True)
class _Move:
    source: Path
    temporary: Path
    final: Path


def plain_stem(name: str) -> str:
    """Return the stem of a file name in letters that every program can read in a reference."""
    stem = name.rpartition(".")[0] if "." in name.strip(".") else name
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "_", plain).strip("_")[:80] or "mesh"


def publish(files: Sequence[OutputFile], target: Path) -> tuple[Path, ...]:
    """Copy an exporter's files to `target` and, beside it, its parts; return where they lie, `target` first.

    The file of slot `file` becomes `target`; parts named after it are named after `target` instead where the text
    files that refer to them can say so, and keep their names where none can. Everything is copied under temporary
    names and synced, then renamed, the main file last. What stood there is replaced. Raises DiskFull,
    PermissionDenied, FileMissing, NotAFile; nothing half-written is left then. Raises what `check_replaceable` raises.
    """
    main = next(file for file in files if file.slot == MAIN_SLOT)
    parts = [file for file in files if file is not main]
    old = plain_stem(main.file.name)
    new = plain_stem(target.name) if target.suffix.lower() in _REFERRING else old
    names = _final_names([part.file.name for part in parts], old, new)
    moves = [_move(part.file.path, target.with_name(names[part.file.name])) for part in parts]
    moves.append(_move(main.file.path, target))
    for move in moves:
        check_replaceable(move.final)
    made: list[Path] = []
    try:
        for move in moves:
            _copy(move, names)
        for move in moves:
            if not move.final.exists():
                made.append(move.final)
            move.temporary.replace(move.final)
        sync_folder(target.parent)
    except OSError as trouble:
        for path in made:
            with suppress(OSError):
                path.unlink()
        raise disk_error(trouble, target) from None
    finally:
        for move in moves:
            with suppress(OSError):
                move.temporary.unlink(missing_ok=True)
    return (target, *(move.final for move in moves[:-1]))


def check_replaceable(target: Path) -> None:
    """Look whether a file may come to lie at `target`: a folder, device, pipe or socket is never replaced.

    Raises NotAFile, PermissionDenied, and BadInput for a name that no disk takes.
    """
    try:
        mode = target.stat().st_mode
    except OSError as trouble:
        if trouble.errno == errno.ENAMETOOLONG:
            problem = f"the name “{target.name[:40]}…” is too long"
            raise BadInput(entry=target.suffix.lower().removeprefix(".") or "glb", problem=problem) from None
        return
    if stat.S_ISDIR(mode):
        raise NotAFile(name=target.name or str(target))
    if not stat.S_ISREG(mode):
        raise PermissionDenied(place=str(target))


def _final_names(names: Sequence[str], old: str, new: str) -> dict[str, str]:
    return {name: new + name[len(old) :] if name.startswith(old) else name for name in names}


def _move(source: Path, final: Path) -> _Move:
    return _Move(source, final.with_name(f".{uuid4().hex}.part"), final)


def _copy(move: _Move, names: Mapping[str, str]) -> None:
    prefixes = _REFERRING.get(move.final.suffix.lower())
    with move.source.open("rb") as source, move.temporary.open("xb") as target:
        if prefixes and any(old != new for old, new in names.items()):
            head = source.read(_SPLIT) + source.readline()
            target.write(_renamed(head, prefixes, names))
        shutil.copyfileobj(source, target, _SPLIT)
        target.flush()
        os.fsync(target.fileno())


def _renamed(text: bytes, prefixes: tuple[bytes, ...], names: Mapping[str, str]) -> bytes:
    """Return `text` with the new names at the end of the lines that refer to other files."""
    lines = text.split(b"\n")
    for index, line in enumerate(lines):
        if line.startswith(prefixes):
            before, space, name = line.rpartition(b" ")
            new = names.get(name.decode("ascii", "replace").strip())
            if new is not None:
                lines[index] = before + space + new.encode()
    return b"\n".join(lines)


def sync_folder(folder: Path) -> None:
    """Make the renames last, where folders can be synced."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def disk_error(trouble: OSError, target: Path) -> OrfeasError:
    """Return what to tell people when writing `target` failed."""
    place = str(target.parent)
    if trouble.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFull(place=place, details=str(trouble))
    if trouble.errno in (errno.ENOENT, errno.ENOTDIR):
        return FileMissing(name=place, details=str(trouble))
    return PermissionDenied(place=place, details=str(trouble))
