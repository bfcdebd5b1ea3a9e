"""The shape networks written straight down from their description: no caching, no fusing, plain loops.

This is what the program's own networks are measured against; it passes the same reference cases and uses
PyTorch's fused attention. Weights are the published tensors by their published names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

State = Mapping[str, Tensor]


def linear(state: State, name: str, x: Tensor) -> Tensor:
    return functional.linear(x, state[f"{name}.weight"], state.get(f"{name}.bias"))


def layer_norm(state: State, name: str, x: Tensor, eps: float = 1e-6) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"], eps)


def heads_of(x: Tensor, heads: int) -> Tensor:
    return x.view(*x.shape[:2], heads, -1).transpose(1, 2)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


def rms(x: Tensor, weight: Tensor) -> Tensor:
    scale = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-6)
    return (x.float() * scale).to(x.dtype) * weight


@dataclass(frozen=True)
class StraightDit:
    """The denoiser of the 2.0 family."""

    state: State
    heads: int
    time_factor: float = 1000.0

    def count(self, kind: str) -> int:
        return len({key.split(".")[1] for key in self.state if key.startswith(f"{kind}_blocks.")})

    def sinusoid(self, value: Tensor) -> Tensor:
        frequencies = torch.exp(-math.log(self.time_factor) * torch.arange(128) / 128)
        angles = (1000.0 * value)[:, None] * frequencies[None]
        return torch.cat([angles.cos(), angles.sin()], dim=-1)

    def embed(self, name: str, value: Tensor) -> Tensor:
        inner = functional.silu(linear(self.state, f"{name}.in_layer", self.sinusoid(value)))
        return linear(self.state, f"{name}.out_layer", inner)

    def qkv(self, name: str, norm: str, x: Tensor) -> list[Tensor]:
        width = self.heads * self.state[f"{norm}.query_norm.scale"].shape[0]
        q, k, v = (heads_of(part.contiguous(), self.heads) for part in x[..., : 3 * width].chunk(3, dim=-1))
        return [
            rms(q, self.state[f"{norm}.query_norm.scale"]),
            rms(k, self.state[f"{norm}.key_norm.scale"]),
            v,
        ]

    def modulated(self, x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
        return (1 + scale) * functional.layer_norm(x, x.shape[-1:], eps=1e-6) + shift

    def mlp(self, name: str, x: Tensor) -> Tensor:
        inner = functional.gelu(linear(self.state, f"{name}.0", x), approximate="tanh")
        return linear(self.state, f"{name}.2", inner)

    def double(self, name: str, x: Tensor, c: Tensor, vec: Tensor) -> tuple[Tensor, Tensor]:
        s = self.state
        mods = {
            side: linear(s, f"{name}.{side}_mod.lin", functional.silu(vec))[:, None].chunk(6, dim=-1)
            for side in ("img", "txt")
        }
        parts = []
        for side, stream in (("txt", c), ("img", x)):
            inner = self.modulated(stream, mods[side][0], mods[side][1])
            projected = linear(s, f"{name}.{side}_attn.qkv", inner)
            parts.append(self.qkv(f"{name}.{side}", f"{name}.{side}_attn.norm", projected))
        q, k, v = (torch.cat(pair, dim=2) for pair in zip(*parts, strict=True))
        mixed = attention(q, k, v)
        outs = []
        for side, stream, part in (
            ("txt", c, mixed[:, : c.shape[1]]),
            ("img", x, mixed[:, c.shape[1] :]),
        ):
            stream = stream + mods[side][2] * linear(s, f"{name}.{side}_attn.proj", part)
            inner = self.modulated(stream, mods[side][3], mods[side][4])
            outs.append(stream + mods[side][5] * self.mlp(f"{name}.{side}_mlp", inner))
        return outs[1], outs[0]

    def single(self, name: str, y: Tensor, vec: Tensor) -> Tensor:
        s = self.state
        shift, scale, gate = linear(s, f"{name}.modulation.lin", functional.silu(vec))[:, None].chunk(
            3, dim=-1
        )
        inner = linear(s, f"{name}.linear1", self.modulated(y, shift, scale))
        width = y.shape[-1]
        mixed = attention(*self.qkv(name, f"{name}.norm", inner))
        rest = functional.gelu(inner[..., 3 * width :], approximate="tanh")
        return y + gate * linear(s, f"{name}.linear2", torch.cat([mixed, rest], dim=-1))

    def __call__(self, x: Tensor, t: Tensor, context: Tensor, guidance: Tensor | None = None) -> Tensor:
        s = self.state
        vec = self.embed("time_in", t)
        if "guidance_in.in_layer.weight" in s and guidance is not None:
            vec = vec + self.embed("guidance_in", guidance)
        z, c = linear(s, "latent_in", x), linear(s, "cond_in", context)
        for index in range(self.count("double")):
            z, c = self.double(f"double_blocks.{index}", z, c, vec)
        y = torch.cat([c, z], dim=1)
        for index in range(self.count("single")):
            y = self.single(f"single_blocks.{index}", y, vec)
        z = y[:, c.shape[1] :]
        shift, scale = linear(s, "final_layer.adaLN_modulation.1", functional.silu(vec))[:, None].chunk(
            2, dim=-1
        )
        return linear(s, "final_layer.linear", self.modulated(z, shift, scale))


@dataclass(frozen=True)
class StraightDit21:
    """The denoiser of 2.1, its heads cut as published at every call."""

    state: State
    heads: int
    depth: int
    experts: int
    chosen: int

    def self_attention(self, name: str, x: Tensor) -> Tensor:
        s = self.state
        joined = torch.cat([linear(s, f"{name}.to_{part}", x) for part in "qkv"], dim=-1)
        q, k, v = joined.view(*x.shape[:2], self.heads, -1).transpose(1, 2).chunk(3, dim=-1)
        mixed = attention(rms(q, s[f"{name}.q_norm.weight"]), rms(k, s[f"{name}.k_norm.weight"]), v)
        return linear(s, f"{name}.out_proj", mixed)

    def cross_attention(self, name: str, x: Tensor, context: Tensor) -> Tensor:
        s = self.state
        q = heads_of(linear(s, f"{name}.to_q", x), self.heads)
        joined = torch.cat([linear(s, f"{name}.to_{part}", context) for part in "kv"], dim=-1)
        k, v = joined.view(*context.shape[:2], self.heads, -1).transpose(1, 2).chunk(2, dim=-1)
        mixed = attention(rms(q, s[f"{name}.q_norm.weight"]), rms(k, s[f"{name}.k_norm.weight"]), v)
        return linear(s, f"{name}.out_proj", mixed)

    def expert(self, name: str, x: Tensor) -> Tensor:
        inner = functional.gelu(linear(self.state, f"{name}.net.0.proj", x))
        return linear(self.state, f"{name}.net.2", inner)

    def mixture(self, name: str, x: Tensor) -> Tensor:
        tokens = x.flatten(0, 1)
        scores = linear(self.state, f"{name}.gate", tokens).softmax(dim=-1)
        best = scores.topk(self.chosen, dim=-1)
        out = self.expert(f"{name}.shared_experts", tokens)
        for index in range(self.experts):
            row, rank = (best.indices == index).nonzero(as_tuple=True)
            out[row] += best.values[row, rank, None] * self.expert(f"{name}.experts.{index}", tokens[row])
        return out.view_as(x)

    def block(self, index: int, x: Tensor, context: Tensor, skips: list[Tensor]) -> Tensor:
        s, name = self.state, f"blocks.{index}"
        if index > self.depth // 2:
            x = torch.cat([skips.pop(), x], dim=-1)
            x = layer_norm(s, f"{name}.skip_norm", linear(s, f"{name}.skip_linear", x))
        x = x + self.self_attention(f"{name}.attn1", layer_norm(s, f"{name}.norm1", x))
        x = x + self.cross_attention(f"{name}.attn2", layer_norm(s, f"{name}.norm2", x), context)
        inner = layer_norm(s, f"{name}.norm3", x)
        if f"{name}.moe.gate.weight" in s:
            return x + self.mixture(f"{name}.moe", inner)
        return x + linear(s, f"{name}.mlp.fc2", functional.gelu(linear(s, f"{name}.mlp.fc1", inner)))

    def __call__(self, x: Tensor, t: Tensor, context: Tensor, guidance: Tensor | None = None) -> Tensor:
        del guidance
        s = self.state
        half = s["x_embedder.weight"].shape[0] // 2
        angles = t[:, None] * torch.exp(-math.log(10000.0) * torch.arange(half) / half)[None]
        token = torch.cat([angles.sin(), angles.cos()], dim=-1)
        token = linear(s, "t_embedder.mlp.2", functional.gelu(linear(s, "t_embedder.mlp.0", token)))
        x = torch.cat([token[:, None], linear(s, "x_embedder", x)], dim=1)
        skips: list[Tensor] = []
        for index in range(self.depth):
            x = self.block(index, x, context, skips)
            if index < self.depth // 2:
                skips.append(x)
        x = layer_norm(s, "final_layer.norm_final", x)[:, 1:]
        return linear(s, "final_layer.linear", x)


def guided_call(denoiser: object, x: Tensor, t: Tensor, context: Tensor, scale: float) -> Tensor:
    """Classifier-free guidance as one batch of two."""
    both = denoiser(torch.cat([x, x]), torch.cat([t, t]), torch.cat([context, torch.zeros_like(context)]))
    towards, without = both.chunk(2)
    return without + scale * (towards - without)


@dataclass(frozen=True)
class StraightVae:
    """The shape decoder; keys and values of the latents are made anew for every chunk of points."""

    state: State
    heads: int
    frequencies: Tensor

    def norm(self, name: str, x: Tensor) -> Tensor:
        return layer_norm(self.state, name, x) if f"{name}.weight" in self.state else x

    def mlp(self, name: str, x: Tensor) -> Tensor:
        return linear(self.state, f"{name}.c_proj", functional.gelu(linear(self.state, f"{name}.c_fc", x)))

    def decode(self, latents: Tensor) -> Tensor:
        s = self.state
        x = linear(s, "post_kl", latents)
        for index in range(len({key.split(".")[2] for key in s if key.startswith("transformer.resblocks.")})):
            name = f"transformer.resblocks.{index}"
            joined = linear(s, f"{name}.attn.c_qkv", layer_norm(s, f"{name}.ln_1", x))
            q, k, v = joined.view(*x.shape[:2], self.heads, -1).transpose(1, 2).chunk(3, dim=-1)
            norms = f"{name}.attn.attention"
            mixed = attention(self.norm(f"{norms}.q_norm", q), self.norm(f"{norms}.k_norm", k), v)
            x = x + linear(s, f"{name}.attn.c_proj", mixed)
            x = x + self.mlp(f"{name}.mlp", layer_norm(s, f"{name}.ln_2", x))
        return x

    def asked(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Points (1, Q, 3) -> their features and queries."""
        s, name = self.state, "geo_decoder.cross_attn_decoder"
        angles = (points[..., None] * self.frequencies).flatten(-2)
        x = linear(s, "geo_decoder.query_proj", torch.cat([points, angles.sin(), angles.cos()], dim=-1))
        q = linear(s, f"{name}.attn.c_q", layer_norm(s, f"{name}.ln_1", x))
        return x, self.norm(f"{name}.attn.attention.q_norm", heads_of(q, self.geo_heads(x)))

    def geo_heads(self, x: Tensor) -> int:
        return self.heads * x.shape[-1] // self.state["post_kl.weight"].shape[0]

    def keys(self, decoded: Tensor) -> tuple[Tensor, Tensor]:
        s, name = self.state, "geo_decoder.cross_attn_decoder"
        if "geo_decoder.latents_proj.weight" in s:
            decoded = linear(s, "geo_decoder.latents_proj", decoded)
        joined = linear(s, f"{name}.attn.c_kv", layer_norm(s, f"{name}.ln_2", decoded))
        split = joined.view(*decoded.shape[:2], self.geo_heads(decoded), -1).transpose(1, 2)
        k, v = split.chunk(2, dim=-1)
        return self.norm(f"{name}.attn.attention.k_norm", k), v

    def answered(self, x: Tensor, mixed: Tensor) -> Tensor:
        s, name = self.state, "geo_decoder.cross_attn_decoder"
        x = x + linear(s, f"{name}.attn.c_proj", mixed)
        x = x + self.mlp(f"{name}.mlp", layer_norm(s, f"{name}.ln_3", x))
        if "geo_decoder.ln_post.weight" in s:
            x = layer_norm(s, "geo_decoder.ln_post", x, 1e-5)
        return linear(s, "geo_decoder.output_proj", x)

    def logits(self, points: Tensor, decoded: Tensor) -> Tensor:
        x, q = self.asked(points)
        return self.answered(x, attention(q, *self.keys(decoded)))

    def vanilla(self, decoded: Tensor, resolution: int, chunk: int = 8000, box: float = 1.01) -> Tensor:
        axis = torch.linspace(-box, box, resolution + 1)
        points = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), dim=-1).view(-1, 3)
        parts = [self.logits(some[None], decoded)[0, :, 0] for some in points.split(chunk)]
        return torch.cat(parts).view(resolution + 1, resolution + 1, resolution + 1)

    def near(self, values: Tensor, last: bool) -> Tensor:
        padded = functional.pad(values[None, None], (1,) * 6, mode="replicate")[0, 0]
        n = values.shape[0]
        marked = values.abs() < 0.95
        for axis in range(3):
            for shift in (0, 2):
                other = padded[1 : n + 1, 1 : n + 1, 1 : n + 1]
                window = [slice(1, n + 1)] * 3
                window[axis] = slice(shift, shift + n)
                other = torch.where(padded[tuple(window)] > -9000, padded[tuple(window)], values)
                marked |= (other.sign() != values.sign()) & (values > -9000)
        grow = torch.nn.MaxPool3d(3, 1, 1)
        if not last:
            marked = grow(marked.float()[None])[0] > 0
        finer = torch.zeros((2 * n - 1,) * 3)
        finer[::2, ::2, ::2] = marked.float()
        for _ in range(2 if last else 1):
            finer = grow(finer[None])[0]
        return finer > 0

    def hierarchical(
        self, decoded: Tensor, levels: list[int], chunk: int = 8000, box: float = 1.01
    ) -> Tensor:
        values = self.vanilla(decoded, levels[0], chunk, box)
        for level in levels[1:]:
            indices = self.near(values, level == levels[-1]).nonzero()
            points = indices * (2 * box / level) - box
            found = torch.cat([self.logits(some[None], decoded)[0, :, 0] for some in points.split(chunk)])
            values = torch.full((level + 1,) * 3, -10000.0)
            values[indices[:, 0], indices[:, 1], indices[:, 2]] = found
        return values

    def over_best(self, points: Tensor, decoded: Tensor, stride: int, kept: int) -> Tensor:
        """One region's points over the keys that its sampled queries like best."""
        x, q = self.asked(points[None])
        k, v = self.keys(decoded)
        likeness = (q[:, :, ::stride] @ k.transpose(-1, -2)).mean(dim=2)
        best = likeness.topk(kept, dim=-1).indices[..., None].expand(-1, -1, -1, k.shape[-1])
        return self.answered(x, attention(q, k.gather(2, best), v.gather(2, best)))[0, :, 0]

    def flash(self, decoded: Tensor, levels: list[int], kept: int, box: float = 1.01) -> Tensor:
        """FlashVDM with key selection by `mean`, one region after another."""
        side = levels[0] + 1
        g = side // 4
        axis = torch.linspace(-box, box, side)
        grid = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), dim=-1)
        values = torch.empty(side, side, side)
        for i in range(4):
            for j in range(4):
                for m in range(4):
                    place = tuple(slice(part * g, part * g + g) for part in (i, j, m))
                    points = grid[place].reshape(-1, 3)
                    values[place] = self.over_best(points, decoded, 100, kept).view(g, g, g)
        for level in levels[1:]:
            indices = self.near(values, level == levels[-1]).nonzero()
            points = indices * (2 * box / level) - box
            low, high = points.amin(0), points.amax(0)
            cell = ((points - low) / (high - low) * (6 - 0.001)).floor().long()
            number = cell[:, 0] * 36 + cell[:, 1] * 6 + cell[:, 2]
            found = torch.empty(len(points))
            for region in number.unique():
                rows = (number == region).nonzero()[:, 0]
                found[rows] = self.over_best(points[rows], decoded, 50, kept)
            values = torch.full((level + 1,) * 3, -10000.0)
            values[indices[:, 0], indices[:, 1], indices[:, 2]] = found
        return values
