"""Hunyuan3D: one picture, or several views, becomes a closed mesh with published weights."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.backends.base import Backend, Task
from orfeas_desktop.engine.backends.computing import (
    GB,
    MemoryChoice,
    dtype_of,
    engine_settings,
    in_smaller_profiles,
    network_budget,
    use_threads,
)
from orfeas_desktop.engine.backends.hunyuan3d_variants import VARIANTS, DecoderChoice
from orfeas_desktop.engine.backends.network_pool import NetworkPool
from orfeas_desktop.engine.backends.peak_memory import PeakMemory
from orfeas_desktop.engine.jobs.context import Output
from orfeas_desktop.engine.jobs.recipe import recipe
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.weights.licences import notices
from orfeas_desktop.engine.weights.store import WeightStore
from orfeas_desktop.errors import BackendFailed
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.assets import LocalFile
    from orfeas_desktop.engine.backends.hunyuan3d_variants import ShapeParams, Variant
    from orfeas_desktop.engine.jobs.context import Inputs, JobContext
    from orfeas_desktop.engine.networks.memory_profile import MemoryPlan, MemoryProfile
    from orfeas_desktop.engine.networks.shape_pipeline import (
        PipelineSettings,
        PipelineWatch,
        ShapePipeline,
    )
    from orfeas_desktop.engine.networks.shape_weights import ShapeWeights
    from orfeas_desktop.engine.networks.surface import Surface
    from orfeas_desktop.params import Params

    Bytes = NDArray[np.uint8]

LONGEST_SIDE = 2048
MOST_MEGAPIXELS = 1000.0
"""A last stop only: the user's own limit is kept before a job is made."""


@dataclass(frozen=True, kw_only=True)
class Hunyuan3dShape(Backend):
    """Makes meshes with one variant; its networks are kept in the pool that all variants share."""

    variant: Variant
    pool: NetworkPool = field(repr=False)

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Raises the BadPicture family, WeightsMissing, BadWeights, OutOfMemory, BackendFailed and Cancelled."""
        options = cast("ShapeParams", params)
        use_threads(context)
        pictures = self._pictures(inputs, context)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Reading the weights")):
            weights = self._weights(options)
        surface = self._made(weights, pictures, options, context)
        if surface is None:
            raise BackendFailed(entry=self.id, problem="the volume it made holds no surface")
        mesh = _finished(surface, options, context)
        name = Path(inputs["front"][0].name).stem
        digest = WeightStore.of().digest(self.weights)
        made_by = recipe(self, inputs, params, context.seed, notices(self.weights), digest)
        mesh = replace(mesh, name=name, extras=made_by)
        return (_written(mesh, f"{name}.glb", context),)

    def unload(self) -> None:
        """Let this variant's networks go."""
        self.pool.drop(self.id)

    def _pictures(self, inputs: Inputs, context: JobContext) -> dict[str, Bytes]:
        """The pictures by view, their ground made transparent."""
        views = ("front", "left", "back", "right") if self.variant.many_views else ("front",)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Reading the picture")):
            files = {view: inputs[view][0] for view in views if inputs.get(view)}
            given = inputs.get("mask")
            mask = _pixels(given[0]) if given else None
            pictures = {view: _pixels(file) for view, file in files.items()}
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Finding the object")):
            return {
                view: _cut_out(picture, files[view].name, mask if view == "front" else None, context)
                for view, picture in pictures.items()
            }

    def _weights(self, options: ShapeParams) -> ShapeWeights:
        from orfeas_desktop.engine.networks.shape_weights import ShapeWeights

        store = WeightStore.of()
        folder = store.need(self.weights[0])
        turbo = self.variant.turbo_decoder
        decoder = store.find(turbo) if turbo and options.decoder is DecoderChoice.flashvdm else None
        return ShapeWeights.open(folder, store.shelf.converted, decoder)

    def _made(
        self, weights: ShapeWeights, pictures: dict[str, Bytes], options: ShapeParams, context: JobContext
    ) -> Surface | None:
        """Run the networks; when memory runs out, once more in the next smaller profile."""
        from orfeas_desktop.engine.networks.faster_calls import Speedup
        from orfeas_desktop.engine.networks.memory_profile import MemoryPlan, best_device, measured_peak
        from orfeas_desktop.engine.networks.shape_pipeline import ShapePipeline

        device = best_device()
        dtype = dtype_of(options.precision, device)
        known = PeakMemory(context.scratch / "peak_memory.json", self.id, options.octree_resolution)
        plain = MemoryPlan(device, dtype, speedup=Speedup(engine_settings().speedup.value))

        def attempt(profile: MemoryProfile) -> Surface | None:
            plan = replace(plain, profile=profile)
            pipeline = self.pool.networks(
                self.id, (weights, plan), device, partial(ShapePipeline, weights, plan)
            )
            with measured_peak(device) as peak:
                surface = self._walk(pipeline, pictures, options, context)
            known.keep(profile.value, peak.bytes)
            return surface

        profile = self._profile(weights, options, plain, (known, len(pictures)), context)
        return in_smaller_profiles(profile, attempt, self.pool, context, self.title)

    def _profile(
        self,
        weights: ShapeWeights,
        options: ShapeParams,
        plan: MemoryPlan,
        known: tuple[PeakMemory, int],
        context: JobContext,
    ) -> MemoryProfile | None:
        """The profile asked for, else the fastest that fits by what is known of this machine or estimated.

        Where memory is limited, what was chosen is told before the run.
        """
        from orfeas_desktop.engine.networks.memory_profile import MemoryNeed, MemoryProfile

        peaks, views = known
        asked = None if options.memory is MemoryChoice.automatic else MemoryProfile(options.memory.value)
        need = MemoryNeed.of(weights, plan.dtype, options.octree_resolution, views)
        need = replace(need, measured=peaks.all())
        wanted = need.bytes_in(asked or MemoryProfile.full)
        room = self.pool.make_room(self.id, wanted, plan.device, network_budget())
        if room is None:
            return asked or MemoryProfile.balanced
        profile = asked or need.choose(room)
        context.warn(
            QT_TRANSLATE_NOOP(
                "Warnings", "Memory profile “{profile}”: needs about {needed:.1f} GB of {room:.1f} GB."
            ),
            profile=profile.value,
            needed=need.bytes_in(profile) / GB,
            room=room / GB,
        )
        return profile

    def _walk(
        self, pipeline: ShapePipeline, pictures: dict[str, Bytes], options: ShapeParams, context: JobContext
    ) -> Surface | None:
        from orfeas_desktop.engine.networks.picture_preparation import prepare_pictures
        from orfeas_desktop.engine.networks.surface import extract_surface

        settings = self._settings(options, context.seed)
        watch = _watch(context)
        framing = pipeline.weights.config.image_processor
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Looking at the picture")):
            features = pipeline.encode(prepare_pictures(pictures, framing.size, framing.border_ratio))
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Shaping")):
            latents = pipeline.sample(features, settings, watch)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Decoding the volume")):
            volume = pipeline.decode(latents, settings, watch)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Finding the surface")):
            return extract_surface(volume, settings.surface)

    def _settings(self, options: ShapeParams, seed: int) -> PipelineSettings:
        from orfeas_desktop.engine.networks.shape_pipeline import PipelineSettings
        from orfeas_desktop.engine.networks.shape_sampling import SamplingSettings
        from orfeas_desktop.engine.networks.volume import VolumeDecoder, VolumeSettings

        decoder = VolumeDecoder(options.decoder.value)
        if decoder is VolumeDecoder.flash_mean and self.variant.merged_keys:
            decoder = VolumeDecoder.flash_merge
        volume = VolumeSettings(options.octree_resolution, options.num_chunks, decoder)
        sampling = SamplingSettings(options.num_inference_steps, options.guidance_scale)
        return PipelineSettings(seed, sampling, volume)


def _pixels(file: LocalFile) -> Bytes:
    """The picture (H, W, 4), at most 2048 on its longest side."""
    from orfeas_desktop.pictures import read_picture

    return np.asarray(read_picture(file.path, max_side=LONGEST_SIDE, max_megapixels=MOST_MEGAPIXELS))


def _cut_out(picture: Bytes, name: str, mask: Bytes | None, context: JobContext) -> Bytes:
    """The picture with alpha 0 outside the object; a picture that brings its own alpha keeps it."""
    from orfeas_desktop.engine.relief.mask import MaskHow, find_mask

    found = find_mask(picture, name, given=mask)
    if found.how is MaskHow.alpha:
        return picture
    context.fact("mask_how", found.how.value)
    context.fact("mask_confidence", round(found.confidence, 3))
    cut = picture.copy()
    cut[..., 3] = np.where(found.inside, picture[..., 3], 0)
    return cut


def _watch(context: JobContext) -> PipelineWatch:
    from orfeas_desktop.engine.networks.shape_pipeline import PipelineWatch

    def show(surface: Surface) -> None:
        _write(_mesh(surface), context.staging / "preview.glb")
        context.preview(context.staging / "preview.glb", AssetKind.mesh)

    def share(done: int, total: int) -> None:
        context.progress(done / max(total, 1))

    return PipelineWatch(share, share, show)


def _mesh(surface: Surface) -> Mesh:
    from orfeas_desktop.engine.mesh.normals import vertex_normals

    mesh = Mesh(surface.vertices, surface.faces)
    groups = np.arange(mesh.vertex_count)
    return replace(mesh, normals=vertex_normals(mesh, groups=groups))


def _write(mesh: Mesh, path: Path) -> None:
    from orfeas_desktop.engine.mesh.glb import write_glb

    write_glb(mesh, path)


def _finished(surface: Surface, options: ShapeParams, context: JobContext) -> Mesh:
    from orfeas_desktop.engine.mesh.facts import mesh_facts
    from orfeas_desktop.engine.networks.surface import with_fewer_faces, without_floaters

    with context.stage(QT_TRANSLATE_NOOP("Stages", "Tidying the mesh")):
        if options.remove_floaters:
            surface = without_floaters(surface)
        context.check_cancelled()
        if options.max_faces:
            surface = with_fewer_faces(surface, options.max_faces)
        mesh = _mesh(surface)
        facts = mesh_facts(mesh)
        context.fact("vertices", facts.vertices)
        context.fact("faces", facts.faces)
        context.fact("watertight", facts.watertight)
    return mesh


def _written(mesh: Mesh, name: str, context: JobContext) -> Output:
    with context.stage(QT_TRANSLATE_NOOP("Stages", "Writing the mesh")):
        path = context.staging / "mesh.glb"
        _write(mesh, path)
    return Output("mesh", path, AssetKind.mesh, name)


_FRONT = Slot("front", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "Front"))
_SIDES = (
    Slot("left", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "Left"), required=False),
    Slot("back", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "Back"), required=False),
    Slot("right", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "Right"), required=False),
)
_MASK = Slot("mask", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "Mask"), required=False)
_MESH = Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh"))
_SUMMARIES = {
    False: QT_TRANSLATE_NOOP(
        "Backends", "One picture becomes a detailed closed mesh; needs published weights."
    ),
    True: QT_TRANSLATE_NOOP(
        "Backends", "Up to four views become a detailed closed mesh; needs published weights."
    ),
}


def shape_backends(pool: NetworkPool | None = None) -> tuple[Hunyuan3dShape, ...]:
    """Every published shape engine; they share one pool of networks."""
    pool = pool or NetworkPool()
    return tuple(
        Hunyuan3dShape(
            id=variant.id,
            version=1,
            title=variant.title,
            summary=_SUMMARIES[variant.many_views],
            params=variant.params,
            inputs=(_FRONT, *(_SIDES if variant.many_views else ()), _MASK),
            outputs=(_MESH,),
            lane=Lane.gpu,
            task=Task.image_to_mesh,
            weights=(variant.id,),
            vram_gb=variant.vram_gb,
            licence=variant.licence,
            variant=variant,
            pool=pool,
        )
        for variant in VARIANTS
    )
