"""Words to a picture with a pipeline of diffusers: loaded whole, placed by memory profile, watched step by step."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import diffusers
import numpy as np
import torch
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from diffusers.pipelines.auto_pipeline import AutoPipelineForText2Image
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import StableDiffusionXLPipeline
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from orfeas_desktop.engine.networks.latent_preview import LatentColors, fit_latent_colors
from orfeas_desktop.engine.networks.memory_profile import MemoryPlan, MemoryProfile, release
from orfeas_desktop.engine.networks.single_file import text_encoders
from orfeas_desktop.engine.networks.small_weights import LayerStream, quantise, stored_bytes
from orfeas_desktop.engine.networks.weight_file import open_weights
from orfeas_desktop.engine.weights.picture_base import PictureBase, layers_of_lora
from orfeas_desktop.engine.weights.recognise import tensor_names
from orfeas_desktop.errors import BackendFailed, BadWeights

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor, nn

CELL = 16
"""Sides of pictures are multiples of this while they are made."""
FLOW_TOKENS = 256
"""How many tokens of the second text encoder FLUX.1 schnell reads."""
NETWORKS = ("text_encoder", "text_encoder_2", "unet", "transformer", "vae")
SCHEDULERS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "euler": ("EulerDiscreteScheduler", {}),
    "euler-ancestral": ("EulerAncestralDiscreteScheduler", {}),
    "ddim": ("DDIMScheduler", {}),
    "dpmpp-2m": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": False}),
    "dpmpp-2m-karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "lcm": ("LCMScheduler", {}),
    "flow-euler": ("FlowMatchEulerDiscreteScheduler", {}),
    "flow-lcm": ("FlowMatchLCMScheduler", {}),
}
FLOW_SCHEDULERS = {"default", "flow-euler", "flow-lcm"}
"""What fits an engine that follows a straight flow."""


@dataclass(frozen=True)
class PictureWeights:
    """The files of a pipeline."""

    base: PictureBase
    folder: Path
    """In the form of diffusers: the pipeline, or what a single file lacks."""
    variant: str
    digest: str
    file: Path | None = None
    """A single file whose networks are used instead of the folder's."""

    @property
    def name(self) -> str:
        """What people know it by."""
        return (self.file or self.folder).name


@dataclass(frozen=True)
class PictureOrder:
    """Everything one picture depends on beside weights and LoRAs."""

    prompt: str
    negative_prompt: str
    width: int
    height: int
    num_inference_steps: int
    guidance_scale: float
    seed: int
    scheduler: str = "default"


@dataclass(frozen=True)
class LoraFile:
    """A LoRA to use and how strongly."""

    name: str
    file: Path
    digest: str
    weight: float


@dataclass(frozen=True)
class LoraFit:
    """How much of a LoRA a pipeline uses: layers that are there, of layers in the file."""

    name: str
    used: int
    count: int


OnStep = Callable[[int, int, Callable[[], "NDArray[np.uint8]"]], None]
"""(steps done, steps in all, how to get a small picture of where it stands); may raise to stop."""


class _Tokenizer(Protocol):
    model_max_length: int

    def __call__(self, text: str, **options: object) -> Mapping[str, object]: ...


class _Scheduler(Protocol):
    config: Mapping[str, object]


class _Pipeline(Protocol):
    """What is used of the pipelines of diffusers, which publish no types."""

    scheduler: _Scheduler
    vae: nn.Module
    num_timesteps: int
    vae_scale_factor: int

    def __call__(self, **options: object) -> object: ...
    def to(self, *where: object) -> _Pipeline: ...
    def set_progress_bar_config(self, *, disable: bool) -> None: ...
    def enable_model_cpu_offload(self, *, device: torch.device) -> None: ...
    def load_lora_weights(self, folder: str, **options: object) -> None: ...
    def unload_lora_weights(self) -> None: ...
    def set_adapters(self, names: list[str], weights: list[float]) -> None: ...
    def get_list_adapters(self) -> Mapping[str, list[str]]: ...


class TextToImagePipeline:
    """Makes pictures with one pipeline, which stays loaded until `unload`."""

    def __init__(self, weights: PictureWeights, plan: MemoryPlan, scratch: Path) -> None:
        """Load and place it. `scratch`: where what was learnt of it is kept. Raises BadWeights."""
        self.weights = weights
        self.plan = plan
        self._pipe = _loaded(weights, plan.dtype)
        self._published = self._pipe.scheduler
        self._loras: tuple[LoraFile, ...] = ()
        self._fits: list[LoraFit] = []
        self._colors = _colors(self._pipe.vae, weights, plan.device, scratch)
        self._place()

    def cut_words(self, prompt: str) -> str:
        """Return what no text encoder reads because the prompt is too long, or nothing."""
        name = "tokenizer_2" if self.weights.base is PictureBase.flux else "tokenizer"
        tokenizer = cast("_Tokenizer", getattr(self._pipe, name))
        most = FLOW_TOKENS if self.weights.base is PictureBase.flux else tokenizer.model_max_length
        with _quiet():
            said = tokenizer(prompt, return_offsets_mapping=True)
        places = cast("Sequence[tuple[int, int]]", said["offset_mapping"])
        if len(places) <= most:
            return ""
        kept = [end for _, end in places[: most - 1]]
        return prompt[max(kept, default=0) :].strip()

    def use_loras(self, loras: Sequence[LoraFile]) -> Sequence[LoraFit]:
        """Use these LoRAs and no others; say how much of each fits. Raises BadWeights for one that does not."""
        wanted = tuple(loras)
        if [each.digest for each in wanted] != [each.digest for each in self._loras]:
            self._drop_loras()
            for lora in wanted:
                self._load_lora(lora)
            self._follow_placing()
        if wanted:
            names = [_adapter(each) for each in wanted]
            self._pipe.set_adapters(names, [each.weight for each in wanted])
        self._loras = wanted
        return tuple(self._fits)

    @torch.inference_mode()
    def make(self, order: PictureOrder, on_step: OnStep) -> NDArray[np.uint8]:
        """Make one picture (H, W, 3). Raises BackendFailed when the numbers overflow, and what `on_step` raises."""
        width, height = (-(-side // CELL) * CELL for side in (order.width, order.height))
        self._schedule(order.scheduler)

        def tell(_pipe: object, step: int, _time: object, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
            latents = tensors["latents"]
            on_step(step + 1, self._pipe.num_timesteps, lambda: self._look(latents, width, height))
            return tensors

        options: dict[str, object] = {
            "prompt": order.prompt,
            "width": width,
            "height": height,
            "num_inference_steps": order.num_inference_steps,
            "guidance_scale": order.guidance_scale,
            "generator": torch.Generator("cpu").manual_seed(order.seed),
            "callback_on_step_end": tell,
            "callback_on_step_end_tensor_inputs": ["latents"],
            "output_type": "np",
        }
        if self.weights.base is PictureBase.flux:
            options["max_sequence_length"] = FLOW_TOKENS
        elif order.guidance_scale > 1:
            options["negative_prompt"] = order.negative_prompt
        with _quiet():
            made = self._pipe(**options)
        pixels = cast("list[NDArray[np.float32]]", getattr(made, "images"))[0]  # noqa: B009  (untyped result)
        if not np.isfinite(pixels).all():
            said = "its numbers overflowed; choose the precision bfloat16 or float32"
            raise BackendFailed(entry=self.weights.name, problem=said)
        top, left = (height - order.height) // 2, (width - order.width) // 2
        cut = pixels[top : top + order.height, left : left + order.width]
        return (cut * 255).round().astype(np.uint8)

    @property
    def held_bytes(self) -> int:
        """What the networks take."""
        networks = (getattr(self._pipe, name, None) for name in NETWORKS)
        return sum(stored_bytes(network) for network in networks if isinstance(network, torch.nn.Module))

    def unload(self) -> None:
        """Let every network go."""
        for name in NETWORKS:
            if getattr(self._pipe, name, None) is not None:
                setattr(self._pipe, name, None)
        release(self.plan.device)

    def _place(self) -> None:
        self._pipe.set_progress_bar_config(disable=True)
        profile, device = self.plan.profile, self.plan.device
        if profile is MemoryProfile.full or (device.type == "cpu" and profile is MemoryProfile.balanced):
            self._pipe.to(device)
        elif profile is MemoryProfile.balanced:
            self._pipe.enable_model_cpu_offload(device=device)
        else:
            for name, network in self._networks():
                if profile is MemoryProfile.minimal and name != "vae":
                    quantise(network)
                LayerStream(network, device)
            _compute_on(self._pipe, device)
            cast("_Tiled", self._pipe.vae).enable_tiling()

    def _networks(self) -> list[tuple[str, nn.Module]]:
        found = ((name, getattr(self._pipe, name, None)) for name in NETWORKS)
        return [(name, cast("nn.Module", network)) for name, network in found if network is not None]

    def _follow_placing(self) -> None:
        """Put what LoRAs brought where streamed networks compute; in the other profiles diffusers does."""
        if self.plan.profile not in (MemoryProfile.low, MemoryProfile.minimal):
            return
        for _, network in self._networks():
            for name, parameter in network.named_parameters():
                if ".lora_" in name:
                    parameter.data = parameter.data.to(self.plan.device)

    def _load_lora(self, lora: LoraFile) -> None:
        try:
            with _quiet():
                self._pipe.load_lora_weights(
                    str(lora.file.parent), weight_name=lora.file.name, adapter_name=_adapter(lora)
                )
        except (ValueError, RuntimeError, KeyError, TypeError, AttributeError, IndexError) as problem:
            self._drop_loras()
            said = f"this LoRA does not fit “{self.weights.name}”"
            raise BadWeights(name=lora.name, problem=said, details=str(problem)) from None
        known = {name for names in self._pipe.get_list_adapters().values() for name in names}
        if _adapter(lora) not in known:
            self._drop_loras()
            raise BadWeights(name=lora.name, problem=f"nothing in it fits “{self.weights.name}”")
        used = sum(
            f".lora_A.{_adapter(lora)}." in name
            for _, network in self._networks()
            for name, _ in network.named_parameters()
        )
        self._fits.append(LoraFit(lora.name, used, max(layers_of_lora(tensor_names(lora.file)), used)))

    def _drop_loras(self) -> None:
        self._loras, self._fits = (), []
        self._pipe.unload_lora_weights()

    def _schedule(self, name: str) -> None:
        if name == "default":
            self._pipe.scheduler = self._published
            return
        kind, more = SCHEDULERS[name]
        maker = cast("_SchedulerClass", getattr(diffusers, kind))
        with _quiet():
            self._pipe.scheduler = maker.from_config(self._published.config, **more)

    def _look(self, latents: Tensor, width: int, height: int) -> NDArray[np.uint8]:
        if latents.ndim == 3:
            unpack = cast("Callable[..., Tensor]", getattr(type(self._pipe), "_unpack_latents"))  # noqa: B009
            latents = unpack(latents, height, width, self._pipe.vae_scale_factor)
        return self._colors.picture(latents[0])


class _Tiled(Protocol):
    def enable_tiling(self) -> None: ...


class _SchedulerClass(Protocol):
    def from_config(self, config: Mapping[str, object], **more: object) -> _Scheduler: ...


def _adapter(lora: LoraFile) -> str:
    return f"lora_{lora.digest[:16]}"


def _compute_on(pipe: _Pipeline, device: torch.device) -> None:
    """Make a pipeline whose large weights stay in main memory compute on `device` all the same."""
    kind = type(pipe)
    placed = type(kind.__name__, (kind,), {"_execution_device": property(lambda _self: device)})
    pipe.__class__ = placed


@contextmanager
def _quiet() -> Generator[None]:
    """Keep what the libraries say of their own future out of the log."""
    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _loaded(weights: PictureWeights, dtype: torch.dtype) -> _Pipeline:
    from_folder = {
        "torch_dtype": dtype,
        "local_files_only": True,
        "use_safetensors": True,
        "variant": weights.variant or None,
    }
    if weights.base is PictureBase.sd15:
        from_folder |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    try:
        with _quiet():
            if weights.file is None:
                made = AutoPipelineForText2Image.from_pretrained(weights.folder, **from_folder)
            else:
                made = _from_file(weights, weights.file, dtype, from_folder)
    except torch.OutOfMemoryError:
        raise
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as problem:
        said = "it does not load as a whole pipeline"
        raise BadWeights(name=weights.name, problem=said, details=str(problem)) from None
    return cast("_Pipeline", made)


def _from_file(
    weights: PictureWeights, file: Path, dtype: torch.dtype, from_folder: Mapping[str, object]
) -> object:
    if weights.base is PictureBase.flux:
        transformer = cast(
            "object",
            FluxTransformer2DModel.from_single_file(
                str(file),
                config=str(weights.folder),
                subfolder="transformer",
                torch_dtype=dtype,
                local_files_only=True,
            ),
        )
        return cast(
            "object",
            AutoPipelineForText2Image.from_pretrained(weights.folder, transformer=transformer, **from_folder),
        )
    small = weights.base is PictureBase.sd15
    kind = StableDiffusionPipeline if small else StableDiffusionXLPipeline
    more: dict[str, object] = {"safety_checker": None, "feature_extractor": None} if small else {}
    more |= text_encoders(open_weights(file, file.parent), weights.base, weights.folder, dtype)
    return cast(
        "object",
        kind.from_single_file(
            str(file), config=str(weights.folder), torch_dtype=dtype, local_files_only=True, **more
        ),
    )


def _colors(vae: nn.Module, weights: PictureWeights, device: torch.device, scratch: Path) -> LatentColors:
    """What the latents' channels look like: kept from before, else learnt from this very decoder's encoder."""
    kept = scratch / f"latent-colors-{weights.digest[:16]}.npy"
    try:
        return LatentColors(np.load(kept, allow_pickle=False))
    except (OSError, ValueError):
        colors = fit_latent_colors(vae, device)
        part = kept.with_suffix(".part.npy")
        np.save(part, colors.matrix, allow_pickle=False)
        part.replace(kept)
        return colors
