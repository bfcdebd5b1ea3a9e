"""An exported folder goes to the user's disk whole, in place of the one that this program wrote before."""

from __future__ import annotations

import errno
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from uuid import uuid4

from orfeas_desktop.engine.formats.publish import check_replaceable, disk_error, sync_folder
from orfeas_desktop.errors import BackendFailed, FolderInUse, NotAFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orfeas_desktop.requests import OutputFile

LISTING = ".orfeas-export.json"
"""Names the files that this program wrote into a folder."""


def check_folder_replaceable(target: Path) -> None:
    """Look whether a folder may come to lie at `target`.

    Raises NotAFolder, FolderInUse for one with files of somebody else and without this program's listing, and
    BadInput for a name that no disk takes.
    """
    try:
        foreign = any(target.iterdir()) and not (target / LISTING).is_file()
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise NotAFolder(name=target.name) from None
    except OSError as trouble:
        if trouble.errno == errno.ENAMETOOLONG:
            check_replaceable(target)
        raise disk_error(trouble, target) from None
    if foreign:
        raise FolderInUse(name=target.name)


def publish_folder(files: Sequence[OutputFile], target: Path) -> tuple[Path, ...]:
    """Copy an exporter's files, named by their path in the folder, to the folder `target`; return where they lie.

    The new folder is written and synced under a temporary name, then takes the place of the old one, whose files
    that this program did not write move over. On any failure the old folder stays. Raises DiskFull,
    PermissionDenied, FileMissing, and what `check_folder_replaceable` raises.
    """
    check_folder_replaceable(target)
    names = [_safe(file.file.name) for file in files]
    new = target.with_name(f".{uuid4().hex}.part")
    old = target.with_name(f".{uuid4().hex}.old")
    try:
        _write(files, names, new)
        _keep_foreign(target, new)
        if target.exists():
            target.rename(old)
        try:
            new.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
        sync_folder(target.parent)
    except OSError as trouble:
        raise disk_error(trouble, target) from None
    finally:
        for rest in (new, old):
            shutil.rmtree(rest, ignore_errors=True)
    return tuple(target / name for name in names)


def _safe(name: str) -> str:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts:
        raise BackendFailed(entry="export", problem=f"it left a file called “{name}”")
    return name


def _write(files: Sequence[OutputFile], names: Sequence[str], folder: Path) -> None:
    folder.mkdir()
    for file, name in zip(files, names, strict=True):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with file.file.path.open("rb") as source, path.open("xb") as copy:
            shutil.copyfileobj(source, copy, 2**20)
            copy.flush()
            os.fsync(copy.fileno())
    listing = json.dumps({"program": "Orfeas Desktop", "files": sorted(names)}, indent=1) + "\n"
    (folder / LISTING).write_text(listing, "utf-8")
    for inside in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_folder(inside)


def _keep_foreign(old: Path, new: Path) -> None:
    """Copy what others put into the old folder, such as an engine's own settings of a file, into the new one."""
    if not old.is_dir():
        return
    own = _listed(old)
    for path in old.rglob("*"):
        inside = path.relative_to(old).as_posix()
        copy = new / inside
        if path.is_file() and inside not in own and not copy.exists():
            with suppress(FileExistsError):
                copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy, follow_symlinks=False)


def _listed(folder: Path) -> set[str]:
    try:
        said: object = json.loads((folder / LISTING).read_text("utf-8"))
    except (OSError, ValueError):
        return {LISTING}
    names = said.get("files") if isinstance(said, dict) else None
    return {LISTING, *(str(name) for name in names)} if isinstance(names, list) else {LISTING}
