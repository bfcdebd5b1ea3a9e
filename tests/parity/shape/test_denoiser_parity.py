from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from orfeas_desktop.engine.networks.shape_config import DitConfig, read_denoiser_config
from orfeas_desktop.engine.networks.shape_dit import sinusoid
from orfeas_desktop.engine.networks.shape_dit_21 import sinusoid as sinusoid_21
from orfeas_desktop.engine.networks.shape_sampling import Sampler, SamplingSettings
from orfeas_desktop.engine.networks.shape_weights import build_denoiser, build_scheduler, load_numbers
from orfeas_desktop.engine.networks.weight_file import open_weights

CPU = torch.device("cpu")


def load(case, tmp_path, dtype=torch.float32):
    config, scheduler = read_denoiser_config(case.path / "config.yaml")
    weights = open_weights(case.path / "model.safetensors", tmp_path)
    part = weights.part("model" if any(key.startswith("model.") for key in weights.shapes) else "")
    return load_numbers(build_denoiser(config), part, dtype, CPU), build_scheduler(scheduler)


def tolerances(network) -> tuple[float, float, float]:
    """Of a single call, the share of the largest value that counts, and of a trajectory."""
    return (1.5e-4, 0.5, 5e-4) if network.guided else (3e-5, 1.0, 1e-4)


@pytest.mark.cases("dit_")
def test_one_call_and_everything_inside_it(case, tmp_path, listen) -> None:
    io = case.tensors()
    network, _ = load(case, tmp_path)
    listener = listen(network, io, without=("t_embedder.time_embed",))
    output = network(io["x"], io["t"], io["context"], io.get("guidance"))
    tolerance, least, _ = tolerances(network)
    case.close("output", output, io["output"], tolerance, least)
    for key, expected in io.items():
        name = key.removeprefix("act/")
        if name == key or "moe.gate/" in key:
            continue
        if name == "t_embedder.time_embed":
            found = sinusoid_21(io["t"], expected.shape[-1])
        else:
            found = listener.heard[name]
        case.close(key, found, expected, tolerance, least)
    for layer in (int(name) for name in re.findall(r"act/blocks\.(\d+)\.moe\.gate/0", " ".join(io))):
        check_experts(case, network, listener, io, layer)


def check_experts(case, network, listener, io, layer: int) -> None:
    prefix = f"blocks.{layer}.moe.gate"
    mine, theirs = listener.heard[f"{prefix}/0"], io[f"act/{prefix}/0"]
    my_order, their_order = mine.argsort(dim=-1), theirs.argsort(dim=-1)
    assert torch.equal(mine.gather(1, my_order), theirs.gather(1, their_order))
    found = listener.heard[f"{prefix}/1"].gather(1, my_order)
    case.close(f"act/{prefix}/1", found, io[f"act/{prefix}/1"].gather(1, their_order), 3e-5)
    tokens = listener.heard[f"blocks.{layer}.norm3"].flatten(0, 1)
    scores = (tokens @ network.blocks[layer].moe.gate.weight.T).softmax(dim=-1)
    case.close(f"gate_scores/{layer}", scores, io[f"gate_scores/{layer}"], 3e-5)


@pytest.mark.cases("dit_")
def test_sinusoids_and_layers(case, tmp_path) -> None:
    io = case.tensors()
    network, _ = load(case, tmp_path)
    if isinstance(network.config, DitConfig):
        case.close("t_sinusoid", sinusoid(io["t"]), io["t_sinusoid"], 3e-5)
        if "guidance" in io:
            case.close("guidance_sinusoid", sinusoid(io["guidance"]), io["guidance_sinusoid"], 1.5e-4)
    else:
        mixed = [index for index, block in enumerate(network.blocks) if block.mixed]
        late = [index for index, block in enumerate(network.blocks) if block.late]
        assert mixed == io["moe_layers"].tolist()
        assert late == io["skip_layers"].tolist()


@pytest.mark.cases("dit_")
def test_trajectory(case, tmp_path) -> None:
    io = case.tensors()
    network, scheduler = load(case, tmp_path)
    if "traj_noise" not in io:
        return
    _, _, tolerance = tolerances(network)
    count = len(io["traj_timesteps"])
    settings = SamplingSettings(count, float(io["guidance_scale"]))
    sampler = Sampler(network, scheduler, io["context"], settings)
    case.close("traj_sigmas", scheduler.sigmas, io["traj_sigmas"], 1e-6)
    case.close("traj_timesteps", scheduler.timesteps, io["traj_timesteps"], 1e-6)
    case.close("traj_model_t", sampler.times[:, None].expand_as(io["traj_model_t"]), io["traj_model_t"], 1e-6)
    latents = io["traj_noise"]
    for index in range(count):
        velocity = sampler.guided(*sampler.velocities(latents, index))
        case.close(f"traj_velocity[{index}]", velocity, io["traj_velocity"][index], tolerance)
        latents = scheduler.step(velocity, index, latents).prev_sample
        case.close(f"traj_latents[{index}]", latents, io["traj_latents"][index], tolerance)
    done: list[tuple[int, int]] = []
    walked = sampler.run(io["traj_noise"], lambda step, total: done.append((step, total)))
    case.close("traj_latents", walked, io["traj_latents"][-1], tolerance)
    effective = int((np.diff(io["traj_sigmas"]) != 0).sum())
    assert done == [(step, effective) for step in range(1, effective + 1)]


@pytest.mark.cases("dit_")
def test_unconditional_shortcut_equals_a_context_of_zeros(case, tmp_path) -> None:
    io = case.tensors()
    network, _ = load(case, tmp_path)
    tolerance, least, _ = tolerances(network)
    zeros = torch.zeros_like(io["context"])
    expected = network(io["x"], io["t"], zeros, io.get("guidance"))
    step = network.step(io["t"], io.get("guidance"))
    found = network.velocity(io["x"], step, network.no_condition(io["context"]))
    case.close("no context", found, expected, tolerance, least)


@pytest.mark.cases("dit_")
def test_a_batch_of_two_equals_two_singles(case, tmp_path) -> None:
    io = case.tensors()
    network, _ = load(case, tmp_path)
    generator = torch.Generator().manual_seed(1)
    given = [torch.cat([io[key][:1]] * 2) for key in ("x", "t", "context")]
    given = [value + 0.1 * torch.rand(value.shape, generator=generator) for value in given]
    guidance = torch.tensor([5.0, 3.0])
    both = network(*given, guidance)
    for index in range(2):
        one = network(*(value[index : index + 1] for value in given), guidance[index : index + 1])
        case.close(f"single {index}", both[index : index + 1], one, 3e-5)


@pytest.mark.cases("dit_")
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float16, 0.01), (torch.bfloat16, 0.05)])
def test_half_precision_stays_near(case, tmp_path, dtype, bound) -> None:
    io = case.tensors()
    network, _ = load(case, tmp_path, dtype)
    names = [name for name in ("x", "t", "context", "guidance") if name in io]
    given = [io[name] if name in ("t", "guidance") else io[name].to(dtype) for name in names]
    output = network(*given).float()
    tokens = (output - io["output"]).pow(2).mean(dim=-1).flatten().sort().values
    if network.config.kind == "2.1":
        tokens = tokens[
            : len(tokens) * 9 // 10
        ]  # where two experts score alike, rounding may choose the other
    assert float(tokens.mean().sqrt() / io["output"].std()) <= bound
