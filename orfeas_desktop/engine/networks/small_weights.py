"""Holds weights in one byte each, and streams those that stay in main memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LARGE = 1 << 16
"""Parameters with fewer numbers are neither shrunk nor streamed."""

LEVELS = 127


class Int8(nn.Module):
    """One scale per output channel: w = scale · q, q in -127..127, rounded to nearest."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Weight -> what is kept."""
        scale = weight.float().abs().amax(dim=-1, keepdim=True).clamp(min=1e-12) / LEVELS
        return (weight.float() / scale).round().clamp(-LEVELS, LEVELS).to(torch.int8), scale

    def forward(self, kept: Tensor, scale: Tensor) -> Tensor:
        return kept.to(self.dtype) * scale.to(self.dtype)


def _large(network: nn.Module, least: int) -> Iterator[tuple[nn.Module, str, nn.Parameter]]:
    for module in list(network.modules()):
        for name, parameter in list(module.named_parameters(recurse=False)):
            if parameter.numel() >= least and parameter.ndim >= 2:
                yield module, name, parameter


def quantise(network: nn.Module, least: int = LARGE) -> None:
    """Keep every large weight matrix of `network` in 8 bits; it is widened whenever it is used."""
    for module, name, parameter in _large(network, least):
        if isinstance(module, nn.Conv2d):
            continue
        parametrize.register_parametrization(module, name, Int8(parameter.dtype), unsafe=True)


def stored_bytes(network: nn.Module) -> int:
    """How much memory the numbers of a network take."""
    tensors = [*network.parameters(), *network.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


class LayerStream:
    """Keeps large weights in main memory and lends each to the device while its layer computes."""

    def __init__(self, network: nn.Module, device: torch.device, least: int = LARGE) -> None:
        self.device = device
        self.lent_bytes = 0
        self.most_bytes = 0
        homes: dict[nn.Module, list[tuple[nn.Parameter, Tensor]]] = {}
        staying = {id(parameter) for _, _, parameter in _large(network, least)}
        for module, _, parameter in _large(network, least):
            home = parameter.data.pin_memory() if device.type == "cuda" else parameter.data
            homes.setdefault(_worker(network, module), []).append((parameter, home))
        for tensor in [*network.parameters(), *network.buffers()]:
            if id(tensor) not in staying:
                tensor.data = tensor.data.to(device)
        for module, parts in homes.items():
            module.register_forward_pre_hook(self._lend(parts))
            module.register_forward_hook(self._take_back(parts), always_call=True)

    def _lend(self, parts: list[tuple[nn.Parameter, Tensor]]) -> Callable[[nn.Module, object], None]:
        def lend(_module: nn.Module, _inputs: object) -> None:
            for parameter, home in parts:
                parameter.data = home.to(self.device, non_blocking=True, copy=True)
                self.lent_bytes += home.numel() * home.element_size()
            self.most_bytes = max(self.most_bytes, self.lent_bytes)

        return lend

    def _take_back(
        self, parts: list[tuple[nn.Parameter, Tensor]]
    ) -> Callable[[nn.Module, object, object], None]:
        def take_back(_module: nn.Module, _inputs: object, _output: object) -> None:
            for parameter, home in parts:
                parameter.data = home
                self.lent_bytes -= home.numel() * home.element_size()

        return take_back


def _worker(network: nn.Module, holder: nn.Module) -> nn.Module:
    """The layer that computes with what `holder` holds: itself, or the layer whose weight it widens."""
    if not isinstance(holder, parametrize.ParametrizationList):
        return holder
    for module in network.modules():
        kept = getattr(module, "parametrizations", None)
        if kept is not None and any(each is holder for each in kept.values()):
            return module
    return holder
