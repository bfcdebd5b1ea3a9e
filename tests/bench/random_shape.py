"""Whole shape engines of any size with random weights, made in memory where a pipeline asks for a network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from orfeas_desktop.engine.networks.image_conditioner import ImageConditioner
from orfeas_desktop.engine.networks.shape_config import (
    ConditionerConfig,
    Dit21Config,
    DitConfig,
    PictureConfig,
    SchedulerConfig,
    VaeConfig,
)
from orfeas_desktop.engine.networks.shape_dit import ShapeDit
from orfeas_desktop.engine.networks.shape_dit_21 import ShapeDit21
from orfeas_desktop.engine.networks.shape_vae import ShapeVae, VaeLayout

POOL = 1 << 22


def random_tensor(name: str, shape: torch.Size, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """Numbers that keep activations near one: matrices by their width, norms one, biases small."""
    if name.endswith(("scale", "norm.weight", "lambda1")) or (len(shape) == 1 and name.endswith("weight")):
        return torch.ones(shape, device=device, dtype=dtype)
    scale = 0.02 if len(shape) == 1 or "bias" in name else math.prod(shape[len(shape) - 1 :]) ** -0.5
    count = math.prod(shape)
    if count <= POOL:
        return torch.randn(shape, device=device, dtype=dtype) * scale
    pool = torch.randn(POOL, device=device, dtype=dtype) * scale
    return pool.repeat(-(-count // POOL))[:count].view(shape)


def random_state(
    shapes: Mapping[str, torch.Size], device: torch.device, dtype: torch.dtype
) -> dict[str, torch.Tensor]:
    """Random numbers for every name."""
    return {name: random_tensor(name, shape, device, dtype) for name, shape in shapes.items()}


def filled(network: torch.nn.Module, device: torch.device, dtype: torch.dtype) -> torch.nn.Module:
    """The network with random numbers."""
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    network.load_state_dict(random_state(shapes, device, dtype), assign=True)
    return network.requires_grad_(requires_grad=False).eval()


def vae_layout(width: int, layers: int, *, turbo: bool) -> VaeLayout:
    """The tensors of a base or a turbo decoder."""
    geo = width // 2 if turbo else width
    return VaeLayout(
        width=width,
        embed_dim=64,
        layers=layers,
        qkv_bias=False,
        qk_norm=True,
        mlp_width=4 * width,
        geo_width=geo,
        geo_mlp_width=geo if turbo else 4 * geo,
        geo_qk_norm=not turbo,
        geo_last_norm=not turbo,
    )


def smooth(network: ShapeVae) -> None:
    """Let higher frequencies count less, so that the field is a blob."""
    columns = network.geo_decoder.query_proj.weight.data
    each = torch.arange(columns.shape[1] - 3, device=columns.device) % network.config.num_freqs
    columns[:, 3:] *= (0.5**each).to(columns.dtype)


def saturate(network: ShapeVae, decoded: torch.Tensor) -> None:
    """Shift and scale the logits: a sixth of the box inside, one unit within a few hundredths of the box."""
    points = torch.rand(20000, 3, device=decoded.device) * 2 - 1
    decoder = network.field(decoded)
    values = decoder.values(points)
    slope = float((decoder.values(points + 0.01) - values).abs().mean()) / 0.0173
    last = network.geo_decoder.output_proj
    scale = 1 / max(slope * 0.04, 1e-6)
    last.weight.data.mul_(scale)
    last.bias.data.mul_(scale).sub_(float(values.quantile(0.85)) * scale)


@dataclass(frozen=True)
class Configs:
    """What a pipeline asks its weights about."""

    model: DitConfig | Dit21Config
    conditioner: ConditionerConfig
    scheduler: SchedulerConfig
    image_processor: PictureConfig = field(default_factory=PictureConfig)


@dataclass
class RandomWeights:
    """Stands for a checked folder of weights."""

    config: Configs
    vae_config: VaeConfig
    layout: VaeLayout
    last: dict[str, torch.Tensor] = field(default_factory=dict)
    """The decoder's last layer, once it suits the latents."""

    def conditioner(self, dtype: torch.dtype, device: torch.device) -> ImageConditioner:
        with torch.device("meta"):
            network = ImageConditioner(self.config.conditioner)
        return filled(network, device, dtype)

    def denoiser(self, dtype: torch.dtype, device: torch.device) -> ShapeDit | ShapeDit21:
        config = self.config.model
        with torch.device("meta"):
            network = ShapeDit(config) if isinstance(config, DitConfig) else ShapeDit21(config)
        return filled(network, device, dtype)

    def vae(self, dtype: torch.dtype, device: torch.device) -> ShapeVae:
        torch.manual_seed(5)
        with torch.device("meta"):
            network = ShapeVae(self.layout, self.vae_config)
        filled(network, torch.device("cpu"), dtype)
        smooth(network.to(device))
        if self.last:
            network.geo_decoder.output_proj.load_state_dict(
                {name: tensor.to(device, dtype) for name, tensor in self.last.items()}, assign=True
            )
            network.requires_grad_(requires_grad=False)
        return network

    def suit(self, latents: torch.Tensor) -> None:
        """Give the field of these latents a surface."""
        network = self.vae(latents.dtype, latents.device)
        saturate(network, network.decode(latents / self.vae_config.scale_factor))
        state = network.geo_decoder.output_proj.state_dict()
        self.last = {name: tensor.cpu() for name, tensor in state.items()}

    def scheduler(self) -> object:
        from orfeas_desktop.engine.networks.shape_weights import build_scheduler

        return build_scheduler(self.config.scheduler)


def published(name: str) -> RandomWeights:
    """The published sizes of 2mini, 2.0, 2.0-turbo (with the turbo decoder) and 2.1."""
    giant = ConditionerConfig(
        hidden_size=1536, num_attention_heads=24, num_hidden_layers=40, image_size=518, use_swiglu_ffn=True
    )
    large = ConditionerConfig(hidden_size=1024, num_attention_heads=16, num_hidden_layers=24, image_size=518)
    turbo = name.endswith("turbo")
    models = {
        "2mini": DitConfig(depth=8, depth_single_blocks=16),
        "2.0": DitConfig(),
        "2.0-turbo": DitConfig(guidance_embed=True),
        "2.1": Dit21Config(),
    }
    latents = {"2mini": 512, "2.1": 4096}.get(name, 3072)
    scheduler = SchedulerConfig(kind="consistency", pcm_timesteps=100) if turbo else SchedulerConfig()
    return RandomWeights(
        Configs(models[name], large if name == "2.1" else giant, scheduler),
        VaeConfig(num_latents=latents, heads=16, include_pi=False),
        vae_layout(1024, 16, turbo=turbo),
    )


def small() -> RandomWeights:
    """A tiny engine, to try the measuring on a processor."""
    conditioner = ConditionerConfig(
        hidden_size=48, num_attention_heads=2, num_hidden_layers=2, image_size=56, position_size=56
    )
    model = DitConfig(context_in_dim=48, hidden_size=64, num_heads=2, depth=1, depth_single_blocks=1)
    return RandomWeights(
        Configs(model, conditioner, SchedulerConfig(), PictureConfig(size=96)),
        VaeConfig(num_latents=64, heads=2, include_pi=False),
        vae_layout(64, 2, turbo=False),
    )
