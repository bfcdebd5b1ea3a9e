"""Tells which weight sets lie in a folder, from their configuration and the names in their files."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from orfeas_desktop.engine.weights.catalog import WEIGHT_SETS, WeightSet, weight_set
from orfeas_desktop.engine.weights.published_config import (
    Unfit,
    class_of,
    mapping,
    params_of,
    read_sections,
    section,
)
from orfeas_desktop.errors import BadWeights

WEIGHT_NAMES = tuple(
    f"model{variant}{suffix}"
    for suffix in (".safetensors", ".ckpt")
    for variant in (".fp16", ".bf16", "", ".fp32")
)
DEEPEST = 4
MOST_FOLDERS = 5000
LARGEST_HEADER = 100_000_000
MINI_DEPTH = 8
MINI_LATENTS = 512


@dataclass(frozen=True)
class FoundWeights:
    """A weight set in a folder: its configuration and its file are there and belong together."""

    weights: WeightSet
    folder: Path
    file: Path


def weight_file(folder: Path) -> Path | None:
    """Return the weight file of a published folder, the one to prefer when there are several."""
    return next((folder / name for name in WEIGHT_NAMES if (folder / name).is_file()), None)


def find_weights(folder: Path) -> tuple[tuple[FoundWeights, ...], tuple[BadWeights, ...]]:
    """Look through `folder` and the folders in it; return what can be used and why others cannot.

    Only names and shapes are read, never the numbers. Folders without a `config.yaml` are passed over.
    """
    found: list[FoundWeights] = []
    refused: list[BadWeights] = []
    for seen, (place, folders, files) in enumerate(os.walk(folder), start=1):
        depth = len(Path(place).relative_to(folder).parts)
        if depth >= DEEPEST or seen >= MOST_FOLDERS:
            folders.clear()
        if "config.yaml" in files and any(name in files for name in WEIGHT_NAMES):
            try:
                found.append(recognise(Path(place)))
            except BadWeights as problem:
                refused.append(problem)
    return tuple(found), tuple(refused)


def recognise(folder: Path) -> FoundWeights:
    """Tell which set lies in this very folder. Raises BadWeights."""
    file = weight_file(folder)
    if file is None:
        raise BadWeights(name=folder.name, problem="it holds no weight file of a published name")
    sections = read_sections(folder / "config.yaml")
    try:
        fitting = _fitting(sections)
    except Unfit as problem:
        raise BadWeights(name=folder.name, problem=str(problem)) from None
    named = next((each for each in WEIGHT_SETS if each.folder == folder.name and each.id in fitting), None)
    chosen = named or weight_set(fitting[0])
    _check_names(file, whole="vae-turbo" not in chosen.id)
    return FoundWeights(chosen, folder, file)


def _fitting(sections: dict[str, object]) -> tuple[str, ...]:
    """The sets that a configuration can be of, the likeliest first. Raises Unfit."""
    if "model" not in sections:
        return _fitting_decoder(sections)
    model = section(sections, "model")
    match class_of(model):
        case "HunYuanDiTPlain":
            return ("hunyuan3d-2-1",)
        case "Hunyuan3DDiT":
            return _fitting_20(sections, params_of(model))
        case other:
            raise Unfit(f"its denoiser “{other[:60]}” is not one this program knows")


def _fitting_20(sections: dict[str, object], model: dict[str, object]) -> tuple[str, ...]:
    encoder = mapping(
        params_of(section(sections, "conditioner")).get("main_image_encoder"), "picture encoder"
    )
    speed = ""
    if model.get("guidance_embed") is True:
        few = class_of(mapping(sections.get("scheduler", {}), "scheduler")).startswith("Consistency")
        speed = "-turbo" if few else "-fast"
    if encoder.get("type") == "DinoImageEncoderMV":
        return (f"hunyuan3d-2mv{speed}",)
    latents = params_of(section(sections, "vae")).get("num_latents")
    if model.get("depth") == MINI_DEPTH or latents == MINI_LATENTS:
        return (f"hunyuan3d-2mini{speed}", f"hunyuan3d-2{speed}")
    return (f"hunyuan3d-2{speed}", f"hunyuan3d-2mini{speed}")


def _fitting_decoder(sections: dict[str, object]) -> tuple[str, ...]:
    if class_of(sections) != "ShapeVAE":
        raise Unfit("it is neither a shape model nor a shape decoder")
    params = params_of(sections)
    if params.get("geo_decoder_downsample_ratio", 1) == 1:
        raise Unfit("it is a plain decoder, which every shape model brings itself")
    if params.get("num_latents") == MINI_LATENTS:
        return ("hunyuan3d-2mini-vae-turbo", "hunyuan3d-2-vae-turbo")
    return ("hunyuan3d-2-vae-turbo", "hunyuan3d-2mini-vae-turbo")


def _check_names(file: Path, *, whole: bool) -> None:
    """Raise BadWeights unless a safetensors file holds the parts it should; pickles are looked at when used."""
    if file.suffix != ".safetensors":
        return
    parts = {name.partition(".")[0] for name in tensor_names(file)}
    missing = {"model", "vae", "conditioner"} - parts if whole else {"geo_decoder"} - parts
    if missing:
        raise BadWeights(name=file.name, problem=f"it holds no {', '.join(sorted(missing))}")


def header_of(file: Path) -> dict[str, object]:
    """Return the header of a safetensors file whose length is what it says. Raises BadWeights."""
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > min(size - 8, LARGEST_HEADER):
                raise BadWeights(name=file.name, problem="it is not a whole safetensors file")
            header = cast("object", json.loads(stream.read(length)))
        entries = mapping(header, "header")
        ends = [_end(value) for name, value in entries.items() if name != "__metadata__"]
    except OSError as problem:
        raise BadWeights(name=file.name, problem=problem.strerror or "it cannot be read") from None
    except (ValueError, Unfit, RecursionError):
        raise BadWeights(name=file.name, problem="it is not a whole safetensors file") from None
    if size != 8 + length + max(ends, default=0):
        raise BadWeights(name=file.name, problem="it ends early or has more than it should")
    return entries


def tensor_names(file: Path) -> tuple[str, ...]:
    """Return the names in a safetensors file whose length is what its header says. Raises BadWeights."""
    return tuple(name for name in header_of(file) if name != "__metadata__")


def _end(value: object) -> int:
    offsets = mapping(value, "tensor").get("data_offsets")
    if isinstance(offsets, list):
        last = cast("list[object]", offsets)[-1:]
        if last and isinstance(last[0], int):
            return last[0]
    raise ValueError("no offsets")
