from __future__ import annotations

import numpy as np
import pytest
import torch

from orfeas_desktop.engine.networks.shape_config import read_vae_config
from orfeas_desktop.engine.networks.shape_vae import fourier_features, fourier_frequencies
from orfeas_desktop.engine.networks.shape_weights import build_vae, load_numbers
from orfeas_desktop.engine.networks.surface import (
    Extraction,
    SurfaceSettings,
    VertexFormula,
    extract_surface,
)
from orfeas_desktop.engine.networks.volume import Box, Volume, VolumeSettings, decode_volume
from orfeas_desktop.engine.networks.weight_file import open_weights

CPU = torch.device("cpu")
TOLERANCE = 3e-5


def load(case, tmp_path, dtype=torch.float32):
    config = read_vae_config(case.path / "config.yaml")
    weights = open_weights(case.path / "model.safetensors", tmp_path)
    part = weights.part("vae" if any(key.startswith("vae.") for key in weights.shapes) else "")
    return load_numbers(build_vae(config, part), part, dtype, CPU)


def settings_of(io, **changes) -> VolumeSettings:
    box = Box.cube(float(io["grid_bounds"]))
    return VolumeSettings(int(io["grid_octree_resolution"]), box=box, **changes)


@pytest.mark.cases("vae_")
def test_decoder_and_everything_inside_it(case, tmp_path, listen) -> None:
    io = case.tensors()
    network = load(case, tmp_path)
    listener = listen(network, io)
    frequencies = fourier_frequencies(network.config)
    case.close("frequencies", frequencies, io["frequencies"], TOLERANCE)
    case.close("fourier", fourier_features(io["queries"], frequencies), io["fourier"], TOLERANCE)
    decoded = network.decode(io["latents"])
    case.close("decoded", decoded, io["decoded"], TOLERANCE)
    field = network.field(decoded)
    case.close("logits", field.decoder(io["queries"], field.latents), io["logits"], TOLERANCE)
    for key in (key for key in io if key.startswith("act/")):
        case.close(key, listener.heard[key.removeprefix("act/")], io[key], TOLERANCE)
    if "lnpost_in" in io:
        case.close("lnpost_out", network.geo_decoder.ln_post(io["lnpost_in"]), io["lnpost_out"], 1e-4)


@pytest.mark.cases("vae_")
def test_grid_whatever_the_chunks(case, tmp_path) -> None:
    io = case.tensors()
    network = load(case, tmp_path)
    field = network.field(network.decode(io["latents"]))
    for chunk in (8000, 777):
        volume = decode_volume(field, settings_of(io, num_chunks=chunk))
        case.close(f"grid in chunks of {chunk}", volume.values, io["grid"], TOLERANCE)


@pytest.mark.cases("vae_")
def test_original_surface_of_the_grid(case) -> None:
    io = case.io
    volume = Volume(torch.from_numpy(io["grid"]), Box.cube(float(io["grid_bounds"])))
    resolution = int(io["grid_octree_resolution"])
    surface = extract_surface(
        volume,
        SurfaceSettings(0.0, Extraction.lewiner, VertexFormula.original, resolution, closed=False),
    )
    assert np.array_equal(io["mesh_f_mc"][:, ::-1], io["mesh_f_exported"])
    assert len(surface.faces) == len(io["mesh_f_exported"])
    case.close("mesh_v", surface.vertices, io["mesh_v"], 1e-3)
    assert np.array_equal(surface.faces, io["mesh_f_exported"])


@pytest.mark.cases("vae_")
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float16, 0.02), (torch.bfloat16, 0.1)])
def test_half_precision_stays_near(case, tmp_path, dtype, bound) -> None:
    io = case.tensors()
    network = load(case, tmp_path, dtype)
    field = network.field(network.decode(io["latents"].to(dtype)))
    found = field.decoder(io["queries"], field.latents).float()
    error = (found - io["logits"]).pow(2).mean().sqrt() / io["logits"].std()
    assert float(error) <= bound
