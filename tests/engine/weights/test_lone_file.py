"""Weight files without a configuration, told by names and shapes; full sizes, no numbers."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.linking import add_weights
from orfeas_desktop.engine.weights.lone_file import configuration, fitting_sets
from orfeas_desktop.engine.weights.recognise import recognise
from orfeas_desktop.engine.weights.store import How, WeightStore
from orfeas_desktop.engine.weights.upkeep import Verdict, remove_set, verify_set
from orfeas_desktop.errors import BadWeights, FileMissing, UnknownEntry

DATA = Path(__file__).parents[2] / "data" / "hunyuan3d_shape"
ENCODER = "conditioner.main_image_encoder.model."

VAE = {
    "vae.post_kl.weight": (1024, 64),
    "vae.geo_decoder.query_proj.weight": (1024, 51),
    **{f"vae.transformer.resblocks.{i}.attn.c_qkv.weight": (3072, 1024) for i in range(16)},
    "vae.transformer.resblocks.0.attn.attention.q_norm.weight": (64,),
}
GIANT = {
    f"{ENCODER}embeddings.position_embeddings": (1, 1370, 1536),
    **{f"{ENCODER}encoder.layer.{i}.mlp.weights_in.weight": (8192, 1536) for i in range(40)},
    f"{ENCODER}encoder.layer.0.mlp.weights_out.weight": (1536, 4096),
}
LARGE_ENCODER = {
    f"{ENCODER}embeddings.position_embeddings": (1, 1370, 1024),
    **{f"{ENCODER}encoder.layer.{i}.mlp.fc2.weight": (1024, 4096) for i in range(24)},
}


def flux(double: int, single: int, *, guidance: bool) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "model.latent_in.weight": (1024, 64),
        "model.cond_in.weight": (1024, 1536),
        "model.double_blocks.0.img_attn.norm.query_norm.scale": (64,),
        "model.double_blocks.0.img_mlp.0.weight": (4096, 1024),
        **{f"model.double_blocks.{i}.img_attn.qkv.weight": (3072, 1024) for i in range(double)},
        "model.double_blocks.0.img_attn.qkv.bias": (3072,),
        **{f"model.single_blocks.{i}.linear1.weight": (7168, 1024) for i in range(single)},
    }
    return shapes | ({"model.guidance_in.in_layer.weight": (1024, 256)} if guidance else {}) | VAE | GIANT


PLAIN = {
    "model.x_embedder.weight": (2048, 64),
    **{f"model.blocks.{i}.attn1.to_q.weight": (2048, 2048) for i in range(21)},
    "model.blocks.0.attn1.q_norm.weight": (128,),
    "model.blocks.0.attn2.to_k.weight": (2048, 1024),
    **{f"model.blocks.{i}.moe.gate.weight": (8, 2048) for i in range(15, 21)},
    **VAE,
    **LARGE_ENCODER,
}


def light(shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The shapes without most of the picture encoder's and the decoder's layers, quick to read through."""
    few = re.compile(r"(encoder.layer|resblocks)\.([1-9]|[1-4][0-9])\.")
    return {name: shape for name, shape in shapes.items() if not few.search(name)}


def stripped(path: Path, shapes: dict[str, tuple[int, ...]]) -> Path:
    """A file of the full size with these names and shapes and no numbers: a hole on the disk."""
    entries, at = {}, 0
    for name, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        entries[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    header = json.dumps(entries).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.write(len(header).to_bytes(8, "little") + header)
        stream.truncate(8 + len(header) + at)
    return path


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        (flux(16, 32, guidance=False), ("hunyuan3d-2", "hunyuan3d-2mv")),
        (
            flux(16, 32, guidance=True),
            ("hunyuan3d-2-turbo", "hunyuan3d-2-fast", "hunyuan3d-2mv-turbo", "hunyuan3d-2mv-fast"),
        ),
        (flux(8, 16, guidance=False), ("hunyuan3d-2mini",)),
        (flux(8, 16, guidance=True), ("hunyuan3d-2mini-turbo", "hunyuan3d-2mini-fast")),
        (PLAIN, ("hunyuan3d-2-1",)),
    ],
    ids=["2.0", "2.0 guided", "mini", "mini guided", "2.1"],
)
def test_published_shapes_tell_the_set_and_its_configuration(tmp_path, shapes, expected) -> None:
    file = stripped(tmp_path / "some.safetensors", shapes)
    assert fitting_sets(file) == expected
    for set_id in expected:
        folder = tmp_path / weight_set(set_id).folder
        folder.mkdir()
        (folder / "config.yaml").write_text(configuration(set_id, file))
        (folder / "model.fp16.safetensors").symlink_to(file)
        assert recognise(folder).weights.id == set_id
        sections = yaml.safe_load((folder / "config.yaml").read_text())
        model = sections["model"]["params"]
        assert model["num_heads"] == 16
        assert model["depth"] == {"hunyuan3d-2-1": 21}.get(set_id, 8 if "mini" in set_id else 16)
        encoder = sections["conditioner"]["params"]["main_image_encoder"]["kwargs"]["config"]
        assert encoder["num_attention_heads"] == (16 if set_id == "hunyuan3d-2-1" else 24)
        assert encoder["image_size"] == 518
        assert sections["vae"]["params"]["heads"] == 16
        assert sections["vae"]["params"]["num_freqs"] == 8


@pytest.mark.parametrize("case", ["e2e_v20", "e2e_turbo", "e2e_mini"])
def test_a_written_configuration_says_what_the_published_one_says(tmp_path, case) -> None:
    (source,) = (DATA / case).glob("model*.safetensors")
    file = tmp_path / "lone.safetensors"
    shutil.copyfile(source, file)
    real = yaml.safe_load((DATA / case / "config.yaml").read_text())
    set_id = recognise(DATA / case).weights.id
    fitting = fitting_sets(file)
    alike = set_id.replace("hunyuan3d-2", "hunyuan3d-2mini") if set_id not in fitting else set_id
    written = yaml.safe_load(configuration(alike, file))
    same = (
        "in_channels",
        "context_in_dim",
        "hidden_size",
        "num_heads",
        "depth",
        "depth_single_blocks",
        "qkv_bias",
    )
    model = real["model"]["params"]
    for name in same:
        if name in model:
            assert written["model"]["params"][name] == model[name], name
    for name in ("embed_dim", "num_freqs", "heads", "width", "num_decoder_layers", "include_pi"):
        assert written["vae"]["params"][name] == real["vae"]["params"][name], name


def test_the_name_decides_where_the_content_cannot(tmp_path) -> None:
    shapes = light(flux(9, 1, guidance=True))
    file = stripped(tmp_path / "ComfyUI" / "hunyuan3d-dit-v2-mv-turbo_fp16.safetensors", shapes)
    store = WeightStore(tmp_path / "weights")
    (found,) = add_weights(store, file)
    assert found.weights.id == "hunyuan3d-2mv-turbo"
    assert found.file.samefile(file)
    unnamed = stripped(tmp_path / "model.safetensors", shapes)
    with pytest.raises(BadWeights, match="hunyuan3d-2-turbo, hunyuan3d-2-fast"):
        add_weights(store, unnamed)
    with pytest.raises(BadWeights, match="it is not of the set"):
        add_weights(store, unnamed, "hunyuan3d-2-1")
    with pytest.raises(UnknownEntry):
        add_weights(store, unnamed, "nothing")
    with pytest.raises(BadWeights, match="here already"):
        add_weights(store, file, "hunyuan3d-2mv-turbo")


def test_a_linked_file_is_verified_and_removed_without_touching_it(tmp_path, job_context) -> None:
    file = stripped(tmp_path / "x.safetensors", light(PLAIN))
    store = WeightStore(tmp_path / "weights")
    (found,) = add_weights(store, file)
    assert store.standing(found.weights).how is How.downloaded
    assert {each.verdict for each in verify_set(found.weights.id, store, job_context)} == {Verdict.right}
    remove_set(found.weights.id, store)
    assert file.is_file()
    assert store.find(found.weights.id) is None


@pytest.mark.parametrize(
    "shapes",
    [
        {"model.x": (1,)},
        {"model.x": (1,), "vae.x": (1,), "conditioner.x": (1,)},
        {"lora.x": (1,)},
    ],
)
def test_other_files_are_refused(tmp_path, shapes) -> None:
    with pytest.raises(BadWeights):
        fitting_sets(stripped(tmp_path / "x.safetensors", shapes))


def test_what_is_no_file_of_weights(tmp_path) -> None:
    store = WeightStore(tmp_path / "weights")
    with pytest.raises(FileMissing):
        add_weights(store, tmp_path / "none.safetensors")
    for name, content in (("x.ckpt", b"x"), ("x.safetensors", b"x"), ("y.safetensors", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadWeights):
            add_weights(store, tmp_path / name)
    lacking = {name: shape for name, shape in PLAIN.items() if name != "vae.post_kl.weight"}
    with pytest.raises(BadWeights, match="it holds no vae"):
        add_weights(store, stripped(tmp_path / "z.safetensors", lacking))
