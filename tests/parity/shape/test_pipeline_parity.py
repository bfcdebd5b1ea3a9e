from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from orfeas_desktop.engine.networks.picture_preparation import VIEWS, PreparedPictures
from orfeas_desktop.engine.networks.shape_pipeline import (
    MemoryPlan,
    PipelineSettings,
    PipelineWatch,
    ShapePipeline,
)
from orfeas_desktop.engine.networks.shape_sampling import Sampler, SamplingSettings, initial_noise
from orfeas_desktop.engine.networks.shape_weights import ShapeWeights
from orfeas_desktop.engine.networks.surface import (
    Extraction,
    SurfaceSettings,
    VertexFormula,
    extract_surface,
)
from orfeas_desktop.engine.networks.volume import Box, Volume, VolumeDecoder, VolumeSettings, decode_volume

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def pipelines() -> dict[str, ShapePipeline]:
    return {}


@pytest.fixture
def pipeline(case, pipelines, tmp_path_factory) -> ShapePipeline:
    if case.name not in pipelines:
        weights = ShapeWeights.open(case.path, tmp_path_factory.mktemp("store"))
        pipelines[case.name] = ShapePipeline(weights, MemoryPlan(CPU, torch.float32))
    return pipelines[case.name]


def prepared(io) -> PreparedPictures:
    images = io["image_u8"].reshape(-1, *io["image_u8"].shape[-3:])
    views = tuple(io["view_idxs"].tolist()) if "view_idxs" in io else (0,)
    return PreparedPictures(images, images[:, :1], views)


def tolerance(pipeline) -> float:
    return 3e-4 if pipeline.weights.config.scheduler.kind == "consistency" else 1e-4


def settings_of(io, **changes) -> PipelineSettings:
    asked = {
        "seed": int(io["seed"]),
        "sampling": SamplingSettings(int(io["steps"]), float(io["guidance_scale"])),
        "volume": VolumeSettings(int(io["octree_resolution"])),
    }
    return PipelineSettings(**(asked | changes))


@pytest.mark.cases("e2e_")
def test_from_framed_pictures_to_the_grid(case, pipeline) -> None:
    io = case.io
    bound = tolerance(pipeline)
    settings = settings_of(io)
    features = pipeline.encode(prepared(io))
    case.close("cond", features, io["cond"][:1], bound)
    assert len(io["cond"]) == 1 or not io["cond"][1:].any()
    scheduler = pipeline.weights.scheduler()
    with torch.inference_mode():
        denoiser, vae = (
            load(torch.float32, CPU) for load in (pipeline.weights.denoiser, pipeline.weights.vae)
        )
        sampler = Sampler(denoiser, scheduler, features, settings.sampling)
        latents = torch.from_numpy(io["noise"])
        for index in range(settings.sampling.num_inference_steps):
            case.close(f"model_t[{index}]", sampler.times[index : index + 1], io["model_t"][index], 1e-6)
            velocities = sampler.velocities(latents, index)
            case.close(f"model_out[{index}]", torch.cat(velocities), io["model_out"][index], bound)
            latents = scheduler.step(sampler.guided(*velocities), index, latents).prev_sample
            case.close(f"latents[{index}]", latents, io["latents"][index], bound)
        walked = sampler.run(torch.from_numpy(io["noise"]), lambda _step, _total: None)
        case.close("final_latents", walked, io["final_latents"], bound)
        decoded = vae.decode(walked / pipeline.weights.vae_config.scale_factor)
        case.close("decoded", decoded, io["decoded"], bound)
    volume = pipeline.decode(walked, settings, PipelineWatch())
    case.close("grid", volume.values, io["grid"], bound)
    for key in (key for key in io if key.startswith("flash_grid_min_resolution_")):
        smallest = int(key.rpartition("_")[2])
        asked = VolumeSettings(
            int(io["octree_resolution"]), smallest_level=smallest, decoder=VolumeDecoder.flash_mean
        )
        with torch.inference_mode():
            found = decode_volume(vae.field(decoded), asked).values.numpy()
        check_partly_known(case, key, found, io[key], bound)


def check_partly_known(case, key, found, expected, bound) -> None:
    mine, theirs = np.isfinite(found), np.isfinite(expected)
    case.within(f"{key} cells known to one side", float((mine != theirs).mean()), 1e-3)
    errors = np.abs(found - expected)[mine & theirs]
    case.within(f"{key} error at 99.9 %", float(np.quantile(errors, 0.999)), bound)


@pytest.mark.cases("e2e_")
def test_noise_comes_from_the_seed(case) -> None:
    io = case.io
    noise = initial_noise(io["noise"].shape, int(io["seed"]), torch.float32, CPU)
    case.close("noise", noise, io["noise"], 1e-6)


@pytest.mark.cases("e2e_")
def test_from_picture_files_to_the_mesh(case, pipeline) -> None:
    io = case.io
    names = {path.stem: path for path in case.path.glob("*.png")}
    pictures = {}
    for name, path in names.items():
        with Image.open(path) as picture:
            pictures[name if name in VIEWS else "front"] = np.asarray(picture.convert("RGBA"))
    resolution = int(io["octree_resolution"])
    formula = SurfaceSettings(0.0, Extraction.lewiner, VertexFormula.original, resolution, closed=False)
    settings = settings_of(io, surface=formula)
    steps: list[int] = []
    chunks: list[int] = []
    watch = PipelineWatch(lambda step, _total: steps.append(step), lambda done, _total: chunks.append(done))
    surface = pipeline(pictures, settings, watch)
    assert surface is not None
    given = extract_surface(Volume(torch.from_numpy(io["grid"]), Box.cube(1.01)), formula)
    merged = np.unique(given.vertices, axis=0)
    expected = np.unique(io["mesh_v"], axis=0)
    case.close("mesh_v given the grid", merged, expected, 1e-2)
    distance = np.abs(surface.vertices[:, None] - io["mesh_v"][None, ::7]).max(axis=2).min(axis=0)
    case.within("mesh distance from the picture", float(np.quantile(distance, 0.99)), 1e-2)
    assert chunks[-1] == (resolution + 1) ** 3
    assert steps == list(range(1, len(steps) + 1))


@pytest.mark.cases("e2e_")
def test_the_same_seed_gives_the_same_bytes(case, pipeline) -> None:
    io = case.io
    with Image.open(sorted(case.path.glob("*.png"))[0]) as picture:
        pictures = {"front": np.asarray(picture.convert("RGBA"))}
    settings = settings_of(io, surface=SurfaceSettings())
    first, second = pipeline(pictures, settings), pipeline(pictures, settings)
    assert first.vertices.tobytes() == second.vertices.tobytes()
    assert first.faces.tobytes() == second.faces.tobytes()
