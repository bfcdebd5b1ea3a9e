"""Pictures to a mesh: conditioner, denoiser and decoder in turn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar, cast

import torch

from orfeas_desktop.engine.networks.faster_calls import Speedup
from orfeas_desktop.engine.networks.image_conditioner import ImageConditioner
from orfeas_desktop.engine.networks.memory_profile import MemoryPlan, MemoryProfile, release
from orfeas_desktop.engine.networks.picture_preparation import prepare_pictures
from orfeas_desktop.engine.networks.shape_dit import ShapeDit
from orfeas_desktop.engine.networks.shape_dit_21 import ShapeDit21
from orfeas_desktop.engine.networks.shape_sampling import OnStep, Sampler, SamplingSettings, initial_noise
from orfeas_desktop.engine.networks.shape_vae import ShapeVae
from orfeas_desktop.engine.networks.small_weights import LayerStream, quantise, stored_bytes
from orfeas_desktop.engine.networks.surface import SurfaceSettings, extract_surface
from orfeas_desktop.engine.networks.volume import Volume, VolumeSettings, VolumeWatch, decode_volume

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from orfeas_desktop.engine.networks.picture_preparation import PreparedPictures
    from orfeas_desktop.engine.networks.shape_weights import ShapeWeights
    from orfeas_desktop.engine.networks.surface import Surface


Network = ImageConditioner | ShapeDit | ShapeDit21 | ShapeVae
N = TypeVar("N", bound=Network)
Load = Callable[[torch.dtype, torch.device], N]


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
    """Makes meshes with one variant's networks, loaded when first needed and kept as the profile says."""

    def __init__(self, weights: ShapeWeights, plan: MemoryPlan) -> None:
        self.weights = weights
        self.plan = plan
        self._kept: dict[str, Network] = {}

    @contextmanager
    def _network(self, name: str, load: Load[N]) -> Generator[N]:
        """Lend a network; in the profiles that hold one at a time it is let go afterwards."""
        kept = self._kept.get(name)
        network = cast("N", kept) if kept is not None else self._loaded(load)
        if self.plan.profile is MemoryProfile.full:
            self._kept[name] = network
        yield network
        if self.plan.profile is not MemoryProfile.full:
            del network
            release(self.plan.device)

    @property
    def held_bytes(self) -> int:
        """What the networks that are kept take."""
        return sum(stored_bytes(network) for network in self._kept.values())

    def _loaded(self, load: Load[N]) -> N:
        profile = self.plan.profile
        release(self.plan.device)
        if profile in (MemoryProfile.full, MemoryProfile.balanced):
            return load(self.plan.dtype, self.plan.device)
        network = load(self.plan.dtype, torch.device("cpu"))
        if profile is MemoryProfile.minimal and not isinstance(network, ShapeVae):
            quantise(network)
        LayerStream(network, self.plan.device)
        return network

    @torch.inference_mode()
    def encode(self, prepared: PreparedPictures) -> Tensor:
        """Condition tokens (1, T, C) of framed pictures."""
        pictures = prepared.tensor(self.plan.device)
        with self._network("conditioner", self.weights.conditioner) as conditioner:
            if not self.weights.config.conditioner.view_num:
                return conditioner(pictures[:1])
            return conditioner(pictures[None], prepared.views)

    @torch.inference_mode()
    def sample(self, features: Tensor, settings: PipelineSettings, watch: PipelineWatch) -> Tensor:
        """Latents (1, N, C) as they leave the sampling."""
        config = self.weights.vae_config
        shape = (features.shape[0], config.num_latents, config.embed_dim)
        noise = initial_noise(shape, settings.seed, self.plan.dtype, self.plan.device)
        with self._network("denoiser", self.weights.denoiser) as denoiser:
            whole = self.plan.profile in (MemoryProfile.full, MemoryProfile.balanced)
            asked = replace(
                settings.sampling,
                speedup=self.plan.speedup if whole else Speedup.off,
                apart=self.plan.profile is MemoryProfile.minimal,
            )
            sampler = Sampler(denoiser, self.weights.scheduler(), features, asked)
            return sampler.run(noise, watch.on_step)

    @torch.inference_mode()
    def decode(self, latents: Tensor, settings: PipelineSettings, watch: PipelineWatch) -> Volume:
        """The volume of sampled latents (1, N, C)."""
        shown = False

        def show(volume: Volume) -> None:
            nonlocal shown
            preview = None if shown else extract_surface(volume, settings.surface)
            shown = True
            if preview is not None:
                watch.on_preview(preview)

        with self._network("vae", self.weights.vae) as vae:
            decoded = vae.decode(latents / self.weights.vae_config.scale_factor)
            return decode_volume(vae.field(decoded), settings.volume, VolumeWatch(watch.on_chunk, show))

    def unload(self) -> None:
        """Let every network go."""
        self._kept.clear()
        release(self.plan.device)

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
