from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from orfeas_desktop.engine.weights.catalog import WEIGHT_SETS, weight_set
from orfeas_desktop.engine.weights.recognise import find_weights, recognise, tensor_names
from orfeas_desktop.engine.weights.shelf import WeightShelf
from orfeas_desktop.engine.weights.store import WeightStore
from orfeas_desktop.errors import BadWeights, FolderMissing, UnknownEntry, WeightsMissing

DATA = Path(__file__).parents[2] / "data" / "hunyuan3d_shape"


def put(case: str, folder: Path) -> Path:
    folder.mkdir(parents=True)
    for path in (DATA / case).iterdir():
        if path.name == "config.yaml" or path.name.startswith("model"):
            shutil.copyfile(path, folder / path.name)
    return folder


def change(folder: Path, work) -> Path:
    path = folder / "config.yaml"
    sections = yaml.safe_load(path.read_text())
    work(sections)
    path.write_text(yaml.safe_dump(sections))
    return folder


@pytest.mark.parametrize(
    ("case", "name", "expected"),
    [
        ("e2e_v20", "hunyuan3d-dit-v2-0", "hunyuan3d-2"),
        ("e2e_mini", "hunyuan3d-dit-v2-mini", "hunyuan3d-2mini"),
        ("e2e_turbo", "hunyuan3d-dit-v2-0-turbo", "hunyuan3d-2-turbo"),
        ("e2e_turbo", "hunyuan3d-dit-v2-mini-turbo", "hunyuan3d-2mini-turbo"),
        ("e2e_turbo", "anything", "hunyuan3d-2-turbo"),
        ("e2e_turbo", "hunyuan3d-dit-v2-0", "hunyuan3d-2-turbo"),
        ("e2e_mv", "my folder", "hunyuan3d-2mv"),
        ("e2e_v21", "x", "hunyuan3d-2-1"),
        ("vae_turbo", "hunyuan3d-vae-v2-mini-turbo", "hunyuan3d-2mini-vae-turbo"),
        ("vae_turbo", "x", "hunyuan3d-2-vae-turbo"),
    ],
)
def test_sets_are_told_apart(tmp_path, case, name, expected) -> None:
    assert recognise(put(case, tmp_path / name)).weights.id == expected


def test_depth_and_latents_tell_mini(tmp_path) -> None:
    folder = put("e2e_v20", tmp_path / "a")
    change(folder, lambda sections: sections["model"]["params"].update(depth=8))
    assert recognise(folder).weights.id == "hunyuan3d-2mini"
    folder = put("vae_turbo", tmp_path / "b")
    change(folder, lambda sections: sections["params"].update(num_latents=512))
    assert recognise(folder).weights.id == "hunyuan3d-2mini-vae-turbo"


def test_guidance_without_the_consistency_scheduler_is_fast(tmp_path) -> None:
    folder = put("e2e_turbo", tmp_path / "a")
    change(folder, lambda sections: sections["scheduler"].update(target="x.FlowMatchEulerDiscreteScheduler"))
    assert recognise(folder).weights.id == "hunyuan3d-2-fast"


def here(shelf: WeightShelf) -> set[str]:
    return {each.id for each in WEIGHT_SETS if shelf.find(each.id) is not None}


def test_a_shelf_remembers_finds_and_forgets(tmp_path) -> None:
    place = tmp_path / "models"
    put("e2e_mini", place / "Hunyuan3D-2mini" / "hunyuan3d-dit-v2-mini")
    put("e2e_v21", place / "deep" / "hunyuan3d-dit-v2-1")
    (place / "empty").mkdir()
    shelf = WeightShelf(tmp_path / "weights")
    assert here(shelf) == set()
    assert {each.weights.id for each in shelf.add(place)} == {"hunyuan3d-2mini", "hunyuan3d-2-1"}
    again = WeightShelf(tmp_path / "weights")
    assert here(again) == {"hunyuan3d-2mini", "hunyuan3d-2-1"}
    store = WeightStore(tmp_path / "weights")
    assert store.need("hunyuan3d-2mini").name == "hunyuan3d-dit-v2-mini"
    digest = store.digest(["hunyuan3d-2mini"])
    assert len(digest) == 64
    assert digest != store.digest(["hunyuan3d-2-1"])
    again.forget("hunyuan3d-2mini")
    again.forget("hunyuan3d-2mini")
    assert shelf.find("hunyuan3d-2mini") is None
    assert store.digest(["hunyuan3d-2mini"]) == ""
    with pytest.raises(WeightsMissing, match="Hunyuan3D 2mini"):
        store.need("hunyuan3d-2mini")


def test_weights_under_the_own_folder_are_found_by_name(tmp_path) -> None:
    put("e2e_mini", tmp_path / "Hunyuan3D-2mini" / "hunyuan3d-dit-v2-mini")
    put("e2e_v20", tmp_path / "hunyuan3d-dit-v2-0")
    assert here(WeightShelf(tmp_path)) == {"hunyuan3d-2mini", "hunyuan3d-2"}


def test_a_folder_that_vanished_is_missing(tmp_path) -> None:
    place = put("e2e_mini", tmp_path / "models" / "hunyuan3d-dit-v2-mini")
    shelf = WeightShelf(tmp_path / "weights")
    shelf.add(place)
    shutil.rmtree(place)
    assert shelf.find("hunyuan3d-2mini") is None


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00"])
def test_a_broken_list_is_no_list(tmp_path, text) -> None:
    (tmp_path / "folders.json").write_text(text)
    assert not here(WeightShelf(tmp_path))


def test_another_file_has_another_digest(tmp_path) -> None:
    folder = put("e2e_mini", tmp_path / "hunyuan3d-dit-v2-mini")
    store = WeightStore(tmp_path)
    before = store.digest(["hunyuan3d-2mini"])
    path = folder / "model.fp16.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert store.digest(["hunyuan3d-2mini"]) != before


def test_what_cannot_be_added(tmp_path) -> None:
    shelf = WeightShelf(tmp_path / "weights")
    with pytest.raises(FolderMissing):
        shelf.add(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadWeights, match="no folder"):
        shelf.add(tmp_path / "empty")
    with pytest.raises(BadWeights, match="no weight file"):
        recognise(tmp_path / "empty")
    with pytest.raises(UnknownEntry):
        weight_set("hunyuan3d-9")


BROKEN = {
    "class": lambda s: s["model"].update(target="os.system"),
    "no encoder": lambda s: s["conditioner"].pop("params"),
    "no model": lambda s: s.pop("model"),
    "model is text": lambda s: s.update(model="x"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_configurations_that_fit_nothing(tmp_path, kind) -> None:
    folder = change(put("e2e_mini", tmp_path / "a"), BROKEN[kind])
    found, refused = find_weights(folder)
    assert not found
    assert len(refused) == 1
    with pytest.raises(BadWeights):
        WeightShelf(tmp_path / "weights").add(folder)


def test_a_plain_decoder_is_no_set(tmp_path) -> None:
    with pytest.raises(BadWeights, match="plain decoder"):
        recognise(put("vae_v20", tmp_path / "a"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: b"",
        lambda content: content[:4],
        lambda content: (2**62).to_bytes(8, "little") + content,
        lambda content: (2).to_bytes(8, "little") + b"[]",
        lambda content: (8).to_bytes(8, "little") + b'{"a":{}}',
        lambda content: (5).to_bytes(8, "little") + b'{"a":',
        lambda content: (32).to_bytes(8, "little") + b'{"a":{"data_offsets":[0,"many"]}}'[:32],
    ],
)
def test_damaged_files_are_refused(tmp_path, damage) -> None:
    folder = put("e2e_mini", tmp_path / "a")
    path = folder / "model.fp16.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadWeights):
        recognise(folder)


def test_a_file_with_parts_missing_is_refused(tmp_path) -> None:
    folder = put("e2e_mini", tmp_path / "a")
    shutil.copyfile(DATA / "vae_turbo" / "model.safetensors", folder / "model.fp16.safetensors")
    with pytest.raises(BadWeights, match="conditioner, model, vae"):
        recognise(folder)


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch) -> None:
    folder = put("e2e_mini", tmp_path / "a")

    def fail(_self, *_arguments):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(BadWeights, match="Input/output"):
        tensor_names(folder / "model.fp16.safetensors")


def test_looking_does_not_go_too_deep(tmp_path) -> None:
    put("e2e_mini", tmp_path / "1" / "2" / "3" / "4" / "5")
    assert find_weights(tmp_path) == ((), ())


def test_every_set_has_a_licence_and_its_own_place() -> None:
    assert all(each.licence and each.territory and each.size for each in WEIGHT_SETS)
    assert len({(each.repository, each.folder) for each in WEIGHT_SETS}) == len(WEIGHT_SETS)
