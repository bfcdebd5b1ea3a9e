"""Files of other programs, used where they are: links instead of copies."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from orfeas_desktop.engine.weights.catalog import WEIGHT_SETS, weight_set
from orfeas_desktop.engine.weights.file_table import told
from orfeas_desktop.engine.weights.lone_file import configuration, fitting_sets, named_in_path
from orfeas_desktop.engine.weights.recognise import FoundWeights
from orfeas_desktop.engine.weights.store import OwnedFile, OwnedSet
from orfeas_desktop.errors import BadWeights, FileMissing, NotAFile

if TYPE_CHECKING:
    from orfeas_desktop.engine.weights.store import WeightStore

CONFIGURATION = "config.yaml"
WEIGHTS = "model.fp16.safetensors"


def add_weights(store: WeightStore, path: Path, as_set: str = "") -> tuple[FoundWeights, ...]:
    """Remember the sets in a folder, or the set that a file is; nothing is moved or copied.

    as_set  the id of a lone file's set, where its content leaves several open

    Raises FileMissing, FolderMissing, NotAFile, BadWeights, UnknownEntry, WeightsBusy, DiskFull and PermissionDenied.
    """
    if path.is_dir() or not (path.suffix or path.exists()):
        return store.shelf.add(path)
    if not path.is_file():
        raise (NotAFile if path.exists() else FileMissing)(name=path.name)
    if (path.parent / CONFIGURATION).is_file() and not as_set:
        return store.shelf.add(path.parent)
    return (_add_lone(store, path.absolute(), as_set or _set_of(path)),)


def _set_of(file: Path) -> str:
    fitting = fitting_sets(file)
    folders = {each.id: each.folder for each in WEIGHT_SETS}
    named = named_in_path(file, folders)
    if named in fitting:
        return named
    first, *others = fitting
    if others:
        said = f"it can be any of {', '.join(fitting)}; say which"
        raise BadWeights(name=file.name, problem=said)
    return first


def _add_lone(store: WeightStore, file: Path, set_id: str) -> FoundWeights:
    weights = weight_set(set_id)
    text = configuration(set_id, file)
    with store.lock(set_id, wait_s=0.0):
        folder = store.folder / weights.place
        if store.find(set_id) is not None:
            raise BadWeights(name=file.name, problem=f"the set “{set_id}” is here already; remove it first")
        if any((folder / name).exists() for name in (CONFIGURATION, WEIGHTS)):
            raise BadWeights(name=file.name, problem=f"other files lie in its place, {folder}")
        size, digest = file.stat().st_size, sha256_of(file)
        written = hashlib.sha256(text.encode()).hexdigest()
        files = [
            OwnedFile(path=f"{weights.place}/{WEIGHTS}", size=size, sha256=digest, how="linked"),
            OwnedFile(
                path=f"{weights.place}/{CONFIGURATION}",
                size=len(text.encode()),
                sha256=written,
                how="downloaded",
            ),
        ]
        owned = OwnedSet(repository=weights.repository, commit="", complete=False, files=files)
        store.keep(set_id, owned)
        link(file, folder / WEIGHTS)
        try:
            (folder / CONFIGURATION).write_bytes(text.encode())
        except OSError as problem:
            raise told(problem, folder) from problem
        store.keep(set_id, owned.model_copy(update={"complete": True}))
    return FoundWeights(weights, folder, folder / WEIGHTS)


def link(source: Path, target: Path) -> None:
    """Let `target` be the same file as `source`, without copying. Raises PermissionDenied and DiskFull."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            os.link(source.resolve(), target)
        except OSError:
            target.symlink_to(source.resolve())
    except OSError as problem:
        raise told(problem, target.parent) from problem


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
