"""Words to pictures to meshes by command, with real workers and tiny pipelines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from orfeas_desktop.engine.mesh.files import read_mesh
from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.pictures import recipe_in

QUICK = (
    "--picture-set",
    "width=256",
    "--picture-set",
    "height=256",
    "--picture-set",
    "num_inference_steps=2",
)
MADE = ("--set", "width=256", "--set", "height=256", "--set", "num_inference_steps=2")


@pytest.fixture
def painters(orfeas, tiny_pipelines) -> Path:
    """A home that knows the tiny SDXL as `sdxl-base`, its licence accepted."""
    added = orfeas("weights", "add", tiny_pipelines / "sdxl-base", "--as", "sdxl-base", "--json")
    assert added.json["added"][0]["set"] == "sdxl-base"
    return tiny_pipelines


def test_words_become_a_mesh_straight_through(orfeas, painters, tmp_path) -> None:
    out = tmp_path / "cup.glb"
    words = ("generate", "--prompt", "a red cup", "--out", out, "--json", "--seed", "3", *QUICK)
    refused = orfeas(*words, "--picture-backend", "sdxl-base")
    assert (refused.status, refused.error["code"]) == (3, "licence-not-accepted")
    assert orfeas("weights", "licence", "sdxl-base", "--accept").status == 0
    lora = painters / "sdxl-base-lora.safetensors"
    done = orfeas(
        *words, "--lora", f"{lora}:0.8", "--style", "none", "--set", "resolution=64", "--project", "Cups"
    )
    assert done.status == 0, done.err
    report = done.json
    assert (report["picture"]["backend"], report["picture"]["prompt"]) == ("sdxl-base", "a red cup")
    mesh = read_mesh(out)
    assert mesh.face_count == report["faces"] > 0
    recipe = json.loads(str(mesh.extras["picture"]))
    assert json.loads(recipe["params"])["prompt"] == "a red cup"
    assert "sdxl-base-lora@" in json.loads(recipe["params"])["loras"]
    shown = orfeas("project", "show", "Cups", "--json").json
    assert json.dumps(shown).count("a red cup") >= 1

    other = painters / "flux-1-schnell-lora.safetensors"
    wrong = orfeas(*words, "--lora", f"{other}:0.8")
    assert (wrong.status, wrong.error["code"]) == (3, "bad-weights")
    assert wrong.error["message"].endswith("it is made for FLUX.1; this engine is SDXL.")
    assert sorted(row["name"] for row in orfeas("weights", "lora", "list", "--json").json["loras"]) == [
        "flux-1-schnell-lora",
        "sdxl-base-lora",
    ]

    pictures = tmp_path / "cup.png"
    made = orfeas("picture", "a red cup", "--out", pictures, "--count", "2", "--json", "--seed", "3", *MADE)
    assert made.json["files"] == [str(pictures), str(tmp_path / "cup-2.png")]
    assert made.json["seeds"] == [3, 4]
    with Image.open(pictures) as image:
        assert image.size == (256, 256)
    assert json.loads(recipe_in(pictures))["entry"] == "sdxl-base"
    again = orfeas(
        "picture", "a red cup", "--project", "Cups", "--count", "2", *MADE, "--seed", "3", "--json"
    )
    assert again.json["cached"] is True


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--prompt", "cup", "a.png"), "not both"),
        (("a.png", "--lora", "x:1"), "belong to --prompt"),
        (("--prompt", "  "), "prompt is empty"),
        (("--prompt", "cup", "--picture-backend", "relief"), "no “relief”"),
        (("--prompt", "cup", "--backend", "sdxl-base"), "no “sdxl-base”"),
        (("--prompt", "cup", "--style", "cubist"), "one of none, 3d-asset"),
        (("--prompt", "cup", "--picture-set", "width=100"), "width must be at least 256"),
        (("--prompt", "cup", "--picture-set", "height=4096"), "height must be at most 2048"),
        (("--prompt", "cup", "--lora", "clay:9"), "weight of a LoRA is -2 to 2"),
        (("--prompt", "cup", "--lora", "clay:0.5"), "no “clay” among the LoRAs"),
        (("--prompt", "cup", "--lora", "none.safetensors:0.5"), "no file “none.safetensors”"),
        (("--prompt", "cup", "--pipeline", "mine"), "no “mine” among the own pipelines"),
        (("--prompt", "cup"), "SDXL-Turbo"),
        (("--prompt", "cup", "--picture-backend", "own-pictures"), "a pipeline of your own"),
    ],
)
def test_what_cannot_be_is_told_before_any_work(orfeas, tmp_path, words, said) -> None:
    done = orfeas("generate", *words, "--out", tmp_path / "cup.glb", "--json")
    assert done.status in {2, 3}
    assert said in done.error["message"] + done.error["remedy"]
    assert not (tmp_path / "cup.glb").exists()


def test_pictures_go_somewhere_and_are_png(orfeas, tmp_path) -> None:
    assert orfeas("picture", "cup").status == 2
    assert "picture formats" in orfeas("picture", "cup", "--out", tmp_path / "cup.jpg").err
    assert (
        orfeas("picture", "cup", "--out", tmp_path / "no" / "cup.png", "--json").error["code"]
        == "folder-missing"
    )


def test_loras_are_listed_changed_and_removed(orfeas, painters) -> None:
    assert orfeas("weights", "lora", "list").out == "no LoRA is there yet\n"
    file = painters / "stable-diffusion-1-5-lora.safetensors"
    added = orfeas(
        "weights", "lora", "add", file, "--name", "clay", "--trigger", "clay figure", "--weight", "0.6"
    )
    assert added.out == "clay: made for Stable Diffusion 1.5, weight 0.6, trigger words: clay figure\n"
    assert orfeas("weights", "lora", "change", "clay", "--name", "mud", "--json").json["name"] == "mud"
    assert "mud" in orfeas("weights", "lora", "list").out
    assert orfeas("weights", "lora", "remove", "mud").status == 0
    assert orfeas("weights", "lora", "remove", "mud", "--json").error["code"] == "unknown-entry"
    assert file.exists()


def test_own_folders_are_listed_and_forgotten(orfeas, painters) -> None:
    added = orfeas("weights", "add", painters / "flux-1-schnell", "--json").json["added"][0]
    name = added.get("own") or added["set"]
    assert name == "flux-1-schnell"
    own = orfeas("weights", "add", painters / "stable-diffusion-1-5").out
    assert "your own pipeline stable-diffusion-1-5" in own or weight_set("stable-diffusion-1-5").id in own
    listed = orfeas("weights", "list", "--json").json["own"]
    for row in listed:
        assert "would forget" in orfeas("weights", "remove", row["name"]).out
        assert orfeas("weights", "remove", row["name"], "--yes").status == 0
    assert orfeas("weights", "list", "--json").json["own"] == []
    assert (painters / "flux-1-schnell").exists()
