"""Softmax attention over heads, the one kernel that every shape network uses."""

from __future__ import annotations

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
