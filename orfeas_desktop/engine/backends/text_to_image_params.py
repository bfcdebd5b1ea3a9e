"""The settings of the text-to-image engines, and the published sets they run."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationInfo, field_validator

from orfeas_desktop.engine.backends.computing import MemoryChoice, Precision, memory_param, precision_param
from orfeas_desktop.engine.backends.styles import ASSET, style_choices
from orfeas_desktop.engine.weights.lora_shelf import read_uses
from orfeas_desktop.engine.weights.own_pictures import read_own
from orfeas_desktop.engine.weights.picture_base import PictureBase
from orfeas_desktop.params import Choice, FieldKind, Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

LEAST_SIDE, MOST_SIDE = 256, 2048
LONGEST_PROMPT = 20_000


_PUBLISHED = Choice("default", QT_TRANSLATE_NOOP("Params", "As published"))
_FLOW = (
    Choice("flow-euler", QT_TRANSLATE_NOOP("Params", "Flow Euler")),
    Choice("flow-lcm", QT_TRANSLATE_NOOP("Params", "Flow LCM")),
)
_DIFFUSION = (
    Choice("euler", "Euler"),
    Choice("euler-ancestral", "Euler ancestral"),
    Choice("ddim", "DDIM"),
    Choice("dpmpp-2m", "DPM++ 2M"),
    Choice("dpmpp-2m-karras", "DPM++ 2M Karras"),
    Choice("unipc", "UniPC"),
    Choice("lcm", "LCM"),
)


def _scheduler(*choices: Choice) -> str:
    return param(
        _PUBLISHED.value,
        QT_TRANSLATE_NOOP("Params", "Scheduler"),
        QT_TRANSLATE_NOOP("Params", "How noise is taken away, step by step."),
        traits=Traits(advanced=True, choices=(_PUBLISHED, *choices)),
    )


_SIDE = Traits(step=64, unit="px")


def _steps(default: int) -> int:
    return param(
        default,
        QT_TRANSLATE_NOOP("Params", "Steps"),
        QT_TRANSLATE_NOOP("Params", "More steps follow the words more closely and take longer."),
        ge=1,
        le=200,
    )


def _guidance(default: float) -> float:
    return param(
        default,
        QT_TRANSLATE_NOOP("Params", "Guidance"),
        QT_TRANSLATE_NOOP("Params", "How strongly the words pull; too much makes colors harsh."),
        ge=0.0,
        le=20.0,
        traits=Traits(step=0.5),
    )


def _width(default: int) -> int:
    return param(
        default,
        QT_TRANSLATE_NOOP("Params", "Width"),
        QT_TRANSLATE_NOOP("Params", "Width of the picture."),
        ge=LEAST_SIDE,
        le=MOST_SIDE,
        traits=_SIDE,
    )


def _height(default: int) -> int:
    return param(
        default,
        QT_TRANSLATE_NOOP("Params", "Height"),
        QT_TRANSLATE_NOOP("Params", "Height of the picture."),
        ge=LEAST_SIDE,
        le=MOST_SIDE,
        traits=_SIDE,
    )


class TextToImageParams(Params):
    """Settings of an engine that makes pictures from words."""

    prompt: str = param(
        "",
        QT_TRANSLATE_NOOP("Params", "Prompt"),
        QT_TRANSLATE_NOOP(
            "Params", "What the picture shows; one object on plain ground makes the best mesh."
        ),
        traits=Traits(kind=FieldKind.prose),
    )
    negative_prompt: str = param(
        "",
        QT_TRANSLATE_NOOP("Params", "Not wanted"),
        QT_TRANSLATE_NOOP("Params", "What the picture should not show; needs a guidance above 1."),
        traits=Traits(kind=FieldKind.prose),
    )
    style: str = param(
        ASSET,
        QT_TRANSLATE_NOOP("Params", "Style"),
        QT_TRANSLATE_NOOP("Params", "Words that are put around your prompt."),
        traits=Traits(choices=style_choices()),
    )
    num_images_per_prompt: int = param(
        1,
        QT_TRANSLATE_NOOP("Params", "Pictures"),
        QT_TRANSLATE_NOOP("Params", "How many to make; each has a seed of its own, one after the other."),
        ge=1,
        le=16,
    )
    width: int = _width(1024)
    height: int = _height(1024)
    num_inference_steps: int = _steps(30)
    guidance_scale: float = _guidance(6.0)
    scheduler: str = _scheduler(*_DIFFUSION)
    loras: str = param(
        "",
        QT_TRANSLATE_NOOP("Params", "LoRAs"),
        QT_TRANSLATE_NOOP("Params", "Small files that change the style, as name@digest:weight."),
    )
    precision: Precision = precision_param()
    memory: MemoryChoice = memory_param()

    @field_validator("prompt", "negative_prompt")
    @classmethod
    def _is_readable(cls, text: str) -> str:
        if len(text) > LONGEST_PROMPT:
            raise ValueError(f"at most {LONGEST_PROMPT} letters")
        if any(ord(letter) < 32 and letter not in "\n\r\t" for letter in text):
            raise ValueError("it holds characters that are no text")
        return text

    @field_validator("style", "scheduler")
    @classmethod
    def _is_offered(cls, text: str, info: ValidationInfo) -> str:
        offered = next(field.choices for field in cls.fields() if field.name == info.field_name)
        if text not in {choice.value for choice in offered}:
            raise ValueError(f"one of {', '.join(choice.value for choice in offered)}")
        return text

    @field_validator("loras")
    @classmethod
    def _are_loras(cls, text: str) -> str:
        read_uses(text)
        return text


class SmallParams(TextToImageParams):
    """Settings of Stable Diffusion 1.5, which was taught on pictures of 512 × 512."""

    width: int = _width(512)
    height: int = _height(512)
    guidance_scale: float = _guidance(7.5)


class TurboParams(TextToImageParams):
    """Settings of SDXL-Turbo, which needs few steps and no guidance."""

    width: int = _width(512)
    height: int = _height(512)
    num_inference_steps: int = _steps(4)
    guidance_scale: float = _guidance(0.0)


class FlowParams(TextToImageParams):
    """Settings of FLUX.1 schnell, which needs few steps and no guidance."""

    num_inference_steps: int = _steps(4)
    guidance_scale: float = _guidance(0.0)
    scheduler: str = _scheduler(*_FLOW)


class OwnParams(TextToImageParams):
    """Settings of a folder or file of the user's own."""

    scheduler: str = _scheduler(*_DIFFUSION, *_FLOW)
    pipeline: str = param(
        "",
        QT_TRANSLATE_NOOP("Params", "Pipeline"),
        QT_TRANSLATE_NOOP("Params", "Which of your own folders and files, as name@digest."),
    )

    @field_validator("pipeline")
    @classmethod
    def _is_own(cls, text: str) -> str:
        if text:
            read_own(text)
        return text


@dataclass(frozen=True)
class WordsEngine:
    """One published text-to-image set, or the user's own files (no base)."""

    id: str
    title: str
    base: PictureBase | None
    params: type[TextToImageParams]
    licence: str = ""
    vram_gb: float = 0.0


ENGINES = (
    WordsEngine(
        "sdxl-turbo", "SDXL-Turbo", PictureBase.sdxl, TurboParams, "Stability AI licence of SDXL-Turbo"
    ),
    WordsEngine(
        "stable-diffusion-1-5",
        "Stable Diffusion 1.5",
        PictureBase.sd15,
        SmallParams,
        "CreativeML Open RAIL-M",
    ),
    WordsEngine(
        "sdxl-base", "SDXL base 1.0", PictureBase.sdxl, TextToImageParams, "CreativeML Open RAIL++-M"
    ),
    WordsEngine("flux-1-schnell", "FLUX.1 schnell", PictureBase.flux, FlowParams, "Apache-2.0"),
)
OWN = WordsEngine("own-pictures", QT_TRANSLATE_NOOP("Backends", "Your own pipeline"), None, OwnParams)
