"""Pickles of the user's own: their tensors are taken, their programs never run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from orfeas_desktop.engine.weights.adding import add_from
from orfeas_desktop.engine.weights.lora_shelf import LoraShelf
from orfeas_desktop.engine.weights.own_pictures import OwnPictures
from orfeas_desktop.engine.weights.store import WeightStore
from orfeas_desktop.engine.weights.torch_file import as_safetensors
from orfeas_desktop.errors import BadWeights, DiskFull

CROSS = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight"
LORA = {CROSS: torch.ones(2, 768)}


class Program:
    """What a pickle runs when it is trusted."""

    def __init__(self, trap: Path) -> None:
        self.trap = trap

    def __reduce__(self):
        return (os.system, (f"echo run > {self.trap}",))


@pytest.fixture
def store(tmp_path: Path) -> WeightStore:
    return WeightStore(tmp_path / "weights")


@pytest.fixture
def shelf(tmp_path: Path) -> LoraShelf:
    return LoraShelf(tmp_path / "loras")


def files_in(*folders: Path) -> list[Path]:
    return [
        path for folder in folders for path in folder.rglob("*") if path.suffix in {".safetensors", ".part"}
    ]


@pytest.mark.parametrize("name", ["evil.ckpt", "evil.pt", "evil.pth", "evil.BIN"])
def test_a_program_is_refused_named_and_not_run(store, shelf, tmp_path, name) -> None:
    file, trap = tmp_path / name, tmp_path / "trap"
    torch.save(LORA | {"x": Program(trap)}, file)
    for add in (OwnPictures(store.folder).add, shelf.add, lambda path: add_from(store, shelf, path)):
        with pytest.raises(BadWeights, match=f"“{name}” .* could be a program"):
            add(file)
    assert not trap.exists()
    assert not files_in(store.folder, shelf.folder)


@pytest.mark.parametrize("keep", [0, 100, -40])
def test_a_truncated_file_is_refused(store, shelf, tmp_path, keep) -> None:
    file = tmp_path / "cut.ckpt"
    torch.save(LORA, file)
    file.write_bytes(file.read_bytes()[:keep])
    for add in (OwnPictures(store.folder).add, shelf.add):
        with pytest.raises(BadWeights, match=r"“cut.ckpt” .* not a .*torch file"):
            add(file)
    assert not files_in(store.folder, shelf.folder)


def test_what_cannot_be_used_leaves_no_copy(store, shelf, tmp_path) -> None:
    for name, tensors, said in (
        ("odd.pt", {"a": torch.ones(2)}, "no LoRA"),
        ("far.pt", {CROSS: torch.ones(2, 1024)}, "Stable Diffusion 2"),
        ("wide.pt", {"a": torch.ones(1).expand(1 << 40)}, "no plain table"),
        ("complex.pt", {"a": torch.ones(2, dtype=torch.complex64)}, "complex64"),
    ):
        torch.save(tensors, tmp_path / name)
        with pytest.raises(BadWeights, match=f"“{name}” .*{said}"):
            shelf.add(tmp_path / name)
    with pytest.raises(BadWeights, match=r"“odd.pt” .* beside its config.yaml"):
        add_from(store, shelf, tmp_path / "odd.pt")
    assert not files_in(store.folder, shelf.folder)
    with pytest.raises(BadWeights, match=r"gone.pt"):
        as_safetensors(tmp_path / "gone.pt", store.folder)


def test_a_pickled_lora_is_one_of_the_library_once(shelf, tmp_path) -> None:
    torch.save(LORA, tmp_path / "clay.pt")
    lora = shelf.add(tmp_path / "clay.pt")
    assert shelf.add(tmp_path / "clay.pt") == lora
    (tmp_path / "clay.pt").unlink()
    place = shelf.file(lora.use())[1]
    assert files_in(shelf.folder) == [place]
    assert not place.is_symlink()


def test_a_full_disk_leaves_nothing_half_written(shelf, tmp_path, monkeypatch) -> None:
    torch.save(LORA, tmp_path / "clay.pt")

    def fill(_self, _target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fill)
    with pytest.raises(DiskFull):
        shelf.add(tmp_path / "clay.pt")
    assert not files_in(shelf.folder)


def pipeline_of(folder: Path, tensors: dict) -> Path:
    """A Stable Diffusion folder of which everything but numbers is there."""
    index = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}
    (folder / "unet").mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "unet" / "config.json").write_text("{}")
    torch.save(tensors, folder / "unet" / "diffusion_pytorch_model.bin")
    return folder


def test_a_program_in_a_pipeline_folder_is_refused_named_and_not_run(store, shelf, tmp_path) -> None:
    trap = tmp_path / "trap"
    folder = pipeline_of(tmp_path / "evil", {"a": torch.ones(2), "x": Program(trap)})
    with pytest.raises(BadWeights, match=r"“diffusion_pytorch_model.bin” .* could be a program"):
        add_from(store, shelf, folder)
    assert not trap.exists()
    assert not any(store.shelf.converted.iterdir())


def test_a_published_set_of_pickles_goes_whole_when_it_is_forgotten(store, shelf, tmp_path) -> None:
    folder = pipeline_of(tmp_path / "stable-diffusion-v1-5", {"a": torch.ones(2)})
    add_from(store, shelf, folder, "stable-diffusion-1-5")
    found = store.find("stable-diffusion-1-5")
    assert found is not None
    assert found.parent == store.shelf.converted.resolve()
    assert load_file(found / "unet" / "diffusion_pytorch_model.safetensors")["a"].tolist() == [1, 1]
    store.shelf.forget("stable-diffusion-1-5")
    assert not found.exists()
    assert (folder / "unet" / "diffusion_pytorch_model.bin").is_file()


def test_pieces_are_converted_each_and_odd_lists_refused(store, shelf, tmp_path) -> None:
    folder = pipeline_of(tmp_path / "pieces", {"a": torch.ones(2)})
    unet = folder / "unet"
    (unet / "diffusion_pytorch_model.bin").rename(unet / "one.bin")
    torch.save({"b": torch.zeros(3)}, unet / "two.bin")
    index = unet / "diffusion_pytorch_model.bin.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "one.bin", "b": "two.bin"}}))
    add_from(store, shelf, folder)
    (made,) = store.shelf.converted.iterdir()
    assert sorted(file.name for file in (made / "unet").iterdir())[-1] == (
        "diffusion_pytorch_model.safetensors.index.json"
    )
    for odd in ({"weight_map": {"a": "../one.bin"}}, {"weight_map": {}}, {"weight_map": [1]}, []):
        index.write_text(json.dumps(odd))
        with pytest.raises(BadWeights, match="no list of weight files"):
            add_from(store, shelf, folder)
    index.write_text(json.dumps({"weight_map": {"a": "gone.bin"}}))
    with pytest.raises(BadWeights, match=r"gone.bin"):
        add_from(store, shelf, folder)


def test_what_a_killed_conversion_left_goes_with_the_next(store, shelf, tmp_path) -> None:
    converted = store.shelf.converted
    (converted / "dir.part").mkdir(parents=True)
    (converted / "file.part").write_bytes(b"half")
    add_from(store, shelf, pipeline_of(tmp_path / "mine", {"a": torch.ones(2)}))
    assert not list(converted.glob("*.part"))


def test_a_pipeline_that_is_refused_after_its_conversion_leaves_no_copy(store, shelf, tmp_path) -> None:
    folder = pipeline_of(tmp_path / "half", {"a": torch.ones(2)})
    (folder / "unet" / "config.json").unlink()
    with pytest.raises(BadWeights, match=r"“half” .* no config.json"):
        add_from(store, shelf, folder)
    assert not any(store.shelf.converted.iterdir())
