"""What a published `config.yaml` says of the shape networks, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orfeas_desktop.errors import BadWeights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGEST_CONFIG_BYTES = 64 * 1024

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


class _Loader(yaml.SafeLoader):
    """Plain data only; aliases, which can blow a small file up, are refused."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def read_config(path: Path) -> ShapeConfig:
    """Read a combined folder's `config.yaml`. Raises BadWeights."""
    sections = _sections(path)
    try:
        model = _section(sections, "model")
        return ShapeConfig(
            model=_denoiser(model),
            vae=VaeConfig.model_validate(_params(_section(sections, "vae"))),
            conditioner=_conditioner(_section(sections, "conditioner")),
            scheduler=_scheduler(sections.get("scheduler")),
            image_processor=PictureConfig.model_validate(_params(sections.get("image_processor"))),
        )
    except (ValidationError, _Unfit) as problem:
        raise BadWeights(name=path.name, problem=_words(problem)) from None


def read_denoiser_config(path: Path) -> tuple[DitConfig | Dit21Config, SchedulerConfig]:
    """Read the `model` and `scheduler` sections alone. Raises BadWeights."""
    sections = _sections(path)
    try:
        return _denoiser(_section(sections, "model")), _scheduler(sections.get("scheduler"))
    except (ValidationError, _Unfit) as problem:
        raise BadWeights(name=path.name, problem=_words(problem)) from None


def read_conditioner_config(path: Path) -> ConditionerConfig:
    """Read the `conditioner` section alone. Raises BadWeights."""
    try:
        return _conditioner(_section(_sections(path), "conditioner"))
    except (ValidationError, _Unfit) as problem:
        raise BadWeights(name=path.name, problem=_words(problem)) from None


def read_vae_config(path: Path) -> VaeConfig:
    """Read the `config.yaml` of a VAE-only or combined folder. Raises BadWeights."""
    sections = _sections(path)
    try:
        return VaeConfig.model_validate(_params(sections.get("vae", sections)))
    except (ValidationError, _Unfit) as problem:
        raise BadWeights(name=path.name, problem=_words(problem)) from None


class _Unfit(Exception):
    """A section that this program has no network for."""


def _words(problem: ValidationError | _Unfit) -> str:
    if isinstance(problem, _Unfit):
        return str(problem)
    faults = problem.errors(include_url=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults[:5]
    )


def _sections(path: Path) -> Mapping[str, object]:
    try:
        with path.open("rb") as stream:
            text = stream.read(LARGEST_CONFIG_BYTES + 1)
    except OSError as problem:
        raise BadWeights(name=path.name, problem=problem.strerror or "it cannot be read") from None
    if len(text) > LARGEST_CONFIG_BYTES:
        raise BadWeights(name=path.name, problem="it is too long for a configuration")
    try:
        loaded = cast("object", yaml.load(text, _Loader))
    except (yaml.YAMLError, RecursionError, ValueError, UnicodeDecodeError):
        raise BadWeights(name=path.name, problem="it is not plain YAML") from None
    if not isinstance(loaded, dict):
        raise BadWeights(name=path.name, problem="it holds no sections")
    return {str(key): value for key, value in cast("dict[object, object]", loaded).items()}


def _mapping(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _Unfit(f"its {what} is not a section")
    return {str(key): item for key, item in cast("dict[object, object]", value).items()}


def _section(sections: Mapping[str, object], name: str) -> dict[str, object]:
    if name not in sections:
        raise _Unfit(f"it has no {name} section")
    return _mapping(sections[name], name)


def _params(section: object) -> dict[str, object]:
    if section is None:
        return {}
    params = _mapping(section, "section").get("params")
    return {} if params is None else _mapping(params, "params")


def _class_of(section: Mapping[str, object]) -> str:
    return str(section.get("target", "")).rpartition(".")[2]


def _denoiser(section: dict[str, object]) -> DitConfig | Dit21Config:
    params = _params(section)
    match _class_of(section):
        case "Hunyuan3DDiT":
            return DitConfig.model_validate(params | {"kind": "2.0"})
        case "HunYuanDiTPlain":
            return Dit21Config.model_validate(params | {"kind": "2.1"})
        case other:
            raise _Unfit(f"its denoiser “{other[:60]}” is not one this program knows")


def _scheduler(section: object) -> SchedulerConfig:
    if section is None:
        return SchedulerConfig()
    mapping = _mapping(section, "scheduler")
    kinds = {
        "FlowMatchEulerDiscreteScheduler": "euler",
        "ConsistencyFlowMatchEulerDiscreteScheduler": "consistency",
    }
    name = _class_of(mapping)
    if name not in kinds:
        raise _Unfit(f"its scheduler “{name[:60]}” is not one this program knows")
    return SchedulerConfig.model_validate(_params(mapping) | {"kind": kinds[name]})


def _conditioner(section: dict[str, object]) -> ConditionerConfig:
    encoder = _mapping(_params(section).get("main_image_encoder"), "main_image_encoder")
    kind = encoder.get("type")
    if kind not in ("DinoImageEncoder", "DinoImageEncoderMV"):
        raise _Unfit(f"its picture encoder “{str(kind)[:60]}” is not one this program knows")
    arguments = _mapping(encoder.get("kwargs"), "kwargs")
    network = _mapping(arguments.pop("config", None), "encoder config")
    views = arguments.pop("view_num", 4) if kind == "DinoImageEncoderMV" else 0
    position = {"position_size": network.pop("image_size", 518), "view_num": views}
    return ConditionerConfig.model_validate(network | arguments | position)
