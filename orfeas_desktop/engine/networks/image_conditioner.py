"""The picture encoder: DINOv2, for one picture or for several views."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from orfeas_desktop.engine.networks.attention import attend, join_heads, split_heads
from orfeas_desktop.engine.networks.linear import GeluLinear, Linear

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orfeas_desktop.engine.networks.shape_config import ConditionerConfig

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
PUBLISHED_PREFIX = "main_image_encoder.model."


class _Projection(nn.Module):
    def __init__(self, projection: nn.Conv2d) -> None:
        super().__init__()
        self.projection = projection

    def forward(self, x: Tensor) -> Tensor:
        return self.projection(x)


class Embeddings(nn.Module):
    """Patches, a class token before them, and positions."""

    def __init__(self, config: ConditionerConfig) -> None:
        super().__init__()
        width, patch = config.hidden_size, config.patch_size
        self.side = config.position_size // patch
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.position_embeddings = nn.Parameter(torch.zeros(1, 1 + self.side**2, width))
        self.patch_embeddings = _Projection(nn.Conv2d(3, width, patch, stride=patch))

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, h, w), normalised -> (B, 1 + patches, C)."""
        grid = self.patch_embeddings(pictures)
        patches = grid.flatten(2).transpose(1, 2)
        classes = self.cls_token.expand(len(patches), -1, -1)
        return torch.cat([classes, patches], dim=1) + self._positions(grid.shape[2], grid.shape[3])

    def _positions(self, rows: int, columns: int) -> Tensor:
        if rows == columns == self.side:
            return self.position_embeddings
        first, rest = self.position_embeddings[:, :1], self.position_embeddings[:, 1:]
        square = rest.reshape(1, self.side, self.side, -1).permute(0, 3, 1, 2).float()
        resized = functional.interpolate(square, size=(rows, columns), mode="bicubic", align_corners=False)
        return torch.cat([first, resized.flatten(2).transpose(1, 2).to(first.dtype)], dim=1)


class GeluMlp(nn.Module):
    """The feed-forward layer of the large encoder."""

    def __init__(self, width: int, ratio: float) -> None:
        super().__init__()
        self.fc1 = GeluLinear(width, int(width * ratio))
        self.fc2 = Linear(int(width * ratio), width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.fc1(x))


class GatedMlp(nn.Module):
    """The feed-forward layer of the giant encoder: SwiGLU, its width rounded up to a multiple of 8."""

    def __init__(self, width: int, ratio: float) -> None:
        super().__init__()
        inner = (int(int(width * ratio) * 2 / 3) + 7) // 8 * 8
        self.weights_in = Linear(width, 2 * inner)
        self.weights_out = Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.weights_in(x).chunk(2, dim=-1)
        return self.weights_out(functional.silu(gate) * value)


class _LayerScale(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.lambda1 = nn.Parameter(torch.ones(width))


class Layer(nn.Module):
    """Self-attention and feed-forward, each scaled per channel."""

    def __init__(self, config: ConditionerConfig) -> None:
        super().__init__()
        width, self.heads = config.hidden_size, config.num_attention_heads
        self.norm1 = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.qkv = Linear(width, 3 * width)
        self.out = Linear(width, width)
        self.layer_scale1 = _LayerScale(width)
        self.norm2 = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.mlp = (GatedMlp if config.use_swiglu_ffn else GeluMlp)(width, config.mlp_ratio)
        self.layer_scale2 = _LayerScale(width)

    def forward(self, x: Tensor) -> Tensor:
        """Change `x` (B, N, C) in place and return it."""
        queries, keys, values = (
            split_heads(part, self.heads) for part in self.qkv(self.norm1(x)).chunk(3, dim=-1)
        )
        x.addcmul_(self.layer_scale1.lambda1, self.out(join_heads(attend(queries, keys, values))))
        return x.addcmul_(self.layer_scale2.lambda1, self.mlp(self.norm2(x)))


def view_embedding(view: int, width: int) -> Tensor:
    """(width,) float32: sines, then cosines, of view·10000^(-j/(width/2))."""
    half = width // 2
    angles = view * 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    return torch.cat([angles.sin(), angles.cos()]).float()


class ImageConditioner(nn.Module):
    """Turns framed pictures into condition tokens."""

    def __init__(self, config: ConditionerConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    @staticmethod
    def from_published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename published tensors into this network's own; queries, keys and values are fused."""
        own: dict[str, Tensor] = {}
        for key, tensor in state.items():
            name = key.removeprefix(PUBLISHED_PREFIX)
            name = re.sub(r"^encoder\.layer\.", "layers.", name)
            own[name.replace(".attention.output.dense.", ".out.")] = tensor
        own.pop("embeddings.mask_token", None)
        for name in list(own):
            found = re.fullmatch(r"(layers\.\d+)\.attention\.attention\.value\.(weight|bias)", name)
            if found:
                prefix, kind = found.groups()
                parts = [f"{prefix}.attention.attention.{part}.{kind}" for part in ("query", "key", "value")]
                if len({own[part].shape if part in own else None for part in parts}) == 1:
                    own[f"{prefix}.qkv.{kind}"] = torch.cat([own.pop(part) for part in parts])
        return own

    def prepare(self, pictures: Tensor) -> Tensor:
        """Resize (B, 3, h, w) in [-1, 1] to the encoder's square and normalise."""
        unit = (pictures.float() + 1) / 2
        size = self.config.image_size
        height, width = unit.shape[-2:]
        target = (size, int(size * width / height)) if height <= width else (int(size * height / width), size)
        if min(height, width) != size:
            unit = functional.interpolate(
                unit, size=target, mode="bilinear", antialias=True, align_corners=False
            )
        top, left = round((unit.shape[-2] - size) / 2), round((unit.shape[-1] - size) / 2)
        unit = unit[..., top : top + size, left : left + size]
        mean, deviation = (unit.new_tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
        return ((unit - mean) / deviation).to(self.layernorm.weight.dtype)

    def encode(self, prepared: Tensor) -> Tensor:
        """(B, 3, s, s), prepared -> (B, tokens, C)."""
        x = self.embeddings(prepared)
        for layer in self.layers:
            x = layer(x)
        x = self.layernorm(x)
        return x if self.config.use_cls_token else x[:, 1:]

    def forward(self, pictures: Tensor, views: Sequence[int] = ()) -> Tensor:
        """Condition tokens (B, T, C) of pictures in [-1, 1].

        One picture: (B, 3, h, w). Views: (B, V, 3, h, w) with their numbers, in that order.
        Raises ValueError when the number of views differs or a view is not known.
        """
        if not self.config.view_num:
            return self.encode(self.prepare(pictures))
        batch, count = pictures.shape[:2]
        if len(views) != count or any(not 0 <= view < self.config.view_num for view in views):
            raise ValueError(f"{count} pictures for the views {list(views)}")
        tokens = self.encode(self.prepare(pictures.flatten(0, 1)))
        marks = torch.stack([view_embedding(view, tokens.shape[-1]) for view in views]).to(tokens)
        return (tokens.view(batch, count, *tokens.shape[1:]) + marks[None, :, None]).flatten(1, 2)

    def token_count(self, views: int = 1) -> int:
        """How many tokens that many pictures give."""
        side = self.config.image_size // self.config.patch_size
        return max(views, 1) * (side**2 + int(self.config.use_cls_token))
