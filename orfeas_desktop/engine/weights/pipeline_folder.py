"""What a folder in the form of diffusers holds: told by its index and file names, before anything is loaded."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from orfeas_desktop.engine.weights.picture_base import PictureBase
from orfeas_desktop.engine.weights.recognise import DEEPEST, MOST_FOLDERS, tensor_names
from orfeas_desktop.errors import BadWeights

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INDEX = "model_index.json"
PIPELINES = {
    "StableDiffusionPipeline": PictureBase.sd15,
    "StableDiffusionXLPipeline": PictureBase.sdxl,
    "FluxPipeline": PictureBase.flux,
}
NETWORKS = ("unet", "transformer", "vae", "text_encoder", "text_encoder_2")
OTHERS = ("tokenizer", "tokenizer_2", "scheduler")
LIBRARIES = {"diffusers", "transformers"}
STEMS = ("diffusion_pytorch_model", "model")
VARIANTS = (".fp16", "", ".bf16", ".fp32")
SAMPLE = 1 << 20
LARGEST_INDEX = 50_000_000


@dataclass(frozen=True)
class PipelineFolder:
    """A whole text-to-image pipeline in a folder."""

    folder: Path
    base: PictureBase
    variant: str
    """What stands in the names of its weight files (`fp16`), or nothing."""
    files: tuple[Path, ...]
    """Its weight files."""


def read_pipeline_folder(folder: Path) -> PipelineFolder:
    """Tell what a folder holds. Raises BadWeights when it is no text-to-image pipeline, or half a one."""
    index = _object(folder / INDEX, folder.name)
    kind = str(index.get("_class_name", ""))
    if kind not in PIPELINES:
        said = f"its pipeline “{kind[:60]}” is not one this program runs"
        raise BadWeights(name=folder.name, problem=said)
    networks = [name for name in NETWORKS if _wanted(index, name, folder)]
    for name in OTHERS:
        if _wanted(index, name, folder) and not (folder / name).is_dir():
            raise BadWeights(name=folder.name, problem=f"its part “{name}” is missing")
    variant = _variant(folder, networks)
    files = tuple(file for name in networks for file in _files(folder / name, variant, folder.name))
    return PipelineFolder(folder, PIPELINES[kind], variant.removeprefix("."), files)


def holds_pipeline(folder: Path) -> bool:
    """Whether a whole pipeline lies there."""
    if not (folder / INDEX).is_file():
        return False
    try:
        read_pipeline_folder(folder)
    except BadWeights:
        return False
    return True


def has_plain_weights(part: Path) -> bool:
    """Whether the weights of a network lie there as safetensors."""
    return any(_stem(part, variant) for variant in VARIANTS)


def pipelines_in(folder: Path) -> tuple[Path, ...]:
    """Return the folders in `folder`, itself included, that have the index of a pipeline."""
    found: list[Path] = []
    for seen, (place, folders, files) in enumerate(os.walk(folder), start=1):
        depth = len(Path(place).relative_to(folder).parts)
        if INDEX in files:
            found.append(Path(place))
        if INDEX in files or depth >= DEEPEST or seen >= MOST_FOLDERS:
            folders.clear()
    return tuple(found)


def sampled(files: Sequence[Path]) -> str:
    """Return a digest of names, lengths, first and last megabytes: enough to notice another file, and quick.

    Raises OSError.
    """
    whole = hashlib.sha256()
    for file in files:
        size = file.stat().st_size
        whole.update(f"{file.name}\0{size}\0".encode())
        with file.open("rb") as stream:
            whole.update(stream.read(SAMPLE))
            stream.seek(max(size - SAMPLE, 0))
            whole.update(stream.read(SAMPLE))
    return whole.hexdigest()


def _wanted(index: dict[str, object], name: str, folder: Path) -> bool:
    """Whether the index names that part, of the two libraries that are trusted. Raises BadWeights for others."""
    given = index.get(name)
    if not isinstance(given, list):
        return False
    library, *_ = cast("list[object]", given) or [None]
    if library is None:
        return False
    if library not in LIBRARIES:
        said = f"its part “{name}” wants the program “{str(library)[:40]}”, which is not run"
        raise BadWeights(name=folder.name, problem=said)
    return True


def _variant(folder: Path, networks: Sequence[str]) -> str:
    """The beginning of suffix that every network's files share, as far as they lie there."""
    for variant in VARIANTS:
        if all(_stem(folder / name, variant) for name in networks):
            return variant
    for variant in VARIANTS:
        if any(_stem(folder / name, variant) for name in networks):
            return variant
    return ""


def _stem(part: Path, variant: str) -> Path | None:
    names = [f"{stem}{variant}.safetensors" for stem in STEMS]
    names += [f"{stem}.safetensors.index{variant}.json" for stem in STEMS]
    return next((part / name for name in names if (part / name).is_file()), None)


def _files(part: Path, variant: str, name: str) -> Iterator[Path]:
    """The weight files of one network. Raises BadWeights for one that is missing, cut short or a pickle."""
    found = _stem(part, variant) or _stem(part, "")
    if found is None:
        raise BadWeights(name=name, problem=f"its part “{part.name}” has no .safetensors file")
    files = [found]
    if found.suffix == ".json":
        pieces = _object(found, name).get("weight_map")
        names = {str(value) for value in cast("dict[str, object]", pieces).values()} if pieces else set[str]()
        if not names or any(Path(piece).name != piece for piece in names):
            raise BadWeights(name=found.name, problem="it is no list of weight files")
        files = [part / piece for piece in sorted(names)]
    for file in files:
        tensor_names(file)
        yield file
    yield part / "config.json"
    if not (part / "config.json").is_file():
        raise BadWeights(name=name, problem=f"its part “{part.name}” has no config.json")


def _object(path: Path, name: str) -> dict[str, object]:
    try:
        if path.stat().st_size > LARGEST_INDEX:
            raise BadWeights(name=name, problem=f"its {path.name} is far too long")
        read = cast("object", json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError):
        raise BadWeights(name=name, problem=f"it holds no {path.name} that can be read") from None
    if not isinstance(read, dict):
        raise BadWeights(name=name, problem=f"its {path.name} is no table")
    return cast("dict[str, object]", read)
