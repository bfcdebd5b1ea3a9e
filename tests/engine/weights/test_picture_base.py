"""LoRAs and checkpoints told by names and shapes as they are published; no numbers, full sizes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from orfeas_desktop.engine.weights.adding import add_from
from orfeas_desktop.engine.weights.lora_shelf import (
    Lora,
    LoraShelf,
    LoraUse,
    read_uses,
    trigger_words,
    written_uses,
)
from orfeas_desktop.engine.weights.own_pictures import OwnPictures, read_own
from orfeas_desktop.engine.weights.picture_base import PictureBase, base_of_checkpoint, base_of_lora
from orfeas_desktop.engine.weights.store import How, WeightStore
from orfeas_desktop.errors import (
    BadInput,
    BadWeights,
    FileMissing,
    FolderMissing,
    NotAFile,
    PathTooLong,
    PermissionDenied,
    UnknownEntry,
)

Shapes = dict[str, tuple[int, ...]]


def stripped(path: Path, shapes: Shapes, **said: str) -> Path:
    """A safetensors file whose numbers are a hole of zeros."""
    header: dict[str, object] = {"__metadata__": said} if said else {}
    end = 0
    for name, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        stream.truncate(8 + len(text) + end)
    return path


SD15, SDXL, FLUX = PictureBase.sd15, PictureBase.sdxl, PictureBase.flux
LORAS: dict[str, tuple[PictureBase, Shapes]] = {
    "sd15 kohya": (
        SD15,
        {
            "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": (8, 768),
            "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": (8, 768),
        },
    ),
    "sd15 old diffusers": (
        SD15,
        {
            "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.down.weight": (
                4,
                768,
            )
        },
    ),
    "sd15 peft, pictures only": (
        SD15,
        {"unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight": (4, 320)},
    ),
    "sdxl kohya": (
        SDXL,
        {
            "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight": (8, 2048),
            "lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": (8, 1280),
        },
    ),
    "sdxl peft": (
        SDXL,
        {"unet.down_blocks.1.attentions.0.transformer_blocks.1.attn2.to_k.lora_A.weight": (4, 2048)},
    ),
    "sdxl peft, pictures only": (
        SDXL,
        {"unet.mid_block.attentions.0.transformer_blocks.9.attn1.to_q.lora_A.weight": (4, 1280)},
    ),
    "flux peft": (FLUX, {"transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight": (16, 3072)}),
    "flux peft, double blocks": (
        FLUX,
        {"transformer.transformer_blocks.0.attn.to_q.lora_A.weight": (16, 3072)},
    ),
    "flux kohya": (FLUX, {"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": (16, 3072)}),
    "flux comfy": (FLUX, {"diffusion_model.double_blocks.0.img_attn.qkv.lora_A.weight": (16, 3072)}),
}
FOREIGN_LORAS: dict[str, Shapes] = {
    "Stable Diffusion 2": {
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": (8, 1024)
    },
    "Stable Diffusion 3": {"transformer.transformer_blocks.0.attn.to_q.lora_A.weight": (16, 1536)},
    "PixArt": {"transformer.adaln_single.linear.lora_A.weight": (16, 1152)},
    "no network that this program knows": {"something.lora_A.weight": (4, 4)},
    "holds no LoRA": {"unet.down_blocks.0.attentions.0.proj.weight": (4, 4)},
}


@pytest.mark.parametrize("name", LORAS)
def test_a_lora_says_what_it_is_for(tmp_path, name) -> None:
    base, shapes = LORAS[name]
    assert base_of_lora(stripped(tmp_path / "a.safetensors", shapes)) is base


@pytest.mark.parametrize("said", FOREIGN_LORAS)
def test_a_lora_for_something_else_is_refused_by_name(tmp_path, said) -> None:
    with pytest.raises(BadWeights, match=said):
        base_of_lora(stripped(tmp_path / "a.safetensors", FOREIGN_LORAS[said]))


UNET = "model.diffusion_model."


def unet(crossing: int, channels: int = 4) -> Shapes:
    return {
        f"{UNET}input_blocks.0.0.weight": (320, channels, 3, 3),
        f"{UNET}input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (640, crossing),
        "first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3),
    }


SD_WORDS = {"cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": (49408, 768)}
XL_WORDS = {"conditioner.embedders.1.model.ln_final.weight": (1280,)}
FLUX_ALONE = {"double_blocks.0.img_attn.qkv.weight": (9216, 3072)}
CHECKPOINTS: dict[str, tuple[PictureBase, Shapes]] = {
    "sd15": (SD15, unet(768) | SD_WORDS),
    "sdxl": (SDXL, unet(2048) | XL_WORDS),
    "flux": (FLUX, FLUX_ALONE),
    "flux, comfy": (FLUX, {UNET + name: shape for name, shape in FLUX_ALONE.items()}),
}
FOREIGN_CHECKPOINTS: dict[str, Shapes] = {
    "Stable Diffusion 2": unet(1024) | SD_WORDS,
    "the SDXL refiner": unet(1280) | XL_WORDS,
    "filling in": unet(768, 9) | SD_WORDS,
    "only a part": unet(768),
    "Stable Diffusion 3": {f"{UNET}joint_blocks.0.x_block.attn.qkv.weight": (4, 4)},
    "no text-to-image network": {"model.blocks.0.weight": (4, 4)},
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_checkpoint_is_known_and_stays_where_it_is(tmp_path, name) -> None:
    base, shapes = CHECKPOINTS[name]
    file = stripped(tmp_path / "My Pictures @ v1.safetensors", shapes)
    store = WeightStore(tmp_path / "weights")
    (added,) = add_from(store, LoraShelf(tmp_path / "loras"), file)
    own = OwnPictures(store.folder).named(added.name)
    assert (added.kind, own.base, own.path, own.name) == ("own", base, str(file), "My Pictures v1")
    assert OwnPictures(store.folder).find(own.written) == own
    add_from(store, LoraShelf(tmp_path / "loras"), file)
    assert len(OwnPictures(store.folder).all()) == 1
    assert OwnPictures(store.folder).forget(own.name) == own
    assert file.exists()


@pytest.mark.parametrize("said", FOREIGN_CHECKPOINTS)
def test_a_checkpoint_that_cannot_be_run_is_refused_by_name(tmp_path, said) -> None:
    file = stripped(tmp_path / "a.safetensors", FOREIGN_CHECKPOINTS[said])
    with pytest.raises(BadWeights, match=said):
        base_of_checkpoint(file)


def test_own_files_that_go_change_or_share_a_name(tmp_path) -> None:
    own = OwnPictures(tmp_path / "weights")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        own.add(stripped(tmp_path / folder / "x.safetensors", unet(768) | SD_WORDS))
    first, second = own.all()
    assert (first.name, second.name) == ("x", "x 2")
    stripped(Path(first.path), unet(2048) | XL_WORDS)
    with pytest.raises(BadWeights, match="was changed"):
        own.find(first.written)
    Path(second.path).unlink()
    assert [each.name for each in own.all()] == ["x"]
    for lost in (second.written, "x@0123456789abcdef"):
        with pytest.raises(BadWeights):
            own.find(lost)
    with pytest.raises(ValueError, match="name@digest"):
        read_own("x")
    with pytest.raises(UnknownEntry):
        own.named("y")
    with pytest.raises(FileMissing):
        own.add(tmp_path / "none.safetensors")
    other = tmp_path / "model.zip"
    other.write_bytes(b"PK")
    with pytest.raises(BadWeights, match=r"does not end in .safetensors, .bin, .ckpt"):
        own.add(other)


@pytest.fixture
def shelf(tmp_path: Path) -> LoraShelf:
    return LoraShelf(tmp_path / "loras")


@pytest.fixture
def clay(tmp_path: Path) -> Path:
    return stripped(
        tmp_path / "clay.safetensors", LORAS["sdxl peft"][1], **{"modelspec.trigger_phrase": " clay\n figure"}
    )


def test_a_lora_is_kept_with_name_words_and_weight(shelf, clay, tmp_path) -> None:
    lora = shelf.add(clay)
    assert (lora.name, lora.base, lora.triggers, lora.weight) == ("clay", SDXL, "clay figure", 1.0)
    assert shelf.add(clay, "again") == lora
    clay.unlink()
    assert shelf.file(lora.use(0.5))[0] == lora
    changed = shelf.change("Clay", new_name="Wet: clay", triggers="wet,  clay", weight=0.7)
    assert (changed.name, changed.triggers, changed.weight) == ("Wet clay", "wet, clay", 0.7)
    assert shelf.all() == (changed,)
    other = shelf.add(stripped(tmp_path / "wet clay.safetensors", LORAS["flux peft"][1]))
    assert other.name == "wet clay 2"
    assert trigger_words(stripped(tmp_path / "c.safetensors", {"a": (1,)})) == ""
    with pytest.raises(BadInput, match="another LoRA is called"):
        shelf.change(other.name, new_name="WET CLAY")
    with pytest.raises(BadInput, match="weight of a LoRA"):
        shelf.change(other.name, weight=7)
    assert shelf.remove("wet clay").name == "Wet clay"
    with pytest.raises(UnknownEntry, match="wet clay 9"):
        shelf.named("wet clay 9")


def test_a_lora_file_that_was_changed_is_not_used(shelf, clay) -> None:
    lora = shelf.add(clay)
    place = shelf.file(lora.use())[1]
    content = place.read_bytes()
    place.unlink()
    place.write_bytes(content[:-1] + b"\1")
    with pytest.raises(BadWeights, match="was changed"):
        shelf.file(lora.use())
    place.unlink()
    with pytest.raises(BadWeights, match="no longer in the library"):
        shelf.file(lora.use())
    assert shelf.add(clay) == lora
    assert shelf.file(lora.use())[0] == lora


def test_files_that_are_no_loras_are_refused(shelf, tmp_path) -> None:
    with pytest.raises(NotAFile):
        shelf.add(tmp_path)
    with pytest.raises(FileMissing):
        shelf.add(tmp_path / "none.safetensors")
    other = tmp_path / "old.zip"
    other.write_bytes(b"PK")
    with pytest.raises(BadWeights, match=r"does not end in .safetensors"):
        shelf.add(other)
    cut = stripped(tmp_path / "cut.safetensors", LORAS["flux peft"][1])
    cut.write_bytes(cut.read_bytes()[:-5])
    with pytest.raises(BadWeights, match="ends early"):
        shelf.add(cut)
    assert shelf.all() == ()


def test_the_library_may_lie_where_nothing_can_be_written(tmp_path, clay) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionDenied):
        LoraShelf(tmp_path / "file" / "loras").add(clay)


def test_uses_are_written_and_read() -> None:
    uses = (LoraUse("clay figure", "0" * 16, 0.8), LoraUse("b", "1" * 16, -1))
    assert read_uses(written_uses(uses)) == uses
    assert read_uses(" ") == ()
    for wrong in (
        "clay",
        "clay@0:1",
        f"clay@{'0' * 16}:9",
        f"clay@{'0' * 16}:nan",
        f"a@{'0' * 16}:1, b@{'0' * 16}:1",
    ):
        with pytest.raises(ValueError, match="LoRA"):
            read_uses(wrong)
    assert Lora(name="a", digest="f" * 64, base=SD15).use().weight == 1.0


def test_a_lora_is_added_like_any_weights(tmp_path, shelf, clay) -> None:
    (added,) = add_from(WeightStore(tmp_path / "weights"), shelf, clay)
    assert (added.kind, added.name) == ("lora", "clay")


def pipeline(folder: Path, kind: str = "StableDiffusionXLPipeline", **changed: object) -> Path:
    """A folder in the form of diffusers, its networks stripped."""
    parts = ("unet", "vae", "text_encoder", "text_encoder_2")
    index: dict[str, object] = {"_class_name": kind}
    for name in (*parts, "tokenizer", "scheduler"):
        (folder / name).mkdir(parents=True)
        index[name] = ["diffusers" if name in {"unet", "vae", "scheduler"} else "transformers", "X"]
    for name in parts:
        stem = "model" if name.startswith("text") else "diffusion_pytorch_model"
        stripped(folder / name / f"{stem}.fp16.safetensors", {"a": (2, 2)})
        (folder / name / "config.json").write_text("{}")
    (folder / "model_index.json").write_text(json.dumps({**index, **changed}))
    return folder


def test_folders_are_told_by_their_place_or_become_the_users_own(tmp_path, shelf) -> None:
    store = WeightStore(tmp_path / "weights")
    hub = tmp_path / "hub" / "models--stabilityai--sdxl-turbo" / "snapshots" / ("0" * 40)
    pipeline(hub)
    pipeline(tmp_path / "mine" / "juggler")
    assert [(each.kind, each.name) for each in add_from(store, shelf, tmp_path / "hub")] == [
        ("set", "sdxl-turbo")
    ]
    assert store.find("sdxl-turbo") == hub
    standing = next(each for each in store.standings() if each.weights.id == "sdxl-turbo")
    assert standing.how is How.found
    assert standing.size > 0
    before = store.digest(["sdxl-turbo"])
    stripped(hub / "unet" / "diffusion_pytorch_model.fp16.safetensors", {"a": (2, 3)})
    assert store.digest(["sdxl-turbo"]) != before
    assert [(each.kind, each.name) for each in add_from(store, shelf, tmp_path / "mine")] == [
        ("own", "juggler")
    ]
    (added,) = add_from(store, shelf, tmp_path / "mine", "sdxl-base")
    assert (added.kind, store.find("sdxl-base")) == ("set", tmp_path / "mine" / "juggler")
    with pytest.raises(BadWeights, match="2 pipelines"):
        add_from(store, shelf, tmp_path, "sdxl-base")
    with pytest.raises(FolderMissing):
        add_from(store, shelf, tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.safetensors")
    for device in (Path(os.devnull), tmp_path / "pipe.safetensors"):
        with pytest.raises(NotAFile):
            add_from(store, shelf, device)


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (
            lambda place: (place / "unet" / "diffusion_pytorch_model.fp16.safetensors").unlink(),
            "“unet” has no",
        ),
        (lambda place: (place / "tokenizer").rmdir(), "“tokenizer” is missing"),
        (lambda place: (place / "vae" / "config.json").unlink(), "“vae” has no config.json"),
        (
            lambda place: (place / "unet" / "diffusion_pytorch_model.fp16.safetensors").rename(
                place / "unet" / "diffusion_pytorch_model.bin"
            ),
            "is not a torch file",
        ),
        (
            lambda place: stripped(
                place / "unet" / "diffusion_pytorch_model.fp16.safetensors", {"a": (9, 9)}
            ).write_bytes(b"\x40" + bytes(90)),
            "not a whole safetensors file",
        ),
        (lambda place: (place / "model_index.json").write_text("{"), "no model_index.json that can be read"),
        (lambda place: (place / "model_index.json").write_text("[]"), "is no table"),
        (
            lambda place: (place / "unet" / "diffusion_pytorch_model.fp16.safetensors").rename(
                place / "unet" / "diffusion_pytorch_model.safetensors.index.json"
            ),
            "model_index|list of weight files|can be read",
        ),
    ],
)
def test_half_a_folder_is_refused_with_what_is_missing(tmp_path, shelf, break_it, said) -> None:
    place = pipeline(tmp_path / "half")
    break_it(place)
    with pytest.raises(BadWeights, match=said):
        add_from(WeightStore(tmp_path / "weights"), shelf, tmp_path / "half")


def test_a_folder_that_brings_a_program_is_refused(tmp_path, shelf) -> None:
    pipeline(tmp_path / "evil", unet=["evil", "Network"])
    with pytest.raises(BadWeights, match="wants the program “evil”"):
        add_from(WeightStore(tmp_path / "weights"), shelf, tmp_path / "evil")
    pipeline(tmp_path / "other", "StableDiffusion3Pipeline")
    with pytest.raises(BadWeights, match="StableDiffusion3Pipeline"):
        add_from(WeightStore(tmp_path / "weights"), shelf, tmp_path / "other")


def test_a_folder_of_another_base_is_not_the_set(tmp_path, shelf) -> None:
    place = pipeline(tmp_path / "flow", "FluxPipeline")
    with pytest.raises(BadWeights, match=r"made for FLUX\.1, so it is not of the set “sdxl-base”"):
        add_from(WeightStore(tmp_path / "weights"), shelf, place, "sdxl-base")


def test_a_name_that_is_too_long_is_told(tmp_path, clay) -> None:
    with pytest.raises(PathTooLong):
        LoraShelf(tmp_path / ("x" * 300)).add(clay)


def test_a_network_in_pieces(tmp_path, shelf) -> None:
    place = pipeline(tmp_path / "mine")
    part = place / "unet"
    (part / "diffusion_pytorch_model.fp16.safetensors").unlink()
    names = [f"diffusion_pytorch_model-{n}.fp16.safetensors" for n in (1, 2)]
    index = part / "diffusion_pytorch_model.safetensors.index.fp16.json"
    index.write_text(json.dumps({"weight_map": {"a": names[0], "b": names[1]}}))
    stripped(part / names[0], {"a": (2, 2)})
    with pytest.raises(BadWeights):
        add_from(WeightStore(tmp_path / "weights"), shelf, place)
    stripped(part / names[1], {"b": (2, 2)})
    (added,) = add_from(WeightStore(tmp_path / "weights"), shelf, place)
    assert added.kind == "own"
    index.write_text(json.dumps({"weight_map": {"a": "../x.safetensors"}}))
    with pytest.raises(BadWeights, match="no list of weight files"):
        add_from(WeightStore(tmp_path / "weights"), shelf, place)
