from __future__ import annotations

import json
from threading import Event

import numpy as np
import pytest
import torch
from PIL import Image

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.backends.hunyuan3d_shape import shape_backends
from orfeas_desktop.engine.backends.hunyuan3d_variants import VARIANTS, TurboShapeParams
from orfeas_desktop.engine.backends.network_pool import NetworkPool
from orfeas_desktop.engine.backends.peak_memory import PeakMemory
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.glb import read_glb
from orfeas_desktop.engine.networks import memory_profile, surface, volume
from orfeas_desktop.engine.networks.shape_pipeline import ShapePipeline
from orfeas_desktop.engine.networks.shape_weights import ShapeWeights
from orfeas_desktop.engine.weights.catalog import WEIGHT_SETS
from orfeas_desktop.engine.worker.messages import Previewed, Progressed, Warned
from orfeas_desktop.errors import BackendFailed, Cancelled, NoObjectFound, OutOfMemory, WeightsMissing

QUICK = {"num_inference_steps": 3, "octree_resolution": 24}


def backend(entry: str):
    return next(each for each in shape_backends() if each.id == entry)


def run(entry, inputs, context, **params):
    chosen = backend(entry) if isinstance(entry, str) else entry
    return chosen.run(inputs, chosen.params.check(chosen.id, QUICK | params), context)


def test_every_variant_stands_in_the_table() -> None:
    backends = shape_backends()
    assert [each.id for each in backends] == [variant.id for variant in VARIANTS]
    known = {each.id for each in WEIGHT_SETS}
    assert all(set(each.weights) <= known for each in backends)
    assert all(not each.variant.turbo_decoder or each.variant.turbo_decoder in known for each in backends)
    assert all(each.licence and each.vram_gb for each in backends)
    assert TurboShapeParams().num_inference_steps == 5
    order = [field.name for field in backends[2].params.fields()]
    assert order == [field.name for field in backends[0].params.fields()]


@pytest.mark.parametrize("entry", ["hunyuan3d-2", "hunyuan3d-2-turbo", "hunyuan3d-2mini", "hunyuan3d-2-1"])
def test_a_picture_becomes_a_closed_mesh(entry, weights_home, picture, context_of) -> None:
    sent: list[object] = []
    context = context_of(entry, sent)
    (output,) = run(entry, {"front": (picture,)}, context, decoder="vanilla")
    assert (output.slot, output.name) == ("mesh", "disc.glb")
    mesh = read_glb(output.path)
    assert mesh_facts(mesh).watertight
    assert context.facts["watertight"] is True
    assert context.facts["faces"] == mesh.face_count
    assert mesh.extras["entry"] == entry
    assert mesh.extras["seed"] == 7
    assert len(str(mesh.extras["weights"])) == 64
    assert json.loads(str(mesh.extras["params"]))["num_inference_steps"] == 3
    stages = list(context.seconds)
    assert stages[0] == "Reading the picture"
    assert stages[-1] == "Writing the mesh"
    assert sum(isinstance(message, Progressed) for message in sent) > len(stages)


def test_the_same_seed_gives_the_same_bytes(weights_home, picture, context_of) -> None:
    first, second = (
        run("hunyuan3d-2mini", {"front": (picture,)}, context_of("x"))[0].path.read_bytes() for _ in range(2)
    )
    assert first == second


def test_views_are_used(weights_home, picture, context_of) -> None:
    alone = run("hunyuan3d-2mv", {"front": (picture,)}, context_of("x"))[0].path.read_bytes()
    both = {"front": (picture,), "back": (picture,)}
    assert run("hunyuan3d-2mv", both, context_of("x"))[0].path.read_bytes() != alone


def test_flash_uses_the_turbo_decoder_that_is_here(weights_home, picture, context_of) -> None:
    chosen = backend("hunyuan3d-2")
    run(chosen, {"front": (picture,)}, context_of("x"), decoder="flashvdm", memory="full")
    pipeline = chosen.pool._kept["hunyuan3d-2"].networks
    assert pipeline.weights.vae_part.file.path.parent.name == "hunyuan3d-vae-v2-0-turbo"
    chosen.unload()
    assert len(chosen.pool) == 0


def test_a_coarse_mesh_is_shown_first(weights_home, picture, context_of, monkeypatch) -> None:
    monkeypatch.setattr(volume, "hierarchical_levels", lambda *_arguments: [12, 24])
    sent: list[object] = []
    run("hunyuan3d-2mini", {"front": (picture,)}, context_of("x", sent))
    assert [message.kind for message in sent if isinstance(message, Previewed)] == [AssetKind.mesh]


def test_fewer_triangles_when_asked(weights_home, picture, context_of) -> None:
    context = context_of("x")
    run("hunyuan3d-2mini", {"front": (picture,)}, context, max_faces=300, remove_floaters=False)
    assert context.facts["faces"] <= 300


def test_an_opaque_picture_is_cut_out(weights_home, tmp_path, context_of) -> None:
    rows, columns = np.mgrid[:96, :96]
    inside = (rows - 48) ** 2 + (columns - 48) ** 2 < 1400
    path = tmp_path / "opaque.png"
    pixels = np.where(inside[..., None], (200, 40, 40), (255, 255, 255)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    context = context_of("x")
    run("hunyuan3d-2mini", {"front": (local_file(path, AssetKind.picture),)}, context)
    assert context.facts["mask_how"] == "plain"
    mask = tmp_path / "mask.png"
    Image.fromarray(inside.astype(np.uint8) * 255).save(mask)
    given = {
        "front": (local_file(path, AssetKind.picture),),
        "mask": (local_file(mask, AssetKind.picture),),
    }
    run("hunyuan3d-2mini", given, context)
    assert context.facts["mask_how"] == "mask"


def test_an_object_of_one_row_is_refused(weights_home, tmp_path, context_of) -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[5, :] = 255
    path = tmp_path / "line.png"
    Image.fromarray(pixels).save(path)
    with pytest.raises(NoObjectFound):
        run("hunyuan3d-2mini", {"front": (local_file(path, AssetKind.picture),)}, context_of("x"))


def test_without_weights_it_says_which(tmp_path, monkeypatch, picture, context_of) -> None:
    monkeypatch.setenv("ORFEAS_HOME", str(tmp_path))
    with pytest.raises(WeightsMissing, match="Hunyuan3D 2mini"):
        run("hunyuan3d-2mini", {"front": (picture,)}, context_of("x"))


@pytest.mark.parametrize("moment", ["sample", "decode"])
def test_it_stops_within_a_step_or_a_chunk(weights_home, picture, context_of, monkeypatch, moment) -> None:
    stop = Event()
    original = getattr(ShapePipeline, moment)

    def stop_inside(self, given, settings, watch):
        stop.set()
        return original(self, given, settings, watch)

    monkeypatch.setattr(ShapePipeline, moment, stop_inside)
    context = context_of("x", stop=stop)
    with pytest.raises(Cancelled):
        run("hunyuan3d-2mini", {"front": (picture,)}, context)
    assert context.stage_title == {"sample": "Shaping", "decode": "Decoding the volume"}[moment]


def test_out_of_memory_goes_one_profile_lower(weights_home, picture, context_of, monkeypatch) -> None:
    original = ShapePipeline.sample
    tried: list[str] = []

    def run_out(self, features, settings, watch):
        tried.append(self.plan.profile.value)
        if len(tried) < 3:
            raise torch.OutOfMemoryError("simulated")
        return original(self, features, settings, watch)

    monkeypatch.setattr(ShapePipeline, "sample", run_out)
    sent: list[object] = []
    context = context_of("x", sent)
    run("hunyuan3d-2mini", {"front": (picture,)}, context, memory="full")
    assert tried == ["full", "balanced", "low"]
    assert context.facts["memory_profile"] == "low"
    warned = [message.arguments["profile"] for message in sent if isinstance(message, Warned)]
    assert warned == ["balanced", "low"]


def test_out_of_memory_in_the_smallest_profile_is_told(
    weights_home, picture, context_of, monkeypatch
) -> None:
    def run_out(*_arguments):
        raise torch.OutOfMemoryError("simulated")

    monkeypatch.setattr(ShapePipeline, "sample", run_out)
    with pytest.raises(OutOfMemory):
        run("hunyuan3d-2mini", {"front": (picture,)}, context_of("x"), memory="low")


def test_a_volume_without_a_surface_is_told(weights_home, picture, context_of, monkeypatch) -> None:
    monkeypatch.setattr(surface, "extract_surface", lambda *_arguments: None)
    with pytest.raises(BackendFailed, match="no surface"):
        run("hunyuan3d-2mini", {"front": (picture,)}, context_of("x"))


@pytest.mark.parametrize(("precision", "dtype"), [("float16", "float16"), ("bfloat16", "bfloat16")])
def test_precision_is_obeyed(weights_home, picture, context_of, precision, dtype) -> None:
    chosen = backend("hunyuan3d-2mini")
    run(chosen, {"front": (picture,)}, context_of("x"), precision=precision, memory="full")
    assert str(chosen.pool._kept["hunyuan3d-2mini"].networks.plan.dtype) == f"torch.{dtype}"


def test_free_memory_chooses_the_profile(weights_home, picture, context_of, monkeypatch) -> None:
    free = {"bytes": 10**12}
    monkeypatch.setattr(memory_profile, "free_bytes", lambda _device: free["bytes"])
    chosen = backend("hunyuan3d-2mini")
    context = context_of("x")
    run(chosen, {"front": (picture,)}, context)
    assert context.facts["memory_profile"] == "full"
    free["bytes"] = 0
    chosen.unload()
    run(chosen, {"front": (picture,)}, context)
    assert context.facts["memory_profile"] == "minimal"


class Held:
    """Networks of ten bytes that count how often they are let go."""

    held_bytes = 10

    def __init__(self) -> None:
        self.unloaded = 0

    def unload(self) -> None:
        self.unloaded += 1


def test_the_pool_lets_the_longest_unused_go_first(monkeypatch) -> None:
    pool = NetworkPool(most=3)
    device = torch.device("cpu")
    first = pool.networks("a", "mini", device, Held)
    assert pool.networks("a", "mini", device, Held) is first
    assert pool.networks("a", "base", device, Held) is not first
    assert first.unloaded == 1
    pool.networks("b", "base", device, Held)
    pool.networks("c", "base", device, Held)
    assert pool.held_bytes() == 30
    assert pool.make_room("c", 100, device) is None
    assert pool.make_room("c", 20, device, budget=40) == 20
    assert len(pool) == 3
    assert pool.make_room("c", 25, device, budget=40) == 30
    assert [name for name in "abc" if name in pool] == ["b", "c"]
    monkeypatch.setattr(memory_profile, "free_bytes", lambda _device: 50)
    assert pool.make_room("c", 60, device) == 60
    assert pool.make_room("d", 60, device) == 50
    assert len(pool) == 0
    for name in "abcd":
        pool.networks(name, "base", device, Held)
    assert "a" not in pool
    pool.drop("nothing")
    pool.clear()
    assert len(pool) == 0


def test_two_engines_under_a_budget_for_one(weights_home, tmp_path, picture, context_of, monkeypatch) -> None:
    needs = [
        memory_profile.MemoryNeed.of(
            ShapeWeights.open(weights_home / name, tmp_path / "store"), torch.float32, 24, 1
        ).bytes_in(memory_profile.MemoryProfile.full)
        for name in ("hunyuan3d-dit-v2-mini", "hunyuan3d-dit-v2-1")
    ]
    monkeypatch.setenv("ORFEAS_ENGINE__NETWORK_BUDGET_GB", str(max(needs) / 2**30))
    table = {each.id: each for each in shape_backends()}
    mini, other = table["hunyuan3d-2mini"], table["hunyuan3d-2-1"]
    pool = mini.pool
    made: list[bytes] = []
    for chosen, away in ((mini, other), (other, mini), (mini, other)):
        sent: list[object] = []
        context = context_of(chosen.id, sent)
        made.append(run(chosen, {"front": (picture,)}, context)[0].path.read_bytes())
        assert context.facts["memory_profile"] == "full"
        assert chosen.id in pool
        assert away.id not in pool
        assert 0 < pool.held_bytes() <= max(needs)
        told = [message for message in sent if isinstance(message, Warned)]
        assert [message.arguments["profile"] for message in told] == ["full"]
        assert told[0].arguments["needed"] <= told[0].arguments["room"]
    assert made[0] == made[2]
    monkeypatch.setenv("ORFEAS_ENGINE__NETWORK_BUDGET_GB", "100")
    for chosen in (mini, other):
        run(chosen, {"front": (picture,)}, context_of(chosen.id))
    assert len(pool) == 2


def test_peaks_are_kept_by_machine(tmp_path) -> None:
    file = tmp_path / "peaks.json"
    peaks = PeakMemory(file, "a", 384)
    assert peaks.all() == {}
    peaks.keep("full", 0)
    assert not file.exists()
    peaks.keep("full", 5)
    peaks.keep("full", 3)
    PeakMemory(file, "b", 384).keep("full", 9)
    PeakMemory(file, "a", 256).keep("full", 8)
    assert peaks.all() == {"full": 5}
    for text in ("{", "[[1]]", "7", '[["a", "x", "y", "z"]]'):
        file.write_text(text)
        assert peaks.all() == {}


def test_what_this_machine_measured_counts_more_than_the_estimate() -> None:
    need = memory_profile.MemoryNeed(1 << 30, 1 << 30, 1 << 30, 1 << 30, {"full": 1000})
    assert need.bytes_in(memory_profile.MemoryProfile.full) == 1100
    with memory_profile.measured_peak(torch.device("cpu")) as peak:
        pass
    assert peak.bytes == 0
