"""Words to pictures in this process, on tiny pipelines of every base."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from orfeas_desktop.engine.backends import BACKENDS, text_to_image
from orfeas_desktop.engine.backends.base import Task
from orfeas_desktop.engine.backends.text_to_image import picture_name
from orfeas_desktop.engine.weights.adding import add_from
from orfeas_desktop.engine.weights.lora_shelf import LoraShelf, written_uses
from orfeas_desktop.engine.weights.own_pictures import OwnPictures
from orfeas_desktop.engine.weights.store import WeightStore
from orfeas_desktop.errors import BadInput, BadWeights, Cancelled, OutOfMemory, WeightsMissing
from tests.ldm_files import save_single_file
from tests.tiny_pipelines import MAKERS, pickled_folder, save_lora, stable_diffusion

QUICK = {"prompt": "a red cup", "width": 256, "height": 256, "num_inference_steps": 2, "style": "none"}


@pytest.fixture
def words_home(tmp_path, monkeypatch, tiny_pipelines) -> Path:
    """A home that knows them."""
    monkeypatch.setenv("ORFEAS_HOME", str(tmp_path / "home"))
    for name in MAKERS:
        WeightStore.of().shelf.add_pipeline(name, tiny_pipelines / name)
    return tiny_pipelines


@pytest.fixture
def make(words_home, context_of, monkeypatch):
    """Run an engine: make(entry, sent=[], **settings) -> (outputs, context)."""

    monkeypatch.setattr(text_to_image, "use_threads", lambda _context: torch.set_num_threads(1))

    def run(entry: str, sent: list | None = None, stop: Event | None = None, **settings: object):
        backend = BACKENDS[entry]
        context = context_of(entry, sent, stop)
        params = backend.params.check(entry, {**QUICK, **settings})
        return backend.run({}, params, context), context

    yield run
    for backend in BACKENDS:
        if backend.task is Task.text_to_image:
            backend.unload()


def pixels(outputs) -> list[np.ndarray]:
    return [read(output.path) for output in outputs]


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("entry", MAKERS)
def test_words_become_pictures_and_a_lora_changes_them_and_goes_without_a_trace(
    make, words_home, entry
) -> None:
    sent: list = []
    plain, context = make(entry, sent, num_images_per_prompt=2, width=272, height=260)
    first, second = pixels(plain)
    assert first.shape == (260, 272, 3)
    assert (first != second).any()
    with Image.open(plain[0].path) as image:
        made_by = json.loads(image.text["orfeas"])
    assert made_by["entry"] == entry
    assert context.facts["seed_2"] == context.seed + 1
    shown = [message for message in sent if type(message).__name__ == "Previewed"]
    assert len(shown) == 2
    assert read(shown[0].path).shape in {(34, 34, 3), (17, 17, 3)}
    lora = LoraShelf.of().add(words_home / f"{entry}-lora.safetensors")
    assert lora.base is BACKENDS[entry].engine.base
    uses = written_uses([lora.use(0.8)])
    strong, _ = make(entry, width=272, height=260, loras=uses)
    weak, _ = make(entry, width=272, height=260, loras=written_uses([lora.use(0.2)]))
    assert (pixels(strong)[0] != first).any()
    assert (pixels(weak)[0] != pixels(strong)[0]).any()
    again, _ = make(entry, width=272, height=260)
    assert (pixels(again)[0] == first).all()


def warned(sent: list) -> list[str]:
    said = [message for message in sent if type(message).__name__ == "Warned"]
    return [message.sentence.format(**message.arguments) for message in said]


def test_what_is_cut_from_a_long_prompt_is_said(make) -> None:
    sent: list = []
    make("stable-diffusion-1-5", sent, prompt="red cup " * 12 + "WITH A HANDLE")
    (said,) = warned(sent)
    assert said.endswith("this was not read: “H A HANDLE”.")
    sent.clear()
    make("stable-diffusion-1-5", sent, negative_prompt="b" * 90)
    assert "was not read" in warned(sent)[0]
    sent.clear()
    make("flux-1-schnell", sent, prompt="red cup " * 12, negative_prompt="blue")
    assert warned(sent) == ["What is not wanted was left out: this engine or guidance takes no such words."]


def test_words_that_are_not_wanted_and_the_style_change_the_picture(make) -> None:
    plain = pixels(make("stable-diffusion-1-5")[0])[0]
    assert (pixels(make("stable-diffusion-1-5", style="none", negative_prompt="blue")[0])[0] != plain).any()
    assert (pixels(make("stable-diffusion-1-5", style="anime")[0])[0] != plain).any()


def test_schedulers(make) -> None:
    seen: set[bytes] = set()
    for scheduler in ("euler", "euler-ancestral", "ddim", "dpmpp-2m", "dpmpp-2m-karras", "unipc", "lcm"):
        (picture,) = pixels(make("stable-diffusion-1-5", scheduler=scheduler)[0])
        assert picture.std() > 1
        seen.add(picture.tobytes())
    assert len(seen) >= 5


def test_flow_schedulers(make) -> None:
    sent: list = []
    for scheduler in ("flow-euler", "flow-lcm"):
        (picture,) = pixels(make("flux-1-schnell", sent, scheduler=scheduler)[0])
        assert picture.std() > 1


def test_several_loras_and_one_for_another_base(make, words_home) -> None:
    shelf = LoraShelf.of()
    first = shelf.add(words_home / "stable-diffusion-1-5-lora.safetensors")
    shelf.change(first.name, triggers="clay figure, cup")
    other = shelf.add(save_lora(stable_diffusion(), words_home, "second", rank=2, seed=9))
    uses = [first.use(0.5), other.use(-0.5)]
    sent: list = []
    both = pixels(make("stable-diffusion-1-5", sent, loras=written_uses(uses))[0])[0]
    assert warned(sent) == [f"The LoRA “{first.name}” wants these words in the prompt: clay figure."]
    one = pixels(make("stable-diffusion-1-5", loras=written_uses(uses[:1]))[0])[0]
    assert (both != one).any()
    with pytest.raises(BadWeights, match=r"it is made for Stable Diffusion 1.5; this engine is SDXL"):
        make("sdxl-base", loras=written_uses(uses))


def test_a_lora_that_does_not_fit_or_has_gone_is_told(make, words_home) -> None:
    wide = words_home / "wide.safetensors"
    rows = {}
    with safe_open(words_home / "stable-diffusion-1-5-lora.safetensors", "pt") as opened:
        rows = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118  (no mapping)
    save_file({key: torch.cat([value, value], -1) for key, value in rows.items()}, wide)
    shelf = LoraShelf.of()
    lora = shelf.add(wide)
    with pytest.raises(BadWeights, match="does not fit"):
        make("stable-diffusion-1-5", loras=written_uses([lora.use()]))
    elsewhere = words_home / "elsewhere.safetensors"
    save_file({key.replace("attentions.", "attentions.7"): value for key, value in rows.items()}, elsewhere)
    lost = shelf.add(elsewhere)
    with pytest.raises(BadWeights, match="fit"):
        make("stable-diffusion-1-5", loras=written_uses([lost.use()]))
    shelf.remove(lora.name)
    with pytest.raises(BadWeights, match="no longer in the library"):
        make("stable-diffusion-1-5", loras=written_uses([lora.use()]))


def test_a_lora_that_fits_in_part_says_how_much(make, words_home) -> None:
    with safe_open(words_home / "stable-diffusion-1-5-lora.safetensors", "pt") as opened:
        rows = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118  (no mapping)
    whole = len(rows) // 2
    more = {key.replace("attentions.", "attentions.7"): value.clone() for key, value in rows.items()}
    half = words_home / "half.safetensors"
    save_file(rows | more, half)
    lora = LoraShelf.of().add(half)
    sent: list = []
    _, context = make("stable-diffusion-1-5", sent, loras=written_uses([lora.use()]))
    assert context.facts["lora_layers_used:half"] == whole
    count = len(rows | more) // 2
    assert f"Only {whole} of {count} layers of the LoRA “half” fit this engine." in warned(sent)


@pytest.mark.parametrize("entry", ["stable-diffusion-1-5", "flux-1-schnell"])
def test_a_folder_of_pickles_gives_what_its_safetensors_give(make, words_home, tmp_path, entry) -> None:
    own = pickled_folder(words_home / entry, tmp_path / "old ways")
    store = WeightStore.of()
    (added,) = add_from(store, LoraShelf.of(), own)
    assert (added.kind, added.name, added.place) == ("own", "old ways", own)
    written = OwnPictures(store.folder).named(added.name).written
    (given,), (plain,) = (
        pixels(make(name, guidance_scale=3.0, **more)[0])
        for name, more in ((entry, {}), ("own-pictures", {"pipeline": written}))
    )
    assert (given == plain).all()
    (converted,) = store.shelf.converted.iterdir()
    shutil.rmtree(own)
    assert not OwnPictures(store.folder).all()
    other = OwnPictures(store.folder).add(words_home / entry)
    OwnPictures(store.folder).forget(other.name)
    assert not converted.exists()


def test_own_folders_run_by_name_and_other_schedulers_are_refused(make, words_home, tmp_path) -> None:
    own = tmp_path / "my flow"
    shutil.copytree(words_home / "flux-1-schnell", own)
    (added,) = add_from(WeightStore.of(), LoraShelf.of(), own)
    assert (added.kind, added.name) == ("own", "my flow")
    written = OwnPictures(WeightStore.of().folder).named("my flow").written
    (picture,) = pixels(make("own-pictures", pipeline=written)[0])
    assert picture.std() > 1
    with pytest.raises(BadInput, match=r"does not fit FLUX\.1"):
        make("own-pictures", pipeline=written, scheduler="ddim")
    with pytest.raises(BadInput, match="none of your own"):
        make("own-pictures")
    (own / "scheduler" / "scheduler_config.json").unlink()
    file = own / "vae" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-4] + b"\1\1\1\1")
    with pytest.raises(BadWeights, match="was changed since"):
        make("own-pictures", pipeline=written)


@pytest.mark.parametrize("entry", ["stable-diffusion-1-5", "sdxl-base"])
def test_a_single_file_gives_what_its_folder_gives(make, tmp_path, entry) -> None:
    file = save_single_file(MAKERS[entry](), tmp_path / "mine.safetensors")
    (added,) = add_from(WeightStore.of(), LoraShelf.of(), file)
    written = OwnPictures(WeightStore.of().folder).named(added.name).written
    settings = {"guidance_scale": 5.0}
    (folder,) = pixels(make(entry, **settings)[0])
    (single,) = pixels(make("own-pictures", pipeline=written, **settings)[0])
    assert (folder == single).all()


def test_a_pickled_file_and_a_pickled_lora_give_what_their_safetensors_give(
    make, words_home, tmp_path
) -> None:
    store, entry = WeightStore.of(), "stable-diffusion-1-5"
    tensors = load_file(save_single_file(stable_diffusion(), tmp_path / "plain.safetensors"))
    tensors["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    notes = {"epoch": 3, "optimizer_states": [{"state": {0: torch.zeros(2)}}], "loops": {"fit": {"a": 1}}}
    torch.save(notes | {"state_dict": tensors}, tmp_path / "mine.ckpt")
    (added,) = add_from(store, LoraShelf.of(), tmp_path / "mine.ckpt")
    own = OwnPictures(store.folder).named(added.name)
    plain = OwnPictures(store.folder).add(tmp_path / "plain.safetensors")
    given, other = (pixels(make("own-pictures", pipeline=each.written)[0])[0] for each in (own, plain))
    assert (given == other).all()
    file = words_home / f"{entry}-lora.safetensors"
    torch.save(load_file(file), tmp_path / "clay.pt")
    (added,) = add_from(store, LoraShelf.of(), tmp_path / "clay.pt")
    assert added.kind == "lora"
    uses = [LoraShelf.of().named("clay").use(), LoraShelf.of().add(file).use()]
    first, second = (pixels(make(entry, loras=written_uses([use]))[0])[0] for use in uses)
    assert (first == second).all()
    assert (first != pixels(make(entry)[0])[0]).any()
    assert len(list(store.shelf.converted.iterdir())) == 1
    OwnPictures(store.folder).forget(own.name)
    assert not list(store.shelf.converted.iterdir())


def test_a_single_file_that_is_half_is_told(make, tmp_path, monkeypatch) -> None:
    file = save_single_file(stable_diffusion(), tmp_path / "mine.safetensors")
    with safe_open(file, "pt") as opened:
        rows = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118  (no mapping)
    rows.pop("cond_stage_model.transformer.text_model.final_layer_norm.bias")
    save_file(rows, file)
    own = OwnPictures(WeightStore.of().folder).add(file)
    with pytest.raises(BadWeights, match=r"text encoder lacks final_layer_norm\.bias"):
        make("own-pictures", pipeline=own.written)
    monkeypatch.setenv("ORFEAS_HOME", str(tmp_path / "other"))
    own = OwnPictures(WeightStore.of().folder).add(file)
    with pytest.raises(WeightsMissing, match=r"Stable Diffusion 1\.5"):
        make("own-pictures", pipeline=own.written)


def test_cancelled_between_steps(make) -> None:
    stop = Event()

    class Hearing(list):
        def append(self, message: object) -> None:
            super().append(message)
            if type(message).__name__ == "Previewed":
                stop.set()

    with pytest.raises(Cancelled):
        make("sdxl-base", Hearing(), stop, num_inference_steps=50)


def test_no_words_no_weights_and_damaged_weights(make, words_home, monkeypatch, tmp_path) -> None:
    with pytest.raises(BadInput, match="no words"):
        make("sdxl-base", prompt=" \n ")
    with pytest.raises(WeightsMissing):
        make("sdxl-turbo")
    broken = tmp_path / "broken"
    shutil.copytree(words_home / "sdxl-base", broken)
    WeightStore.of().shelf.add_pipeline("sdxl-turbo", broken)
    (broken / "unet" / "config.json").write_text("{}")
    with pytest.raises(BadWeights, match="does not load"):
        make("sdxl-turbo")


def test_memory_that_runs_out_is_tried_again_in_smaller_profiles(make, monkeypatch) -> None:
    import orfeas_desktop.engine.networks.text_to_image as module

    whole = module.TextToImagePipeline.make
    tried: list[str] = []

    def scarce(self, order, on_step):
        tried.append(self.plan.profile.value)
        if len(tried) < 3:
            raise torch.OutOfMemoryError
        return whole(self, order, on_step)

    monkeypatch.setattr(module.TextToImagePipeline, "make", scarce)
    sent: list = []
    outputs, context = make("sdxl-base", sent, memory="full")
    assert tried == ["full", "balanced", "low"]
    assert context.facts["memory_profile"] == "low"
    assert len(warned(sent)) == 2
    assert pixels(outputs)[0].std() > 1
    monkeypatch.setattr(
        module.TextToImagePipeline, "make", lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError)
    )
    with pytest.raises(OutOfMemory):
        make("sdxl-base", memory="minimal")


def test_every_profile_takes_loras_and_gives_nearly_the_same(make, words_home) -> None:
    lora = LoraShelf.of().add(words_home / "flux-1-schnell-lora.safetensors")
    uses = written_uses([lora.use(0.7)])
    full = pixels(make("flux-1-schnell", memory="full", loras=uses)[0])[0].astype(int)
    low = pixels(make("flux-1-schnell", memory="low", loras=uses)[0])[0].astype(int)
    assert abs(full - low).max() <= 1
    minimal = pixels(make("flux-1-schnell", memory="minimal", loras=uses)[0])[0].astype(int)
    assert abs(full - minimal).mean() < 20


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a red cup", "a red cup"),
        ("///", "picture"),
        ("x" * 90, "x" * 40),
        ("cup: “old”\nand worn", "cup old and worn"),
    ],
)
def test_a_picture_is_named_after_its_words(prompt, name) -> None:
    assert picture_name(prompt) == name
