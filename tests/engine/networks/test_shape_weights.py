from __future__ import annotations

import json
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from orfeas_desktop.engine.networks.shape_weights import ShapeWeights, weight_path
from orfeas_desktop.engine.networks.weight_file import open_weights
from orfeas_desktop.errors import (
    BadWeights,
    DiskFull,
    FileMissing,
    NotAFile,
    PermissionDenied,
    WeightsMissing,
)

CPU = torch.device("cpu")


def load_all(weights: ShapeWeights, dtype: torch.dtype = torch.float32) -> None:
    weights.denoiser(dtype, CPU)
    weights.conditioner(dtype, CPU)
    weights.vae(dtype, CPU)


def rewrite(folder: Path, change) -> None:
    path = folder / "model.fp16.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def as_checkpoint(folder: Path, **extra: object) -> Path:
    """Turn a combined safetensors file into the published pickle layout."""
    path = folder / "model.fp16.safetensors"
    parts: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in load_file(path).items():
        part, _, name = key.partition(".")
        parts.setdefault(part, {})[name] = tensor
    path.unlink()
    target = folder / "model.fp16.ckpt"
    torch.save(parts | extra, target)
    return target


def refusal(folder: Path, store: Path) -> BadWeights:
    with pytest.raises(BadWeights) as refused:
        load_all(ShapeWeights.open(folder, store))
    said = refused.value.say()
    assert said.endswith(".")
    assert "\n" not in said
    return refused.value


@pytest.mark.parametrize("case", ["e2e_mini", "e2e_v20", "e2e_turbo", "e2e_mv", "e2e_v21"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_every_published_layout_loads(published, tmp_path, case, dtype) -> None:
    weights = ShapeWeights.open(published(case), tmp_path / "store")
    network = weights.denoiser(dtype, CPU)
    assert {parameter.dtype for parameter in network.parameters()} == {dtype}
    assert not any(parameter.requires_grad for parameter in network.parameters())
    load_all(weights, dtype)


def test_a_pickle_is_converted_once_and_equals_its_safetensors(published, tmp_path) -> None:
    folder, store = published("e2e_mini"), tmp_path / "store"
    before = ShapeWeights.open(folder, store).denoiser(torch.float32, CPU).state_dict()
    as_checkpoint(folder, epoch=3, note="kept out", nothing=None)
    after = ShapeWeights.open(folder, store).denoiser(torch.float32, CPU).state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    (made,) = store.iterdir()
    stamp = made.stat().st_mtime_ns
    ShapeWeights.open(folder, store)
    assert [path.stat().st_mtime_ns for path in store.iterdir()] == [stamp]


def test_an_old_torch_file_without_a_zip_is_read(published, tmp_path) -> None:
    folder = published("e2e_mini")
    path = as_checkpoint(folder)
    torch.save(torch.load(path), path, _use_new_zipfile_serialization=False)
    load_all(ShapeWeights.open(folder, tmp_path / "store"))


def test_tied_and_sliced_tensors_are_converted(tmp_path) -> None:
    base = torch.arange(12.0).view(3, 4)
    path = tmp_path / "tied.ckpt"
    torch.save({"a": base, "b": base, "c": base[:, 1:3], "d": base.half(), "e": base[:0]}, path)
    file = open_weights(path, tmp_path / "store")
    tensors = file.part("").read()
    assert torch.equal(tensors["b"], base)
    assert torch.equal(tensors["c"], base[:, 1:3])
    assert tensors["d"].dtype == torch.float16
    assert tensors["e"].shape == (0, 4)


def test_a_separate_decoder_replaces_the_own_one(published, tmp_path) -> None:
    folder, separate = published("e2e_v20"), published("vae_turbo")
    weights = ShapeWeights.open(folder, tmp_path / "store", separate)
    assert (
        weights.vae(torch.float32, CPU).layout.geo_width * 2 == weights.vae(torch.float32, CPU).layout.width
    )


def test_the_point_encoder_is_ignored(published, tmp_path) -> None:
    folder = published("e2e_mini")

    def add(tensors) -> None:
        tensors["vae.encoder.anything.weight"] = torch.zeros(3)
        tensors["vae.pre_kl.weight"] = torch.zeros(3)
        del tensors["conditioner.main_image_encoder.model.embeddings.mask_token"]

    rewrite(folder, add)
    load_all(ShapeWeights.open(folder, tmp_path))


def test_missing_keys_are_named_five_at_most(published, tmp_path) -> None:
    folder = published("e2e_mini")

    def drop(tensors) -> None:
        for key in [key for key in tensors if key.startswith("model.single_blocks.1.")]:
            del tensors[key]

    rewrite(folder, drop)
    said = refusal(folder, tmp_path).say()
    assert said.count("model.single_blocks.1.") == 5
    assert "more" in said


def test_unknown_keys_are_named(published, tmp_path) -> None:
    folder = published("e2e_v21")
    path = folder / "model.fp16.ckpt"
    parts = torch.load(path)
    parts["model"]["blocks.0.surprise"] = torch.zeros(2)
    torch.save(parts, path)
    assert "model.blocks.0.surprise" in refusal(folder, tmp_path / "store").say()


@pytest.mark.parametrize(
    "key",
    [
        "model.latent_in.weight",
        "vae.post_kl.weight",
        "vae.geo_decoder.output_proj.weight",
        "conditioner.main_image_encoder.model.encoder.layer.0.attention.attention.query.weight",
    ],
)
def test_wrong_shapes_are_refused(published, tmp_path, key) -> None:
    folder = published("e2e_mini")
    rewrite(folder, lambda tensors: tensors.update({key: torch.zeros(3, 5)}))
    refusal(folder, tmp_path)


@pytest.mark.parametrize("part", ["to_k.weight", "to_q.weight"])
def test_a_broken_projection_of_the_mixed_network_is_refused(published, tmp_path, part) -> None:
    for change in ("drop", "rows", "columns"):
        folder = tmp_path / change
        folder.mkdir()
        source = published("e2e_v21") if change == "drop" else tmp_path / "e2e_v21"
        parts = torch.load(source / "model.fp16.ckpt")
        key = f"blocks.1.attn1.{part}"
        if change == "drop":
            del parts["model"][key]
        else:
            parts["model"][key] = torch.zeros((7, 32) if change == "rows" else (32, 7))
        torch.save(parts, folder / "model.fp16.ckpt")
        (folder / "config.yaml").write_bytes((source / "config.yaml").read_bytes())
        refusal(folder, tmp_path / "store")


def test_other_kinds_of_tensors_are_refused(published, tmp_path) -> None:
    folder = published("e2e_mini")
    key = "model.double_blocks.0.img_mlp.0.weight"
    rewrite(folder, lambda tensors: tensors.update({key: torch.zeros(tensors[key].shape, dtype=torch.int32)}))
    assert "whole numbers" in refusal(folder, tmp_path).say()
    rewrite(folder, lambda tensors: tensors.update({"vae.post_kl.weight": torch.zeros(())}))
    assert "other shapes" in refusal(folder, tmp_path).say()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("start", ["model.", "vae.transformer", "conditioner."])
def test_numbers_that_are_none_are_refused(published, tmp_path, value, start) -> None:
    folder = published("e2e_mini")

    def spoil(tensors) -> None:
        named = [key for key in tensors if key.startswith(start) and tensors[key].ndim == 2]
        key = next(key for key in named if "mask_token" not in key)
        tensors[key][0, 0] = value

    rewrite(folder, spoil)
    assert "not numbers" in refusal(folder, tmp_path).say()


@pytest.mark.parametrize("name", ["model.fp16.safetensors", "model.fp16.ckpt"])
@pytest.mark.parametrize("keep", [0, 1, 7, 64, 1000, 400_000])
def test_truncated_files_are_refused(published, tmp_path, name, keep) -> None:
    folder = published("e2e_v21" if name.endswith("ckpt") else "e2e_mini")
    path = folder / name
    path.write_bytes(path.read_bytes()[:keep])
    refusal(folder, tmp_path / "store")
    assert not (tmp_path / "store").exists() or not list((tmp_path / "store").iterdir())


FOREIGN = {
    "text": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "zeros": bytes(4096),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "huge header": (2**63 - 1).to_bytes(8, "little") + b"{}",
    "bad header": (2).to_bytes(8, "little") + b"[]",
    "pickle": pickle.dumps([1, 2, 3]),
}


@pytest.mark.parametrize("name", ["model.fp16.safetensors", "model.fp16.ckpt"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_foreign_files_are_refused(published, tmp_path, name, kind) -> None:
    folder = published("e2e_mini")
    (folder / "model.fp16.safetensors").unlink()
    (folder / name).write_bytes(FOREIGN[kind])
    refusal(folder, tmp_path / "store")


def test_a_header_that_points_outside_is_refused(published, tmp_path) -> None:
    folder = published("e2e_mini")
    header = json.dumps(
        {"model.x": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}
    ).encode()
    path = folder / "model.fp16.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(16))
    refusal(folder, tmp_path)


class Program:
    """What a pickle runs when it is trusted."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return (os.mkdir, (str(self.target),))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("place", ["top", "nested"])
def test_a_program_in_a_pickle_is_refused_and_not_run(published, tmp_path, zipped, place) -> None:
    folder, trap = published("e2e_mini"), tmp_path / "trap"
    program = Program(trap)
    path = as_checkpoint(folder)
    parts = torch.load(path)
    given = program if place == "top" else parts | {"model": parts["model"] | {"x": program}}
    torch.save(given, path, _use_new_zipfile_serialization=zipped)
    assert "program" in refusal(folder, tmp_path / "store").say()
    assert not trap.exists()


def test_a_plain_pickle_with_a_program_is_not_run(published, tmp_path) -> None:
    folder, trap = published("e2e_mini"), tmp_path / "trap"
    path = as_checkpoint(folder)
    path.write_bytes(pickle.dumps(Program(trap)))
    refusal(folder, tmp_path / "store")
    assert not trap.exists()


def test_a_zip_of_something_else_is_refused(published, tmp_path) -> None:
    folder = published("e2e_mini")
    path = as_checkpoint(folder)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../escape.txt", "no")
    refusal(folder, tmp_path / "store")


@pytest.mark.parametrize(
    "content",
    [
        [torch.zeros(2)],
        {"model": {"x": [1, 2]}},
        {3: torch.zeros(2)},
        {"model": {"x": {"y": torch.zeros(2)}}},
        {},
        {"k" * 600: torch.zeros(2)},
        {"model": {"x": torch.zeros(2, dtype=torch.int64)}},
    ],
)
def test_other_contents_of_a_torch_file_are_refused(published, tmp_path, content) -> None:
    folder = published("e2e_mini")
    path = as_checkpoint(folder)
    torch.save(content, path)
    refusal(folder, tmp_path / "store")


def test_files_that_cannot_be_opened(published, tmp_path) -> None:
    with pytest.raises(FileMissing):
        open_weights(tmp_path / "none.safetensors", tmp_path)
    with pytest.raises(NotAFile):
        open_weights(tmp_path, tmp_path)
    with pytest.raises(WeightsMissing):
        weight_path(tmp_path)


def test_files_that_may_not_be_read(published, tmp_path, monkeypatch) -> None:
    path = published("e2e_mini") / "model.fp16.safetensors"

    def refuse(_self, *_arguments):
        raise PermissionError(13, "no")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PermissionDenied):
        open_weights(path, tmp_path)

    def break_down(_self, *_arguments):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", break_down)
    with pytest.raises(BadWeights, match="Input/output"):
        open_weights(path, tmp_path)


def test_a_full_disk_leaves_nothing_behind(published, tmp_path, monkeypatch) -> None:
    folder, store = published("e2e_mini"), tmp_path / "store"
    as_checkpoint(folder)

    def fill(_self, _target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fill)
    with pytest.raises(DiskFull):
        ShapeWeights.open(folder, store)
    assert not list(store.iterdir())
    monkeypatch.setattr(Path, "replace", lambda _self, _target: (_ for _ in ()).throw(OSError(5, "broken")))
    with pytest.raises(PermissionDenied):
        ShapeWeights.open(folder, store)
    assert not list(store.iterdir())


def test_a_file_that_breaks_after_it_was_opened_is_refused(published, tmp_path) -> None:
    folder = published("e2e_mini")
    weights = ShapeWeights.open(folder, tmp_path)
    path = folder / "model.fp16.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(BadWeights, match="ends early"):
        weights.denoiser(torch.float32, CPU)
