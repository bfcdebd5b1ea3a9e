"""Whole shape engines with random weights, from a picture to a mesh: the part of shape.py that runs pipelines."""

from __future__ import annotations

import sys
import time
from itertools import pairwise

import numpy as np
import torch

from orfeas_desktop.engine.networks.memory_profile import MemoryPlan, MemoryProfile
from orfeas_desktop.engine.networks.picture_preparation import PreparedPictures
from orfeas_desktop.engine.networks.shape_pipeline import PipelineSettings, PipelineWatch, ShapePipeline
from orfeas_desktop.engine.networks.shape_sampling import SamplingSettings
from orfeas_desktop.engine.networks.surface import extract_surface
from orfeas_desktop.engine.networks.volume import VolumeDecoder, VolumeSettings

random_shape = sys.modules["random_shape"]
Bench = sys.modules["measuring"].Bench


def bench_pipelines(bench: Bench, names: tuple[str, ...]) -> None:
    """A picture to a mesh by every engine in every memory profile, seconds of each part and the peak of memory."""
    dtype = torch.float16 if bench.device.type == "cuda" else torch.float32
    engines = {
        name: random_shape.small() if name == "small" else random_shape.published(name) for name in names
    }
    for name, weights in engines.items():
        plan = MemoryPlan(bench.device, dtype, MemoryProfile.balanced)
        bench.guarded(f"pipeline {name}, latents", lambda weights=weights, plan=plan: suit(weights, plan))
    for profile in MemoryProfile:
        for name, weights in engines.items():
            if weights.last:
                plan = MemoryPlan(bench.device, dtype, profile)
                label = f"pipeline {name}, {profile.value}"
                bench.guarded(
                    label,
                    lambda weights=weights, plan=plan, label=label: run_pipeline(bench, label, weights, plan),
                )


def pipeline_settings(weights: object, octree: int) -> object:
    """Five steps; FlashVDM for turbo engines and the hierarchical decoder for others."""
    turbo = weights.config.scheduler.kind == "consistency"
    decoder = VolumeDecoder.flash_mean if turbo else VolumeDecoder.hierarchical
    return PipelineSettings(0, SamplingSettings(5), VolumeSettings(octree, 0, decoder))


def suit(weights: object, plan: object) -> None:
    """Sample once, and give the field of those latents a surface."""
    pipeline = ShapePipeline(weights, plan)
    features = pipeline.encode(random_picture(weights))
    weights.suit(pipeline.sample(features, pipeline_settings(weights, 48), PipelineWatch()))


def random_picture(weights: object) -> object:
    """A grey picture with some noise, framed."""
    size = weights.config.image_processor.size
    pixels = np.random.default_rng(0).integers(0, 255, (1, 3, size, size), np.uint8)
    return PreparedPictures(pixels, pixels[:, :1], (0,))


def run_pipeline(bench: Bench, label: str, weights: object, plan: object) -> None:
    """Twice, the second time warm: networks that stay loaded are."""
    octree = 384 if bench.device.type == "cuda" else 32
    settings = pipeline_settings(weights, octree)
    pipeline = ShapePipeline(weights, plan)
    prepared = random_picture(weights)
    for turn in ("first", "warm"):
        bench.clear()
        marks = [time.perf_counter()]
        features = pipeline.encode(prepared)
        bench.wait()
        marks.append(time.perf_counter())
        latents = pipeline.sample(features, settings, PipelineWatch())
        bench.wait()
        marks.append(time.perf_counter())
        volume = pipeline.decode(latents, settings, PipelineWatch())
        bench.wait()
        marks.append(time.perf_counter())
        surface = extract_surface(volume, settings.surface)
        marks.append(time.perf_counter())
        parts = [round(after - before, 4) for before, after in pairwise(marks)]
        row = dict(zip(("encode", "sample", "decode", "surface"), parts, strict=True))
        bench.keep(
            {"name": f"{label}, {turn}", "seconds": round(marks[-1] - marks[0], 4), **row}
            | {"octree": octree, "faces": 0 if surface is None else len(surface.faces)}
            | {"peak_mb": bench.peak_mb()}
        )
    pipeline.unload()
