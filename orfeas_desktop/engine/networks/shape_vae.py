"""The shape decoder: latents to a field that is positive inside the shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from orfeas_desktop.engine.networks.attention import attend, join_heads, split_heads
from orfeas_desktop.engine.networks.linear import Direct, GeluLinear, Linear, Norm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orfeas_desktop.engine.networks.shape_config import VaeConfig

EPS = 1e-6
LAST_EPS = 1e-5
ENCODER_PREFIXES = ("encoder.", "pre_kl.")

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class VaeLayout:
    """What the tensors themselves tell: base and turbo decoders differ in these."""

    width: int
    embed_dim: int
    layers: int
    qkv_bias: bool
    qk_norm: bool
    mlp_width: int
    geo_width: int
    geo_mlp_width: int
    geo_qk_norm: bool
    geo_last_norm: bool

    @classmethod
    def of(cls, shapes: Shapes) -> VaeLayout:
        """Read the layout from published keys and shapes. Raises KeyError naming a key that is missing."""
        blocks = {key.split(".")[2] for key in shapes if key.startswith("transformer.resblocks.")}
        width, embed_dim = shapes["post_kl.weight"]
        first = "transformer.resblocks.0"
        cross = "geo_decoder.cross_attn_decoder"
        return cls(
            width=width,
            embed_dim=embed_dim,
            layers=len(blocks),
            qkv_bias=f"{first}.attn.c_qkv.bias" in shapes or f"{cross}.attn.c_q.bias" in shapes,
            qk_norm=f"{first}.attn.attention.q_norm.weight" in shapes,
            mlp_width=shapes[f"{first}.mlp.c_fc.weight"][0] if blocks else 4 * width,
            geo_width=shapes["geo_decoder.output_proj.weight"][1],
            geo_mlp_width=shapes[f"{cross}.mlp.c_fc.weight"][0],
            geo_qk_norm=f"{cross}.attn.attention.q_norm.weight" in shapes,
            geo_last_norm="geo_decoder.ln_post.weight" in shapes,
        )


def fourier_frequencies(config: VaeConfig, device: torch.device | None = None) -> Tensor:
    """(F,) float32: 2^k, times π when the configuration says so."""
    powers = 2.0 ** torch.arange(config.num_freqs, dtype=torch.float32, device=device)
    return powers * math.pi if config.include_pi else powers


def fourier_features(points: Tensor, frequencies: Tensor) -> Tensor:
    """(…, 3) -> (…, 3 + 6F): coordinates, sines, cosines, each coordinate's frequencies together."""
    angles = (points[..., None] * frequencies).flatten(-2)
    return torch.cat([points, angles.sin(), angles.cos()], dim=-1)


class _HeadNorms(Direct):
    """Layer norms of queries and keys over each head, or none."""

    def __init__(self, width: int, *, present: bool) -> None:
        super().__init__()
        self.q_norm = Norm(width, eps=EPS) if present else nn.Identity()
        self.k_norm = Norm(width, eps=EPS) if present else nn.Identity()


class SelfAttention(Direct):
    """Self-attention whose projection holds query, key and value of one head after another."""

    def __init__(self, layout: VaeLayout, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_qkv = Linear(layout.width, 3 * layout.width, bias=layout.qkv_bias)
        self.c_proj = Linear(layout.width, layout.width)
        self.attention = _HeadNorms(layout.width // heads, present=layout.qk_norm)

    def forward(self, x: Tensor) -> Tensor:
        queries, keys, values = split_heads(self.c_qkv(x), self.heads).chunk(3, dim=-1)
        mixed = attend(self.attention.q_norm(queries), self.attention.k_norm(keys), values)
        return self.c_proj(join_heads(mixed))


class CrossAttention(Direct):
    """Attention of query points over latents, whose keys and values are made once."""

    def __init__(self, layout: VaeLayout, heads: int) -> None:
        super().__init__()
        width = layout.geo_width
        self.heads = heads
        self.c_q = Linear(width, width, bias=layout.qkv_bias)
        self.c_kv = Linear(width, 2 * width, bias=layout.qkv_bias)
        self.c_proj = Linear(width, width)
        self.attention = _HeadNorms(width // heads, present=layout.geo_qk_norm)

    def queries(self, x: Tensor) -> Tensor:
        """(B, Q, G) -> (B, heads, Q, d)."""
        return self.attention.q_norm(split_heads(self.c_q(x), self.heads))

    def latents(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, G) -> keys and values, each (B, heads, N, d)."""
        keys, values = split_heads(self.c_kv(x), self.heads).chunk(2, dim=-1)
        return self.attention.k_norm(keys).contiguous(), values.contiguous()

    def forward(self, x: Tensor, latents: LatentKeys) -> Tensor:
        mixed = attend(self.queries(x), latents.keys, latents.values, latents.bias)
        return self.c_proj(join_heads(mixed))


class Mlp(Direct):
    """The feed-forward layer."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.c_fc = GeluLinear(width, inner)
        self.c_proj = Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(self.c_fc(x))


class SelfBlock(Direct):
    """Self-attention and feed-forward over latents, which it changes in place."""

    def __init__(self, layout: VaeLayout, heads: int) -> None:
        super().__init__()
        self.attn = SelfAttention(layout, heads)
        self.ln_1 = Norm(layout.width, eps=EPS)
        self.mlp = Mlp(layout.width, layout.mlp_width)
        self.ln_2 = Norm(layout.width, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        x += self.attn(self.ln_1(x))
        x += self.mlp(self.ln_2(x))
        return x


class CrossBlock(Direct):
    """Cross-attention and feed-forward over query points, which it changes in place."""

    def __init__(self, layout: VaeLayout, heads: int) -> None:
        super().__init__()
        width = layout.geo_width
        self.attn = CrossAttention(layout, heads)
        self.ln_1 = Norm(width, eps=EPS)
        self.ln_2 = Norm(width, eps=EPS)
        self.ln_3 = Norm(width, eps=EPS)
        self.mlp = Mlp(width, layout.geo_mlp_width)

    def forward(self, x: Tensor, latents: LatentKeys) -> Tensor:
        x += self.attn(self.ln_1(x), latents)
        x += self.mlp(self.ln_3(x))
        return x


@dataclass(frozen=True)
class LatentKeys:
    """Keys and values of the latents, each (B, heads, N, d), and an optional bias of the scores."""

    keys: Tensor
    values: Tensor
    bias: Tensor | None = None


class GeoDecoder(Direct):
    """Points to logits: positive inside, negative outside."""

    def __init__(self, layout: VaeLayout, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        width = layout.geo_width
        self.query_proj = Linear(3 + 6 * config.num_freqs, width)
        self.smaller = width != layout.width
        if self.smaller:
            self.latents_proj = Linear(layout.width, width)
        self.cross_attn_decoder = CrossBlock(layout, config.heads * width // layout.width)
        self.ln_post = Norm(width, eps=LAST_EPS) if layout.geo_last_norm else nn.Identity()
        self.output_proj = Linear(width, 1)

    def latents(self, decoded: Tensor) -> LatentKeys:
        """Keys and values of decoded latents (B, N, W)."""
        block = self.cross_attn_decoder
        x = self.latents_proj(decoded) if self.smaller else decoded
        return LatentKeys(*block.attn.latents(block.ln_2(x)))

    def embed(self, points: Tensor) -> Tensor:
        """Points (B, Q, 3) float32 -> (B, Q, G)."""
        features = fourier_features(points, fourier_frequencies(self.config, points.device))
        return self.query_proj(features.to(self.query_proj.weight.dtype))

    def asked(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Points (B, Q, 3) -> embeddings (B, Q, G) and what the attention asks with, (B, heads, Q, d)."""
        block = self.cross_attn_decoder
        x = self.embed(points)
        return x, block.attn.queries(block.ln_1(x))

    def answered(self, x: Tensor, mixed: Tensor) -> Tensor:
        """Embeddings (…, G) and what the attention found (…, G) -> logits (…, 1); changes `x` in place."""
        block = self.cross_attn_decoder
        x += block.attn.c_proj(mixed)
        x += block.mlp(block.ln_3(x))
        return self.output_proj(self.ln_post(x))

    def forward(self, points: Tensor, latents: LatentKeys) -> Tensor:
        """Points (B, Q, 3) float32 -> logits (B, Q, 1)."""
        return self.output_proj(self.ln_post(self.cross_attn_decoder(self.embed(points), latents)))


class LatentTransformer(Direct):
    """The blocks between the latents and the field."""

    def __init__(self, layout: VaeLayout, heads: int) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(SelfBlock(layout, heads) for _ in range(layout.layers))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.resblocks:
            x = block(x)
        return x


class ShapeVae(Direct):
    """Decodes shape latents; attribute names are the published keys."""

    def __init__(self, layout: VaeLayout, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.layout = layout
        self.post_kl = Linear(layout.embed_dim, layout.width)
        self.transformer = LatentTransformer(layout, config.heads)
        self.geo_decoder = GeoDecoder(layout, config)

    @staticmethod
    def from_published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The published tensors without those of the point encoder."""
        return {key: tensor for key, tensor in state.items() if not key.startswith(ENCODER_PREFIXES)}

    def decode(self, latents: Tensor) -> Tensor:
        """Latents as they leave the sampling, divided by `scale_factor`, (B, N, C) -> (B, N, W)."""
        return self.transformer(self.post_kl(latents))

    def field(self, decoded: Tensor) -> LatentField:
        """The field of one shape's decoded latents (1, N, W)."""
        return LatentField(self.geo_decoder, self.geo_decoder.latents(decoded))


@dataclass(frozen=True)
class LatentField:
    """One shape as a function of space."""

    decoder: GeoDecoder
    latents: LatentKeys

    @property
    def device(self) -> torch.device:
        """Where it is computed."""
        return self.latents.keys.device

    @property
    def widest(self) -> int:
        """The most numbers that one point becomes."""
        return self.decoder.cross_attn_decoder.mlp.c_fc.out_features

    @property
    def point_bytes(self) -> int:
        """About what one point takes on its way through the decoder, the keys chosen for its tile included."""
        heads, _, width = self.latents.keys.shape[1:]
        size = self.latents.keys.element_size()
        return size * (10 * heads * width + 3 * self.widest) + 8 * size * width * heads

    @property
    def latent_count(self) -> int:
        """How many latents describe the shape."""
        return self.latents.keys.shape[2]

    def values(self, points: Tensor) -> Tensor:
        """Points (Q, 3) float32 -> logits (Q,) float32."""
        return self.decoder(points[None], self.latents).view(-1).float()

    def queries(self, points: Tensor) -> Tensor:
        """Points (Q, 3) -> (Q, heads, d)."""
        return self.asked(points)[1]

    def asked(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Points (Q, 3) -> their embeddings (Q, G) and queries (Q, heads, d)."""
        x, queries = self.decoder.asked(points[None])
        return x[0], queries[0].transpose(0, 1)

    def answered(self, x: Tensor, mixed: Tensor) -> Tensor:
        """Embeddings (Q, G) and what their queries found (Q, heads, d) -> logits (Q,) float32."""
        return self.decoder.answered(x, mixed.flatten(1)).view(-1).float()
