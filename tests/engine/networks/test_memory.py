from __future__ import annotations

import numpy as np
import pytest
import torch

from orfeas_desktop.engine.networks.memory_profile import (
    MemoryNeed,
    MemoryProfile,
    best_device,
    free_bytes,
    measured_peak,
    release,
)
from orfeas_desktop.engine.networks.picture_preparation import prepare_pictures
from orfeas_desktop.engine.networks.shape_pipeline import (
    MemoryPlan,
    PipelineSettings,
    PipelineWatch,
    ShapePipeline,
)
from orfeas_desktop.engine.networks.shape_sampling import SamplingSettings
from orfeas_desktop.engine.networks.shape_weights import ShapeWeights
from orfeas_desktop.engine.networks.small_weights import LayerStream, quantise, stored_bytes
from orfeas_desktop.engine.networks.surface import SurfaceSettings
from orfeas_desktop.engine.networks.volume import Box, VolumeDecoder, VolumeSettings

CPU = torch.device("cpu")


@pytest.fixture
def disc() -> np.ndarray:
    rows, columns = np.mgrid[:64, :64]
    picture = np.full((64, 64, 4), 120, np.uint8)
    picture[..., 3] = np.where((rows - 32) ** 2 + (columns - 32) ** 2 < 600, 255, 0)
    return picture


def settings(**changes) -> PipelineSettings:
    volume = VolumeSettings(24, 5000, VolumeDecoder.hierarchical, Box.cube(1.01), smallest_level=11)
    return PipelineSettings(**({"seed": 3, "sampling": SamplingSettings(3), "volume": volume} | changes))


def latents_of(case, published, tmp_path, disc, profile) -> torch.Tensor:
    folder = tmp_path / case
    weights = ShapeWeights.open(folder if folder.exists() else published(case), tmp_path / "store")
    pipeline = ShapePipeline(weights, MemoryPlan(CPU, torch.float32, profile))
    prepared = prepare_pictures({"front": disc}, 128)
    latents = pipeline.sample(pipeline.encode(prepared), settings(), PipelineWatch())
    pipeline.unload()
    return latents


@pytest.mark.parametrize("case", ["e2e_mini", "e2e_turbo", "e2e_v21", "e2e_mv"])
def test_every_profile_makes_the_same_shape(case, published, tmp_path, disc, monkeypatch) -> None:
    monkeypatch.setattr(LayerStream.__init__, "__defaults__", (256,))
    monkeypatch.setattr(quantise, "__defaults__", (256,))
    full = latents_of(case, published, tmp_path, disc, MemoryProfile.full)
    for profile in (MemoryProfile.balanced, MemoryProfile.low):
        found = latents_of(case, published, tmp_path, disc, profile)
        torch.testing.assert_close(found, full, rtol=0, atol=1e-6)
    small = latents_of(case, published, tmp_path, disc, MemoryProfile.minimal)
    assert float((small - full).pow(2).mean().sqrt() / full.std()) < 0.15


def test_eight_bits_take_a_quarter_of_the_memory_and_stay_near(published, tmp_path) -> None:
    weights = ShapeWeights.open(published("e2e_v21"), tmp_path)
    whole, small = (weights.denoiser(torch.float32, CPU) for _ in range(2))
    quantise(small, least=64)
    assert stored_bytes(small) < 0.4 * stored_bytes(whole)
    torch.manual_seed(0)
    given = torch.randn(1, 24, 8), torch.rand(1), torch.randn(1, 26, 32)
    with torch.inference_mode():
        expected, found = whole(*given), small(*given)
    assert float((found - expected).pow(2).mean().sqrt() / expected.std()) < 0.05


def test_streaming_lends_one_layer_at_a_time(published, tmp_path) -> None:
    network = ShapeWeights.open(published("e2e_mini"), tmp_path).denoiser(torch.float32, CPU)
    stream = LayerStream(network, CPU, least=256)
    with torch.inference_mode():
        network(torch.randn(1, 24, 8), torch.rand(1), torch.randn(1, 17, 48))
    largest = max(parameter.numel() for parameter in network.parameters()) * 4
    assert stream.most_bytes == largest
    assert stream.lent_bytes == 0


def test_a_layer_that_fails_gives_its_weights_back(published, tmp_path) -> None:
    network = ShapeWeights.open(published("e2e_mini"), tmp_path).denoiser(torch.float32, CPU)
    stream = LayerStream(network, CPU, least=64)
    with torch.inference_mode(), pytest.raises(RuntimeError):
        network(torch.randn(1, 24, 9), torch.rand(1), torch.randn(1, 17, 48))
    assert stream.lent_bytes == 0


def test_the_profile_follows_from_what_is_free(published, tmp_path) -> None:
    weights = ShapeWeights.open(published("e2e_mini"), tmp_path)
    need = MemoryNeed.of(weights, torch.float16, 384, 1)
    sizes = [need.bytes_in(profile) for profile in MemoryProfile]
    assert need.choose(10**12) is MemoryProfile.full
    assert need.choose(0) is MemoryProfile.minimal
    assert need.choose(sizes[1]) is not MemoryProfile.full or sizes[0] == sizes[1]
    wide = MemoryNeed(2 << 30, 8 << 30, 1 << 30, 1 << 30)
    chosen = [wide.choose(wide.bytes_in(profile)) for profile in MemoryProfile]
    assert chosen == list(MemoryProfile)
    assert MemoryNeed.of(weights, torch.float32, 384, 1).denoiser == 2 * need.denoiser


def test_profiles_go_down_one_by_one() -> None:
    assert [profile.next_smaller for profile in MemoryProfile] == [*list(MemoryProfile)[1:], None]


def test_the_processor_has_no_card_memory() -> None:
    assert free_bytes(CPU) is None
    release(CPU)
    assert best_device().type in ("cpu", "cuda")


def test_a_coarse_preview_comes_before_the_mesh(published, tmp_path, disc) -> None:
    pipeline = ShapePipeline(
        ShapeWeights.open(published("e2e_mini"), tmp_path), MemoryPlan(CPU, torch.float32)
    )
    previews = []
    chunks: list[tuple[int, int]] = []
    watch = PipelineWatch(
        on_chunk=lambda done, total: chunks.append((done, total)), on_preview=previews.append
    )
    surface = pipeline({"front": disc}, settings(surface=SurfaceSettings()), watch)
    assert surface is not None
    assert len(previews) == 1
    assert len(previews[0].faces) < len(surface.faces)
    assert chunks[-1][0] == chunks[-1][1]


@pytest.mark.parametrize("moment", ["on_step", "on_chunk", "on_preview"])
def test_whoever_watches_can_stop_it(published, tmp_path, disc, moment) -> None:
    pipeline = ShapePipeline(
        ShapeWeights.open(published("e2e_mini"), tmp_path), MemoryPlan(CPU, torch.float32)
    )

    class Stop(Exception):
        pass

    def stop(*_values: object) -> None:
        raise Stop

    with pytest.raises(Stop):
        pipeline({"front": disc}, settings(), PipelineWatch(**{moment: stop}))
    assert pipeline({"front": disc}, settings()) is not None


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (torch.OutOfMemoryError("simulated"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_memory_that_ran_out_is_told_by_its_kind_whatever_the_library_says(raised, kind) -> None:
    with pytest.raises(RuntimeError, match=r".") as caught, measured_peak(torch.device("cpu")):
        raise raised
    assert isinstance(caught.value, torch.OutOfMemoryError) is kind
