"""The published shape engines of Hunyuan3D, and their settings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orfeas_desktop.engine.backends.computing import (
    MemoryChoice,
    Precision,
    memory_param,
    precision_param,
)
from orfeas_desktop.engine.weights.catalog import COMMUNITY_20, COMMUNITY_21
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP


class DecoderChoice(StrEnum):
    """How the volume is filled."""

    vanilla = "vanilla"
    hierarchical = "hierarchical"
    flashvdm = "flashvdm"


class ShapeParams(Params):
    """Settings of a shape engine that walks many steps."""

    num_inference_steps: int = param(
        50,
        QT_TRANSLATE_NOOP("Params", "Steps"),
        QT_TRANSLATE_NOOP("Params", "More steps follow the picture more closely and take longer."),
        ge=1,
        le=200,
    )
    guidance_scale: float = param(
        5.0,
        QT_TRANSLATE_NOOP("Params", "Guidance"),
        QT_TRANSLATE_NOOP("Params", "How strongly the picture pulls; too much makes shapes coarse."),
        ge=0.0,
        le=20.0,
        traits=Traits(step=0.5),
    )
    octree_resolution: int = param(
        384,
        QT_TRANSLATE_NOOP("Params", "Resolution"),
        QT_TRANSLATE_NOOP("Params", "Cells along each side of the volume; more gives finer detail."),
        ge=16,
        le=768,
        traits=Traits(step=32),
    )
    decoder: DecoderChoice = param(
        DecoderChoice.hierarchical,
        QT_TRANSLATE_NOOP("Params", "Decoder"),
        QT_TRANSLATE_NOOP("Params", "Vanilla looks everywhere; the others only near the surface."),
        traits=Traits(advanced=True, choice_titles=("Vanilla", "Hierarchical", "FlashVDM")),
    )
    num_chunks: int = param(
        0,
        QT_TRANSLATE_NOOP("Params", "Points at once"),
        QT_TRANSLATE_NOOP(
            "Params", "Points that are decoded together; fewer need less memory. 0 chooses what suits."
        ),
        ge=0,
        le=1_000_000,
        traits=Traits(advanced=True, counts=False),
    )
    max_faces: int = param(
        0,
        QT_TRANSLATE_NOOP("Params", "Most triangles"),
        QT_TRANSLATE_NOOP("Params", "Simplifies the mesh to this many triangles; 0 keeps them all."),
        ge=0,
        le=10_000_000,
        traits=Traits(at_minimum=QT_TRANSLATE_NOOP("Params", "All")),
    )
    remove_floaters: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Remove floaters"),
        QT_TRANSLATE_NOOP("Params", "Drops loose specks around the object."),
    )
    precision: Precision = precision_param()
    memory: MemoryChoice = memory_param()


class FastShapeParams(ShapeParams):
    """Settings of a guidance-distilled engine."""

    num_inference_steps: int = param(
        10,
        QT_TRANSLATE_NOOP("Params", "Steps"),
        QT_TRANSLATE_NOOP("Params", "More steps follow the picture more closely and take longer."),
        ge=1,
        le=200,
    )


class TurboShapeParams(ShapeParams):
    """Settings of a step-distilled engine."""

    num_inference_steps: int = param(
        5,
        QT_TRANSLATE_NOOP("Params", "Steps"),
        QT_TRANSLATE_NOOP("Params", "More steps follow the picture more closely and take longer."),
        ge=1,
        le=100,
    )
    decoder: DecoderChoice = param(
        DecoderChoice.flashvdm,
        QT_TRANSLATE_NOOP("Params", "Decoder"),
        QT_TRANSLATE_NOOP("Params", "Vanilla looks everywhere; the others only near the surface."),
        traits=Traits(advanced=True, choice_titles=("Vanilla", "Hierarchical", "FlashVDM")),
    )


@dataclass(frozen=True)
class Variant:
    """One published shape engine."""

    id: str
    title: str
    vram_gb: float
    """In the profile `balanced`."""
    params: type[ShapeParams] = ShapeParams
    many_views: bool = False
    turbo_decoder: str = ""
    """The weight set whose decoder FlashVDM uses instead, when it is here."""
    merged_keys: bool = False
    """Whether FlashVDM chooses keys by `merge` instead of `mean`."""
    licence: str = COMMUNITY_20


VARIANTS = (
    Variant("hunyuan3d-2", "Hunyuan3D 2.0", 6, turbo_decoder="hunyuan3d-2-vae-turbo"),
    Variant(
        "hunyuan3d-2-fast", "Hunyuan3D 2.0 Fast", 6, FastShapeParams, turbo_decoder="hunyuan3d-2-vae-turbo"
    ),
    Variant(
        "hunyuan3d-2-turbo", "Hunyuan3D 2.0 Turbo", 6, TurboShapeParams, turbo_decoder="hunyuan3d-2-vae-turbo"
    ),
    Variant("hunyuan3d-2mini", "Hunyuan3D 2mini", 4, turbo_decoder="hunyuan3d-2mini-vae-turbo"),
    Variant(
        "hunyuan3d-2mini-fast",
        "Hunyuan3D 2mini Fast",
        4,
        FastShapeParams,
        turbo_decoder="hunyuan3d-2mini-vae-turbo",
    ),
    Variant(
        "hunyuan3d-2mini-turbo",
        "Hunyuan3D 2mini Turbo",
        4,
        TurboShapeParams,
        turbo_decoder="hunyuan3d-2mini-vae-turbo",
        merged_keys=True,
    ),
    Variant("hunyuan3d-2mv", "Hunyuan3D 2mv", 6, many_views=True, turbo_decoder="hunyuan3d-2-vae-turbo"),
    Variant(
        "hunyuan3d-2mv-fast",
        "Hunyuan3D 2mv Fast",
        6,
        FastShapeParams,
        many_views=True,
        turbo_decoder="hunyuan3d-2-vae-turbo",
    ),
    Variant(
        "hunyuan3d-2mv-turbo",
        "Hunyuan3D 2mv Turbo",
        6,
        TurboShapeParams,
        many_views=True,
        turbo_decoder="hunyuan3d-2-vae-turbo",
    ),
    Variant("hunyuan3d-2-1", "Hunyuan3D 2.1", 10, licence=COMMUNITY_21),
)
