from __future__ import annotations

import pytest
import torch

from orfeas_desktop.engine.networks.image_conditioner import view_embedding
from orfeas_desktop.engine.networks.shape_config import read_conditioner_config
from orfeas_desktop.engine.networks.shape_weights import build_conditioner, load_numbers
from orfeas_desktop.engine.networks.weight_file import open_weights

CPU = torch.device("cpu")


def load(case, tmp_path, dtype=torch.float32):
    config = read_conditioner_config(case.path / "config.yaml")
    weights = open_weights(case.path / "model.safetensors", tmp_path)
    prefixed = any(key.startswith("conditioner.") for key in weights.shapes)
    return load_numbers(build_conditioner(config), weights.part("conditioner" * prefixed), dtype, CPU)


@pytest.mark.cases("cond_")
def test_encoder(case, tmp_path) -> None:
    io = case.tensors()
    network = load(case, tmp_path)
    if "pixel_values" not in io:
        return
    case.close("pixel_values", network.prepare(io["image"]), io["pixel_values"], 1e-4)
    states = [network.embeddings(io["pixel_values"])]
    for layer in network.layers:
        states.append(layer(states[-1].clone()))
    for index, state in enumerate(states):
        case.close(f"hidden_states/{index}", state, io[f"hidden_states/{index}"], 3e-5)
    case.close("output", network.encode(io["pixel_values"]), io["output"], 3e-5)
    case.close("output from image", network(io["image"]), io["output"], 1e-4)
    assert not io["uncond"].any()
    assert io["uncond"].shape[1] == network.token_count()


@pytest.mark.cases("cond_")
def test_views(case, tmp_path) -> None:
    io = case.tensors()
    network = load(case, tmp_path)
    if "view_embed" not in io:
        assert not network.config.view_num
        return
    count, tokens, width = io["view_embed"].shape[1:]
    marks = torch.stack([view_embedding(view, width) for view in range(count)])
    case.close("view_embed", marks[None, :, None].expand(-1, -1, tokens, -1), io["view_embed"], 3e-5)
    for name in sorted(key.removesuffix("/image") for key in io if key.endswith("/image")):
        views = io[f"{name}/view_idxs"].tolist()
        case.close(f"{name}/output", network(io[f"{name}/image"], views), io[f"{name}/output"], 1e-4)
        assert io[f"{name}/uncond"].shape[1] == network.token_count(len(views))
        with pytest.raises(ValueError, match="pictures for the views"):
            network(io[f"{name}/image"], [*views, 0])


@pytest.mark.cases("cond_")
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float16, 0.01), (torch.bfloat16, 0.05)])
def test_half_precision_stays_near(case, tmp_path, dtype, bound) -> None:
    io = case.tensors()
    network = load(case, tmp_path, dtype)
    if "image" in io:
        found, expected = network(io["image"]), io["output"]
    else:
        name = next(key.removesuffix("/image") for key in sorted(io) if key.endswith("/image"))
        found = network(io[f"{name}/image"], io[f"{name}/view_idxs"].tolist())
        expected = io[f"{name}/output"]
    error = (found.float() - expected).pow(2).mean().sqrt() / expected.std()
    assert float(error) <= bound


@pytest.mark.cases("cond_")
def test_other_picture_sizes_move_the_positions(case, tmp_path) -> None:
    network = load(case, tmp_path)
    patch, side = network.config.patch_size, network.embeddings.side
    pictures = torch.randn(1, 3, patch * (side + 1), patch * side, generator=torch.Generator().manual_seed(0))
    tokens = network.encode(pictures)
    assert tokens.shape[1] == (side + 1) * side + 1
    assert tokens.isfinite().all()
