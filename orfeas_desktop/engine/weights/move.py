"""move_weights: the weights folder to another place; interrupted at any point, nothing is lost."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.file_table import read_table, told, write_table
from orfeas_desktop.engine.weights.own_pictures import OWN, OwnTable
from orfeas_desktop.engine.weights.store import (
    MARGIN,
    OWNED,
    PARTS,
    PINNED,
    How,
    OwnedSet,
    OwnedTable,
    PinnedTable,
    WeightStore,
)
from orfeas_desktop.engine.weights.upkeep import drop_empty_folders
from orfeas_desktop.errors import BadInput, SpaceMissing, WrongContent

MARK = "moving.json"
FOLDERS = "folders.json"
CONVERTED = "converted"
BLOCK = 1 << 22

Progress = Callable[[float], None]
"""Hears how much of the bytes is done, 0..1; may raise Cancelled."""


class Moving(BaseModel):
    """What lies in the new folder while a move is not over: where it comes from and what goes there."""

    source: str = ""
    files: list[str] = []


@dataclass(frozen=True)
class Moved:
    """What a move did."""

    folder: Path
    files: int
    size: int
    """Bytes."""


def move_weights(old: WeightStore, target: Path, keep: Callable[[Path], None], progress: Progress) -> Moved:
    """Copy what is ours to `target`, verify the copies, call `keep` (which makes `target` the folder), then delete.

    Files of the user's own stay where they are and stay known. A move that broke off is taken up again by the
    same call, or, past `keep`, ended by `finish_move`.
    Raises BadInput, SpaceMissing, WrongContent, WeightsBusy, DiskFull, PermissionDenied and what the calls raise.
    """
    target = target.expanduser().absolute()
    _check_target(old.folder, target)
    with old.lock("move", wait_s=0.0):
        files = _ours(old)
        new = WeightStore(target)
        _check_space(old, new, files)
        write_table(target / MARK, Moving(source=str(old.folder), files=files))
        size = _copy_all(old.folder, target, files, progress)
        _copy_tables(old, new)
        keep(target)
        finish_move(new)
    return Moved(target, len(files), size)


def finish_move(store: WeightStore) -> None:
    """Delete in the old folder what a move brought to this one, as far as it is here, byte for byte."""
    mark = read_table(store.folder / MARK, Moving)
    if not mark.source or Path(mark.source) == store.folder:
        return
    source = Path(mark.source)
    gone: set[Path] = set()
    try:
        for name in mark.files:
            before, now = source / name, store.folder / name
            if (before.exists() or before.is_symlink()) and _same(before, now):
                before.unlink()
            gone.add(before.parent)
        for name in (OWNED, FOLDERS, PINNED, OWN):
            (source / name).unlink(missing_ok=True)
        for lock in (source / "locks").glob("*.lock"):
            lock.unlink(missing_ok=True)
        gone.add(source / "locks")
    except OSError as problem:
        raise told(problem, source) from problem
    drop_empty_folders(gone, source)
    for path in (*store.folder.glob("*.part"), store.folder / MARK):
        path.unlink(missing_ok=True)


def _check_target(old: Path, target: Path) -> None:
    said = ""
    if target == old:
        said = "the weights lie there already"
    elif target.is_relative_to(old) or old.is_relative_to(target):
        said = "one folder lies inside the other"
    elif target.exists() and not target.is_dir():
        said = f"“{target}” is not a folder"
    elif target.is_dir() and _holds_anything(target) and _begun(target) != old:
        said = f"“{target}” is not empty"
    if said:
        raise BadInput(entry="weights move", problem=said)


def _holds_anything(target: Path) -> bool:
    """Whether there is more than a mark that was not written to its end."""
    return any(not (path.name.startswith("moving") and path.suffix == ".part") for path in target.iterdir())


def _begun(target: Path) -> Path | None:
    mark = read_table(target / MARK, Moving)
    return Path(mark.source) if mark.source else None


def _ours(store: WeightStore) -> list[str]:
    """The files that the program put there, below the folder; not its tables."""
    names = {file.path for each in store.owned().sets.values() if not _mixed(each) for file in each.files}
    for room in (PARTS, CONVERTED):
        names |= {path.relative_to(store.folder).as_posix() for path in (store.folder / room).rglob("*")}
    return sorted(
        name for name in names if (store.folder / name).is_file() or (store.folder / name).is_symlink()
    )


def _check_space(old: WeightStore, new: WeightStore, files: list[str]) -> None:
    missing = sum((old.folder / name).lstat().st_size for name in files if not (new.folder / name).exists())
    free = new.free_bytes()
    if free < missing + MARGIN:
        place = str(new.folder)
        raise SpaceMissing(place=place, needed_gb=(missing + MARGIN) / 1e9, free_gb=free / 1e9)


def _copy_all(source: Path, target: Path, files: list[str], progress: Progress) -> int:
    total = sum((source / name).lstat().st_size for name in files)
    done = 0
    for name in files:
        before, now = source / name, target / name
        try:
            if not (now.exists() and _same(before, now)):
                _copy(before, now, lambda read, at=done: progress((at + read) / max(total, 1)))
        except OSError as problem:
            raise told(problem, target) from problem
        done += before.lstat().st_size
        progress(done / max(total, 1))
    return total


def _copy(before: Path, now: Path, progress: Callable[[int], None]) -> None:
    """Let `now` hold what `before` holds: the same link, the same file on the same disk, else a verified copy."""
    now.parent.mkdir(parents=True, exist_ok=True)
    now.unlink(missing_ok=True)
    if before.is_symlink():
        now.symlink_to(before.readlink())
        return
    try:
        os.link(before, now)
    except OSError:
        part = now.with_name(now.name + ".moving.part")
        digest = hashlib.sha256()
        read = 0
        with before.open("rb") as given, part.open("wb") as taken:
            while block := given.read(BLOCK):
                digest.update(block)
                taken.write(block)
                read += len(block)
                progress(read)
            taken.flush()
            os.fsync(taken.fileno())
        if _digest(part) != digest.hexdigest():
            part.unlink()
            raise WrongContent(name=now.name, problem="the copy did not read back as written") from None
        part.replace(now)


def _copy_tables(old: WeightStore, new: WeightStore) -> None:
    """Write the tables of the new folder; what the user put into the old one himself is known by its place."""
    stays = {
        each.weights.id: each.folder for each in old.standings() if each.how is How.found and each.folder
    }
    places = {set_id: str(folder) for set_id, folder in stays.items()}
    table = old.owned().sets
    places |= {
        set_id: str(old.folder / weight_set(set_id).place) for set_id in table if _mixed(table[set_id])
    }
    write_table(
        new.folder / OWNED, OwnedTable(sets={name: each for name, each in table.items() if not _mixed(each)})
    )
    write_table(new.folder / FOLDERS, _Places.model_validate(places))
    write_table(new.folder / PINNED, read_table(old.folder / PINNED, PinnedTable))
    write_table(new.folder / OWN, read_table(old.folder / OWN, OwnTable))


def _mixed(owned: OwnedSet) -> bool:
    """Whether files of the user's own are among a set's, so that it stays where it is."""
    return any(file.how == "found" for file in owned.files)


class _Places(BaseModel, extra="allow"):
    """The shelf's table: folders by set."""


def _same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    if not other.is_file():
        return False
    if one.samefile(other):
        return True
    return one.stat().st_size == other.stat().st_size and _digest(one) == _digest(other)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
