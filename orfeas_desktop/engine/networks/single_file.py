"""The text encoders of a single file, whose published names are older than the libraries'."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from accelerate import init_empty_weights
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from orfeas_desktop.engine.weights.picture_base import PictureBase
from orfeas_desktop.errors import BadWeights

if TYPE_CHECKING:
    from torch import Tensor

    from orfeas_desktop.engine.networks.weight_file import WeightFile

PLACES = {
    PictureBase.sd15: ("cond_stage_model.transformer",),
    PictureBase.sdxl: ("conditioner.embedders.0.transformer", "conditioner.embedders.1.model"),
}
OUTER = "text_model."
OPEN_CLIP = (
    ("positional_embedding", "embeddings.position_embedding.weight"),
    ("token_embedding.weight", "embeddings.token_embedding.weight"),
    ("ln_final.", "final_layer_norm."),
    ("transformer.resblocks.", "encoder.layers."),
    (".ln_1.", ".layer_norm1."),
    (".ln_2.", ".layer_norm2."),
    (".c_fc.", ".fc1."),
    (".c_proj.", ".fc2."),
    (".attn.", ".self_attn."),
)


def text_encoders(
    file: WeightFile, base: PictureBase, folder: Path, dtype: torch.dtype
) -> dict[str, torch.nn.Module]:
    """Return the text encoders in the file by the pipeline's names for them. Raises BadWeights."""
    first, *rest = PLACES[base]
    found: dict[str, torch.nn.Module] = {
        "text_encoder": _loaded(CLIPTextModel, folder / "text_encoder", file.part(first).read(), file.name)
    }
    for place in rest:
        tensors = dict(_from_open_clip(file.part(place).read()))
        found["text_encoder_2"] = _loaded(
            CLIPTextModelWithProjection, folder / "text_encoder_2", tensors, file.name
        )
    return {name: network.to(dtype) for name, network in found.items()}


def _loaded(
    kind: type[CLIPTextModel | CLIPTextModelWithProjection],
    folder: Path,
    tensors: Mapping[str, Tensor],
    name: str,
) -> torch.nn.Module:
    config = CLIPTextConfig.from_json_file(str(folder / "config.json"))
    with init_empty_weights():
        network = cast("torch.nn.Module", kind(config))
    given = {key.removeprefix(OUTER): tensor for key, tensor in tensors.items()}
    wanted = {key.removeprefix(OUTER): key for key in network.state_dict()}
    missing = sorted(set(wanted) - set(given))
    if missing:
        raise BadWeights(name=name, problem=f"its text encoder lacks {missing[0]}")
    network.load_state_dict({key: given[plain] for plain, key in wanted.items()}, assign=True)
    return network.eval()


def _from_open_clip(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for key, tensor in tensors.items():
        name = key
        for old, new in OPEN_CLIP:
            name = name.replace(old, new)
        if key == "text_projection":
            yield "text_projection.weight", tensor.T.contiguous()
        elif found := re.search(r"\.in_proj_(weight|bias)$", name):
            for part, piece in zip("qkv", tensor.chunk(3), strict=True):
                yield f"{name[: found.start()]}.{part}_proj.{found[1]}", piece.contiguous()
        else:
            yield name, tensor
