"""How an engine with networks computes: in what numbers, and with how much memory."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from orfeas_desktop.params import Traits
from orfeas_desktop.paths import Paths
from orfeas_desktop.settings import load_settings
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    import torch

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.settings import EngineSettings

GB = 1 << 30


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


PRECISION_TRAITS = Traits(
    advanced=True,
    choice_titles=(QT_TRANSLATE_NOOP("Params", "Automatic"), "float16", "bfloat16", "float32"),
)
MEMORY_TRAITS = Traits(
    advanced=True,
    choice_titles=(
        QT_TRANSLATE_NOOP("Params", "Automatic"),
        QT_TRANSLATE_NOOP("Params", "Full"),
        QT_TRANSLATE_NOOP("Params", "Balanced"),
        QT_TRANSLATE_NOOP("Params", "Low"),
        QT_TRANSLATE_NOOP("Params", "Minimal"),
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
