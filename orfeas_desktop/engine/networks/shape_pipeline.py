"""Pictures to a mesh: conditioner, denoiser and decoder in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch

from orfeas_desktop.engine.networks.picture_preparation import prepare_pictures
from orfeas_desktop.engine.networks.shape_sampling import OnStep, Sampler, SamplingSettings, initial_noise
from orfeas_desktop.engine.networks.surface import SurfaceSettings, extract_surface
from orfeas_desktop.engine.networks.volume import Volume, VolumeSettings, VolumeWatch, decode_volume

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from orfeas_desktop.engine.networks.picture_preparation import PreparedPictures
    from orfeas_desktop.engine.networks.shape_weights import ShapeWeights
    from orfeas_desktop.engine.networks.surface import Surface


def _ignore(*_values: object) -> None:
    pass


@dataclass(frozen=True)
class PipelineWatch:
    """Who is told while a mesh is made; each may raise to stop it."""

    on_step: OnStep = _ignore
    on_chunk: Callable[[int, int], None] = _ignore
    on_preview: Callable[[Surface], None] = _ignore
    """The surface of the coarsest level."""


@dataclass(frozen=True)
class PipelineSettings:
    """Everything a mesh depends on beside pictures and weights."""

    seed: int = 0
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    volume: VolumeSettings = field(default_factory=VolumeSettings)
    surface: SurfaceSettings = field(default_factory=SurfaceSettings)


class ShapePipeline:
    """Makes meshes with one variant's networks, which are loaded when first needed and kept."""

    def __init__(self, weights: ShapeWeights, dtype: torch.dtype, device: torch.device) -> None:
        self.weights = weights
        self.dtype = dtype
        self.device = device
        self._conditioner = weights.conditioner(dtype, device)
        self._denoiser = weights.denoiser(dtype, device)
        self._vae = weights.vae(dtype, device)

    @torch.inference_mode()
    def encode(self, prepared: PreparedPictures) -> Tensor:
        """Condition tokens (1, T, C) of framed pictures."""
        pictures = prepared.tensor(self.device)
        if not self.weights.config.conditioner.view_num:
            return self._conditioner(pictures[:1])
        return self._conditioner(pictures[None], prepared.views)

    @torch.inference_mode()
    def sample(self, features: Tensor, settings: PipelineSettings, watch: PipelineWatch) -> Tensor:
        """Latents (1, N, C) as they leave the sampling."""
        config = self.weights.vae_config
        shape = (features.shape[0], config.num_latents, config.embed_dim)
        noise = initial_noise(shape, settings.seed, self.dtype, self.device)
        sampler = Sampler(self._denoiser, self.weights.scheduler(), features, settings.sampling)
        return sampler.run(noise, watch.on_step)

    @torch.inference_mode()
    def decode(self, latents: Tensor, settings: PipelineSettings, watch: PipelineWatch) -> Volume:
        """The volume of sampled latents (1, N, C)."""
        decoded = self._vae.decode(latents / self.weights.vae_config.scale_factor)
        shown = False

        def show(volume: Volume) -> None:
            nonlocal shown
            preview = None if shown else extract_surface(volume, settings.surface)
            shown = True
            if preview is not None:
                watch.on_preview(preview)

        return decode_volume(self._vae.field(decoded), settings.volume, VolumeWatch(watch.on_chunk, show))

    def __call__(
        self,
        pictures: Mapping[str, NDArray[np.uint8]],
        settings: PipelineSettings,
        watch: PipelineWatch | None = None,
    ) -> Surface | None:
        """Make a surface from RGB or RGBA pictures by view name; None when the volume has none."""
        watch = watch or PipelineWatch()
        framing = self.weights.config.image_processor
        prepared = prepare_pictures(pictures, framing.size, framing.border_ratio)
        latents = self.sample(self.encode(prepared), settings, watch)
        volume = self.decode(latents, settings, watch)
        asked = replace(settings.surface, octree_resolution=settings.volume.octree_resolution)
        return extract_surface(volume, asked)
