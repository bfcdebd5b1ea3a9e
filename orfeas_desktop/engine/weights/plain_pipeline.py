"""Pipelines of diffusers whose networks are pickles, as folders of safetensors of the program's own."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

from orfeas_desktop.engine.weights.file_table import told
from orfeas_desktop.engine.weights.linking import link
from orfeas_desktop.engine.weights.pipeline_folder import (
    INDEX,
    LARGEST_INDEX,
    NETWORKS,
    OTHERS,
    VARIANTS,
    has_plain_weights,
)
from orfeas_desktop.engine.weights.torch_file import conversion, write_converted
from orfeas_desktop.errors import BadWeights

if TYPE_CHECKING:
    from collections.abc import Iterator

STEMS = {"diffusion_pytorch_model": "diffusion_pytorch_model", "pytorch_model": "model"}
"""How pickled weights are called, and how they are as safetensors."""
SMALL = {".json", ".txt", ".model"}


def plain_pipeline(folder: Path, store: Path) -> Path:
    """Return the folder itself, or what its pickled networks were converted into, once, in the folder `store`.

    Raises BadWeights, DiskFull, PermissionDenied, PathTooLong and WeightsBusy.
    """
    pickled = {name: found for name in NETWORKS if (found := _pickled(folder / name))[1]}
    if not pickled or not (folder / INDEX).is_file():
        return folder
    target = _place(folder, [file for found in pickled.values() for file in found[1]], store)
    if target.is_dir():
        return target
    with conversion(store):
        if target.is_dir():
            return target
        made = _new_folder(store)
        try:
            _copy_small(folder, made)
            for name, (stem, files) in pickled.items():
                _convert_network(stem, files, made / name)
            made.rename(target)
        except OSError as problem:
            raise told(problem, store) from problem
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return target


def _new_folder(store: Path) -> Path:
    try:
        store.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(suffix=".part", dir=store))
    except OSError as problem:
        raise told(problem, store) from problem


def _pickled(part: Path) -> tuple[str, list[Path]]:
    """What the weights of a network without safetensors are called, and its pickles; raises BadWeights for odd lists."""
    if not part.is_dir() or has_plain_weights(part):
        return ("", [])
    for stem in STEMS:
        for variant in VARIANTS:
            whole, pieces = part / f"{stem}{variant}.bin", part / f"{stem}.bin.index{variant}.json"
            if whole.is_file():
                return stem, [whole]
            if pieces.is_file():
                return stem, [part / name for name in _pieces(pieces)]
    return ("", [])


def _pieces(index: Path) -> list[str]:
    try:
        with index.open("rb") as stream:
            said = cast("dict[str, dict[str, object]]", json.loads(stream.read(LARGEST_INDEX)))
        names = sorted({str(name) for name in said["weight_map"].values()})
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise BadWeights(name=index.name, problem="it is no list of weight files") from None
    if not names or any(Path(name).name != name for name in names):
        raise BadWeights(name=index.name, problem="it is no list of weight files")
    return names


def _place(folder: Path, files: list[Path], store: Path) -> Path:
    identity = [str(folder.resolve())]
    for file in (folder / INDEX, *files):
        try:
            facts = file.stat()
        except OSError as problem:
            said = problem.strerror or "it cannot be read"
            raise BadWeights(name=folder.name, problem=f"{file.name}: {said}") from None
        identity.append(f"{file.name}\0{facts.st_size}\0{facts.st_mtime_ns}")
    return store / hashlib.sha256("\n".join(identity).encode()).hexdigest()[:32]


def _copy_small(folder: Path, target: Path) -> None:
    """Settings and words are copied, networks that are no pickles linked."""
    for part in ("", *NETWORKS, *OTHERS):
        for file in _files_of(folder / part):
            place = target / part / file.name
            if file.suffix == ".safetensors" and part:
                link(file, place)
            elif (
                file.suffix in SMALL
                and file.stat().st_size <= LARGEST_INDEX
                and ".bin.index" not in file.name
            ):
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)


def _files_of(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (file for file in folder.iterdir() if file.is_file())


def _convert_network(stem: str, files: list[Path], target: Path) -> None:
    target.mkdir(exist_ok=True)
    plain = STEMS[stem]
    if len(files) == 1:
        write_converted(files[0], target / f"{plain}.safetensors")
        return
    pieces: dict[str, str] = {}
    for number, file in enumerate(files, start=1):
        name = f"{plain}-{number:05}-of-{len(files):05}.safetensors"
        pieces |= dict.fromkeys(write_converted(file, target / name), name)
    index = {"metadata": {}, "weight_map": pieces}
    (target / f"{plain}.safetensors.index.json").write_text(json.dumps(index), "utf-8")
