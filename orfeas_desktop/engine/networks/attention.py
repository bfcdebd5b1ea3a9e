"""Softmax attention over heads, the one kernel that every shape network uses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from orfeas_desktop.engine.networks.linear import product, suits

EXTRA = 8
"""Channels that a bias adds to a head; kernels want multiples of 8."""

LEAST_BY_HEAD = 1 << 23
"""Multiplications of a head below which the fused kernel is faster."""

QUERIES_AT_ONCE = 1024
"""Rows of scores that a processor's caches still hold."""


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(B, N, heads·d) -> (B, heads, N, d), heads being contiguous slices; a view."""
    batch, tokens, width = x.shape
    return x.view(batch, tokens, heads, width // heads).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """(B, heads, N, d) -> (B, N, heads·d)."""
    return x.transpose(1, 2).flatten(2)


def attend(queries: Tensor, keys: Tensor, values: Tensor, key_bias: Tensor | None = None) -> Tensor:
    """Attention of (B, heads, Q, d) over (B, heads, K, d), scale 1/√d, as (B, heads, Q, d).

    `key_bias` is added to the scaled scores and broadcasts to (B, heads, Q, K).
    """
    products = queries.size(2) * queries.size(3) * keys.size(2)
    plain = key_bias is None or key_bias.shape[:3] == (1, 1, 1)
    if plain and suits(queries, products, LEAST_BY_HEAD):
        return _attend_by_head(queries, keys, values, key_bias)
    if key_bias is not None and plain and queries.is_cuda and queries.dtype is not torch.float32:
        return _attend_with_wider_heads(queries, keys, values, key_bias)
    return functional.scaled_dot_product_attention(queries, keys, values, attn_mask=key_bias)


def _attend_by_head(queries: Tensor, keys: Tensor, values: Tensor, key_bias: Tensor | None) -> Tensor:
    """Head after head on the processor, where this is faster than the fused kernel; laid out (B, Q, heads, d)."""
    batch, heads, count, width = queries.shape
    out = queries.new_empty(batch, count, heads, width)
    scaled = (keys * width**-0.5).contiguous()
    columns = values.transpose(2, 3).contiguous()
    bias = None if key_bias is None else key_bias.flatten()
    for sample in range(batch):
        for head in range(heads):
            for start in range(0, count, QUERIES_AT_ONCE):
                rows = slice(start, start + QUERIES_AT_ONCE)
                scores = product(queries[sample, head, rows], scaled[sample, head], bias)
                torch.softmax(scores, dim=-1, out=scores)
                out[sample, rows, head] = product(scores, columns[sample, head])
    return out.transpose(1, 2)


def _attend_with_wider_heads(queries: Tensor, keys: Tensor, values: Tensor, key_bias: Tensor) -> Tensor:
    """The bias as extra channels of queries and keys: fast kernels take no mask.

    Two channels carry it, the second what rounding took from the first.
    """
    width = queries.shape[3]
    raised = key_bias.flatten()[:, None].float() * width**0.5
    high = raised.to(keys.dtype)
    both = torch.cat([high, (raised - high.float()).to(keys.dtype)], dim=1)
    asked, known, told = (functional.pad(part, (0, EXTRA)) for part in (queries, keys, values))
    asked[..., width : width + 2] = 1
    known[..., width : width + 2] = both
    return functional.scaled_dot_product_attention(asked, known, told, scale=width**-0.5)[..., :width]


def rms_normalised(x: Tensor, scale: Tensor, eps: float) -> Tensor:
    """RMS-normalise the last axis in float32 and scale it; on the processor in place, since there it is not fused."""
    if x.device.type != "cpu" or x.dtype != torch.float32:
        return functional.rms_norm(x, x.shape[-1:], scale, eps)
    return _over_rms(x, eps).mul_(scale)


def rms_normalised_pair(pair: Tensor, scales: tuple[Tensor, Tensor], eps: float) -> tuple[Tensor, Tensor]:
    """Queries and keys (B, N, 2, heads, d), each RMS-normalised and scaled, as (B, heads, N, d).

    On the processor in place and both at once.
    """
    if pair.device.type == "cpu" and pair.dtype == torch.float32:
        queries, keys = _over_rms(pair, eps).mul_(torch.stack(scales)[:, None]).transpose(1, 3).unbind(2)
        return queries, keys
    queries, keys = pair.transpose(1, 3).unbind(2)
    return rms_normalised(queries, scales[0], eps), rms_normalised(keys, scales[1], eps)


def _over_rms(x: Tensor, eps: float) -> Tensor:
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x.mul_(length.square_().div_(x.shape[-1]).add_(eps).rsqrt_())
