"""Latents as a small picture: each channel's colour, fitted to the decoder in use; a matrix product a step."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
import torch
from torch.nn import functional

from orfeas_desktop.paths import RESOURCES
from orfeas_desktop.pictures import read_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

SAMPLES = ("coffee.jpg", "astronaut.jpg", "horse.png")
SIDE = 256


@dataclass(frozen=True)
class LatentColors:
    """`matrix` (C + 1, 3): channels and a constant to red, green and blue in -1..1."""

    matrix: NDArray[np.float32]

    def picture(self, latents: Tensor) -> NDArray[np.uint8]:
        """Latents (C, H, W) as a picture (H, W, 3)."""
        values = latents.detach().float().cpu().numpy()
        flat = values.reshape(len(values), -1).T @ self.matrix[:-1] + self.matrix[-1]
        shown = np.nan_to_num(flat * 0.5 + 0.5).clip(0, 1).reshape(*values.shape[1:], 3)
        return (shown * 255).round().astype(np.uint8)


class _Distribution(Protocol):
    def mode(self) -> Tensor: ...


class _Encoded(Protocol):
    latent_dist: _Distribution


class _Vae(Protocol):
    def encode(self, pixels: Tensor) -> _Encoded: ...


@torch.inference_mode()
def fit_latent_colors(vae: nn.Module, device: torch.device) -> LatentColors:
    """Fit the colours by least squares on what the encoder makes of three photographs."""
    own = copy.deepcopy(vae).to(device, torch.float32)
    config = cast("dict[str, float | None]", getattr(own, "config"))  # noqa: B009  (diffusers gives it untyped)
    shift, scale = config.get("shift_factor") or 0.0, config.get("scaling_factor") or 1.0
    rows: list[NDArray[np.float32]] = []
    wanted: list[NDArray[np.float32]] = []
    for name in SAMPLES:
        pixels = _pixels(name).to(device)
        latents = (cast("_Vae", own).encode(pixels).latent_dist.mode() - shift) * scale
        small = functional.interpolate(pixels, size=latents.shape[-2:], mode="area")
        rows.append(latents[0].flatten(1).T.cpu().numpy())
        wanted.append(small[0].flatten(1).T.cpu().numpy())
    values = np.concatenate(rows)
    values = np.concatenate([values, np.ones((len(values), 1), np.float32)], axis=1)
    matrix, *_ = np.linalg.lstsq(np.nan_to_num(values), np.concatenate(wanted), rcond=None)
    return LatentColors(matrix.astype(np.float32))


def _pixels(name: str) -> Tensor:
    image = read_picture(RESOURCES / "samples" / name, max_side=512, max_megapixels=100.0).convert("RGB")
    pixels = np.asarray(image.resize((SIDE, SIDE)), np.float32) / 127.5 - 1
    return torch.from_numpy(pixels.transpose(2, 0, 1))[None]
