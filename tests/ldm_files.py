"""Writes pipelines as the single files that Stability AI publishes: the names of diffusers turned back."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from diffusers import DiffusionPipeline
from safetensors.torch import save_file

Tensors = dict[str, torch.Tensor]

RESNET = (
    ("norm1", "in_layers.0"),
    ("conv1", "in_layers.2"),
    ("norm2", "out_layers.0"),
    ("conv2", "out_layers.3"),
    ("time_emb_proj", "emb_layers.1"),
    ("conv_shortcut", "skip_connection"),
)
OUTSIDE = (
    ("time_embedding.linear_1", "time_embed.0"),
    ("time_embedding.linear_2", "time_embed.2"),
    ("add_embedding.linear_1", "label_emb.0.0"),
    ("add_embedding.linear_2", "label_emb.0.2"),
    ("conv_in", "input_blocks.0.0"),
    ("conv_norm_out", "out.0"),
    ("conv_out", "out.2"),
)
MIDDLE = {"resnets.0": "middle_block.0", "attentions.0": "middle_block.1", "resnets.1": "middle_block.2"}


def _renamed(key: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        key = key.replace(old, new)
    return key


def _unet_key(key: str, layers: int, names: Tensors) -> str:
    found = re.match(
        r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.*)", key
    )
    if found is not None:
        way, block, part, place, rest = found[1], int(found[2]), found[3], int(found[4]), found[5]
        first = block * (layers + 1)
        if part == "downsamplers":
            return f"input_blocks.{1 + first + layers}.0.{rest.replace('conv', 'op')}"
        if part == "upsamplers":
            attends = any(name.startswith(f"up_blocks.{block}.attentions") for name in names)
            return f"output_blocks.{first + layers}.{2 if attends else 1}.{rest}"
        side = "input_blocks" if way == "down" else "output_blocks"
        number = first + place + (1 if way == "down" else 0)
        if part == "attentions":
            return f"{side}.{number}.1.{rest}"
        return f"{side}.{number}.0.{_renamed(rest, RESNET)}"
    if key.startswith("mid_block."):
        part = ".".join(key.split(".")[1:3])
        rest = ".".join(key.split(".")[3:])
        return f"{MIDDLE[part]}.{_renamed(rest, RESNET) if part.startswith('resnets') else rest}"
    return _renamed(key, OUTSIDE)


def _unet(pipeline: DiffusionPipeline) -> Tensors:
    tensors = pipeline.unet.state_dict()
    layers = pipeline.unet.config.layers_per_block
    return {
        f"model.diffusion_model.{_unet_key(key, layers, tensors)}": value for key, value in tensors.items()
    }


def _vae_key(key: str, blocks: int) -> str:
    key = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", key)
    key = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", key)
    key = re.sub(r"up_blocks\.(\d+)\.resnets", lambda found: f"up.{blocks - 1 - int(found[1])}.block", key)
    key = re.sub(
        r"up_blocks\.(\d+)\.upsamplers\.0", lambda found: f"up.{blocks - 1 - int(found[1])}.upsample", key
    )
    key = re.sub(r"mid_block\.resnets\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}", key)
    pairs = (
        ("mid_block.attentions.0.group_norm", "mid.attn_1.norm"),
        ("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out"),
        ("mid_block.attentions.0.to_", "mid.attn_1."),
        ("conv_shortcut", "nin_shortcut"),
        ("conv_norm_out", "norm_out"),
    )
    return _renamed(key, pairs)


def _vae(pipeline: DiffusionPipeline) -> Tensors:
    blocks = len(pipeline.vae.config.up_block_types)
    return {
        f"first_stage_model.{_vae_key(key, blocks)}": value
        for key, value in pipeline.vae.state_dict().items()
    }


def _published(tensors: Tensors) -> Tensors:
    """The names of a text encoder as they were when the files were published."""
    outer = ("text_model.", "text_projection.")
    return {key if key.startswith(outer) else f"text_model.{key}": value for key, value in tensors.items()}


def _clip(tensors: Tensors, prefix: str) -> Tensors:
    return {prefix + key: value for key, value in tensors.items()}


def _open_clip(tensors: Tensors, prefix: str) -> Tensors:
    outside = (
        ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
        ("text_model.embeddings.token_embedding.weight", "token_embedding.weight"),
        ("text_model.final_layer_norm", "ln_final"),
        ("text_model.encoder.layers", "transformer.resblocks"),
        ("layer_norm1", "ln_1"),
        ("layer_norm2", "ln_2"),
        (".fc1.", ".c_fc."),
        (".fc2.", ".c_proj."),
        (".self_attn", ".attn"),
    )
    made: Tensors = {}
    for key, value in tensors.items():
        name = prefix + _renamed(key, outside)
        if key == "text_projection.weight":
            made[f"{prefix}text_projection"] = value.T.contiguous()
        elif ".q_proj." in key:
            three = [tensors[key.replace(".q_proj.", f".{part}_proj.")] for part in "qkv"]
            made[name.replace(".q_proj.", ".in_proj_")] = torch.cat(three)
        elif ".k_proj." not in key and ".v_proj." not in key:
            made[name] = value
    return made


def save_single_file(pipeline: DiffusionPipeline, file: Path) -> Path:
    """Write Stable Diffusion 1.5 or SDXL as one file."""
    tensors = _unet(pipeline) | _vae(pipeline)
    first = _published(pipeline.text_encoder.state_dict())
    second = getattr(pipeline, "text_encoder_2", None)
    if second is None:
        tensors |= _clip(first, "cond_stage_model.transformer.")
    else:
        tensors |= _clip(first, "conditioner.embedders.0.transformer.")
        tensors |= _open_clip(_published(second.state_dict()), "conditioner.embedders.1.model.")
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, file)
    return file
