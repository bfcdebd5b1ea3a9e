"""Calls of the denoiser, recorded as CUDA graphs or compiled where that works."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

Call = Callable[["Tensor", "Tensor"], "tuple[Tensor, ...]"]
"""Latents and the numbers of a step -> velocities; called with the same shapes again and again."""

WARMING_CALLS = 3

_LOG = logging.getLogger(__name__)


class Speedup(StrEnum):
    """What is tried to make calls faster."""

    off = "off"
    graphs = "graphs"
    """A call is recorded once and played again: the processor no longer starts every kernel."""
    compiled = "compiled"
    """PyTorch fuses kernels first, which takes minutes the first time; then as above."""


def faster(call: Call, device: torch.device, speedup: Speedup, *, recordable: bool) -> Call:
    """Return `call`, or what does the same faster; where that fails it goes on as `call`.

    recordable  whether the call never waits for the device
    """
    chosen = call
    if speedup is Speedup.compiled:
        chosen = CompiledCall(chosen)
    if speedup is not Speedup.off and recordable and device.type == "cuda":
        chosen = RecordedCall(chosen, device)
    return chosen


class CompiledCall:
    """A call compiled at its first use."""

    def __init__(self, call: Call, backend: str = "inductor") -> None:
        self._plain = call
        self._backend = backend
        self._compiled: Call | None = None
        self.failed = False

    def __call__(self, latents: Tensor, numbers: Tensor) -> tuple[Tensor, ...]:
        """Compute, compiled unless compiling failed once."""
        if not self.failed:
            try:
                if self._compiled is None:
                    self._compiled = torch.compile(self._plain, backend=self._backend, dynamic=False)
                return self._compiled(latents, numbers)
            except torch.OutOfMemoryError:
                raise
            except Exception as problem:  # noqa: BLE001  (compilers raise what they like; the plain call is there)
                _LOG.warning("compiling failed, going on without: %s", problem)
                self.failed = True
        return self._plain(latents, numbers)


class RecordedCall:
    """A call recorded as a CUDA graph at its first use."""

    def __init__(self, call: Call, device: torch.device) -> None:
        self._plain = call
        self._device = device
        self._graph: torch.cuda.CUDAGraph | None = None
        self._given: tuple[Tensor, Tensor] | None = None
        self._made: tuple[Tensor, ...] = ()
        self.failed = False

    def __call__(self, latents: Tensor, numbers: Tensor) -> tuple[Tensor, ...]:
        """Compute; what is returned holds until the next call."""
        if not self.failed and self._graph is None:
            try:
                self._record(latents, numbers)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as problem:
                _LOG.warning("recording failed, going on without: %s", problem)
                self.failed, self._graph = True, None
        if self._graph is None or self._given is None:
            return self._plain(latents, numbers)
        self._given[0].copy_(latents)
        self._given[1].copy_(numbers)
        self._graph.replay()
        return self._made

    def _record(self, latents: Tensor, numbers: Tensor) -> None:
        given = latents.clone(), numbers.clone()
        beside = torch.cuda.Stream(self._device)
        beside.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(beside):
            for _ in range(WARMING_CALLS):
                self._plain(*given)
        torch.cuda.current_stream(self._device).wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            made = self._plain(*given)
        self._graph, self._given, self._made = graph, given, made
