"""What text-to-image files are made for, told by the names and shapes in them, never by the numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from orfeas_desktop.engine.weights.lone_file import tensor_shapes
from orfeas_desktop.errors import BadWeights

if TYPE_CHECKING:
    from pathlib import Path

Shapes = Mapping[str, tuple[int, ...]]


class PictureBase(StrEnum):
    """A family of text-to-image networks; files for one do not fit another."""

    sd15 = "Stable Diffusion 1.5"
    sdxl = "SDXL"
    flux = "FLUX.1"


SET_BASES = {
    "sdxl-turbo": PictureBase.sdxl,
    "stable-diffusion-1-5": PictureBase.sd15,
    "sdxl-base": PictureBase.sdxl,
    "flux-1-schnell": PictureBase.flux,
}
WIDTHS = {768: PictureBase.sd15, 2048: PictureBase.sdxl}
"""By what each text token is wide where pictures look at words."""
FOREIGN_WIDTHS = {1024: "Stable Diffusion 2", 1280: "the SDXL refiner"}

_LORA = re.compile(r"\b(lora_(A|B|down|up)|lora\.(down|up))\b|_lora\.(down|up)\.weight$|\.lora_[AB]\.")
_LAYER = re.compile(r"[._]lora[._](A|B|down|up)\b")
_FLUX = re.compile(r"(^|[._])(single_transformer_blocks|double_blocks|single_blocks)[._]")
_FLOW = re.compile(r"^(transformer\.|lora_transformer_)(single_)?transformer_blocks[._].*to_q\.lora_(A|down)")
SD3_WIDTHS = {1536, 2432}
_CROSS = re.compile(
    r"attn2[._](processor[._])?to_k[._].*(lora_A|lora_down|lora[._]down|down)\.(.*\.)?weight$"
)
_SDXL_PARTS = re.compile(r"(^|[._])(text_encoder_2|lora_te2|lora_te1)[._]")
_DEEP = re.compile(r"[._]transformer_blocks[._][1-9]\d*[._]")
_SD15_PLACES = re.compile(
    r"(down_blocks[._]0[._]attentions|up_blocks[._]3[._]attentions|input_blocks[._][12][._]1[._])"
)
_UNET = re.compile(r"(^|[._])(down_blocks|up_blocks|mid_block|input_blocks|output_blocks|middle_block)[._]")
_OTHERS = (
    (re.compile(r"joint_blocks"), "Stable Diffusion 3"),
    (re.compile(r"(^|\.)caption_projection\.|adaln_single"), "PixArt"),
    (re.compile(r"img_mlp\.net|txt_in\."), "Qwen-Image"),
)

_PREFIX = "model.diffusion_model."
_CROSS_KEY = re.compile(r"input_blocks\.\d+\.1\.transformer_blocks\.0\.attn2\.to_k\.weight$")
_FIRST = "input_blocks.0.0.weight"
PLAIN_CHANNELS = 4
_FLUX_FIRST = "double_blocks.0.img_attn.qkv.weight"


def is_lora(shapes: Shapes) -> bool:
    """Whether it is a LoRA, for whatever network."""
    return any(_LORA.search(name) for name in shapes)


def layers_of_lora(names: Iterable[str]) -> int:
    """How many layers the keys of a LoRA change."""
    return len({name[: found.start()] for name in names if (found := _LAYER.search(name))})


def is_checkpoint(shapes: Shapes) -> bool:
    """Whether it looks like a network that makes pictures from words."""
    names = {name.removeprefix(_PREFIX) for name in shapes}
    return bool(names & {_FIRST, _FLUX_FIRST})


def base_of_lora(file: Path) -> PictureBase:
    """Return what a LoRA was made for. Raises BadWeights when it is none, or for something else."""
    shapes = tensor_shapes(file)
    if not is_lora(shapes):
        raise BadWeights(name=file.name, problem="it holds no LoRA")
    flow = {shape[1] for name, shape in shapes.items() if _FLOW.search(name) and len(shape) >= 2}
    if flow & SD3_WIDTHS:
        said = "it is made for Stable Diffusion 3, which this program does not run"
        raise BadWeights(name=file.name, problem=said)
    if flow or any(_FLUX.search(name) for name in shapes):
        return PictureBase.flux
    _refuse_others(shapes, file)
    if not any(_UNET.search(name) for name in shapes):
        raise BadWeights(name=file.name, problem="it changes no network that this program knows")
    crossing = {shape[1] for name, shape in shapes.items() if _CROSS.search(name) and len(shape) >= 2}
    return _by_width(crossing, file) or _by_places(shapes)


def _refuse_others(shapes: Shapes, file: Path) -> None:
    for pattern, name in _OTHERS:
        if any(pattern.search(key) for key in shapes):
            raise BadWeights(
                name=file.name, problem=f"it is made for {name}, which this program does not run"
            )


def _by_width(widths: set[int], file: Path) -> PictureBase | None:
    foreign = next((FOREIGN_WIDTHS[width] for width in widths if width in FOREIGN_WIDTHS), None)
    if foreign is not None:
        raise BadWeights(name=file.name, problem=f"it is made for {foreign}, which this program does not run")
    return next((WIDTHS[width] for width in widths if width in WIDTHS), None)


def _by_places(shapes: Shapes) -> PictureBase:
    """Where SD 1.5 looks at words already, SDXL does not yet; SDXL has a second text encoder and deeper blocks."""
    large = any(_SDXL_PARTS.search(name) or _DEEP.search(name) for name in shapes)
    early = any(_SD15_PLACES.search(name) for name in shapes)
    return PictureBase.sdxl if large or not early else PictureBase.sd15


def base_of_checkpoint(file: Path) -> PictureBase:
    """Return what a whole text-to-image file is of. Raises BadWeights when it is none that can be run."""
    shapes = tensor_shapes(file)
    names = {name.removeprefix(_PREFIX): shape for name, shape in shapes.items()}
    if _FLUX_FIRST in names:
        return PictureBase.flux
    _refuse_others(shapes, file)
    first = names.get(_FIRST)
    if first is None:
        raise BadWeights(name=file.name, problem="it holds no text-to-image network that this program knows")
    if first[1] != PLAIN_CHANNELS:
        raise BadWeights(name=file.name, problem="it is made for filling in or editing pictures")
    crossing = {shape[1] for name, shape in names.items() if _CROSS_KEY.search(name)}
    second = any(name.startswith("conditioner.embedders.1.") for name in shapes)
    base = _by_width(crossing, file) or (PictureBase.sdxl if second else PictureBase.sd15)
    whole = {"conditioner." if base is PictureBase.sdxl else "cond_stage_model.", "first_stage_model."}
    for part in whole:
        if not any(name.startswith(part) for name in shapes):
            raise BadWeights(name=file.name, problem=f"it is only a part: it holds no {part.rstrip('.')}")
    return base
