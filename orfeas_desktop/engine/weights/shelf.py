"""WeightShelf: which weight sets are on this machine, and where."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.picture_base import SET_BASES
from orfeas_desktop.engine.weights.pipeline_folder import (
    INDEX,
    holds_pipeline,
    read_pipeline_folder,
    sampled,
)
from orfeas_desktop.engine.weights.recognise import find_weights, weight_file
from orfeas_desktop.engine.weights.torch_file import forget_converted
from orfeas_desktop.errors import BadWeights, FolderMissing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orfeas_desktop.engine.weights.recognise import FoundWeights

SAMPLE_BYTES = 1 << 20


class WeightShelf:
    """Answers for the list of weight folders in `folder`; the weights themselves stay where they are.

    A set lies either where the user said or under `folder` by its published folder name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "folders.json"

    @property
    def converted(self) -> Path:
        """Where pickled weights lie after they were converted."""
        return self.folder / "converted"

    def add(self, folder: Path) -> tuple[FoundWeights, ...]:
        """Remember every weight set in `folder` and below. Raises FolderMissing, BadWeights when there is none."""
        if not folder.is_dir():
            raise FolderMissing(place=str(folder))
        found, refused = find_weights(folder)
        if not found:
            if refused:
                raise refused[0]
            said = "it holds no folder with a config.yaml and a weight file"
            raise BadWeights(name=folder.name, problem=said)
        places = self._places() | {each.weights.id: str(each.folder.resolve()) for each in found}
        self._write(places)
        return found

    def add_pipeline(self, set_id: str, folder: Path) -> None:
        """Remember that a text-to-image set lies in that folder. Raises UnknownEntry and BadWeights."""
        weight_set(set_id)
        base, wanted = read_pipeline_folder(folder).base, SET_BASES.get(set_id)
        if base is not wanted:
            said = f"it is made for {base.value}, so it is not of the set “{set_id}”"
            raise BadWeights(name=folder.name, problem=said)
        self._write(self._places() | {set_id: str(folder.resolve())})

    def forget(self, set_id: str) -> None:
        """No longer know where that set lies; its files stay. Raises UnknownEntry."""
        weight_set(set_id)
        places = dict(self._places())
        known = places.pop(set_id, None)
        if known is not None:
            self._write(places)
            if Path(known).parent == self.converted.resolve() and known not in places.values():
                forget_converted(Path(known))

    def find(self, set_id: str) -> Path | None:
        """Return the folder of that set while its files are there. Raises UnknownEntry."""
        known = self._places().get(set_id)
        wanted = weight_set(set_id)
        repository = wanted.repository.rpartition("/")[2]
        places = [self.folder / repository / wanted.folder]
        if wanted.folder:
            places.append(self.folder / wanted.folder)
        if known is not None:
            places.insert(0, Path(known))
        return next((place for place in places if _usable(place)), None)

    def _places(self) -> dict[str, str]:
        try:
            loaded = cast("object", json.loads(self._file.read_text("utf-8")))
        except (OSError, ValueError):
            return {}
        if not isinstance(loaded, dict):
            return {}
        items = cast("dict[object, object]", loaded).items()
        return {str(set_id): str(place) for set_id, place in items}

    def _write(self, places: Mapping[str, str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=".part", dir=self.folder)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(dict(sorted(places.items())), stream, indent=2)
        Path(temporary).replace(self._file)


def sampled_digest(folders: Sequence[Path]) -> str:
    """Return a digest of the weights in these folders, or nothing for none.

    It covers configuration, length, first and last megabyte: enough to notice another file, and quick.
    """
    whole = hashlib.sha256()
    for folder in folders:
        if (folder / INDEX).is_file():
            whole.update(sampled((folder / INDEX, *read_pipeline_folder(folder).files)).encode())
            continue
        whole.update((folder / "config.yaml").read_bytes())
        file = weight_file(folder)
        if file is not None:
            whole.update(_sample(file))
    return whole.hexdigest() if folders else ""


def _usable(folder: Path) -> bool:
    shape = (folder / "config.yaml").is_file() and weight_file(folder) is not None
    return shape or holds_pipeline(folder)


def _sample(file: Path) -> bytes:
    size = file.stat().st_size
    with file.open("rb") as stream:
        first = stream.read(SAMPLE_BYTES)
        stream.seek(max(size - SAMPLE_BYTES, 0))
        return size.to_bytes(8, "little") + first + stream.read(SAMPLE_BYTES)
