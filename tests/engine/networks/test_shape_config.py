from __future__ import annotations

import pytest
import torch
import yaml

from orfeas_desktop.engine.networks.shape_config import (
    read_conditioner_config,
    read_config,
    read_denoiser_config,
    read_vae_config,
)
from orfeas_desktop.engine.networks.shape_weights import ShapeWeights
from orfeas_desktop.errors import BadWeights


def changed(folder, change) -> None:
    path = folder / "config.yaml"
    sections = yaml.safe_load(path.read_text())
    change(sections)
    path.write_text(yaml.safe_dump(sections))


@pytest.mark.parametrize("case", ["e2e_mini", "e2e_mv", "e2e_turbo", "e2e_v21"])
def test_published_configurations_are_read(published, case) -> None:
    config = read_config(published(case) / "config.yaml")
    assert config.model.kind == ("2.1" if case == "e2e_v21" else "2.0")
    assert config.conditioner.view_num == (4 if case == "e2e_mv" else 0)
    assert config.scheduler.kind == ("consistency" if case == "e2e_turbo" else "euler")
    assert config.vae.include_pi is False
    assert config.image_processor.border_ratio == 0.15


def test_what_is_left_out_takes_the_published_defaults(published) -> None:
    folder = published("e2e_mini")

    def cut(sections) -> None:
        del sections["scheduler"], sections["image_processor"], sections["vae"]["params"]["include_pi"]
        del sections["conditioner"]["params"]["main_image_encoder"]["kwargs"]["image_size"]
        sections["model"]["params"] |= {"surprise": 1}

    changed(folder, cut)
    config = read_config(folder / "config.yaml")
    assert config.vae.include_pi is True
    assert config.conditioner.image_size == 224
    assert config.image_processor.size == 512
    assert config.scheduler.pcm_timesteps == 50


ENCODER = ("conditioner", "params", "main_image_encoder")
BROKEN = {
    "no model": lambda s: s.pop("model"),
    "model is text": lambda s: s.update(model="x"),
    "params is text": lambda s: s["model"].update(params="x"),
    "unknown class": lambda s: s["model"].update(target="os.system"),
    "unknown scheduler": lambda s: s["scheduler"].update(target="x.Other"),
    "unknown encoder": lambda s: s["conditioner"]["params"]["main_image_encoder"].update(type="Clip"),
    "no encoder": lambda s: s["conditioner"].pop("params"),
    "no encoder sizes": lambda s: s["conditioner"]["params"]["main_image_encoder"]["kwargs"].pop("config"),
    "huge": lambda s: s["model"]["params"].update(hidden_size=10**12),
    "negative": lambda s: s["model"]["params"].update(depth=-1),
    "not a number": lambda s: s["vae"]["params"].update(scale_factor=float("nan")),
    "zero scale": lambda s: s["vae"]["params"].update(scale_factor=0),
    "heads": lambda s: s["model"]["params"].update(num_heads=5),
    "heads of the encoder": lambda s: s["conditioner"]["params"]["main_image_encoder"]["kwargs"][
        "config"
    ].update(num_attention_heads=7),
    "heads of the decoder": lambda s: s["vae"]["params"].update(heads=7),
    "too few frequencies": lambda s: s["vae"]["params"].update(num_freqs=7),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_configurations_that_do_not_fit_are_refused(published, tmp_path, kind) -> None:
    folder = published("e2e_mini")
    changed(folder, BROKEN[kind])
    with pytest.raises(BadWeights) as refused:
        ShapeWeights.open(folder, tmp_path)
    assert "\n" not in refused.value.say()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1, 2]",
        "{",
        "a: !!python/object/apply:os.system ['true']",
        "a: &x [1]\nb: *x",
        "x" * 70000,
        "[" * 5000,
        "\x00",
    ],
)
def test_files_that_are_no_configuration_are_refused(tmp_path, text) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    for read in (read_config, read_denoiser_config, read_conditioner_config, read_vae_config):
        with pytest.raises(BadWeights):
            read(path)


def test_a_missing_configuration_is_refused(tmp_path) -> None:
    with pytest.raises(BadWeights, match="No such file"):
        read_config(tmp_path / "config.yaml")


@pytest.mark.parametrize("switch", ["with_decoupled_ca", "use_attention_pooling", "use_pos_emb"])
def test_parts_that_no_published_variant_has_are_refused(published, tmp_path, switch) -> None:
    folder = published("e2e_v21")
    changed(folder, lambda sections: sections["model"]["params"].update({switch: True}))
    with pytest.raises(BadWeights, match=switch):
        ShapeWeights.open(folder, tmp_path)


def test_a_mixed_network_without_head_norms_and_with_biases(published, tmp_path) -> None:
    folder = published("e2e_v21")
    width, path = 32, folder / "model.fp16.ckpt"
    parts = torch.load(path)
    for key in [key for key in parts["model"] if key.endswith(("q_norm.weight", "k_norm.weight"))]:
        del parts["model"][key]
    for key in [key for key in parts["model"] if ".to_" in key]:
        parts["model"][key.replace("weight", "bias")] = torch.randn(width)
    torch.save(parts, path)
    changed(folder, lambda sections: sections["model"]["params"].update(qk_norm=False, qkv_bias=True))
    network = ShapeWeights.open(folder, tmp_path / "store").denoiser(torch.float32, torch.device("cpu"))
    features = torch.randn(1, 5, 32)
    given = torch.randn(1, 6, 8), torch.rand(1)
    zeros = network(*given, torch.zeros_like(features))
    step = network.step(given[1])
    torch.testing.assert_close(network.velocity(given[0], step, network.no_condition(features)), zeros)
