"""Walks latents from noise to a shape, with or without an unconditional pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from orfeas_desktop.engine.networks.faster_calls import Speedup, faster

if TYPE_CHECKING:
    from torch import Tensor

    from orfeas_desktop.engine.networks.flow_scheduler import FlowEulerScheduler
    from orfeas_desktop.engine.networks.shape_dit import ShapeDit
    from orfeas_desktop.engine.networks.shape_dit_21 import ShapeDit21

OnStep = Callable[[int, int], None]
"""Steps done, and steps in all; may raise to stop."""


@dataclass(frozen=True)
class SamplingSettings:
    """How the noise is walked away."""

    num_inference_steps: int = 50
    guidance_scale: float = 5.0
    """Below 0: no guidance at all."""
    speedup: Speedup = Speedup.off
    apart: bool = False
    """Whether the passes with and without the picture follow each other instead of being one batch."""


def initial_noise(shape: tuple[int, ...], seed: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Standard normal latents; drawn on the CPU, so that a seed gives one shape on every device."""
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype).to(device)


class Sampler:
    """One walk: what does not depend on the step is computed once, when it is made."""

    def __init__(
        self,
        denoiser: ShapeDit | ShapeDit21,
        scheduler: FlowEulerScheduler,
        features: Tensor,
        settings: SamplingSettings,
    ) -> None:
        """`features`: condition tokens (B, T, C) of the pictures."""
        self.scheduler = scheduler
        self.settings = settings
        count = settings.num_inference_steps
        even = torch.linspace(0, 1, count, dtype=torch.float64).tolist()
        scheduler.set_timesteps(count, features.device, sigmas=even)
        self.times = scheduler.timesteps / scheduler.train_steps
        self.conditioned = denoiser.conditioned(features, settings.guidance_scale, self.times)
        call = self.conditioned.velocities_apart if settings.apart else self.conditioned.velocities
        self._call = faster(call, features.device, settings.speedup, recordable=denoiser.recordable)

    def velocities(self, latents: Tensor, index: int) -> tuple[Tensor, ...]:
        """What the denoiser says at step `index`, with the pictures and, where it is needed, without."""
        return self._call(latents, self.conditioned.steps[index : index + 1])

    def guided(self, conditional: Tensor, unconditional: Tensor | None = None) -> Tensor:
        """Classifier-free guidance: u + g·(c - u) (Ho and Salimans 2022)."""
        if unconditional is None:
            return conditional
        return unconditional + self.settings.guidance_scale * (conditional - unconditional)

    def run(self, noise: Tensor, on_step: OnStep) -> Tensor:
        """Return the shape's latents (B, N, C); steps without length are left out."""
        latents = noise
        count = self.scheduler.effective_steps
        pace = _Pace(noise.device)
        for index in range(count):
            velocity = self.guided(*self.velocities(latents, index))
            latents = self.scheduler.step(velocity, index, latents).prev_sample
            pace.keep()
            on_step(index + 1, count)
        return latents


class _Pace:
    """Lets the program run one step ahead of a graphics card and no more, so that it can be stopped."""

    def __init__(self, device: torch.device) -> None:
        self._on_card = device.type == "cuda"
        self._last: torch.cuda.Event | None = None

    def keep(self) -> None:
        """Wait until the step before this one is done."""
        if self._on_card:
            before, self._last = self._last, torch.cuda.Event()
            self._last.record()
            if before is not None:
                before.synchronize()
