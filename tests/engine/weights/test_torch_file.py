"""Pickles of the user's own: their tensors are taken, their programs never run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

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
