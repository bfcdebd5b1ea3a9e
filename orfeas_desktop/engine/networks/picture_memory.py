"""How much graphics memory a text-to-image pipeline needs, from the shapes in its files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from orfeas_desktop.engine.networks.memory_profile import MemoryNeed
from orfeas_desktop.engine.weights.lone_file import tensor_shapes
from orfeas_desktop.engine.weights.pipeline_folder import read_pipeline_folder

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.networks.text_to_image import PictureWeights

WORKING_PER_PIXEL = 4096
"""Bytes beside the networks for each pixel, mostly in the decoder."""


def picture_need(
    weights: PictureWeights, dtype: torch.dtype, pixels: int, measured: Mapping[str, int]
) -> MemoryNeed:
    """Estimate what each network takes in the working precision."""
    width = torch.empty(0, dtype=dtype).element_size()
    sizes = {"text": 0, "denoiser": 0, "vae": 0}
    for file in read_pipeline_folder(weights.folder).files:
        if file.suffix == ".safetensors":
            part = file.parent.name
            kind = "vae" if part == "vae" else "text" if part.startswith("text") else "denoiser"
            sizes[kind] += width * _numbers(file)
    return MemoryNeed(
        sizes["text"], sizes["denoiser"], sizes["vae"], WORKING_PER_PIXEL * pixels, dict(measured)
    )


def _numbers(file: Path) -> int:
    return sum(math.prod(shape) for shape in tensor_shapes(file).values())
