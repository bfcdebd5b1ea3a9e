"""Writes another set of parity cases: the same layout with other sizes, depths, seeds and views.

    python tests/parity/shape/another_set.py FOLDER [--seed N]
    ORFEAS_PARITY_DIR=FOLDER pytest tests/parity/shape

Whole outputs come from the straight version of tests/bench, what happens inside from the program itself: the
set says whether the suite assumes anything about a folder, not whether the networks are right. Cases that hold
no network are copied.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from orfeas_desktop.engine.networks.image_conditioner import view_embedding  # noqa: E402
from orfeas_desktop.engine.networks.picture_preparation import VIEWS, prepare_pictures  # noqa: E402
from orfeas_desktop.engine.networks.shape_config import (  # noqa: E402
    read_conditioner_config,
    read_config,
    read_denoiser_config,
    read_vae_config,
)
from orfeas_desktop.engine.networks.shape_dit_21 import sinusoid  # noqa: E402
from orfeas_desktop.engine.networks.shape_sampling import initial_noise  # noqa: E402
from orfeas_desktop.engine.networks.shape_vae import ShapeVae, fourier_features, fourier_frequencies  # noqa: E402
from orfeas_desktop.engine.networks.shape_weights import (  # noqa: E402
    build_conditioner,
    build_denoiser,
    build_scheduler,
    build_vae,
)
from orfeas_desktop.engine.networks.surface import (  # noqa: E402
    Extraction,
    SurfaceSettings,
    VertexFormula,
    extract_surface,
)
from orfeas_desktop.engine.networks.volume import Box, Volume  # noqa: E402
from orfeas_desktop.engine.networks.weight_file import open_weights  # noqa: E402

SOURCE = ROOT / "tests" / "data" / "hunyuan3d_shape"
CPU = torch.device("cpu")
WIDER = {
    "hidden_size": 2,
    "width": 2,
    "num_heads": 2,
    "heads": 2,
    "num_attention_heads": 2,
    "context_in_dim": 2,
    "context_dim": 2,
}
"""How often each size is taken; heads keep their width."""
DEEPER = ("depth", "depth_single_blocks", "num_decoder_layers", "num_hidden_layers", "num_moe_layers")

Numbers = dict[str, torch.Tensor]


def _straight() -> object:
    path = ROOT / "tests" / "bench" / "straight_shape.py"
    spec = importlib.util.spec_from_file_location("straight_shape", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


straight = _straight()


def enlarged(section: object) -> object:
    """A configuration with other widths and depths."""
    if not isinstance(section, dict):
        return section
    found = {}
    for key, value in section.items():
        if key in WIDER:
            found[key] = value * WIDER[key]
        elif key in DEEPER:
            found[key] = value + 1
        elif key == "num_latents":
            found[key] = value + 7
        else:
            found[key] = enlarged(value)
    return found


class Maker:
    """Makes one case after another."""

    def __init__(self, target: Path, seed: int) -> None:
        self.target = target
        self.random = torch.Generator().manual_seed(seed)
        self.seed = seed

    def draw(self, *shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=self.random)

    def filled(self, network: torch.nn.Module) -> Numbers:
        """Random tensors by published name; float16 values in float32."""
        state: Numbers = {}
        for name, tensor in network.state_dict().items():
            shape = tuple(tensor.shape)
            if name.endswith(("scale", "lambda1")) or (len(shape) == 1 and name.endswith("weight")):
                state[name] = 1 + 0.1 * self.draw(*shape)
            elif len(shape) == 1 or "bias" in name:
                state[name] = 0.05 * self.draw(*shape)
            else:
                state[name] = self.draw(*shape) * shape[-1] ** -0.5
        return {name: tensor.half().float() for name, tensor in state.items()}

    def save(self, case: str, config: object, weights: Numbers, io: dict[str, object]) -> None:
        folder = self.target / case
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        old = next((SOURCE / case).glob("model*"), None)
        if old is not None:
            half = {name: tensor.half().contiguous() for name, tensor in weights.items()}
            if old.suffix == ".ckpt":
                parts: dict[str, Numbers] = {}
                for name, tensor in half.items():
                    part, _, key = name.partition(".")
                    parts.setdefault(part, {})[key] = tensor
                torch.save(parts, folder / old.name)
            else:
                save_file(half, folder / old.name)
        arrays = {key: np.asarray(value) for key, value in io.items()}
        np.savez_compressed(folder / "io.npz", **arrays)


def published_names(state: Numbers, prefix: str, network: object) -> Numbers:
    """The program's own names and layouts turned back into published ones."""
    found: Numbers = {}
    heads = getattr(network.config, "num_heads", None)
    for name, tensor in state.items():
        fused = re.fullmatch(r"(blocks\.\d+\.attn[12])\.(qkv|kv)\.(weight|bias)", name)
        expert = re.fullmatch(r"(blocks\.\d+\.moe\.experts)\.(weight|bias)_(in|out)", name)
        vision = re.fullmatch(r"layers\.(\d+)\.(.*)", name)
        if fused:
            count = len(fused[2])
            mixed = tensor.view(count, heads, -1, *tensor.shape[1:]).transpose(0, 1).reshape(tensor.shape)
            for part, rows in zip("qkv"[3 - count :], mixed.chunk(count), strict=True):
                found[f"{prefix}{fused[1]}.to_{part}.{fused[3]}"] = rows
        elif expert:
            layer = "net.0.proj" if expert[3] == "in" else "net.2"
            for index, rows in enumerate(tensor):
                found[f"{prefix}{expert[1]}.{index}.{layer}.{expert[2]}"] = rows
        elif prefix == "conditioner.":
            key = f"encoder.layer.{vision[1]}.{vision[2]}" if vision else name
            key = re.sub(r"\.out\.(weight|bias)$", r".attention.output.dense.\1", key)
            start = f"{prefix}main_image_encoder.model."
            if ".qkv." in key:
                for part, rows in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                    found[start + key.replace(".qkv.", f".attention.attention.{part}.")] = rows
            else:
                found[start + key] = tensor
        else:
            found[prefix + name] = tensor
    if prefix == "conditioner.":
        found[f"{prefix}main_image_encoder.model.embeddings.mask_token"] = torch.zeros(
            1, state["embeddings.cls_token"].shape[-1]
        )
    return found


class Heard:
    """What named modules of a network return."""

    def __init__(self, network: torch.nn.Module, keys: list[str]) -> None:
        self.io: Numbers = {}
        self.keys = keys
        for name, module in network.named_modules():
            if f"act/{name}" in keys or f"act/{name}/0" in keys:
                module.register_forward_hook(self._keep(name))

    def _keep(self, name: str):
        def hook(_module: object, _given: object, output: object) -> None:
            parts = output if isinstance(output, tuple) else (output,)
            for index, part in enumerate(parts):
                key = f"act/{name}" + (f"/{index}" if isinstance(output, tuple) else "")
                if key in self.keys:
                    self.io[key] = part.clone()

        return hook


def read_io(case: str) -> dict[str, np.ndarray]:
    with np.load(SOURCE / case / "io.npz") as archive:
        return {key: archive[key] for key in archive.files}


def config_of(case: str, maker: Maker) -> dict:
    config = enlarged(yaml.safe_load((SOURCE / case / "config.yaml").read_text()))
    folder = maker.target / case
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return config


def straight_denoiser(config: object, state: Numbers) -> object:
    if config.kind == "2.0":
        return straight.StraightDit(state, config.num_heads, config.time_factor)
    return straight.StraightDit21(state, config.num_heads, config.depth, config.num_experts, config.moe_top_k)


def built(network: torch.nn.Module, maker: Maker) -> tuple[torch.nn.Module, Numbers]:
    own = maker.filled(network)
    network.load_state_dict(own, assign=True)
    network.requires_grad_(requires_grad=False)
    return network, own


def dit_case(case: str, maker: Maker) -> None:
    old = read_io(case)
    raw = config_of(case, maker)
    config, scheduler_config = read_denoiser_config(maker.target / case / "config.yaml")
    network, own = built(build_denoiser(config), maker)
    state = published_names(own, "", network)
    batch, tokens = old["x"].shape[0], old["x"].shape[1] + 3
    width = config.context_in_dim if config.kind == "2.0" else config.context_dim
    io: dict[str, object] = {
        "x": maker.draw(batch, tokens, config.in_channels),
        "t": torch.rand(batch, generator=maker.random),
        "context": maker.draw(batch, old["context"].shape[1] + 2, width),
    }
    if "guidance" in old:
        io["guidance"] = torch.full((batch,), 4.5)
    plain = straight_denoiser(config, state)
    heard = Heard(network, list(old))
    network(io["x"], io["t"], io["context"], io.get("guidance"))
    io |= heard.io
    io["output"] = plain(io["x"], io["t"], io["context"], io.get("guidance"))
    if config.kind == "2.0":
        io["t_sinusoid"] = plain.sinusoid(io["t"])
        if "guidance" in io:
            io["guidance_sinusoid"] = plain.sinusoid(io["guidance"])
    else:
        io["act/t_embedder.time_embed"] = sinusoid(io["t"], config.hidden_size)
        io["moe_layers"] = [index for index, block in enumerate(network.blocks) if block.mixed]
        io["skip_layers"] = [index for index, block in enumerate(network.blocks) if block.late]
        for key in [key for key in io if key.endswith("moe.gate/0")]:
            layer = int(re.findall(r"\d+", key)[0])
            tokens_in = io[f"act/blocks.{layer}.norm3"].flatten(0, 1)
            scores = (tokens_in @ network.blocks[layer].moe.gate.weight.T).softmax(dim=-1)
            io[f"gate_scores/{layer}"] = scores
    if "traj_noise" in old:
        io |= trajectory(plain, build_scheduler(scheduler_config), io, len(old["traj_timesteps"]) + 1, maker)
    maker.save(case, raw, {f"model.{key}": value for key, value in state.items()}, io)


def trajectory(plain: object, scheduler: object, io: dict, steps: int, maker: Maker) -> dict[str, object]:
    """A walk with the straight version."""
    scheduler.set_timesteps(steps, sigmas=np.linspace(0, 1, steps).tolist())
    scale = 4.5
    noise = maker.draw(1, *io["x"].shape[1:])
    context, latents = io["context"][:1], noise
    velocities, walked, times = [], [], []
    for index in range(steps):
        now = scheduler.sigmas[index : index + 1]
        if "guidance" in io:
            velocity = plain(latents, now, context, torch.full((1,), scale))
        else:
            velocity = straight.guided_call(plain, latents, now, context, scale)
        latents = scheduler.step(velocity, index, latents).prev_sample
        velocities.append(velocity)
        walked.append(latents)
        times.append(now.expand(1 if "guidance" in io else 2))
    return {
        "traj_noise": noise,
        "traj_timesteps": scheduler.timesteps,
        "traj_sigmas": scheduler.sigmas,
        "traj_model_t": torch.stack(times),
        "traj_velocity": torch.stack(velocities),
        "traj_latents": torch.stack(walked),
        "guidance_scale": scale,
        "context": context if io["context"].shape[0] == 1 else io["context"],
    }


def conditioner_case(case: str, maker: Maker) -> None:
    old = read_io(case)
    raw = config_of(case, maker)
    config = read_conditioner_config(maker.target / case / "config.yaml")
    network, own = built(build_conditioner(config), maker)
    io: dict[str, object] = {}
    if config.view_num:
        marks = torch.stack([view_embedding(view, config.hidden_size) for view in range(config.view_num)])
        io["view_embed"] = marks[None, :, None].expand(-1, -1, old["view_embed"].shape[2], -1)
        for name, views in {"first": [1, 3], "second": [0, 2, 3], "third": [2]}.items():
            size = old["a/image"].shape[-1]
            io[f"{name}/image"] = torch.rand(1, len(views), 3, size, size, generator=maker.random) * 2 - 1
            io[f"{name}/view_idxs"] = np.asarray(views)
            io[f"{name}/output"] = network(io[f"{name}/image"], views)
            io[f"{name}/uncond"] = torch.zeros_like(io[f"{name}/output"])
    else:
        io["image"] = torch.rand(*old["image"].shape, generator=maker.random) * 2 - 1
        io["pixel_values"] = network.prepare(io["image"])
        states = [network.embeddings(io["pixel_values"])]
        for layer in network.layers:
            states.append(layer(states[-1].clone()))
        io |= {f"hidden_states/{index}": state for index, state in enumerate(states)}
        io["output"] = network.encode(io["pixel_values"])
        io["uncond"] = torch.zeros_like(io["output"])
    maker.save(case, raw, published_names(own, "conditioner.", network), io)


def decoder_of(case: str, maker: Maker) -> tuple[object, object, Numbers]:
    """A decoder with its layout taken from the old tensors, enlarged."""
    weights = open_weights(next((SOURCE / case).glob("model*")), maker.target.parent / "converted weights")
    part = weights.part("vae" if any(key.startswith("vae.") for key in weights.shapes) else "")
    config_path = maker.target / case / "config.yaml"
    config = read_config(config_path).vae if case.startswith("e2e") else read_vae_config(config_path)
    old_heads = config.heads // 2
    layout = build_vae(config.model_copy(update={"heads": old_heads}), part).layout
    grown = {name: 2 * getattr(layout, name) for name in ("width", "mlp_width", "geo_width", "geo_mlp_width")}
    network, own = built(ShapeVae(replace(layout, layers=layout.layers + 1, **grown), config), maker)
    own["geo_decoder.output_proj.weight"] *= 0.5
    network.load_state_dict(own, assign=True)
    network.requires_grad_(requires_grad=False)
    return config, network, own


def vae_case(case: str, maker: Maker) -> None:
    old = read_io(case)
    raw = config_of(case, maker)
    config, network, own = decoder_of(case, maker)
    plain = straight.StraightVae(own, config.heads, fourier_frequencies(config))
    resolution, bounds = int(old["grid_octree_resolution"]) - 5, 0.9
    latents = maker.draw(1, config.num_latents, config.embed_dim)
    heard = Heard(network, list(old))
    queries = torch.rand(1, 150, 3, generator=maker.random) * 2 - 1
    decoded = network.decode(latents)
    network.geo_decoder(queries, network.geo_decoder.latents(decoded))
    frequencies = fourier_frequencies(config)
    grid = plain.vanilla(decoded, resolution, box=bounds)
    formula = SurfaceSettings(0.0, Extraction.lewiner, VertexFormula.original, resolution, closed=False)
    surface = extract_surface(Volume(grid, Box.cube(bounds)), formula)
    io: dict[str, object] = heard.io | {
        "latents": latents,
        "decoded": plain.decode(latents),
        "queries": queries,
        "frequencies": frequencies,
        "fourier": fourier_features(queries, frequencies),
        "logits": plain.logits(queries, decoded),
        "grid": grid,
        "grid_octree_resolution": resolution,
        "grid_bounds": bounds,
        "mesh_v": surface.vertices,
        "mesh_f_mc": surface.faces[:, ::-1],
        "mesh_f_exported": surface.faces,
    }
    if "lnpost_in" in old:
        given = maker.draw(1, 6, own["geo_decoder.ln_post.weight"].shape[0])
        io |= {"lnpost_in": given, "lnpost_out": network.geo_decoder.ln_post(given)}
    published = {f"vae.{key}": value for key, value in own.items()}
    path = next((SOURCE / case).glob("model*"))
    alone = "post_kl.weight" in open_weights(path, maker.target).shapes
    maker.save(case, raw, own if alone else published, io)


def pipeline_case(case: str, maker: Maker) -> None:
    old = read_io(case)
    raw = config_of(case, maker)
    config = read_config(maker.target / case / "config.yaml")
    denoiser, own_denoiser = built(build_denoiser(config.model), maker)
    conditioner, own_conditioner = built(build_conditioner(config.conditioner), maker)
    vae_config, _vae, own_vae = decoder_of(case, maker)
    state = published_names(own_denoiser, "", denoiser)
    plain = straight_denoiser(config.model, state)
    plain_vae = straight.StraightVae(own_vae, vae_config.heads, fourier_frequencies(vae_config))
    pictures = sorted((SOURCE / case).glob("*.png"))
    names = {path.stem: path for path in pictures}
    if config.conditioner.view_num:
        kept = dict(zip(("front", "right"), names.values(), strict=False))
    else:
        kept = {"input": pictures[0]}
    for name, path in kept.items():
        shutil.copyfile(path, maker.target / case / f"{name}.png")
    pixels = {}
    for name, path in kept.items():
        with Image.open(path) as picture:
            pixels[name if name in VIEWS else "front"] = np.asarray(picture.convert("RGBA"))
    prepared = prepare_pictures(pixels, config.image_processor.size, config.image_processor.border_ratio)
    given = prepared.tensor(CPU)
    features = (
        conditioner(given[None], prepared.views) if config.conditioner.view_num else conditioner(given[:1])
    )
    steps, scale, seed, resolution = int(old["steps"]) + 1, 3.5, maker.seed + 11, 20
    scheduler = build_scheduler(config.scheduler)
    scheduler.set_timesteps(steps, sigmas=np.linspace(0, 1, steps).tolist())
    noise = initial_noise((1, vae_config.num_latents, vae_config.embed_dim), seed, torch.float32, CPU)
    latents, raw_out, walked, times = noise, [], [], []
    for index in range(steps):
        now = scheduler.sigmas[index : index + 1]
        if getattr(config.model, "guidance_embed", False):
            out = velocity = plain(latents, now, features, torch.full((1,), scale))
        else:
            twice = torch.cat([features, torch.zeros_like(features)])
            out = plain(torch.cat([latents] * 2), torch.cat([now] * 2), twice)
            velocity = out[1:] + scale * (out[:1] - out[1:])
        latents = scheduler.step(velocity, index, latents).prev_sample
        raw_out.append(out)
        walked.append(latents)
        times.append(now)
    decoded = plain_vae.decode(latents / vae_config.scale_factor)
    grid = plain_vae.vanilla(decoded, resolution)
    formula = SurfaceSettings(0.0, Extraction.lewiner, VertexFormula.original, resolution, closed=False)
    surface = extract_surface(Volume(grid, Box.cube(1.01)), formula)
    images = prepared.images[None] if config.conditioner.view_num else prepared.images
    io: dict[str, object] = {
        "image_u8": images,
        "cond": features,
        "noise": noise,
        "model_t": torch.stack(times),
        "model_out": torch.stack(raw_out),
        "latents": torch.stack(walked),
        "final_latents": latents,
        "decoded": decoded,
        "grid": grid,
        "mesh_v": surface.vertices,
        "mesh_f": surface.faces,
        "guidance_scale": scale,
        "steps": steps,
        "octree_resolution": resolution,
        "seed": seed,
    }
    if config.conditioner.view_num:
        io["view_idxs"] = np.asarray(prepared.views)
    weights = {f"model.{key}": value for key, value in state.items()}
    weights |= {f"vae.{key}": value for key, value in own_vae.items()}
    weights |= published_names(own_conditioner, "conditioner.", conditioner)
    maker.save(case, raw, weights, io)


def write(target: Path, seed: int) -> None:
    """Write every case."""
    maker = Maker(target, seed)
    kinds = {"dit_": dit_case, "cond_": conditioner_case, "vae_": vae_case, "e2e_": pipeline_case}
    with torch.inference_mode():
        for case in sorted(path.name for path in SOURCE.iterdir() if path.is_dir()):
            make = next((made for start, made in kinds.items() if case.startswith(start)), None)
            if make is not None:
                make(case, maker)
            else:
                shutil.copytree(SOURCE / case, target / case)
    volume = target / "volume"
    weights = next((SOURCE / "vae_v20").glob("model*"))
    shutil.copyfile(weights, volume / weights.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    write(options.folder, options.seed)


if __name__ == "__main__":
    main()
