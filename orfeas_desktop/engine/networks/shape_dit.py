"""The denoiser of Hunyuan3D 2.0, mini and mv: a Flux-like transformer over picture and shape tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from orfeas_desktop.engine.networks.attention import attend, join_heads, rms_normalised_pair
from orfeas_desktop.engine.networks.conditioned import Conditioned
from orfeas_desktop.engine.networks.linear import (
    LEAST_PRODUCTS,
    Direct,
    Linear,
    TanhGeluLinear,
    gelu_product,
    product,
    suits,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orfeas_desktop.engine.networks.shape_config import DitConfig

EPS = 1e-6
SINUSOID_WIDTH = 256
TIME_UNITS = 1000.0


def sinusoid(value: Tensor, base: float = 1000.0, width: int = SINUSOID_WIDTH) -> Tensor:
    """Embed (B,) numbers as (B, width): cosines, then sines, of 1000·value·base^(-i/half); float32."""
    half = width // 2
    steps = torch.arange(half, dtype=torch.float32, device=value.device)
    frequencies = torch.exp(-math.log(base) * steps / half)
    angles = TIME_UNITS * value.float()[:, None] * frequencies[None]
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


@dataclass(frozen=True)
class Packing:
    """Several passes as one sequence [context 1, latents 1, context 2, latents 2 …], each attending to itself."""

    latents: int
    contexts: tuple[int, ...]
    """Context tokens of each pass."""
    biases: tuple[Tensor | None, ...]
    """Of each pass's keys, (1, 1, 1, tokens)."""

    def join(self, streams: tuple[Tensor, Tensor], dim: int) -> Tensor:
        """All contexts and all latents -> the joint sequence along `dim`."""
        contexts = streams[0].split(self.contexts, dim=dim)
        latents = streams[1].split(self.latents, dim=dim)
        return torch.cat([part for pair in zip(contexts, latents, strict=True) for part in pair], dim=dim)

    def split(self, joint: Tensor) -> tuple[Tensor, Tensor]:
        """The joint sequence (B, joint, H) -> all contexts and all latents."""
        sizes = [size for count in self.contexts for size in (count, self.latents)]
        parts = joint.split(sizes, dim=1)
        if len(parts) == 2:
            return parts[0], parts[1]
        return torch.cat(parts[::2], dim=1), torch.cat(parts[1::2], dim=1)

    def attend(self, joint: Sequence[Tensor]) -> Tensor:
        """Queries, keys, values (B, heads, joint, d) -> (B, joint, H)."""
        sizes = [count + self.latents for count in self.contexts]
        passes = zip(*(part.split(sizes, dim=2) for part in joint), self.biases, strict=True)
        mixed = [join_heads(attend(*each)) for each in passes]
        return mixed[0] if len(mixed) == 1 else torch.cat(mixed, dim=1)


@dataclass(frozen=True)
class Modulation:
    """Shift, scale (with its 1 added) and gate of one layer, each (B, 1, H)."""

    shift: Tensor
    scale: Tensor
    gate: Tensor

    def normalised(self, x: Tensor) -> Tensor:
        """Layer-normalise (B, N, H) without own weights, then scale and shift."""
        if self.scale.shape[0] == 1:
            return functional.layer_norm(x, x.shape[-1:], self.scale.flatten(), self.shift.flatten(), EPS)
        return torch.addcmul(self.shift, functional.layer_norm(x, x.shape[-1:], eps=EPS), self.scale)


class VectorMlp(nn.Module):
    """Two layers with SiLU between, for time and guidance."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.in_layer = Linear(width, hidden)
        self.out_layer = Linear(hidden, hidden)

    def forward(self, x: Tensor) -> Tensor:
        return self.out_layer(functional.silu(self.in_layer(x.to(self.in_layer.weight.dtype))))


class HeadNorm(Direct):
    """The learned scale of an RMS norm over each head."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))


class QueryKeyNorm(Direct):
    """The norms of queries and keys."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query_norm = HeadNorm(width)
        self.key_norm = HeadNorm(width)

    def forward(self, projected: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
        """(B, N, 3·H) -> queries, keys, values, each (B, heads, N, d)."""
        parts = projected.view(*projected.shape[:2], 3, heads, -1)
        scales = self.query_norm.scale, self.key_norm.scale
        return *rms_normalised_pair(parts[:, :, :2], scales, EPS), parts[:, :, 2].transpose(1, 2)


class Modulator(Direct):
    """Makes shift, scale and gate of `count` layers from the step's vector."""

    def __init__(self, hidden: int, count: int) -> None:
        super().__init__()
        self.lin = Linear(hidden, 3 * count * hidden)

    def forward(self, activated: Tensor) -> Tensor:
        return self.lin(activated)


class StreamAttention(Direct):
    """Query, key and value projections of one stream, and the way back."""

    def __init__(self, hidden: int, heads: int, *, bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = Linear(hidden, 3 * hidden, bias=bias)
        self.norm = QueryKeyNorm(hidden // heads)
        self.proj = Linear(hidden, hidden)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, N, H) -> queries, keys, values, each (B, heads, N, d)."""
        return self.norm(self.qkv(x), self.heads)


def _mlp(hidden: int, inner: int) -> nn.Sequential:
    return nn.Sequential(TanhGeluLinear(hidden, inner), nn.Identity(), Linear(inner, hidden))


class DoubleBlock(Direct):
    """Joint attention of two streams that keep their own weights."""

    def __init__(self, config: DitConfig) -> None:
        super().__init__()
        hidden, inner = config.hidden_size, int(config.hidden_size * config.mlp_ratio)
        self.img_mod = Modulator(hidden, 2)
        self.img_attn = StreamAttention(hidden, config.num_heads, bias=config.qkv_bias)
        self.img_mlp = _mlp(hidden, inner)
        self.txt_mod = Modulator(hidden, 2)
        self.txt_attn = StreamAttention(hidden, config.num_heads, bias=config.qkv_bias)
        self.txt_mlp = _mlp(hidden, inner)

    def forward(
        self, latents: Tensor, context: Tensor, mods: Sequence[Modulation], packing: Packing
    ) -> tuple[Tensor, Tensor]:
        """`mods`: attention and MLP of the latents, then of the context. Changes both streams in place."""
        latent_parts = self.img_attn.project(mods[0].normalised(latents))
        context_parts = self.txt_attn.project(mods[2].normalised(context))
        joint = [packing.join(pair, dim=2) for pair in zip(context_parts, latent_parts, strict=True)]
        context_mixed, latent_mixed = packing.split(packing.attend(joint))
        latents.addcmul_(mods[0].gate, self.img_attn.proj(latent_mixed))
        latents.addcmul_(mods[1].gate, self.img_mlp(mods[1].normalised(latents)))
        context.addcmul_(mods[2].gate, self.txt_attn.proj(context_mixed))
        context.addcmul_(mods[3].gate, self.txt_mlp(mods[3].normalised(context)))
        return latents, context


class _BothSides(Linear):
    """One layer that makes what attention takes and what the MLP activates."""

    def sides(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, H) -> queries, keys and values (B, N, 3·H), and the activated rest."""
        cut = 3 * self.in_features
        if not self.heard and suits(x, x.numel() * (self.out_features - cut), LEAST_PRODUCTS):
            weight, bias = self.weight, self.bias
            inner = gelu_product(x, weight[cut:], bias[cut:], "tanh")
            return product(x, weight[:cut], bias[:cut]), inner
        both = self(x)
        return both[..., :cut], functional.gelu(both[..., cut:], approximate="tanh")


class SingleBlock(Direct):
    """Attention and MLP side by side over one stream of context and latents."""

    def __init__(self, config: DitConfig) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.heads, inner = config.num_heads, int(hidden * config.mlp_ratio)
        self.linear1 = _BothSides(hidden, 3 * hidden + inner)
        self.linear2 = Linear(hidden + inner, hidden)
        self.norm = QueryKeyNorm(hidden // config.num_heads)
        self.modulation = Modulator(hidden, 1)

    def forward(self, x: Tensor, mod: Modulation, packing: Packing) -> Tensor:
        """Change `x` (B, joint, H) in place and return it."""
        projected, inner = self.linear1.sides(mod.normalised(x))
        mixed = packing.attend(self.norm(projected, self.heads))
        both = torch.cat([mixed, inner], dim=-1)
        return x.addcmul_(mod.gate, self.linear2(both))


class FinalLayer(Direct):
    """Modulated norm and the projection to velocities."""

    def __init__(self, hidden: int, channels: int) -> None:
        super().__init__()
        self.linear = Linear(hidden, channels)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), Linear(hidden, 2 * hidden))

    def forward(self, x: Tensor, mod: Modulation) -> Tensor:
        return self.linear(mod.normalised(x))


@dataclass(frozen=True)
class Step:
    """The modulations of one step, which all its samples share or have one each."""

    double: tuple[tuple[Modulation, ...], ...]
    single: tuple[Modulation, ...]
    final: Modulation


@dataclass(frozen=True)
class Context:
    """Condition tokens after `cond_in`, (B, T, H), and the bias of their keys."""

    tokens: Tensor
    weight: int = 1
    """How many equal tokens each one stands for."""

    def key_bias(self, latents: int) -> Tensor | None:
        """The bias (1, 1, 1, T + N) that makes one token count as many: log of their number."""
        if self.weight == 1:
            return None
        count = self.tokens.shape[1]
        bias = self.tokens.new_zeros(1, 1, 1, count + latents)
        bias[..., :count] = math.log(self.weight)
        return bias


class ShapeDit(Direct):
    """Predicts the velocity of noisy latents from picture tokens.

    Attribute names are the published keys. Nothing here has positions: equal tokens stay equal.
    """

    recordable = True
    """No call waits for the device."""

    def __init__(self, config: DitConfig) -> None:
        super().__init__()
        self.config = config
        hidden = config.hidden_size
        self.latent_in = Linear(config.in_channels, hidden)
        self.time_in = VectorMlp(SINUSOID_WIDTH, hidden)
        self.cond_in = Linear(config.context_in_dim, hidden)
        if config.guidance_embed:
            self.guidance_in = VectorMlp(SINUSOID_WIDTH, hidden)
        self.double_blocks = nn.ModuleList(DoubleBlock(config) for _ in range(config.depth))
        self.single_blocks = nn.ModuleList(SingleBlock(config) for _ in range(config.depth_single_blocks))
        self.final_layer = FinalLayer(hidden, config.in_channels)
        self._doubles = [block for block in self.double_blocks if isinstance(block, DoubleBlock)]
        self._singles = [block for block in self.single_blocks if isinstance(block, SingleBlock)]

    @property
    def guided(self) -> bool:
        """Whether the guidance scale is an input, so that no unconditional pass is needed."""
        return self.config.guidance_embed

    @staticmethod
    def from_published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The published tensors are this network's own."""
        return dict(state)

    def condition(self, features: Tensor) -> Context:
        """Project picture features (B, T, C)."""
        return Context(self.cond_in(features))

    def no_condition(self, features: Tensor) -> Context:
        """The unconditional context of the same length.

        It is all zeros, so that its tokens are equal in every layer: one stands for all of them.
        """
        return Context(self.cond_in(torch.zeros_like(features[:1, :1])), weight=features.shape[1])

    def step_numbers(self, times: Tensor, guidance: Tensor | None = None) -> Tensor:
        """All modulations (B, numbers) of times (B,) in [0, 1] and, when guided, guidance scales (B,).

        Layer after layer: shift, scale with its 1 added, gate; the last layer has no gate.
        """
        vector = self.time_in(sinusoid(times, self.config.time_factor))
        if self.guided:
            if guidance is None:
                raise ValueError("a guided network needs a guidance scale")
            vector = vector + self.guidance_in(sinusoid(guidance, self.config.time_factor))
        activated = functional.silu(vector)
        parts: list[Tensor] = []
        for block in self._doubles:
            parts += [block.img_mod(activated), block.txt_mod(activated)]
        parts += [block.modulation(activated) for block in self._singles]
        parts.append(self.final_layer.adaLN_modulation(vector))
        numbers = torch.cat(parts, dim=-1)
        numbers.view(len(numbers), -1, self.config.hidden_size)[:, 1::3] += 1
        return numbers

    def step_of(self, numbers: Tensor) -> Step:
        """Views of what `step_numbers` gives."""
        parts = numbers[:, None].split(self.config.hidden_size, dim=-1)
        mods = [Modulation(*parts[first : first + 3]) for first in range(0, len(parts) - 2, 3)]
        each = 4 * self.config.depth
        doubles = tuple(tuple(mods[first : first + 4]) for first in range(0, each, 4))
        return Step(doubles, tuple(mods[each:]), Modulation(parts[-2], parts[-1], parts[-2]))

    def step(self, times: Tensor, guidance: Tensor | None = None) -> Step:
        """The modulations for times (B,) in [0, 1] and, when guided, guidance scales (B,)."""
        return self.step_of(self.step_numbers(times, guidance))

    def velocity(self, latents: Tensor, step: Step, context: Context) -> Tensor:
        """The velocity (B, N, C) of `latents` (B, N, C)."""
        return self.velocities(latents, step, [context])[0]

    def velocities(self, latents: Tensor, step: Step, contexts: Sequence[Context]) -> tuple[Tensor, ...]:
        """The velocity (B, N, C) of `latents` (B, N, C) in each context, all in one pass."""
        batch, count, _ = latents.shape
        lengths = tuple(context.tokens.shape[1] for context in contexts)
        packing = Packing(count, lengths, tuple(context.key_bias(count) for context in contexts))
        x = torch.cat([self.latent_in(latents)] * len(contexts), dim=1)
        tokens = torch.cat([context.tokens.expand(batch, -1, -1) for context in contexts], dim=1)
        for block, mods in zip(self._doubles, step.double, strict=True):
            x, tokens = block(x, tokens, mods, packing)
        joint = packing.join((tokens, x), dim=1)
        for block, mod in zip(self._singles, step.single, strict=True):
            joint = block(joint, mod, packing)
        return self.final_layer(packing.split(joint)[1], step.final).split(count, dim=1)

    def conditioned(
        self, features: Tensor, guidance_scale: float, times: Tensor
    ) -> Conditioned[Step, Context]:
        """This network with all that no latents change made once: its view of the pictures (B, T, C), its steps.

        There is an unconditional pass unless the network is guided or the scale is below 0.
        """
        free = not self.guided and guidance_scale >= 0
        guidance = torch.full_like(times, guidance_scale) if self.guided else None
        contexts = [self.condition(features), *([self.no_condition(features)] if free else [])]
        return Conditioned(self, self.step_numbers(times, guidance), tuple(contexts))

    def forward(
        self, latents: Tensor, times: Tensor, features: Tensor, guidance: Tensor | None = None
    ) -> Tensor:
        """The velocity (B, N, C) for times (B,) and picture features (B, T, C')."""
        return self.velocity(latents, self.step(times, guidance), self.condition(features))
