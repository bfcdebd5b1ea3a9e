"""Flow matching from noise at time 0 to data at time 1, in Euler steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerMixin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


@dataclass(frozen=True)
class StepOutput:
    """The next sample, and the clean one that this step points to."""

    prev_sample: Tensor
    pred_original_sample: Tensor


class FlowEulerScheduler(SchedulerMixin, ConfigMixin):
    """Equal steps of time, warped by `shift`; sigma is the time and the last sigma, 1, stands twice.

    With N steps the last one therefore has no length: `effective_steps` leaves it out.
    """

    order = 1

    @register_to_config
    def __init__(self, num_train_timesteps: int = 1000, shift: float = 1.0) -> None:
        self.train_steps = num_train_timesteps
        self.shift = shift
        self.sigmas = torch.zeros(0)
        self.timesteps = torch.zeros(0)

    def set_timesteps(
        self,
        num_inference_steps: int,
        device: torch.device | None = None,
        sigmas: Sequence[float] | None = None,
    ) -> None:
        """Set `sigmas` (N + 1, float32) and `timesteps` (N, 0..train_steps).

        Without `sigmas` the steps are equal from one training step to the end; else N is their number. sigma' = s·sigma / (1 + (s - 1)·sigma).
        """
        count = num_inference_steps
        plain = (
            np.linspace(1 / self.train_steps, 1, count) if sigmas is None else np.asarray(sigmas, np.float64)
        )
        warped = self.shift * plain / (1 + (self.shift - 1) * plain)
        self._keep(torch.from_numpy(warped.astype(np.float32)), device)

    def _keep(self, sigmas: Tensor, device: torch.device | None) -> None:
        self.sigmas = torch.cat([sigmas, torch.ones(1)]).to(device)
        self.timesteps = sigmas.to(device) * self.train_steps

    @property
    def effective_steps(self) -> int:
        """How many steps change the sample."""
        lengths = self.sigmas.diff().tolist()
        return max((index + 1 for index, length in enumerate(lengths) if length), default=0)

    def step(self, model_output: Tensor, index: int, sample: Tensor) -> StepOutput:
        """Step `index` from `sample` along the velocity `model_output`; computed in float32."""
        now = self.sigmas[index]
        moved = sample.float() + (self.sigmas[index + 1] - now) * model_output
        clean = sample.float() + (1.0 - now) * model_output
        return StepOutput(moved.to(model_output.dtype), clean.to(model_output.dtype))


class ConsistencyFlowScheduler(FlowEulerScheduler):
    """The few steps of a step-distilled network, chosen from a table of `pcm_timesteps` times."""

    @register_to_config
    def __init__(self, num_train_timesteps: int = 1000, pcm_timesteps: int = 50) -> None:
        super().__init__(num_train_timesteps)
        stride = num_train_timesteps // pcm_timesteps
        numbers = np.arange(pcm_timesteps) * stride - 1
        numbers[0] = 0
        self.table = torch.from_numpy(np.linspace(0, 1, num_train_timesteps)[numbers].astype(np.float32))

    def set_timesteps(
        self,
        num_inference_steps: int,
        device: torch.device | None = None,
        sigmas: Sequence[float] | None = None,
    ) -> None:
        """Set `sigmas` (N + 1, float32) and `timesteps` (N); of given `sigmas` only the number counts."""
        count = num_inference_steps if sigmas is None else len(sigmas)
        chosen = np.floor(np.linspace(0, len(self.table), num=count, endpoint=False)).astype(np.int64)
        self._keep(self.table[torch.from_numpy(chosen)], device)
