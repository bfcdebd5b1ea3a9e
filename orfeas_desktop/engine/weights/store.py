"""WeightStore: the weights folder, what lies in it and which of it is the program's own."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from orfeas_desktop.engine.weights.catalog import WEIGHT_SETS, catalog, weight_set
from orfeas_desktop.engine.weights.file_table import only_here, read_table, write_table
from orfeas_desktop.engine.weights.pipeline_folder import INDEX, holds_pipeline, read_pipeline_folder
from orfeas_desktop.engine.weights.recognise import WEIGHT_NAMES
from orfeas_desktop.engine.weights.shelf import WeightShelf, sampled_digest
from orfeas_desktop.errors import WeightsMissing
from orfeas_desktop.paths import Paths
from orfeas_desktop.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager

    from orfeas_desktop.engine.weights.catalog import WeightSet

OWNED = "owned.json"
PINNED = "pinned.json"
PARTS = "parts"
MARGIN = 200_000_000
"""Bytes that stay free on the disk."""


class OwnedFile(BaseModel):
    """A file of a set that the program put into the weights folder."""

    path: str
    """Below the weights folder, with forward slashes."""
    size: int
    sha256: str
    how: Literal["downloaded", "linked", "found"]
    """`found`: it lay there already and is the user's own."""


class OwnedSet(BaseModel):
    """A set that the program put into the weights folder."""

    repository: str
    commit: str
    complete: bool
    files: list[OwnedFile]


class OwnedTable(BaseModel):
    """Everything the program put into the weights folder, by set."""

    sets: dict[str, OwnedSet] = {}


class PinnedTable(BaseModel):
    """What the files of each set were when they first arrived whole: kind and hash of the hub’s list, by path."""

    sets: dict[str, dict[str, str]] = {}


class How(StrEnum):
    """Where a set on this machine is from."""

    absent = "absent"
    downloaded = "downloaded"
    found = "found"
    """In a folder of the user's own."""


@dataclass(frozen=True)
class Standing:
    """How a set stands on this machine."""

    weights: WeightSet
    how: How
    folder: Path | None
    size: int
    """Bytes on the disk."""


class WeightStore:
    """Answers for the weights folder at `folder`. Safe from several processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = WeightShelf(folder)

    @classmethod
    def of(cls, paths: Paths | None = None) -> WeightStore:
        """Return the store that the settings name. Raises BadParams when a variable holds no valid value."""
        return cls(weights_folder(paths or Paths.of()))

    @property
    def parts(self) -> Path:
        """Where files lie that are still being fetched."""
        return self.folder / PARTS

    def owned(self) -> OwnedTable:
        """Return what the program put into the folder."""
        return read_table(self.folder / OWNED, OwnedTable)

    def keep(self, set_id: str, owned: OwnedSet | None) -> None:
        """Write what the program owns of a set; None means nothing. Raises PermissionDenied and DiskFull."""
        with self.lock(OWNED):
            sets = {name: each for name, each in self.owned().sets.items() if name != set_id}
            if owned is not None:
                sets[set_id] = owned
            write_table(self.folder / OWNED, OwnedTable(sets=sets))

    def pinned(self, set_id: str) -> dict[str, str]:
        """Return what the set’s files were when they first arrived, by path."""
        return read_table(self.folder / PINNED, PinnedTable).sets.get(set_id, {})

    def pin(self, set_id: str, digests: Mapping[str, str]) -> None:
        """Keep what the set’s files are; what was kept before stays. Raises PermissionDenied and DiskFull."""
        with self.lock(PINNED):
            sets = read_table(self.folder / PINNED, PinnedTable).sets
            kept = {**digests, **sets.get(set_id, {})}
            write_table(self.folder / PINNED, PinnedTable(sets={**sets, set_id: kept}))

    def lock(self, name: str, wait_s: float = 10.0) -> AbstractContextManager[None]:
        """Keep others out while a set or table changes. Entering raises WeightsBusy."""
        return only_here(self.folder / "locks" / f"{name}.lock", name, wait_s)

    def find(self, set_id: str) -> Path | None:
        """Return the folder of that set while its files are there. Raises UnknownEntry."""
        wanted = weight_set(set_id)
        owned = self.owned().sets.get(set_id)
        if owned is not None:
            return self.folder / wanted.place if owned.complete and self._all_there(owned) else None
        usable = wanted in WEIGHT_SETS or wanted.purpose == "text-to-image"
        return self.shelf.find(set_id) if usable else None

    def need(self, set_id: str) -> Path:
        """Return the folder of that set. Raises WeightsMissing."""
        folder = self.find(set_id)
        if folder is None:
            raise WeightsMissing(missing=weight_set(set_id).title)
        return folder

    def digest(self, set_ids: Iterable[str]) -> str:
        """Return the sampled digest of these sets, or nothing when none is here."""
        return sampled_digest([folder for set_id in set_ids if (folder := self.find(set_id)) is not None])

    def standing(self, weights: WeightSet) -> Standing:
        """Return how that set stands here."""
        folder = self.find(weights.id)
        if folder is None:
            return Standing(weights, How.absent, None, 0)
        owned = self.owned().sets.get(weights.id)
        if owned is not None:
            return Standing(weights, How.downloaded, folder, sum(file.size for file in owned.files))
        return Standing(weights, How.found, folder, sum(path.stat().st_size for path in used_files(folder)))

    def standings(self) -> tuple[Standing, ...]:
        """Return how every set of the catalogue stands here."""
        return tuple(self.standing(weights) for weights in catalog())

    def free_bytes(self) -> int:
        """Return how much room is left where the folder is, or would be."""
        place = self.folder
        while not place.exists() and place != place.parent:
            place = place.parent
        return shutil.disk_usage(place).free

    def _all_there(self, owned: OwnedSet) -> bool:
        return all(_size(self.folder / file.path) == file.size for file in owned.files)


def used_files(folder: Path) -> tuple[Path, ...]:
    """Return the files of a set's folder that the engines read."""
    if holds_pipeline(folder):
        return (folder / INDEX, *read_pipeline_folder(folder).files)
    names = ("config.yaml", *WEIGHT_NAMES)
    return tuple(folder / name for name in names if (folder / name).is_file())


def weights_folder(paths: Paths) -> Path:
    """Return the folder of weights that the settings name. Raises BadParams."""
    chosen = load_settings(paths.settings_file).weights.folder.strip()
    return Path(os.path.expandvars(chosen)).expanduser().absolute() if chosen else paths.weights


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
