"""How an engine with networks computes: in what numbers, and with how much memory."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from orfeas_desktop.errors import OutOfMemory
from orfeas_desktop.params import Traits, param
from orfeas_desktop.paths import Paths
from orfeas_desktop.settings import load_settings
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from orfeas_desktop.engine.backends.network_pool import NetworkPool
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.networks.memory_profile import MemoryProfile
    from orfeas_desktop.setting_sections import EngineSettings

GB = 1 << 30

T = TypeVar("T")


class Precision(StrEnum):
    """In what numbers the networks compute."""

    automatic = "auto"
    float16 = "float16"
    bfloat16 = "bfloat16"
    float32 = "float32"


class MemoryChoice(StrEnum):
    """How many networks are in memory at once."""

    automatic = "auto"
    full = "full"
    balanced = "balanced"
    low = "low"
    minimal = "minimal"


def precision_param() -> Precision:
    """Declare the setting of an engine that says in what numbers it computes."""
    return param(
        Precision.automatic,
        QT_TRANSLATE_NOOP("Params", "Precision"),
        QT_TRANSLATE_NOOP("Params", "Automatic computes in 16 bits on a graphics card, else in 32."),
        traits=Traits(
            advanced=True,
            choice_titles=(QT_TRANSLATE_NOOP("Params", "Automatic"), "float16", "bfloat16", "float32"),
        ),
    )


def memory_param() -> MemoryChoice:
    """Declare the setting of an engine that says how many of its networks are in memory at once."""
    return param(
        MemoryChoice.automatic,
        QT_TRANSLATE_NOOP("Params", "Memory"),
        QT_TRANSLATE_NOOP("Params", "Smaller profiles need less graphics memory and take longer."),
        traits=Traits(
            advanced=True,
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Automatic"),
                QT_TRANSLATE_NOOP("Params", "Full"),
                QT_TRANSLATE_NOOP("Params", "Balanced"),
                QT_TRANSLATE_NOOP("Params", "Low"),
                QT_TRANSLATE_NOOP("Params", "Minimal"),
            ),
        ),
    )


def dtype_of(precision: Precision, device: torch.device) -> torch.dtype:
    """Return the kind of number: 16 bits on a graphics card and 32 elsewhere, unless one was chosen."""
    import torch

    named = {
        Precision.float16: torch.float16,
        Precision.bfloat16: torch.bfloat16,
        Precision.float32: torch.float32,
    }
    automatic = torch.float16 if device.type == "cuda" else torch.float32
    return named.get(precision, automatic)


def engine_settings() -> EngineSettings:
    """Return how the user wants work to be run."""
    return load_settings(Paths.of().settings_file).engine


def network_budget() -> int:
    """Return how many bytes loaded networks may take together; 0 is what the device has."""
    return int(engine_settings().network_budget_gb * GB)


def use_threads(context: JobContext) -> None:
    """Make the libraries use the job's threads."""
    import cv2
    import torch

    cv2.setNumThreads(context.threads)
    torch.set_num_threads(context.threads)


def in_smaller_profiles(
    profile: MemoryProfile | None,
    attempt: Callable[[MemoryProfile], T],
    pool: NetworkPool,
    context: JobContext,
    title: str,
) -> T:
    """Return what `attempt` gives in that profile; whenever memory runs out, once more in the next smaller one.

    Raises OutOfMemory for the engine called `title` when there is none left.
    """
    import torch

    while profile is not None:
        context.fact("memory_profile", profile.value)
        try:
            return attempt(profile)
        except torch.OutOfMemoryError:
            pool.clear()
            profile = profile.next_smaller
            if profile is not None:
                context.warn(
                    QT_TRANSLATE_NOOP(
                        "Warnings", "Memory ran out; trying again with the profile “{profile}”."
                    ),
                    profile=profile.value,
                )
    raise OutOfMemory(stage=title)
