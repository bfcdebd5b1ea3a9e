"""Linear layers with the fastest matrix product that the device has.

On x86 processors PyTorch multiplies float32 matrices with MKL, which leaves half of the speed unused on
processors that Intel did not make; oneDNN, which PyTorch ships too, uses all of it, and can apply GELU on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_PRODUCTS = 1 << 22
"""Multiplications below which the way into oneDNN costs more than it saves. It is very slow at strided weights."""


class _Product(Protocol):
    def __call__(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, attr: str, scalars: Sequence[float], how: str, /
    ) -> Tensor: ...


def _onednn() -> _Product | None:
    """oneDNN's product with what follows it, where this build of PyTorch has it."""
    if torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        return None
    try:
        found = cast("_Product", torch.ops.mkldnn._linear_pointwise.default)  # noqa: SLF001  (it has no other name)
        found(torch.ones(2, 2), torch.ones(2, 2), None, "gelu", [], "tanh")
    except (AttributeError, RuntimeError, TypeError):
        return None
    return found


_PRODUCT = _onednn()


def suits(x: Tensor, products: int, least: int) -> bool:
    """Whether oneDNN does so many multiplications with `x` faster than what PyTorch would choose."""
    return (
        products >= least
        and _PRODUCT is not None
        and x.is_cpu
        and x.dtype is torch.float32
        and not torch.compiler.is_compiling()
    )


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x·weightᵀ + bias for x (…, in) and weight (out, in)."""
    products = x.numel() * weight.size(0)
    if _PRODUCT is not None and suits(x, products, LEAST_PRODUCTS) and weight.is_contiguous():
        return _PRODUCT(x, weight, bias, "none", [], "")
    return functional.linear(x, weight, bias)


def gelu_product(x: Tensor, weight: Tensor, bias: Tensor | None, approximate: str = "none") -> Tensor:
    """GELU(x·weightᵀ + bias), exact or by `tanh`."""
    products = x.numel() * weight.size(0)
    if _PRODUCT is not None and suits(x, products, LEAST_PRODUCTS) and weight.is_contiguous():
        return _PRODUCT(x, weight, bias, "gelu", [], approximate)
    return functional.gelu(functional.linear(x, weight, bias), approximate=approximate)


class Direct(nn.Module):
    """A module that nobody listens to is called without the detour of looking for listeners.

    Its parts are plain attributes too, which are found several times faster.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep a part."""
        super().__setattr__(name, value)
        if isinstance(value, nn.Module):
            self.__dict__[name] = value

    @property
    def heard(self) -> bool:
        """Whether somebody listens."""
        return bool(self._forward_hooks or self._forward_pre_hooks)

    def __call__(self, *given: Any) -> Any:
        """Compute, by way of the hooks when there are any."""
        if self._forward_hooks or self._forward_pre_hooks:
            return super().__call__(*given)
        return self.forward(*given)


class Norm(Direct, nn.LayerNorm):
    """A layer norm."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  (PyTorch's own name)
        own = self._parameters
        return torch.layer_norm(input, self.normalized_shape, own["weight"], own["bias"], self.eps)


class Linear(Direct, nn.Linear):
    """A linear layer."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  (PyTorch's own name)
        own = self._parameters
        weight = own.get("weight")
        if weight is None:  # kept in 8 bits, and widened when asked for
            weight = self.weight
        if input.numel() * weight.size(0) < LEAST_PRODUCTS:
            return functional.linear(input, weight, own["bias"])
        return product(input, weight, own["bias"])


class GeluLinear(Direct, nn.Linear):
    """A linear layer and the GELU that follows it."""

    approximate = "none"

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  (PyTorch's own name)
        return gelu_product(input, self.weight, self.bias, self.approximate)


class TanhGeluLinear(GeluLinear):
    """A linear layer and the GELU by `tanh` that follows it."""

    approximate = "tanh"
