"""add_from: what the user has already, told by what is in it and remembered where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter

from orfeas_desktop.engine.weights.catalog import catalog, weight_set
from orfeas_desktop.engine.weights.linking import add_weights
from orfeas_desktop.engine.weights.lone_file import tensor_shapes
from orfeas_desktop.engine.weights.own_pictures import OwnPictures
from orfeas_desktop.engine.weights.picture_base import is_checkpoint, is_lora
from orfeas_desktop.engine.weights.pipeline_folder import pipelines_in, read_pipeline_folder
from orfeas_desktop.engine.weights.plain_pipeline import plain_pipeline
from orfeas_desktop.engine.weights.torch_file import ONE_FILE, forget_converted, looked_into
from orfeas_desktop.errors import BadWeights

if TYPE_CHECKING:
    from orfeas_desktop.engine.weights.lora_shelf import LoraShelf
    from orfeas_desktop.engine.weights.store import WeightStore

PICTURES = "text-to-image"


@dataclass(frozen=True)
class Added:
    """Something of the user's that is known now."""

    name: str
    """The set's id, or the name it was given."""
    place: Path
    kind: Literal["set", "own", "lora"]


ADDED = TypeAdapter(tuple[Added, ...])
"""How what was added is told in JSON."""


def add_from(store: WeightStore, loras: LoraShelf, path: Path, as_set: str = "") -> tuple[Added, ...]:
    """Remember what a folder or file holds: sets, pipelines of the user's own, LoRAs.

    Nothing is moved or copied but the tensors of a torch pickle, which become a safetensors file of the program's own.

    as_set  the set's id, where the content leaves several open

    Raises FileMissing, FolderMissing, BadWeights, UnknownEntry, WeightsBusy, DiskFull and PermissionDenied.
    """
    if path.is_dir():
        return _add_folder(store, path, as_set)
    if path.is_file() and path.suffix.lower() in ONE_FILE and not as_set:
        return _add_file(store, loras, path)
    return _add_sets(store, path, as_set)


def _add_file(store: WeightStore, loras: LoraShelf, path: Path) -> tuple[Added, ...]:
    with looked_into(path, store.shelf.converted) as plain:
        shapes = tensor_shapes(plain)
        if is_lora(shapes):
            if plain != path:
                plain.unlink(missing_ok=True)
            return (Added(loras.add(path).name, path, "lora"),)
        if is_checkpoint(shapes):
            return (Added(OwnPictures(store.folder).add(path).name, path, "own"),)
        return _add_sets(store, path, "")


def _add_sets(store: WeightStore, path: Path, as_set: str) -> tuple[Added, ...]:
    found = add_weights(store, path, as_set)
    return tuple(Added(each.weights.id, each.folder, "set") for each in found)


def _add_folder(store: WeightStore, path: Path, as_set: str) -> tuple[Added, ...]:
    folders = pipelines_in(path)
    if as_set and weight_set(as_set).purpose == PICTURES:
        if len(folders) != 1:
            raise BadWeights(name=path.name, problem=f"it holds {len(folders)} pipelines, not one")
        store.shelf.add_pipeline(as_set, plain_pipeline(folders[0], store.shelf.converted))
        return (Added(as_set, folders[0], "set"),)
    added: list[Added] = []
    refused: list[BadWeights] = []
    for folder in folders:
        try:
            added.append(_add_pipeline(store, folder))
        except BadWeights as problem:
            refused.append(problem)
    try:
        found = add_weights(store, path, as_set)
    except BadWeights as problem:
        if not added:
            raise (refused or [problem])[0] from None
        return tuple(added)
    return (*added, *(Added(each.weights.id, each.folder, "set") for each in found))


def _add_pipeline(store: WeightStore, folder: Path) -> Added:
    """A published set when its repository's name stands in the path, else a pipeline of the user's own."""
    plain = plain_pipeline(folder, store.shelf.converted)
    try:
        read_pipeline_folder(plain)
    except BadWeights as problem:
        if plain != folder:
            forget_converted(plain)
        said = str(problem.arguments["problem"])
        raise BadWeights(name=folder.name, problem=said, details=problem.details) from None
    text = folder.resolve().as_posix().lower()
    for weights in catalog():
        owner, _, name = weights.repository.lower().partition("/")
        named = f"models--{owner}--{name}/" in text or folder.name.lower() == name
        if weights.purpose == PICTURES and named:
            store.shelf.add_pipeline(weights.id, plain)
            return Added(weights.id, folder, "set")
    own = OwnPictures(store.folder).add(folder)
    return Added(own.name, folder, "own")
