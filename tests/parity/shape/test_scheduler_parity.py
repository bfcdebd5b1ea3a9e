from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from orfeas_desktop.engine.networks.flow_scheduler import ConsistencyFlowScheduler, FlowEulerScheduler


def check_steps(case, key, scheduler, io) -> None:
    sample = io[f"{key}/step/x0"]
    count = len(io[f"{key}/step/v"])
    scheduler.set_timesteps(count, sigmas=np.linspace(0, 1, count).tolist())
    for index, velocity in enumerate(io[f"{key}/step/v"]):
        out = scheduler.step(velocity, index, sample)
        sample = out.prev_sample
        case.close(f"{key}/step/x[{index}]", sample, io[f"{key}/step/x"][index], 1e-6)
        if f"{key}/step/pred_original" in io:
            expected = io[f"{key}/step/pred_original"][index]
            case.close(f"{key}/step/pred_original[{index}]", out.pred_original_sample, expected, 1e-6)


@pytest.mark.cases("schedulers")
def test_plain_tables(case) -> None:
    io = case.tensors()
    for key in io:
        found = re.fullmatch(r"flow/shift([\d.]+)/N(\d+)/sigmas", key)
        if found:
            count = int(found[2])
            scheduler = FlowEulerScheduler(shift=float(found[1]))
            scheduler.set_timesteps(count, sigmas=np.linspace(0, 1, count).tolist())
            case.close(key, scheduler.sigmas, io[key], 1e-6)
            timesteps = key.replace("sigmas", "timesteps")
            case.close(timesteps, scheduler.timesteps, io[timesteps], 1e-6)
            assert scheduler.effective_steps == count - 1


@pytest.mark.cases("schedulers")
def test_tables_without_given_sigmas(case) -> None:
    io = case.tensors()
    for key in io:
        found = re.fullmatch(r"flow/nosigmas/N(\d+)/sigmas", key)
        if found:
            scheduler = FlowEulerScheduler()
            scheduler.set_timesteps(int(found[1]))
            case.close(key, scheduler.sigmas, io[key], 1e-6)


@pytest.mark.cases("schedulers")
def test_consistency_tables(case) -> None:
    io = case.tensors()
    for key in io:
        table = re.fullmatch(r"cons/pcm(\d+)/table", key)
        steps = re.fullmatch(r"cons/pcm(\d+)/N(\d+)/sigmas", key)
        if table:
            scheduler = ConsistencyFlowScheduler(pcm_timesteps=int(table[1]))
            case.close(key, scheduler.table, io[key], 1e-6)
        if steps:
            count = int(steps[2])
            scheduler = ConsistencyFlowScheduler(pcm_timesteps=int(steps[1]))
            scheduler.set_timesteps(count, sigmas=np.linspace(0, 1, count).tolist())
            case.close(key, scheduler.sigmas, io[key], 1e-6)
            timesteps = key.replace("sigmas", "timesteps")
            case.close(timesteps, scheduler.timesteps, io[timesteps], 1e-6)
            assert scheduler.effective_steps == count


@pytest.mark.cases("schedulers")
def test_steps(case) -> None:
    io = case.tensors()
    check_steps(case, "flow", FlowEulerScheduler(), io)
    most = max(int(found[1]) for key in io if (found := re.fullmatch(r"cons/pcm(\d+)/table", key)))
    check_steps(case, "cons", ConsistencyFlowScheduler(pcm_timesteps=most), io)


def test_a_scheduler_keeps_its_configuration(tmp_path) -> None:
    ConsistencyFlowScheduler(pcm_timesteps=25).save_pretrained(tmp_path)
    again = ConsistencyFlowScheduler.from_pretrained(tmp_path)
    assert len(again.table) == 25


def test_half_precision_velocities_move_in_float32() -> None:
    scheduler = FlowEulerScheduler()
    scheduler.set_timesteps(5)
    sample, velocity = torch.full((1, 2), 2048.0).half(), torch.full((1, 2), 4.0).half()
    moved = scheduler.step(velocity, 0, sample).prev_sample
    assert moved.dtype == torch.float16
    assert scheduler.step(velocity, 0, sample.float() + 1).prev_sample[0, 0] == 2050
