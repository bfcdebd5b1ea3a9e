"""The denoiser of Hunyuan3D 2.1: self- and cross-attention with skips and mixtures of experts."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from orfeas_desktop.engine.networks.attention import (
    attend,
    join_heads,
    rms_normalised,
    rms_normalised_pair,
    split_heads,
)
from orfeas_desktop.engine.networks.conditioned import Conditioned
from orfeas_desktop.engine.networks.linear import (
    Direct,
    GeluLinear,
    Linear,
    Norm,
    gelu_product,
    product,
    suits,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orfeas_desktop.engine.networks.shape_config import Dit21Config

EPS = 1e-6
EXPANSION = 4
ROWS = 32

LEAST_OF_EXPERT = 1 << 23
"""An expert's rows times its width squared, from where oneDNN is worth some rows of padding."""

F = TypeVar("F", bound="Callable[..., Tensor]")


def _never_compiled(call: F) -> F:
    return cast("F", torch.compiler.disable(call))


KeysAndValues = tuple[Tensor, Tensor]


def sinusoid(times: Tensor, width: int) -> Tensor:
    """Embed (B,) times as (B, width): sines, then cosines, of t·10000^(-i/half); float32."""
    half = width // 2
    steps = torch.arange(half, dtype=torch.float32, device=times.device)
    angles = times[:, None].float() * torch.exp(-math.log(10000.0) * steps / half)[None]
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


class TimeEmbedding(nn.Module):
    """One token that tells the time."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.mlp = nn.Sequential(
            GeluLinear(width, EXPANSION * width), nn.Identity(), Linear(EXPANSION * width, width)
        )

    def forward(self, times: Tensor) -> Tensor:
        """(B,) -> (B, 1, H)."""
        return self.mlp(sinusoid(times, self.width).to(next(self.parameters()).dtype))[:, None]


class SelfAttention(Direct):
    """Self-attention with one fused projection, ordered [queries | keys | values]."""

    def __init__(self, config: Dit21Config) -> None:
        super().__init__()
        width, self.heads = config.hidden_size, config.num_heads
        self.qkv = Linear(width, 3 * width, bias=config.qkv_bias)
        self.q_norm = _head_norm(config)
        self.k_norm = _head_norm(config)
        self.out_proj = Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.qkv(x).view(*x.shape[:2], 3, self.heads, -1)
        return self.out_proj(
            join_heads(attend(*self._normed(parts[:, :, :2]), parts[:, :, 2].transpose(1, 2)))
        )

    def _normed(self, pair: Tensor) -> tuple[Tensor, Tensor]:
        """Queries and keys (B, N, 2, heads, d) as (B, heads, N, d), normed where the network does so."""
        if isinstance(self.q_norm, HeadNorm) and isinstance(self.k_norm, HeadNorm):
            return rms_normalised_pair(pair, (self.q_norm.weight, self.k_norm.weight), EPS)
        queries, keys = pair.transpose(1, 3).unbind(2)
        return queries, keys


class CrossAttention(Direct):
    """Attention of latents over picture tokens, whose keys and values are made once."""

    def __init__(self, config: Dit21Config) -> None:
        super().__init__()
        width, self.heads = config.hidden_size, config.num_heads
        self.to_q = Linear(width, width, bias=config.qkv_bias)
        self.kv = Linear(config.context_dim, 2 * width, bias=config.qkv_bias)
        self.q_norm = _head_norm(config)
        self.k_norm = _head_norm(config)
        self.out_proj = Linear(width, width)

    def context(self, features: Tensor) -> KeysAndValues:
        """Picture features (B, T, C) -> keys and values, each (B, heads, T, d)."""
        keys, values = (split_heads(part, self.heads) for part in self.kv(features).chunk(2, dim=-1))
        return self.k_norm(keys), values.contiguous()

    def forward(self, x: Tensor, context: KeysAndValues) -> Tensor:
        queries = self.q_norm(split_heads(self.to_q(x), self.heads))
        return self.out_proj(join_heads(attend(queries, *context)))


class HeadNorm(Direct):
    """RMS norm over each head with a learned scale."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return rms_normalised(x, self.weight, EPS)


def _head_norm(config: Dit21Config) -> nn.Module:
    return HeadNorm(config.hidden_size // config.num_heads) if config.qk_norm else nn.Identity()


class Mlp(Direct):
    """The dense feed-forward layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = GeluLinear(width, EXPANSION * width)
        self.fc2 = Linear(EXPANSION * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.fc1(x))


class Gate(Direct):
    """Chooses the experts of each token; their scores are not made to sum to one."""

    def __init__(self, width: int, experts: int, chosen: int) -> None:
        super().__init__()
        self.chosen = chosen
        self.weight = nn.Parameter(torch.zeros(experts, width))

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """(M, H) -> expert numbers and scores, each (M, chosen)."""
        scores = functional.linear(tokens, self.weight).softmax(dim=-1)
        best = scores.topk(self.chosen, dim=-1, sorted=False)
        return best.indices, best.values


class Experts(Direct):
    """The experts' two layers, stacked: weights (E, out, in), biases (E, out)."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        inner = EXPANSION * width
        self.weight_in = nn.Parameter(torch.zeros(count, inner, width))
        self.bias_in = nn.Parameter(torch.zeros(count, inner))
        self.weight_out = nn.Parameter(torch.zeros(count, width, inner))
        self.bias_out = nn.Parameter(torch.zeros(count, width))

    def forward(self, tokens: Tensor, counts: list[int], rounded: bool) -> Tensor:
        """Apply expert e to its `counts[e]` rows of `tokens` (M, H), which are in the experts' order.

        rounded  whether only few different counts are met
        """
        # weights of 8 bits are widened when asked for
        layers = self.weight_in, self.bias_in, self.weight_out, self.bias_out
        made: list[Tensor] = []
        for rows, *parts in zip(tokens.split(counts), *(layer.unbind() for layer in layers), strict=True):
            if len(rows):
                made.append((_expert_rounded if rounded else _expert)(rows, *parts))
        return torch.cat(made)


def _expert(rows: Tensor, weight_in: Tensor, bias_in: Tensor, weight_out: Tensor, bias_out: Tensor) -> Tensor:
    inner = functional.gelu(functional.linear(rows, weight_in, bias_in))
    return functional.linear(inner, weight_out, bias_out)


def _expert_rounded(
    rows: Tensor, weight_in: Tensor, bias_in: Tensor, weight_out: Tensor, bias_out: Tensor
) -> Tensor:
    return product(gelu_product(rows, weight_in, bias_in), weight_out, bias_out)


class _ExpandAndActivate(Direct):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = GeluLinear(width, EXPANSION * width)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x)


class _SharedExpert(Direct):
    def __init__(self, width: int) -> None:
        super().__init__()
        last = Linear(EXPANSION * width, width)
        self.net = nn.Sequential(_ExpandAndActivate(width), nn.Identity(), last)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class MixtureOfExperts(Direct):
    """Routes each token to its best experts, grouped so that an expert runs once; adds the shared one."""

    def __init__(self, config: Dit21Config) -> None:
        super().__init__()
        self.gate = Gate(config.hidden_size, config.num_experts, config.moe_top_k)
        self.experts = Experts(config.hidden_size, config.num_experts)
        self.shared_experts = _SharedExpert(config.hidden_size)
        self.count = config.num_experts

    @_never_compiled
    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(0, 1)
        indices, scores = self.gate(tokens)
        flat = indices.flatten()
        order = flat.argsort(stable=True)
        counts = (flat[:, None] == torch.arange(self.count, device=x.device)).sum(dim=0)
        given, place = tokens[order // indices.shape[1]], _inverse(order)
        rounded = suits(tokens, tokens.numel() * tokens.shape[1] // self.count, LEAST_OF_EXPERT)
        if rounded:
            counts, given, place = _rounded(flat, order, counts, (given, place))
        routed = self.experts(given, counts.tolist(), rounded)[place].view(*indices.shape, -1)
        out = self.shared_experts(x)
        rows = out.view_as(tokens)
        for part, score in zip(routed.unbind(1), scores[..., None].unbind(1), strict=True):
            rows.addcmul_(part, score)
        return out


def _inverse(order: Tensor) -> Tensor:
    return torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))


def _rounded(
    flat: Tensor, order: Tensor, counts: Tensor, grouped: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Make every expert's rows a multiple of ROWS: oneDNN builds a program for each size it meets."""
    given, _ = grouped
    rounded = (counts + ROWS - 1) // ROWS * ROWS
    shift = (rounded.cumsum(0) - rounded) - (counts.cumsum(0) - counts)
    target = torch.arange(len(flat)) + shift[flat[order]]
    spread = given.new_zeros(int(rounded.sum()), given.shape[1])
    spread[target] = given
    place = torch.empty_like(order)
    place[order] = target
    return rounded, spread, place


class Block(Direct):
    """Self-attention, cross-attention and feed-forward; late blocks first take an early block's output."""

    def __init__(self, config: Dit21Config, index: int) -> None:
        super().__init__()
        width = config.hidden_size
        self.late = index > config.depth // 2
        if self.late:
            self.skip_linear = Linear(2 * width, width)
            self.skip_norm = Norm(width, eps=EPS)
        self.norm1, self.norm2, self.norm3 = (Norm(width, eps=EPS) for _ in range(3))
        self.attn1 = SelfAttention(config)
        self.attn2 = CrossAttention(config)
        self.mixed = config.depth - index <= config.num_moe_layers
        if self.mixed:
            self.moe = MixtureOfExperts(config)
        else:
            self.mlp = Mlp(width)

    def forward(self, x: Tensor, contexts: Sequence[KeysAndValues | None], skip: Tensor | None) -> Tensor:
        """Each context belongs to an equal share of `x`, in order. Changes `x` in place.

        No context stands for zeros, over which attention gives zeros.
        """
        if skip is not None:
            x = self.skip_norm(self.skip_linear(torch.cat([skip, x], dim=-1)))
        x += self.attn1(self.norm1(x))
        for part, context in zip(x.chunk(len(contexts)), contexts, strict=True):
            if context is None:
                part += self.attn2.out_proj.bias.to(x.device)
            else:
                part += self.attn2(self.norm2(part), context)
        x += self.moe(self.norm3(x)) if self.mixed else self.mlp(self.norm3(x))
        return x


class FinalLayer(Direct):
    """Norm and the projection to velocities; drops the time token."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.norm_final = Norm(width, eps=EPS)
        self.linear = Linear(width, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.norm_final(x[:, 1:]))


@dataclass(frozen=True)
class Context:
    """Keys and values of the picture for every block; none for the unconditional pass."""

    blocks: tuple[KeysAndValues | None, ...]


class ShapeDit21(Direct):
    """Predicts the velocity of noisy latents from picture tokens.

    Attribute names are the published keys, except that projections which the published layout cuts into
    heads in an unusual way are stored fused and in plain order (see `from_published`).
    """

    guided = False
    recordable = False
    """How many tokens each expert gets is asked of the device in every call."""

    def __init__(self, config: Dit21Config) -> None:
        super().__init__()
        self.config = config
        self.x_embedder = Linear(config.in_channels, config.hidden_size)
        self.t_embedder = TimeEmbedding(config.hidden_size)
        self.blocks = nn.ModuleList(Block(config, index) for index in range(config.depth))
        self.final_layer = FinalLayer(config.hidden_size, config.in_channels)
        self._blocks = [block for block in self.blocks if isinstance(block, Block)]

    def from_published(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename, fuse and reorder published tensors into this network's own.

        The published network concatenates the outputs of `to_q`, `to_k` and `to_v` and only then cuts
        them into heads of 3·d (cross-attention: `to_k` and `to_v` into heads of 2·d). Reordering the rows
        once gives the same numbers from a plain layout.
        """
        own = dict(state)
        for name in list(state):
            found = re.fullmatch(r"(blocks\.\d+\.attn[12])\.to_v\.(weight|bias)", name)
            if found:
                prefix, kind = found.groups()
                parts = ("to_q", "to_k", "to_v") if prefix.endswith("1") else ("to_k", "to_v")
                names = [f"{prefix}.{part}.{kind}" for part in parts]
                if len({own[part].shape[1:] if part in own else None for part in names}) == 1:
                    fused = "qkv" if prefix.endswith("1") else "kv"
                    own[f"{prefix}.{fused}.{kind}"] = self._plain_order([own.pop(part) for part in names])
        for index in range(self.config.depth):
            _stack_experts(own, f"blocks.{index}.moe.experts", self.config.num_experts)
        return own

    def _plain_order(self, parts: list[Tensor]) -> Tensor:
        joined = torch.cat(parts)
        heads, tail = self.config.num_heads, joined.shape[1:]
        if joined.shape[0] % (heads * len(parts)):
            return joined
        return joined.view(heads, len(parts), -1, *tail).transpose(0, 1).reshape(joined.shape)

    def condition(self, features: Tensor) -> Context:
        """Keys and values of picture features (B, T, C) for every block."""
        return Context(tuple(block.attn2.context(features) for block in self._blocks))

    def no_condition(self, features: Tensor) -> Context:
        """The unconditional context."""
        if self.config.qkv_bias:
            return self.condition(torch.zeros_like(features))
        return Context((None,) * self.config.depth)

    def step_numbers(self, times: Tensor, guidance: Tensor | None = None) -> Tensor:
        """The time tokens (B, H) of times (B,) in [0, 1]; `guidance` has no effect here."""
        del guidance
        return self.t_embedder(times)[:, 0]

    def step_of(self, numbers: Tensor) -> Tensor:
        """The time token (B, 1, H) of what `step_numbers` gives."""
        return numbers[:, None]

    def step(self, times: Tensor, guidance: Tensor | None = None) -> Tensor:
        """The time token (B, 1, H) of times (B,) in [0, 1]."""
        return self.step_of(self.step_numbers(times, guidance))

    def velocity(self, latents: Tensor, step: Tensor, context: Context) -> Tensor:
        """The velocity (B, N, C) of `latents` (B, N, C)."""
        return self.velocities(latents, step, [context])[0]

    def velocities(self, latents: Tensor, step: Tensor, contexts: Sequence[Context]) -> tuple[Tensor, ...]:
        """The velocity (B, N, C) of `latents` (B, N, C) in each context, all in one pass."""
        token = step.expand(latents.shape[0], -1, -1)
        x = torch.cat([token, self.x_embedder(latents)], dim=1)
        x = torch.cat([x] * len(contexts)) if len(contexts) > 1 else x
        early: list[Tensor] = []
        for index, block in enumerate(self._blocks):
            parts = [context.blocks[index] for context in contexts]
            x = block(x, parts, early.pop() if block.late else None)
            if index < self.config.depth // 2:
                early.append(x.clone())
        return self.final_layer(x).chunk(len(contexts))

    def conditioned(
        self, features: Tensor, guidance_scale: float, times: Tensor
    ) -> Conditioned[Tensor, Context]:
        """This network with all that no latents change made once: its view of the pictures (B, T, C), its steps.

        There is an unconditional pass unless the scale is below 0.
        """
        contexts = [self.condition(features), *([self.no_condition(features)] if guidance_scale >= 0 else [])]
        return Conditioned(self, self.step_numbers(times), tuple(contexts))

    def forward(
        self, latents: Tensor, times: Tensor, features: Tensor, guidance: Tensor | None = None
    ) -> Tensor:
        """The velocity (B, N, C) for times (B,) and picture features (B, T, C')."""
        return self.velocity(latents, self.step(times, guidance), self.condition(features))


def _stack_experts(own: dict[str, Tensor], prefix: str, count: int) -> None:
    published = {
        "weight_in": "net.0.proj.weight",
        "bias_in": "net.0.proj.bias",
        "weight_out": "net.2.weight",
        "bias_out": "net.2.bias",
    }
    for name, ending in published.items():
        keys = [f"{prefix}.{expert}.{ending}" for expert in range(count)]
        shapes = {own[key].shape for key in keys if key in own}
        if len(shapes) == 1 and all(key in own for key in keys):
            own[f"{prefix}.{name}"] = torch.stack([own.pop(key) for key in keys])
