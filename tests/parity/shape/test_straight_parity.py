"""The yardstick of tests/bench/shape.py gives the reference numbers too."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from orfeas_desktop.engine.networks.shape_config import read_denoiser_config, read_vae_config
from orfeas_desktop.engine.networks.shape_vae import fourier_frequencies

BENCH = Path(__file__).parents[2] / "bench" / "straight_shape.py"


@pytest.fixture(scope="module")
def straight():
    import sys

    spec = importlib.util.spec_from_file_location("straight_shape", BENCH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def state_of(path, prefix: str) -> dict:
    state = {key: tensor.float() for key, tensor in load_file(path).items()}
    return {key.removeprefix(f"{prefix}."): tensor for key, tensor in state.items()}


@pytest.mark.cases("dit_")
def test_denoisers(case, straight) -> None:
    io = case.tensors()
    config, _ = read_denoiser_config(case.path / "config.yaml")
    state = state_of(case.path / "model.safetensors", "model")
    if config.kind == "2.0":
        network = straight.StraightDit(state, config.num_heads, config.time_factor)
    else:
        network = straight.StraightDit21(
            state, config.num_heads, config.depth, config.num_experts, config.moe_top_k
        )
    output = network(io["x"], io["t"], io["context"], io.get("guidance"))
    tolerance, least = (1.5e-4, 0.5) if "guidance" in io else (3e-5, 1.0)
    case.close("straight output", output, io["output"], tolerance, least)


@pytest.mark.cases("vae_")
def test_decoders(case, straight) -> None:
    io = case.tensors()
    config = read_vae_config(case.path / "config.yaml")
    state = state_of(case.path / "model.safetensors", "vae")
    network = straight.StraightVae(state, config.heads, fourier_frequencies(config))
    decoded = network.decode(io["latents"])
    case.close("straight decoded", decoded, io["decoded"], 3e-5)
    case.close("straight logits", network.logits(io["queries"], decoded), io["logits"], 3e-5)
    grid = network.vanilla(decoded, int(io["grid_octree_resolution"]), box=float(io["grid_bounds"]))
    case.close("straight grid", grid, io["grid"], 3e-5)


@pytest.mark.cases("volume")
@pytest.mark.parametrize("kind", ["hier_float", "flash_mean"])
def test_volumes(case, straight, kind) -> None:
    io = case.tensors()
    config = read_vae_config(case.path / "config.yaml")
    own = case.path / "model.safetensors"
    state = state_of(own if own.exists() else case.path.parent / "vae_v20" / "model.safetensors", "vae")
    network = straight.StraightVae(state, config.heads, fourier_frequencies(config))
    levels = io["hier/resolutions" if kind == "hier_float" else "flash/resolutions"].tolist()
    if kind == "hier_float":
        found = network.hierarchical(io["decoded"], levels)
    else:
        found = network.flash(io["decoded"], levels, kept=io["decoded"].shape[1] // 3)
    found = np.where(found.numpy() < -9000, np.nan, found.numpy())
    expected = io[f"{kind}/grid"].numpy()
    mine, theirs = np.isfinite(found), np.isfinite(expected)
    case.within(f"straight {kind} cells known to one side", float((mine != theirs).mean()), 1e-3)
    errors = np.abs(found - expected)[mine & theirs]
    case.within(f"straight {kind} error at 99.9 %", float(np.quantile(errors, 0.999)), 1e-4)
