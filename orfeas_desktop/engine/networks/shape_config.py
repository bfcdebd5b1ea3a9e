"""What a published `config.yaml` says of the shape networks, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orfeas_desktop.engine.weights.published_config import (
    Unfit,
    class_of,
    mapping,
    params_of,
    read_sections,
    section,
)
from orfeas_desktop.errors import BadWeights

if TYPE_CHECKING:
    from pathlib import Path

Width = Annotated[int, Field(ge=1, le=16384)]
Count = Annotated[int, Field(ge=1, le=256)]
Depth = Annotated[int, Field(ge=0, le=256)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, protected_namespaces=())


C = TypeVar("C")


def _fitting(config: C, width: int, heads: int) -> C:
    if width % heads:
        raise ValueError(f"{heads} heads do not divide a width of {width}")
    return config


class DitConfig(_Record):
    """The denoiser of the 2.0 family; defaults are the published class's."""

    kind: Literal["2.0"] = "2.0"
    in_channels: Width = 64
    context_in_dim: Width = 1536
    hidden_size: Width = 1024
    mlp_ratio: Annotated[float, Field(gt=0, le=16)] = 4.0
    num_heads: Count = 16
    depth: Depth = 16
    depth_single_blocks: Depth = 32
    qkv_bias: bool = True
    guidance_embed: bool = False
    time_factor: Annotated[float, Field(gt=1)] = 1000.0

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        return _fitting(self, self.hidden_size, self.num_heads)


class Dit21Config(_Record):
    """The denoiser of 2.1."""

    kind: Literal["2.1"] = "2.1"
    in_channels: Width = 64
    hidden_size: Width = 2048
    context_dim: Width = 1024
    depth: Depth = 21
    num_heads: Count = 16
    qk_norm: bool = True
    qk_norm_type: Literal["rms"] = "rms"
    norm_type: Literal["layer"] = "layer"
    qkv_bias: bool = False
    num_moe_layers: Depth = 6
    num_experts: Count = 8
    moe_top_k: Count = 2
    with_decoupled_ca: Literal[False] = False
    use_attention_pooling: Literal[False] = False
    use_pos_emb: Literal[False] = False

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        return _fitting(self, self.hidden_size, self.num_heads)


class VaeConfig(_Record):
    """The shape decoder; what its tensors tell is read from them instead."""

    num_latents: Annotated[int, Field(ge=1, le=65536)]
    embed_dim: Width = 64
    heads: Count
    num_freqs: Annotated[int, Field(ge=1, le=32)] = 8
    include_pi: bool = True
    scale_factor: Annotated[float, Field(gt=0)] = 1.0


class ConditionerConfig(_Record):
    """The picture encoder: DINOv2, one view or several."""

    hidden_size: Width
    num_attention_heads: Count
    num_hidden_layers: Depth
    patch_size: Width = 14
    position_size: Width = 518
    """The side of the pictures that the position embeddings were made for."""
    layer_norm_eps: Annotated[float, Field(gt=0, lt=1)] = 1e-6
    mlp_ratio: Annotated[float, Field(gt=0, le=16)] = 4.0
    use_swiglu_ffn: bool = False
    image_size: Width = 224
    use_cls_token: bool = True
    view_num: int = 0
    """How many views it tells apart; 0: it takes one picture."""

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        return _fitting(self, self.hidden_size, self.num_attention_heads)


class SchedulerConfig(_Record):
    """How noise turns into latents."""

    kind: Literal["euler", "consistency"] = "euler"
    num_train_timesteps: Annotated[int, Field(ge=1, le=100000)] = 1000
    shift: Annotated[float, Field(gt=0)] = 1.0
    pcm_timesteps: Annotated[int, Field(ge=1, le=100000)] = 50


class PictureConfig(_Record):
    """How a picture is framed before it is encoded."""

    size: Annotated[int, Field(ge=1, le=8192)] = 512
    border_ratio: Annotated[float, Field(ge=0, lt=1)] | None = None


class ShapeConfig(_Record):
    """Everything that a combined folder's `config.yaml` says."""

    model: DitConfig | Dit21Config
    vae: VaeConfig
    conditioner: ConditionerConfig
    scheduler: SchedulerConfig = SchedulerConfig()
    image_processor: PictureConfig = PictureConfig()


def read_config(path: Path) -> ShapeConfig:
    """Read a combined folder's `config.yaml`. Raises BadWeights."""
    sections = read_sections(path)
    try:
        model = section(sections, "model")
        return ShapeConfig(
            model=_denoiser(model),
            vae=VaeConfig.model_validate(params_of(section(sections, "vae"))),
            conditioner=_conditioner(section(sections, "conditioner")),
            scheduler=_scheduler(sections.get("scheduler")),
            image_processor=PictureConfig.model_validate(params_of(sections.get("image_processor"))),
        )
    except (ValidationError, Unfit) as problem:
        raise BadWeights(name=path.name, problem=_words(problem)) from None


def read_denoiser_config(path: Path) -> tuple[DitConfig | Dit21Config, SchedulerConfig]:
    """Read the `model` and `scheduler` sections alone. Raises BadWeights."""
    sections = read_sections(path)
    try:
        return _denoiser(section(sections, "model")), _scheduler(sections.get("scheduler"))
    except (ValidationError, Unfit) as problem:
        raise BadWeights(name=path.name, problem=_words(problem)) from None


def read_conditioner_config(path: Path) -> ConditionerConfig:
    """Read the `conditioner` section alone. Raises BadWeights."""
    try:
        return _conditioner(section(read_sections(path), "conditioner"))
    except (ValidationError, Unfit) as problem:
        raise BadWeights(name=path.name, problem=_words(problem)) from None


def read_vae_config(path: Path) -> VaeConfig:
    """Read the `config.yaml` of a VAE-only or combined folder. Raises BadWeights."""
    sections = read_sections(path)
    try:
        return VaeConfig.model_validate(params_of(sections.get("vae", sections)))
    except (ValidationError, Unfit) as problem:
        raise BadWeights(name=path.name, problem=_words(problem)) from None


def _words(problem: ValidationError | Unfit) -> str:
    if isinstance(problem, Unfit):
        return str(problem)
    faults = problem.errors(include_url=False)
    said = [fault["msg"].removeprefix("Value error, ") for fault in faults[:5]]
    places = [".".join(str(part) for part in fault["loc"]) for fault in faults[:5]]
    return "; ".join(
        f"{place}: {words}" if place else words for place, words in zip(places, said, strict=True)
    )


def _denoiser(model: dict[str, object]) -> DitConfig | Dit21Config:
    params = params_of(model)
    match class_of(model):
        case "Hunyuan3DDiT":
            return DitConfig.model_validate(params | {"kind": "2.0"})
        case "HunYuanDiTPlain":
            return Dit21Config.model_validate(params | {"kind": "2.1"})
        case other:
            raise Unfit(f"its denoiser “{other[:60]}” is not one this program knows")


def _scheduler(given: object) -> SchedulerConfig:
    if given is None:
        return SchedulerConfig()
    scheduler = mapping(given, "scheduler")
    kinds = {
        "FlowMatchEulerDiscreteScheduler": "euler",
        "ConsistencyFlowMatchEulerDiscreteScheduler": "consistency",
    }
    name = class_of(scheduler)
    if name not in kinds:
        raise Unfit(f"its scheduler “{name[:60]}” is not one this program knows")
    return SchedulerConfig.model_validate(params_of(scheduler) | {"kind": kinds[name]})


def _conditioner(given: dict[str, object]) -> ConditionerConfig:
    encoder = mapping(params_of(given).get("main_image_encoder"), "main_image_encoder")
    kind = encoder.get("type")
    if kind not in ("DinoImageEncoder", "DinoImageEncoderMV"):
        raise Unfit(f"its picture encoder “{str(kind)[:60]}” is not one this program knows")
    arguments = mapping(encoder.get("kwargs"), "kwargs")
    network = mapping(arguments.pop("config", None), "encoder config")
    views = arguments.pop("view_num", 4) if kind == "DinoImageEncoderMV" else 0
    position = {"position_size": network.pop("image_size", 518), "view_num": views}
    return ConditionerConfig.model_validate(network | arguments | position)
