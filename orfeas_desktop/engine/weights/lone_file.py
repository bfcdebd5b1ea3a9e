"""Tells which sets a weight file without a configuration can be of, by the names and shapes in it, and writes one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from orfeas_desktop.engine.weights.recognise import header_of
from orfeas_desktop.errors import BadWeights

Shapes = Mapping[str, tuple[int, ...]]

QKV = "model.double_blocks.0.img_attn.qkv.weight"
HEAD = "model.double_blocks.0.img_attn.norm.query_norm.scale"
PLAIN = "model.blocks.0.attn1.to_q.weight"
PLAIN_HEAD = "model.blocks.0.attn1.q_norm.weight"
TOKENS = "conditioner.main_image_encoder.model.embeddings.position_embeddings"
MINI_DEPTH = 8
PATCH = 14
HEAD_WIDTH = 64


@dataclass(frozen=True)
class Published:
    """What a family's published configuration says and its tensors do not."""

    latents: int
    scale: float


FAMILIES = {
    "hunyuan3d-2": Published(3072, 0.9990943042622529),
    "hunyuan3d-2mv": Published(3072, 0.9990943042622529),
    "hunyuan3d-2mini": Published(512, 1.0188137142395404),
    "hunyuan3d-2-1": Published(4096, 1.0039506158752403),
}


def tensor_shapes(file: Path) -> Shapes:
    """Return the shapes in a whole safetensors file by name. Raises BadWeights."""
    header = header_of(file)
    shapes: dict[str, tuple[int, ...]] = {}
    for name, entry in header.items():
        shape = cast("dict[str, object]", entry).get("shape") if isinstance(entry, dict) else None
        if name != "__metadata__" and isinstance(shape, list):
            sides = cast("list[object]", shape)
            shapes[name] = tuple(side for side in sides if isinstance(side, int))
    return shapes


def fitting_sets(file: Path) -> tuple[str, ...]:
    """Return the sets that a file can be of, the likeliest first. Raises BadWeights when there is none.

    Several sets of one family have the same names and shapes; then a part of the file's path decides, if it can.
    """
    if file.suffix != ".safetensors":
        said = "only .safetensors files can be told by what is in them; put it beside its config.yaml"
        raise BadWeights(name=file.name, problem=said)
    shapes = tensor_shapes(file)
    parts = {name.partition(".")[0] for name in shapes}
    if not {"model", "vae", "conditioner"} <= parts:
        raise BadWeights(name=file.name, problem="it does not hold a whole shape engine")
    if PLAIN in shapes and PLAIN_HEAD in shapes:
        return ("hunyuan3d-2-1",)
    if QKV not in shapes or HEAD not in shapes or TOKENS not in shapes:
        raise BadWeights(name=file.name, problem="it holds no shape engine that this program knows")
    mini = _count(shapes, "model.double_blocks.") <= MINI_DEPTH
    speeds = ("-turbo", "-fast") if any(name.startswith("model.guidance_in.") for name in shapes) else ("",)
    families = ("hunyuan3d-2mini",) if mini else ("hunyuan3d-2", "hunyuan3d-2mv")
    return tuple(family + speed for family in families for speed in speeds)


def named_in_path(file: Path, folders: Mapping[str, str]) -> str | None:
    """Return the set whose published folder (`folders` by set) stands in the file's path, if one does."""
    text = file.as_posix().lower().replace("_", "-")
    found = [set_id for set_id, folder in folders.items() if folder in text]
    return max(found, key=lambda set_id: len(folders[set_id]), default=None)


def configuration(set_id: str, file: Path) -> str:
    """Return the text of a `config.yaml` for a file of that set: sizes by its tensors, the rest as published.

    Raises BadWeights when the file is not of that set.
    """
    if set_id not in fitting_sets(file):
        raise BadWeights(name=file.name, problem=f"it is not of the set “{set_id}”")
    shapes = tensor_shapes(file)
    family = set_id.removesuffix("-turbo").removesuffix("-fast")
    turbo = set_id.endswith("-turbo")
    module = "hy3dshape" if set_id == "hunyuan3d-2-1" else "hy3dgen.shapegen"
    kind = "ConsistencyFlowMatchEulerDiscreteScheduler" if turbo else "FlowMatchEulerDiscreteScheduler"
    steps = {"num_train_timesteps": 1000} | ({"pcm_timesteps": 100} if turbo else {})
    views = family == "hunyuan3d-2mv"
    frame = "MVImageProcessorV2" if views else "ImageProcessorV2"
    try:
        document = {
            "model": _model(shapes, module),
            "vae": {"target": f"{module}.models.ShapeVAE", "params": _decoder(shapes, FAMILIES[family])},
            "conditioner": {
                "target": f"{module}.models.SingleImageEncoder",
                "params": {"main_image_encoder": _encoder(shapes, views=views)},
            },
            "scheduler": {"target": f"{module}.schedulers.{kind}", "params": steps},
            "image_processor": {
                "target": f"{module}.preprocessors.{frame}",
                "params": {"size": 512, "border_ratio": 0.15},
            },
        }
    except KeyError as problem:
        raise BadWeights(name=file.name, problem=f"it holds no {problem.args[0]}") from None
    return yaml.safe_dump(document, sort_keys=False)


def _model(shapes: Shapes, module: str) -> dict[str, object]:
    if PLAIN in shapes:
        width = shapes[PLAIN][0]
        moe = sum(f"model.blocks.{index}.moe.gate.weight" in shapes for index in range(256))
        params: dict[str, object] = {
            "in_channels": shapes["model.x_embedder.weight"][1],
            "hidden_size": width,
            "context_dim": shapes["model.blocks.0.attn2.to_k.weight"][1],
            "depth": _count(shapes, "model.blocks."),
            "num_heads": width // shapes[PLAIN_HEAD][0],
            "qk_norm": True,
            "qk_norm_type": "rms",
            "qkv_bias": "model.blocks.0.attn1.to_q.bias" in shapes,
            "num_moe_layers": moe,
        }
        gates = [shape[0] for name, shape in shapes.items() if name.endswith(".moe.gate.weight")]
        if gates:
            params |= {"num_experts": gates[0], "moe_top_k": 2}
        return {"target": f"{module}.models.HunYuanDiTPlain", "params": params}
    width = shapes[QKV][1]
    return {
        "target": f"{module}.models.Hunyuan3DDiT",
        "params": {
            "in_channels": shapes["model.latent_in.weight"][1],
            "context_in_dim": shapes["model.cond_in.weight"][1],
            "hidden_size": width,
            "mlp_ratio": shapes["model.double_blocks.0.img_mlp.0.weight"][0] / width,
            "num_heads": width // shapes[HEAD][0],
            "depth": _count(shapes, "model.double_blocks."),
            "depth_single_blocks": _count(shapes, "model.single_blocks."),
            "qkv_bias": "model.double_blocks.0.img_attn.qkv.bias" in shapes,
            "guidance_embed": any(name.startswith("model.guidance_in.") for name in shapes),
        },
    }


def _decoder(shapes: Shapes, published: Published) -> dict[str, object]:
    width = shapes["vae.transformer.resblocks.0.attn.c_qkv.weight"][1]
    return {
        "num_latents": published.latents,
        "embed_dim": shapes["vae.post_kl.weight"][1],
        "num_freqs": (shapes["vae.geo_decoder.query_proj.weight"][1] - 3) // 6,
        "include_pi": False,
        "heads": width // shapes["vae.transformer.resblocks.0.attn.attention.q_norm.weight"][0],
        "width": width,
        "num_decoder_layers": _count(shapes, "vae.transformer.resblocks."),
        "qkv_bias": False,
        "qk_norm": True,
        "scale_factor": published.scale,
    }


def _encoder(shapes: Shapes, *, views: bool) -> dict[str, object]:
    start = "conditioner.main_image_encoder.model."
    _, tokens, width = shapes[TOKENS]
    side = math.isqrt(tokens - 1) * PATCH
    swiglu = f"{start}encoder.layer.0.mlp.weights_in.weight" in shapes
    inner = shapes[f"{start}encoder.layer.0.mlp.{'weights_out' if swiglu else 'fc2'}.weight"][1]
    config: dict[str, object] = {
        "hidden_size": width,
        "num_attention_heads": max(width // HEAD_WIDTH, 1),
        "num_hidden_layers": _count(shapes, f"{start}encoder.layer."),
        "patch_size": PATCH,
        "image_size": side,
        "layer_norm_eps": 1e-6,
        "mlp_ratio": 4 if swiglu else inner / width,
        "use_swiglu_ffn": swiglu,
        "qkv_bias": True,
        "model_type": "dinov2",
    }
    kwargs: dict[str, object] = {"config": config, "image_size": side}
    if views:
        kwargs["view_num"] = 4
    return {"type": "DinoImageEncoderMV" if views else "DinoImageEncoder", "kwargs": kwargs}


def _count(shapes: Shapes, start: str) -> int:
    """How many numbered blocks follow `start`."""
    numbers = {name[len(start) :].partition(".")[0] for name in shapes if name.startswith(start)}
    return len({number for number in numbers if number.isdigit()})
