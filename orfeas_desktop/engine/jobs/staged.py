"""Files between the worker that made them and the library that keeps them."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.assets import LocalFile


def linked(file: LocalFile, folder: Path, number: int) -> LocalFile:
    """Return `file` under another path, `number` apart in `folder`: a hard link, or a copy where none can be.

    Raises FileNotFoundError when the file has gone, OSError when it can be neither linked nor copied.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number}{PurePath(file.path.name).suffix}"
    path.unlink(missing_ok=True)
    try:
        os.link(file.path, path)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(file.path, path)
    return replace(file, path=path)


def drop_if_empty(folder: Path) -> bool:
    """Remove a folder in which no file is left; tell whether it is gone."""
    if not folder.exists():
        return True
    inside = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
    for path in (*inside, folder):
        with suppress(OSError):
            path.rmdir()
    return not folder.exists()


def own_folder(staging: Path) -> Path:
    """Return a folder under `staging` that tells whose it is: this process's."""
    return staging / f"of-{os.getpid()}"


def lives(pid: int) -> bool:
    """Return whether a process of that number runs; one that ended and was not yet collected does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error as problem:
        return isinstance(problem, psutil.AccessDenied)


def clear_after_the_dead(staging: Path) -> None:
    """Remove the folders of processes that ended without having their files kept."""
    for folder in staging.glob("of-*"):
        pid = folder.name.removeprefix("of-")
        if pid.isdecimal() and not lives(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
