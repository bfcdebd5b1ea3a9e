"""Looks after sets that are here: verify, remove."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.file_table import told
from orfeas_desktop.engine.weights.store import How, OwnedSet, used_files
from orfeas_desktop.engine.weights.torch_file import converted_copies
from orfeas_desktop.engine.weights.transfers import transfer_file
from orfeas_desktop.errors import WeightsMissing
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.weights.store import WeightStore

BLOCK = 1 << 22


class Verdict(StrEnum):
    """What became of a look at a file."""

    right = "right"
    wrong = "wrong"
    missing = "missing"
    unknown = "unknown"
    """Whole, but nobody said what its content should be."""


@dataclass(frozen=True)
class Verified:
    """One file that was looked at."""

    path: Path
    size: int
    sha256: str
    verdict: Verdict


def verify_set(set_id: str, store: WeightStore, context: JobContext) -> tuple[Verified, ...]:
    """Read every byte of a set and compare its hashes with those that were kept or published.

    A damaged file of the program's own is set aside as `.damaged`, so that no engine takes it.
    Raises UnknownEntry, WeightsMissing, WeightsBusy and Cancelled.
    """
    weight_set(set_id)
    with store.lock(set_id, wait_s=0.0):
        owned = store.owned().sets.get(set_id)
        wanted = _wanted_of(store, set_id, owned)
        total = sum(size for _, size, _ in wanted) or 1
        done = 0
        found: list[Verified] = []
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Verifying")):
            for path, size, known in wanted:
                found.append(
                    _look(path, size, known, lambda read, at=done: context.progress((at + read) / total))
                )
                done += size
        if owned is not None and any(each.verdict is Verdict.wrong for each in found):
            _set_aside(store, set_id, owned, found)
    return tuple(found)


def _wanted_of(
    store: WeightStore, set_id: str, owned: OwnedSet | None
) -> tuple[tuple[Path, int, str | None], ...]:
    """Path, size and hash of each file; what the table says of ours, what the catalogue says of the user's."""
    if owned is not None:
        return tuple((store.folder / file.path, file.size, file.sha256) for file in owned.files)
    folder = store.find(set_id)
    if folder is None:
        raise WeightsMissing(missing=set_id)
    weights = weight_set(set_id)
    rows: list[tuple[Path, int, str | None]] = []
    for path in used_files(folder):
        known = weights.file(path.relative_to(folder).as_posix())
        rows.append((path, path.stat().st_size, known.sha256 if known else None))
    return tuple(rows)


def _look(path: Path, size: int, known: str | None, progress: Callable[[int], None]) -> Verified:
    digest = hashlib.sha256()
    read = 0
    try:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
                read += len(block)
                progress(min(read, size))
    except OSError:
        return Verified(path, 0, "", Verdict.missing)
    verdict = Verdict.unknown
    if known is not None:
        verdict = Verdict.right if read == size and digest.hexdigest() == known else Verdict.wrong
    return Verified(path, read, digest.hexdigest(), verdict)


def _set_aside(store: WeightStore, set_id: str, owned: OwnedSet, found: list[Verified]) -> None:
    mine = {store.folder / file.path: file for file in owned.files}
    for each in found:
        if each.verdict is Verdict.wrong and mine[each.path].how == "downloaded":
            try:
                each.path.replace(each.path.with_name(each.path.name + ".damaged"))
            except OSError as problem:
                raise told(problem, each.path.parent) from problem
    store.keep(set_id, owned.model_copy(update={"complete": False}))


@dataclass(frozen=True)
class Removal:
    """What removing a set does, before it is done."""

    set_id: str
    files: tuple[Path, ...]
    """To be deleted; links among them leave what they point to, copies that were converted leave what they came from."""
    freed: int
    """Bytes."""
    forgotten: Path | None
    """A folder of the user's own that is only no longer known."""


def plan_removal(set_id: str, store: WeightStore) -> Removal:
    """Return what removing the set would do. Raises UnknownEntry."""
    weight_set(set_id)
    owned = store.owned().sets.get(set_id)
    parts = store.parts / set_id
    files = [store.folder / file.path for file in owned.files if file.how != "found"] if owned else []
    files += [path.with_name(path.name + ".damaged") for path in files]
    files += sorted(parts.glob("*.part")) if parts.is_dir() else []
    standing = store.standing(weight_set(set_id))
    sources = [store.folder / file.path for file in owned.files] if owned else []
    sources += used_files(standing.folder) if standing.folder is not None else ()
    files += converted_copies(dict.fromkeys(path.resolve() for path in sources), store.shelf.converted)
    files = [path for path in files if path.exists() or path.is_symlink()]
    freed = sum(path.stat().st_size for path in files if not path.is_symlink() and path.stat().st_nlink == 1)
    return Removal(set_id, tuple(files), freed, standing.folder if standing.how is How.found else None)


def remove_set(set_id: str, store: WeightStore) -> Removal:
    """Delete what the program's table lists of the set, and forget where the user has it.

    Raises UnknownEntry, WeightsBusy, PermissionDenied and DiskFull.
    """
    with store.lock(set_id, wait_s=0.0):
        plan = plan_removal(set_id, store)
        for path in plan.files:
            try:
                path.unlink(missing_ok=True)
            except OSError as problem:
                raise told(problem, path.parent) from problem
        transfer_file(store, set_id).unlink(missing_ok=True)
        store.keep(set_id, None)
        if plan.forgotten is not None:
            store.shelf.forget(set_id)
        drop_empty_folders({path.parent for path in plan.files}, store.folder)
    return plan


def drop_empty_folders(folders: set[Path], top: Path) -> None:
    """Remove those folders and the ones above them, below `top`, as far as nothing is in them."""
    for folder in sorted(folders, key=lambda path: -len(path.parts)):
        place = folder
        while place != top and place.is_relative_to(top):
            with suppress(OSError):
                place.rmdir()
            if place.exists():
                break
            place = place.parent
