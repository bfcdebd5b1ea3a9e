"""Products, attention and mixtures give one answer whichever way they are computed."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from orfeas_desktop.engine.networks import attention, linear
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
    monkeypatch.setattr(linear, "LEAST_PRODUCTS", 0 if request.param == "oneDNN" else 1 << 60)
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
