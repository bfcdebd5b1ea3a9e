"""Products, attention and mixtures give one answer whichever way they are computed."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from orfeas_desktop.engine.networks import attention, linear, shape_dit, shape_dit_21
from orfeas_desktop.engine.networks.attention import attend
from orfeas_desktop.engine.networks.linear import GeluLinear, Linear, TanhGeluLinear
from orfeas_desktop.engine.networks.shape_config import Dit21Config
from orfeas_desktop.engine.networks.shape_dit_21 import MixtureOfExperts


@pytest.fixture(autouse=True)
def _numbers():
    torch.manual_seed(0)
    with torch.inference_mode():
        yield


@pytest.fixture(params=["oneDNN", "PyTorch's own", "not in this build"])
def way(request, monkeypatch) -> str:
    """Small products too are done in that way."""
    for module, name in (
        (linear, "LEAST_PRODUCTS"),
        (attention, "LEAST_BY_HEAD"),
        (shape_dit, "LEAST_PRODUCTS"),
        (shape_dit_21, "LEAST_OF_EXPERT"),
    ):
        monkeypatch.setattr(module, name, 0 if request.param == "oneDNN" else 1 << 60)
    if request.param == "not in this build":
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "DEFAULT")
        monkeypatch.setattr(linear, "_PRODUCT", linear._onednn())
    return request.param


def test_layers(way) -> None:
    x = torch.randn(2, 33, 48).transpose(0, 1)
    for kind, gelu in ((Linear, None), (GeluLinear, "none"), (TanhGeluLinear, "tanh")):
        layer = kind(48, 70)
        expected = functional.linear(x.double(), layer.weight.double(), layer.bias.double())
        if gelu:
            expected = functional.gelu(expected, approximate=gelu)
        torch.testing.assert_close(layer(x).double(), expected, rtol=0, atol=5e-6)
    assert Linear(48, 70, bias=False)(x).shape == (33, 2, 70)


def test_a_build_without_the_product_is_told_apart(monkeypatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    monkeypatch.setattr(torch.ops.mkldnn._linear_pointwise, "default", None)
    assert linear._onednn() is None


@pytest.mark.parametrize("biased", [False, True])
def test_attention(way, biased, monkeypatch) -> None:
    monkeypatch.setattr(attention, "QUERIES_AT_ONCE", 16)
    queries, keys, values = (torch.randn(2, 50, 3, 8).transpose(1, 2) for _ in range(3))
    bias = torch.zeros(1, 1, 1, 50) if biased else None
    if bias is not None:
        bias[..., 0] = 7.2
    expected = functional.scaled_dot_product_attention(
        queries.double(), keys.double(), values.double(), attn_mask=None if bias is None else bias.double()
    )
    torch.testing.assert_close(attend(queries, keys, values, bias).double(), expected, rtol=0, atol=2e-6)


def test_a_bias_can_ride_on_the_heads() -> None:
    queries, keys, values = (torch.randn(1, 2, 40, 16, dtype=torch.bfloat16) for _ in range(3))
    bias = torch.zeros(1, 1, 1, 40, dtype=torch.bfloat16)
    bias[..., 3] = 7.22
    plain = functional.scaled_dot_product_attention(
        queries.float(), keys.float(), values.float(), attn_mask=bias.float()
    )
    found = attention._attend_with_wider_heads(queries, keys, values, bias)
    assert found.shape == plain.shape
    torch.testing.assert_close(found.float(), plain, rtol=0, atol=0.03)


def test_experts(way) -> None:
    mixture = MixtureOfExperts(Dit21Config(hidden_size=16, num_heads=2, num_experts=5))
    for parameter in mixture.parameters():
        parameter.copy_(torch.randn(parameter.shape) * 0.3)
    x = torch.randn(2, 21, 16)
    indices, scores = mixture.gate(x.flatten(0, 1))
    experts = mixture.experts
    rows = []
    for token, chosen, shares in zip(x.flatten(0, 1), indices, scores, strict=True):
        row = mixture.shared_experts(token[None])[0]
        for expert, share in zip(chosen.tolist(), shares, strict=True):
            inner = functional.gelu(experts.weight_in[expert] @ token + experts.bias_in[expert])
            row = row + share * (experts.weight_out[expert] @ inner + experts.bias_out[expert])
        rows.append(row)
    torch.testing.assert_close(mixture(x), torch.stack(rows).view_as(x), rtol=0, atol=2e-5)


def test_both_sides_of_a_single_block(way) -> None:
    layer = shape_dit._BothSides(16, 3 * 16 + 40)
    x = torch.randn(1, 30, 16)
    whole = layer(x)
    projected, inner = layer.sides(x)
    torch.testing.assert_close(projected, whole[..., :48], rtol=0, atol=2e-6)
    torch.testing.assert_close(inner, functional.gelu(whole[..., 48:], approximate="tanh"), rtol=0, atol=2e-6)
    heard = []
    with layer.register_forward_hook(lambda _module, _inputs, output: heard.append(output)):
        layer.sides(x)
    assert torch.equal(heard[0], whole)


def test_norms_of_queries_and_keys_at_once() -> None:
    parts = torch.randn(2, 7, 3, 4, 8)
    scales = torch.rand(8) + 0.5, torch.rand(8) + 0.5
    expected = [
        functional.rms_norm(parts[:, :, index].double(), (8,), scale.double(), 1e-6).transpose(1, 2)
        for index, scale in enumerate(scales)
    ]
    low = scales[0].bfloat16(), scales[1].bfloat16()
    halves = attention.rms_normalised_pair(parts[:, :, :2].bfloat16(), low, 1e-6)
    for found, exact in zip(halves, expected, strict=True):
        torch.testing.assert_close(found.double(), exact, rtol=0, atol=0.05)
    for found, exact in zip(
        attention.rms_normalised_pair(parts[:, :, :2], scales, 1e-6), expected, strict=True
    ):
        torch.testing.assert_close(found.double(), exact, rtol=0, atol=2e-6)
