"""Softmax attention over heads, the one kernel that every shape network uses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


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
    return functional.scaled_dot_product_attention(queries, keys, values, attn_mask=key_bias)


def rms_normalised(x: Tensor, scale: Tensor, eps: float) -> Tensor:
    """RMS-normalise the last axis and scale it; on the processor in place, since there it is not fused."""
    if x.device.type != "cpu" or x.dtype != torch.float32:
        return functional.rms_norm(x.float(), x.shape[-1:], eps=eps).to(x.dtype) * scale
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x.mul_(length.square_().div_(x.shape[-1]).add_(eps).rsqrt_()).mul_(scale)
