from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from orfeas_desktop.engine.networks.attention import attend
from orfeas_desktop.engine.networks.key_selection import merged_keys, top_keys, wanted_keys
from orfeas_desktop.engine.networks.shape_config import read_vae_config
from orfeas_desktop.engine.networks.shape_vae import LatentKeys
from orfeas_desktop.engine.networks.shape_weights import build_vae, load_numbers
from orfeas_desktop.engine.networks.surface import (
    Extraction,
    SurfaceSettings,
    VertexFormula,
    extract_surface,
)
from orfeas_desktop.engine.networks.volume import (
    Box,
    Volume,
    VolumeDecoder,
    VolumeSettings,
    decode_volume,
    dilated,
    flash_levels,
    hierarchical_levels,
    surface_mask,
)
from orfeas_desktop.engine.networks.weight_file import open_weights

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def fields() -> dict[str, object]:
    return {}


@pytest.fixture
def field(case, tmp_path, fields):
    """The field of the reference latents, with the weights that stand beside the case."""
    if case.name not in fields:
        own = case.path / "model.safetensors"
        path = own if own.exists() else case.path.parent / "vae_v20" / "model.safetensors"
        weights = open_weights(path, tmp_path)
        part = weights.part("vae" if any(key.startswith("vae.") for key in weights.shapes) else "")
        config = read_vae_config(case.path / "config.yaml")
        network = load_numbers(build_vae(config, part), part, torch.float32, CPU)
        fields[case.name] = network.field(case.tensors()["decoded"])
    return fields[case.name]


def settings_of(io, decoder: VolumeDecoder, **changes) -> VolumeSettings:
    asked = {"octree_resolution": int(io["R"]), "smallest_level": int(io["min_resolution"])} | changes
    return VolumeSettings(decoder=decoder, **asked)


def check_grid(case, key, found, expected) -> None:
    """At most 0.1 % of the cells known to one side only; 99.9 % of the others within 1e-4."""
    assert found.shape == expected.shape
    mine, theirs = np.isfinite(found), np.isfinite(expected)
    case.within(f"{key} cells known to one side", float((mine != theirs).mean()), 1e-3)
    errors = np.abs(found - expected)[mine & theirs]
    case.within(f"{key} error at 99.9 %", float(np.quantile(errors, 0.999)), 1e-4)


GRIDS = {
    "hier_float/grid": VolumeDecoder.hierarchical,
    "flash_mean/grid": VolumeDecoder.flash_mean,
    "flash_merge/grid": VolumeDecoder.flash_merge,
}


@pytest.mark.cases("volume")
@pytest.mark.parametrize("key", GRIDS)
def test_coarse_to_fine_grids(case, field, key) -> None:
    io = case.io
    for chunk in (10000, 700):
        volume = decode_volume(field, settings_of(io, GRIDS[key], num_chunks=chunk))
        check_grid(case, f"{key} in chunks of {chunk}", volume.values.numpy(), io[key])


@pytest.mark.cases("volume")
def test_box_of_unequal_sides(case, field) -> None:
    io = case.tensors()
    key = "vanilla_list_bounds"
    bounds = io[f"{key}/bounds"].tolist()
    box = Box(tuple(bounds[:3]), tuple(bounds[3:]))
    resolution = int(io[f"{key}/octree_resolution"])
    volume = decode_volume(field, VolumeSettings(resolution, box=box))
    case.close(f"{key}/grid", volume.values, io[f"{key}/grid"], 3e-5)


@pytest.mark.cases("volume")
def test_flash_at_higher_resolution(case, field) -> None:
    io = case.io
    for name in sorted(key.removesuffix("/shape") for key in io if re.fullmatch(r"flash\d+/shape", key)):
        resolution = int(name.removeprefix("flash"))
        volume = decode_volume(field, VolumeSettings(resolution, 20000, VolumeDecoder.flash_mean))
        found = volume.values.numpy()
        assert list(found.shape) == io[f"{name}/shape"].tolist()
        known = np.unpackbits(io[f"{name}/finite_mask_packed"])[: found.size].astype(bool)
        mine = np.isfinite(found).ravel()
        case.within(f"{name} cells known to one side", float((mine != known).mean()), 1e-3)
        assert known.sum() == io[f"{name}/finite_count"]
        index = io[f"{name}/sample_flat_index"]
        both = mine[index] & np.isfinite(io[f"{name}/sample_value"])
        errors = np.abs(found.ravel()[index] - io[f"{name}/sample_value"])[both]
        case.within(f"{name} error at 99.9 %", float(np.quantile(errors, 0.999)), 1e-4)


@pytest.mark.cases("volume")
def test_levels(case) -> None:
    io = case.io
    resolution, smallest = int(io["R"]), int(io["min_resolution"])
    assert hierarchical_levels(resolution, smallest) == io["hier/resolutions"].tolist()
    assert flash_levels(resolution, smallest) == io["flash/resolutions"].tolist()


@pytest.mark.cases("volume")
def test_near_surface_masks(case) -> None:
    io = case.tensors()
    for key in (key for key in io if key.startswith("near_surface/mask_alpha")):
        found = surface_mask(io["near_surface/input"], float(key.rpartition("alpha")[2]))
        case.close(key, found, io[key], 0.0)
        assert torch.equal(found.int(), io[key])


@pytest.mark.cases("volume")
def test_chosen_keys(case) -> None:
    io = case.tensors()
    counts = io["proc/counts"].tolist()
    batches = [
        attend(queries[None], *chosen(queries[::1, ::100], keys, values))
        for queries, keys, values in zip(io["proc/q"], io["proc/k"], io["proc/v"], strict=True)
    ]
    case.close("proc/topk_true", torch.cat(batches), io["proc/topk_true"], 5e-5)
    cells = io["proc/q"][0].split(counts, dim=1)
    parts = [attend(cell[None], *chosen(cell[:, ::50], io["proc/k"][0], io["proc/v"][0])) for cell in cells]
    case.close("proc/mean_list_b0", torch.cat(parts, dim=2), io["proc/mean_list_b0"], 5e-5)
    sharp = LatentKeys(io["proc/k_sharp"], io["proc/v"][:1])
    cells = io["proc/q_sharp"][0].split(counts, dim=1)
    wanted = [wanted_keys(cell[:, ::30].transpose(0, 1), sharp).any(dim=0) for cell in cells]
    selection = merged_keys(torch.stack(wanted), sharp)
    parts = []
    for index, cell in enumerate(cells):
        latents = selection.of(torch.tensor([index]))
        parts.append(attend(cell[None], latents.keys, latents.values, latents.bias))
    case.close("proc/merge_list_b0", torch.cat(parts, dim=2), io["proc/merge_list_b0"], 5e-5)


def chosen(sampled, keys, values) -> tuple[torch.Tensor, torch.Tensor]:
    """The keys and values that sampled queries (heads, S, d) choose from (heads, N, d)."""
    mean = sampled.mean(dim=1)[None]
    latents = top_keys(mean, LatentKeys(keys[None], values[None])).of(torch.tensor([0]))
    return latents.keys, latents.values


@pytest.mark.cases("volume")
@pytest.mark.parametrize("key", ["hier_float", "flash_mean"])
def test_original_surfaces_of_partly_known_grids(case, key) -> None:
    io = case.io
    volume = Volume(torch.from_numpy(io[f"{key}/grid"]), Box.cube(1.01))
    asked = SurfaceSettings(0.0, Extraction.lewiner, VertexFormula.original, int(io["R"]), closed=False)
    surface = extract_surface(volume, asked)
    vertices, faces = io[f"{key}/mesh_v"], io[f"{key}/mesh_f_exported"]
    whole = np.isfinite(vertices).all(axis=1)[faces].all(axis=1)
    used = np.unique(faces[whole])
    case.close(f"{key}/mesh_v", surface.vertices, vertices[used], 1e-3)
    assert np.array_equal(surface.faces, np.searchsorted(used, faces[whole]))


def test_growing_a_mask_reaches_every_neighbour() -> None:
    mask = torch.zeros(5, 6, 7, dtype=torch.bool)
    mask[2, 2, 2] = mask[4, 5, 6] = True
    expected = torch.nn.functional.max_pool3d(mask.float()[None], 3, 1, 1)[0] > 0
    assert torch.equal(dilated(mask), expected)
    assert torch.equal(dilated(mask, 0), mask)


@pytest.mark.parametrize(
    ("resolution", "plain", "flash"),
    [
        (384, [96, 192, 384], [95, 190, 380]),
        (256, [64, 128, 256], [63, 126, 252]),
        (380, [95, 190, 380], [95, 190, 380]),
        (196, [98, 196], [95, 190]),
        (128, [64, 128], [63, 126]),
        (48, [48], [47]),
        (1, [1], [3]),
    ],
)
def test_published_levels(resolution, plain, flash) -> None:
    assert hierarchical_levels(resolution) == plain
    assert flash_levels(resolution) == flash
