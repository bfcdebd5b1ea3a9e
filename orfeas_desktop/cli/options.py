"""Reads what verbs share: --set, --view, targets and their formats."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.exporters.base import Exporter, ExportParams
from orfeas_desktop.engine.formats.publish import check_replaceable
from orfeas_desktop.engine.formats.publish_folder import check_folder_replaceable
from orfeas_desktop.engine.jobs.context import WorkEntry
from orfeas_desktop.errors import (
    BadInput,
    BadParams,
    FolderMissing,
    NameTaken,
    NoSuchProject,
    NotAFolder,
    PermissionDenied,
    UnknownEntry,
)
from orfeas_desktop.params import Scalar, parse_setting
from orfeas_desktop.projects.records import Project
from orfeas_desktop.studio import Studio

SharedSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A setting of every step and format that has it; ID.KEY=VALUE of one only.",
    ),
]


def settings_of(entry: WorkEntry, given: Sequence[str]) -> dict[str, Scalar]:
    """Read `key=value` words as settings of the entry. Raises BadParams for a word without `=`."""
    fields = {field.name: field for field in entry.params.fields()}
    values: dict[str, Scalar] = {}
    for word in given:
        name, sign, text = word.partition("=")
        if not sign:
            raise BadParams(entry=entry.id, problem=f"“{word}” is not of the form key=value")
        values[name] = parse_setting(fields[name], text) if name in fields else text
    return values


def checked_settings(entry: WorkEntry, given: Sequence[str], **more: Scalar) -> dict[str, Scalar]:
    """Read and check the given settings before any work. Raises BadParams."""
    values = settings_of(entry, given) | {name: value for name, value in more.items() if value is not None}
    checked = entry.params.check(entry.id, values).plain()
    return {name: checked[name] for name in values}


@dataclass(frozen=True)
class Part:
    """One of several entries that are run together, and what it is told so far."""

    entry: WorkEntry
    params: Mapping[str, Scalar]


def settings_of_parts(parts: Sequence[Part], given: Sequence[str]) -> list[dict[str, Scalar]]:
    """Return each part's settings with the `key=value` words: wherever a part has the key, `id.key=value` in one.

    Raises BadParams for a word that no part takes and a value that one of them refuses.
    """
    chosen = [dict(part.params) for part in parts]
    for word in given:
        name, sign, value = word.partition("=")
        only, dot, key = name.rpartition(".")
        taken = [
            (part.entry, settings)
            for part, settings in zip(parts, chosen, strict=True)
            if (not dot or part.entry.id == only)
            and key in {field.name for field in part.entry.params.fields()}
        ]
        if not taken or not sign:
            every = ", ".join(dict.fromkeys(part.entry.id for part in parts))
            raise BadParams(entry=every, problem=_untaken(name, sign=sign))
        for entry, settings in taken:
            settings |= checked_settings(entry, [f"{key}={value}"])
    return chosen


def _untaken(name: str, *, sign: str) -> str:
    return f"no setting is called “{name}”" if sign else f"“{name}” is not of the form key=value"


def files_by_slot(entry: WorkEntry, given: Sequence[str]) -> Mapping[str, Path]:
    """Read `NAME=FILE` words as input files of the entry. Raises BadInput for an unknown or repeated name."""
    files: dict[str, Path] = {}
    for word in given:
        name, sign, text = word.partition("=")
        if not sign or not text:
            raise BadInput(entry=entry.id, problem=f"“{word}” is not of the form name=file")
        if entry.input(name) is None:
            known = ", ".join(slot.name for slot in entry.inputs)
            raise BadInput(entry=entry.id, problem=f"it has no view “{name}”, only {known}")
        if name in files:
            raise BadInput(entry=entry.id, problem=f"the view “{name}” is given twice")
        files[name] = Path(text)
    return files


def exporter_for(target: Path) -> Exporter[ExportParams]:
    """Return the exporter that the target's suffix names; GLB when it has none. Raises UnknownEntry."""
    suffix = target.suffix.lower() or ".glb"
    for exporter in EXPORTERS:
        if exporter.suffix == suffix:
            return exporter
    known = ", ".join(dict.fromkeys(exporter.suffix for exporter in EXPORTERS if exporter.suffix))
    raise UnknownEntry(entry=suffix, table="mesh formats", known=known)


def check_target(target: Path, *, folder: bool = False) -> None:
    """Look before any work whether `target`, a file or a `folder`, can be written.

    Raises FolderMissing, NotAFile, NotAFolder, FolderInUse, PermissionDenied and BadInput.
    """
    (check_folder_replaceable if folder else check_replaceable)(target)
    _check_parent(target)


def _check_parent(target: Path) -> None:
    folder = target.parent
    if not folder.exists():
        raise FolderMissing(place=str(folder))
    if not folder.is_dir():
        raise PermissionDenied(place=str(folder))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionDenied(place=str(folder))


def make_folder(folder: Path) -> None:
    """Make the folder that several results go into; the one above it must be there.

    Raises NotAFolder, FolderMissing, PermissionDenied.
    """
    try:
        folder.mkdir(exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise NotAFolder(name=str(folder)) from None
    except FileNotFoundError:
        raise FolderMissing(place=str(folder.parent)) from None
    except OSError as problem:
        raise PermissionDenied(place=str(folder), details=str(problem)) from None


def project_for(studio: Studio, name: str) -> tuple[Project, bool]:
    """Return the project of that name and whether it had to be made. Raises what `create_project` raises."""
    try:
        return studio.project_named(name), False
    except NoSuchProject:
        pass
    try:
        return studio.create_project(name)[0], True
    except NameTaken:  # another window or command was quicker
        return studio.project_named(name), False
