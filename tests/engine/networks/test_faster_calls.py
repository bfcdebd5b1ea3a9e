"""Calls that are compiled or recorded give what the plain call gives, and go on where that fails."""

from __future__ import annotations

import pytest
import torch

from orfeas_desktop.engine.networks.faster_calls import CompiledCall, RecordedCall, Speedup, faster
from orfeas_desktop.engine.networks.shape_config import Dit21Config, DitConfig
from orfeas_desktop.engine.networks.shape_dit import ShapeDit
from orfeas_desktop.engine.networks.shape_dit_21 import ShapeDit21

CPU = torch.device("cpu")
SMALL = {"hidden_size": 16, "num_heads": 2}


@pytest.fixture(params=["2.0", "2.1"])
def conditioned(request):
    torch.manual_seed(0)
    if request.param == "2.0":
        network = ShapeDit(DitConfig(context_in_dim=12, depth=1, depth_single_blocks=1, **SMALL))
    else:
        network = ShapeDit21(Dit21Config(context_dim=12, depth=3, num_moe_layers=1, num_experts=3, **SMALL))
    with torch.inference_mode():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape) * 0.2)
        yield network.conditioned(torch.randn(1, 5, 12), 5.0, torch.tensor([0.2, 0.7]))


def given(conditioned) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(1, 6, conditioned.network.config.in_channels), conditioned.steps[1:]


def test_a_compiled_call_gives_the_same(conditioned) -> None:
    call = CompiledCall(conditioned.velocities, backend="eager")
    arguments = given(conditioned)
    for mine, plain in zip(call(*arguments), conditioned.velocities(*arguments), strict=True):
        torch.testing.assert_close(mine, plain, rtol=0, atol=1e-5)
    assert not call.failed


def test_what_cannot_be_compiled_goes_on_plainly(conditioned) -> None:
    call = CompiledCall(conditioned.velocities, backend="a compiler nobody has")
    arguments = given(conditioned)
    for _ in range(2):
        for mine, plain in zip(call(*arguments), conditioned.velocities(*arguments), strict=True):
            assert torch.equal(mine, plain)
    assert call.failed


def test_what_cannot_be_recorded_goes_on_plainly(conditioned) -> None:
    if torch.cuda.is_available():
        return
    call = RecordedCall(conditioned.velocities, CPU)
    arguments = given(conditioned)
    for mine, plain in zip(call(*arguments), conditioned.velocities(*arguments), strict=True):
        assert torch.equal(mine, plain)
    assert call.failed


def test_passes_apart_give_the_same(conditioned) -> None:
    arguments = given(conditioned)
    together, apart = conditioned.velocities(*arguments), conditioned.velocities_apart(*arguments)
    assert len(apart) == 2
    for mine, plain in zip(apart, together, strict=True):
        torch.testing.assert_close(mine, plain, rtol=0, atol=1e-5)


def test_what_is_tried_where(conditioned) -> None:
    plain = conditioned.velocities
    card = torch.device("cuda")
    assert faster(plain, CPU, Speedup.graphs, recordable=True) == plain
    assert faster(plain, card, Speedup.off, recordable=True) == plain
    assert faster(plain, card, Speedup.graphs, recordable=False) == plain
    assert isinstance(faster(plain, card, Speedup.graphs, recordable=True), RecordedCall)
    assert isinstance(faster(plain, CPU, Speedup.compiled, recordable=True), CompiledCall)
    assert ShapeDit.recordable
    assert not ShapeDit21.recordable


def test_memory_that_runs_out_is_no_failed_recording() -> None:
    def run_out(*_given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        raise torch.OutOfMemoryError("simulated")

    with pytest.raises(torch.OutOfMemoryError):
        CompiledCall(run_out, backend="eager")(torch.zeros(1), torch.zeros(1))
