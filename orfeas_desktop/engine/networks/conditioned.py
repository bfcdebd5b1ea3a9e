"""A denoiser that looks at one set of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

StepT = TypeVar("StepT")
ContextT = TypeVar("ContextT")
LookedAtT = TypeVar("LookedAtT", contravariant=True)


class Denoiser(Protocol[StepT, LookedAtT]):
    """A network that says how latents move at a step, in a context."""

    def step_of(self, numbers: Tensor) -> StepT:
        """The step that `numbers` (1, …) stand for."""
        ...

    def velocity(self, latents: Tensor, step: StepT, context: LookedAtT) -> Tensor:
        """The velocity (B, N, C) of `latents` (B, N, C)."""
        ...

    def velocities(self, latents: Tensor, step: StepT, contexts: Sequence[LookedAtT]) -> tuple[Tensor, ...]:
        """The velocity (B, N, C) of `latents` (B, N, C) in each context, all in one pass."""
        ...


@dataclass(frozen=True)
class Conditioned(Generic[StepT, ContextT]):
    """A denoiser and what it looks at."""

    network: Denoiser[StepT, ContextT]
    steps: Tensor
    """The numbers of each step, one row a step."""
    contexts: tuple[ContextT, ...]
    """With the pictures and, where guidance needs it, without."""

    def velocities(self, latents: Tensor, numbers: Tensor) -> tuple[Tensor, ...]:
        """Velocities (B, N, C) in each context at the step of `numbers` (1, …)."""
        return self.network.velocities(latents, self.network.step_of(numbers), self.contexts)

    def velocities_apart(self, latents: Tensor, numbers: Tensor) -> tuple[Tensor, ...]:
        """The same in one pass after another, which needs less memory."""
        step = self.network.step_of(numbers)
        return tuple(self.network.velocity(latents, step, context) for context in self.contexts)
