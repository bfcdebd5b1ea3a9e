"""Words become pictures with published weights, or with a folder or file of the user's own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.backends.base import Backend, Task
from orfeas_desktop.engine.backends.computing import (
    MemoryChoice,
    Precision,
    dtype_of,
    in_smaller_profiles,
    network_budget,
    use_threads,
)
from orfeas_desktop.engine.backends.network_pool import NetworkPool
from orfeas_desktop.engine.backends.peak_memory import PeakMemory
from orfeas_desktop.engine.backends.styles import style
from orfeas_desktop.engine.backends.text_to_image_params import ENGINES, OWN, OwnParams
from orfeas_desktop.engine.jobs.context import Output
from orfeas_desktop.engine.jobs.recipe import recipe
from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.licences import notices
from orfeas_desktop.engine.weights.lora_shelf import LoraShelf, read_uses
from orfeas_desktop.engine.weights.own_pictures import OwnPictures
from orfeas_desktop.engine.weights.picture_base import PictureBase
from orfeas_desktop.engine.weights.pipeline_folder import read_pipeline_folder, sampled
from orfeas_desktop.engine.weights.store import WeightStore
from orfeas_desktop.errors import BadInput, BadWeights, WeightsMissing
from orfeas_desktop.pictures import RECIPE
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from orfeas_desktop.engine.backends.text_to_image_params import TextToImageParams, WordsEngine
    from orfeas_desktop.engine.jobs.context import Inputs, JobContext
    from orfeas_desktop.engine.networks.memory_profile import MemoryPlan, MemoryProfile
    from orfeas_desktop.engine.networks.text_to_image import (
        LoraFile,
        LoraFit,
        PictureOrder,
        PictureWeights,
        TextToImagePipeline,
    )
    from orfeas_desktop.params import Params

    Bytes = NDArray[np.uint8]

LONGEST_NAME = 40
SMALL_FILES = {
    PictureBase.sd15: ("stable-diffusion-1-5",),
    PictureBase.sdxl: ("sdxl-base", "sdxl-turbo"),
    PictureBase.flux: ("flux-1-schnell",),
}
"""The sets whose settings and words a single file of that base goes with."""


@dataclass(frozen=True, kw_only=True)
class TextToImage(Backend):
    """Makes pictures with one set; its networks are kept in the pool that all engines share."""

    engine: WordsEngine
    pool: NetworkPool = field(repr=False)

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Raises BadInput, WeightsMissing, BadWeights, OutOfMemory, BackendFailed and Cancelled."""
        options = cast("TextToImageParams", params)
        if not options.prompt.strip():
            raise BadInput(entry=self.id, problem="there are no words to make a picture from")
        use_threads(context)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Looking for the weights")):
            weights = self._weights(options)
            loras = _loras(options, weights.base, context)
            _check_scheduler(options, weights.base, self.id)
        pictures = self._made(weights, loras, options, context)
        made_by = recipe(self, inputs, params, context.seed, notices(self.weights))
        return tuple(
            _written(picture, number, options.prompt, json.dumps(made_by), context)
            for number, picture in enumerate(pictures)
        )

    def unload(self) -> None:
        """Let this engine's networks go."""
        self.pool.drop(self.id)

    def _weights(self, options: TextToImageParams) -> PictureWeights:
        from orfeas_desktop.engine.networks.text_to_image import PictureWeights

        store = WeightStore.of()
        if not isinstance(options, OwnParams):
            found = read_pipeline_folder(store.need(self.weights[0]))
            return PictureWeights(found.base, found.folder, found.variant, sampled(found.files))
        if not options.pipeline:
            raise BadInput(entry=self.id, problem="none of your own pipelines is chosen")
        known = OwnPictures(store.folder)
        own = known.find(options.pipeline)
        place = known.place(own)
        if place.is_dir():
            found = read_pipeline_folder(place)
            return PictureWeights(found.base, found.folder, found.variant, own.digest)
        folder = _small_files(store, own.base)
        return PictureWeights(own.base, folder, read_pipeline_folder(folder).variant, own.digest, place)

    def _made(
        self,
        weights: PictureWeights,
        loras: Sequence[LoraFile],
        options: TextToImageParams,
        context: JobContext,
    ) -> list[Bytes]:
        """Make the pictures; when memory runs out, once more in the next smaller profile."""
        from orfeas_desktop.engine.networks.memory_profile import MemoryPlan, best_device, measured_peak
        from orfeas_desktop.engine.networks.text_to_image import TextToImagePipeline

        device = best_device()
        dtype = _dtype(options.precision, weights.base, device)
        known = PeakMemory(context.scratch / "peak_memory.json", self.id, max(options.width, options.height))

        def attempt(profile: MemoryProfile) -> list[Bytes]:
            plan = MemoryPlan(device, dtype, profile)
            make = partial(TextToImagePipeline, weights, plan, context.scratch)
            with measured_peak(device) as peak:
                with context.stage(QT_TRANSLATE_NOOP("Stages", "Reading the weights")):
                    pipeline = self.pool.networks(self.id, (weights, plan), device, make)
                    _warn_of_fits(pipeline.use_loras(loras), context)
                pictures = self._walk(pipeline, options, context)
            known.keep(profile.value, peak.bytes)
            return pictures

        profile = self._profile(weights, options, MemoryPlan(device, dtype), known)
        return in_smaller_profiles(profile, attempt, self.pool, context, self.title)

    def _profile(
        self, weights: PictureWeights, options: TextToImageParams, plan: MemoryPlan, known: PeakMemory
    ) -> MemoryProfile:
        from orfeas_desktop.engine.networks.memory_profile import MemoryProfile
        from orfeas_desktop.engine.networks.picture_memory import picture_need

        automatic = options.memory is MemoryChoice.automatic
        asked = MemoryProfile.full if automatic else MemoryProfile(options.memory.value)
        need = picture_need(weights, plan.dtype, options.width * options.height, known.all())
        room = self.pool.make_room(self.id, need.bytes_in(asked), plan.device, network_budget())
        return need.choose(room) if automatic and room is not None else asked

    def _walk(
        self, pipeline: TextToImagePipeline, options: TextToImageParams, context: JobContext
    ) -> list[Bytes]:
        from orfeas_desktop.engine.networks.text_to_image import PictureOrder

        chosen = style(options.style)
        order = PictureOrder(
            prompt=chosen.words(options.prompt),
            negative_prompt=chosen.unwanted(options.negative_prompt),
            width=options.width,
            height=options.height,
            num_inference_steps=options.num_inference_steps,
            guidance_scale=options.guidance_scale,
            seed=context.seed,
            scheduler=options.scheduler,
        )
        _warn_of_words(pipeline, order, options, context)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Painting")):
            return [
                pipeline.make(
                    _of_seed(order, number), _teller(number, options.num_images_per_prompt, context)
                )
                for number in range(options.num_images_per_prompt)
            ]


def _warn_of_fits(fits: Sequence[LoraFit], context: JobContext) -> None:
    for fit in fits:
        context.fact(f"lora_layers_used:{fit.name}", fit.used)
        if fit.used < fit.count:
            context.warn(
                QT_TRANSLATE_NOOP(
                    "Warnings", "Only {used} of {count} layers of the LoRA “{name}” fit this engine."
                ),
                used=fit.used,
                count=fit.count,
                name=fit.name,
            )


def _dtype(precision: Precision, base: PictureBase, device: torch.device) -> torch.dtype:
    """FLUX.1 was published in bfloat16, and overflows in float16."""
    flow = base is PictureBase.flux and device.type == "cuda"
    return dtype_of(Precision.bfloat16 if flow and precision is Precision.automatic else precision, device)


def _of_seed(order: PictureOrder, number: int) -> PictureOrder:
    return replace(order, seed=(order.seed + number) % 2**63)


def _small_files(store: WeightStore, base: PictureBase) -> Path:
    """A set whose settings and words a single file of that base goes with."""
    for set_id in SMALL_FILES[base]:
        folder = store.find(set_id)
        if folder is not None:
            return folder
    raise WeightsMissing(missing=weight_set(SMALL_FILES[base][0]).title)


def _loras(options: TextToImageParams, base: PictureBase, context: JobContext) -> list[LoraFile]:
    """The files of the LoRAs that were asked for. Raises BadWeights for one that is gone or for another base."""
    from orfeas_desktop.engine.networks.text_to_image import LoraFile

    shelf = LoraShelf.of()
    files: list[LoraFile] = []
    for use in read_uses(options.loras):
        lora, place = shelf.file(use)
        if lora.base is not base:
            said = f"it is made for {lora.base.value}; this engine is {base.value}"
            raise BadWeights(name=lora.name, problem=said)
        missing = [word for word in lora.triggers.split(",") if not _in(word, options.prompt)]
        if missing:
            context.warn(
                QT_TRANSLATE_NOOP("Warnings", "The LoRA “{name}” wants these words in the prompt: {words}."),
                name=lora.name,
                words=", ".join(word.strip() for word in missing),
            )
        files.append(LoraFile(lora.name, place, lora.digest, use.weight))
    return files


def _in(word: str, prompt: str) -> bool:
    return word.strip().casefold() in " ".join(prompt.split()).casefold()


def _check_scheduler(options: TextToImageParams, base: PictureBase, entry: str) -> None:
    from orfeas_desktop.engine.networks.text_to_image import FLOW_SCHEDULERS

    flow = options.scheduler in FLOW_SCHEDULERS
    fits = flow if base is PictureBase.flux else not options.scheduler.startswith("flow")
    if not fits:
        said = f"the scheduler “{options.scheduler}” does not fit {base.value}"
        raise BadInput(entry=entry, problem=said)


def _warn_of_words(
    pipeline: TextToImagePipeline, order: PictureOrder, options: TextToImageParams, context: JobContext
) -> None:
    used = order.guidance_scale > 1 and pipeline.weights.base is not PictureBase.flux
    if options.negative_prompt.strip() and not used:
        context.warn(
            QT_TRANSLATE_NOOP(
                "Warnings", "What is not wanted was left out: this engine or guidance takes no such words."
            )
        )
    for words in (order.prompt, order.negative_prompt if used else ""):
        cut = pipeline.cut_words(words) if words else ""
        if cut:
            context.warn(
                QT_TRANSLATE_NOOP(
                    "Warnings", "The prompt is longer than this engine reads; this was not read: “{words}”."
                ),
                words=cut,
            )


def _teller(number: int, count: int, context: JobContext) -> Callable[[int, int, Callable[[], Bytes]], None]:
    """Tell how far the picture is, and show it."""
    from PIL import Image

    def tell(done: int, total: int, look: Callable[[], Bytes]) -> None:
        context.progress((number + done / max(total, 1)) / count)
        if done < total:
            path = context.staging / f"preview-{number}-{done}.png"
            Image.fromarray(look()).save(path)
            context.preview(path, AssetKind.picture)

    return tell


def _written(picture: Bytes, number: int, prompt: str, made_by: str, context: JobContext) -> Output:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    said = PngInfo()
    said.add_itxt(RECIPE, made_by)
    path = context.staging / f"picture-{number + 1}.png"
    Image.fromarray(picture).save(path, pnginfo=said)
    context.fact(f"seed_{number + 1}", (context.seed + number) % 2**63)
    name = picture_name(prompt)
    return Output(
        "pictures", path, AssetKind.picture, f"{name}.png" if number == 0 else f"{name} {number + 1}.png"
    )


def picture_name(prompt: str) -> str:
    """Return a short name for what a prompt makes."""
    plain = "".join(letter if letter.isalnum() or letter in " -_'" else " " for letter in prompt)
    words = " ".join(plain.split())
    if len(words) > LONGEST_NAME:
        words = words[: LONGEST_NAME + 1].rpartition(" ")[0] or words[:LONGEST_NAME]
    return words or "picture"


def text_to_image_backends(pool: NetworkPool | None = None) -> tuple[TextToImage, ...]:
    """Every text-to-image engine; they share one pool of networks."""
    pool = pool or NetworkPool()
    return tuple(
        TextToImage(
            id=engine.id,
            version=1,
            title=engine.title,
            summary=_SUMMARIES[engine is OWN],
            params=engine.params,
            inputs=(),
            outputs=(Slot("pictures", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "Pictures"), many=True),),
            lane=Lane.gpu,
            task=Task.text_to_image,
            weights=() if engine is OWN else (engine.id,),
            own_files=engine is OWN,
            licence=engine.licence,
            engine=engine,
            pool=pool,
        )
        for engine in (*ENGINES, OWN)
    )


_SUMMARIES = {
    False: QT_TRANSLATE_NOOP(
        "Backends", "Words become a picture, to build a mesh from; needs published weights."
    ),
    True: QT_TRANSLATE_NOOP(
        "Backends", "Words become a picture with a diffusers folder, .safetensors or .ckpt file of your own."
    ),
}
