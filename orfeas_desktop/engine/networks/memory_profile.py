"""Which networks are in the device's memory at once, chosen by how much of it is free."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import torch

from orfeas_desktop.engine.networks.faster_calls import Speedup

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from orfeas_desktop.engine.networks.shape_weights import ShapeWeights

MARGIN = 1.1
"""What allocators lose between blocks."""

STREAMED_LEAST = 256 << 20

NO_MEMORY = ("out of memory", "_STATUS_ALLOC_FAILED", "not enough memory", "allocate memory")
"""What torch says where a library or pinned main memory found no room, without saying it by the error's kind."""

DECODED_AT_ONCE = 1 << 30
"""What the points that are decoded together take on a graphics card, where there is so much."""


class MemoryProfile(StrEnum):
    """From fast to small."""

    full = "full"
    """Every network stays on the device."""
    balanced = "balanced"
    """One network at a time."""
    low = "low"
    """One at a time, its large weights streamed layer by layer."""
    minimal = "minimal"
    """Streamed, and kept in 8 bits."""

    @property
    def next_smaller(self) -> MemoryProfile | None:
        """The next smaller one."""
        profiles = list(MemoryProfile)
        following = profiles.index(self) + 1
        return profiles[following] if following < len(profiles) else None


@dataclass(frozen=True)
class MemoryPlan:
    """Where and how precisely the networks compute, and which of them are there at once."""

    device: torch.device
    dtype: torch.dtype
    profile: MemoryProfile = MemoryProfile.full
    speedup: Speedup = Speedup.off
    """Tried where the networks stay whole on the device."""


@dataclass(frozen=True)
class MemoryNeed:
    """Bytes of each network's numbers in the working precision, and of what is computed beside them."""

    conditioner: int
    denoiser: int
    vae: int
    working: int
    measured: Mapping[str, int] = field(default_factory=dict[str, int])
    """Peaks that this machine has seen, by profile; they count more than the estimate."""

    @classmethod
    def of(cls, weights: ShapeWeights, dtype: torch.dtype, octree_resolution: int, views: int) -> MemoryNeed:
        """Estimate from the shapes in the files."""
        width = torch.empty(0, dtype=dtype).element_size()
        parts = (weights.conditioner_part, weights.denoiser_part, weights.vae_part)
        sizes = [width * part.numbers for part in parts]
        config = weights.config
        hidden = config.model.hidden_size
        encoder = config.conditioner
        patches = (encoder.image_size // encoder.patch_size) ** 2 + 1
        tokens = weights.vae_config.num_latents + patches * max(views, 1)
        per_token = 16 * hidden * width
        grid = (octree_resolution + 1) ** 3 * 4 * 3
        decoding = grid if dtype is torch.float32 else grid + DECODED_AT_ONCE
        return cls(*sizes, working=max(2 * tokens * per_token, decoding))

    def bytes_in(self, profile: MemoryProfile) -> int:
        """The peak in that profile."""
        if profile.value in self.measured:
            return int(self.measured[profile.value] * MARGIN)
        networks = (self.conditioner, self.denoiser, self.vae)
        match profile:
            case MemoryProfile.full:
                held = sum(networks)
            case MemoryProfile.balanced:
                held = max(networks)
            case MemoryProfile.low:
                held = max(max(networks) // 10, STREAMED_LEAST)
            case MemoryProfile.minimal:
                held = max(max(networks) // 20, STREAMED_LEAST // 2)
        return int((held + self.working) * MARGIN)

    def choose(self, free: int) -> MemoryProfile:
        """The fastest profile that fits; the smallest when none does."""
        fitting = (profile for profile in MemoryProfile if self.bytes_in(profile) <= free)
        return next(fitting, MemoryProfile.minimal)


def free_bytes(device: torch.device) -> int | None:
    """Memory free on a graphics card, with what torch keeps for itself; None for the processor."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free + cached


def release(device: torch.device) -> None:
    """Give memory that torch keeps back to the device."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


def best_device() -> torch.device:
    """The graphics card when torch can use one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass
class Peak:
    """The most memory that was in use at once, 0 where that cannot be said."""

    bytes: int = 0


@contextmanager
def measured_peak(device: torch.device) -> Generator[Peak]:
    """Measure the peak of what is done inside. Raises OutOfMemoryError for whatever the libraries call it."""
    peak, on_card = Peak(), device.type == "cuda"
    if on_card:
        torch.cuda.reset_peak_memory_stats(device)
    try:
        yield peak
    except RuntimeError as problem:
        if not isinstance(problem, torch.OutOfMemoryError) and any(
            said in str(problem) for said in NO_MEMORY
        ):
            raise torch.OutOfMemoryError(str(problem)) from problem
        raise
    if on_card:
        peak.bytes = torch.cuda.max_memory_allocated(device)
