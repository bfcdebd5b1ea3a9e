"""What was exported into a folder goes into one ZIP there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4
from zipfile import ZIP_DEFLATED, ZipFile

from orfeas_desktop.engine.formats.publish import check_replaceable, disk_error
from orfeas_desktop.engine.formats.publish_folder import LISTING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def publish_zip(files: Iterable[Path], folder: Path, name: str) -> Path:
    """Move files that lie below `folder` into `folder/name.zip`, which appears whole; return it.

    What stood there is replaced. Raises DiskFull, PermissionDenied, FileMissing, NotAFile; the files stay then.
    """
    target, temporary = folder / f"{name}.zip", folder / f".{uuid4().hex}.part"
    given = tuple(dict.fromkeys(files))
    check_replaceable(target)
    try:
        try:
            with ZipFile(temporary, "w", ZIP_DEFLATED) as package:
                for file in given:
                    package.write(file, file.relative_to(folder))
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        for file in given:
            file.unlink()
            for place in file.relative_to(folder).parents[:-1]:
                _remove_emptied(folder / place)
    except OSError as trouble:
        raise disk_error(trouble, target) from None
    return target


def _remove_emptied(folder: Path) -> None:
    """Remove a folder in which nothing is left but the program's own listing."""
    if {path.name for path in folder.iterdir()} <= {LISTING}:
        (folder / LISTING).unlink(missing_ok=True)
        folder.rmdir()
