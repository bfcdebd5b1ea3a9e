"""Times the shape networks at random weights, beside a straight version written from their description.

    python tests/bench/shape.py [--json] [--device cpu|cuda] [--size tiny|mid|full] [--repeats N] [--out FILE]

One row a measurement: seconds of the program's networks, seconds of the straight version (CPU only), and
their ratio. A denoiser call is one guided step, with and without the picture. `share` is what a call
reaches of the device's own matrix products, measured first. At the size `full` whole pipelines follow, in
every memory profile, with the seconds of each part and the peak of memory. What fails is a row that says so,
and after `--seconds` nothing new is begun; `--out` keeps the rows as they come.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from orfeas_desktop.engine.networks.faster_calls import Call, faster  # noqa: E402
from orfeas_desktop.engine.networks.shape_config import Dit21Config, DitConfig, VaeConfig  # noqa: E402
from orfeas_desktop.engine.networks.shape_dit import ShapeDit  # noqa: E402
from orfeas_desktop.engine.networks.shape_dit_21 import ShapeDit21  # noqa: E402
from orfeas_desktop.engine.networks.shape_vae import (  # noqa: E402
    ShapeVae,
    fourier_frequencies,
)
from orfeas_desktop.engine.networks.volume import (  # noqa: E402
    VolumeDecoder,
    VolumeSettings,
    VolumeWatch,
    decode_volume,
    flash_levels,
    hierarchical_levels,
)


def _beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


straight = _beside("straight_shape")
random_shape = _beside("random_shape")
Bench = _beside("measuring").Bench


@dataclass(frozen=True)
class Size:
    """What is built and decoded."""

    denoisers: Mapping[str, tuple[DitConfig | Dit21Config, int, int]]
    """Configuration, latents and context tokens."""
    width: int
    heads: int
    layers: int
    latents: int
    octrees: tuple[tuple[int, int], ...]
    """Resolutions, each with its smallest level."""
    vanilla_up_to: int = 1000
    pipelines: tuple[str, ...] = ()
    """Whole engines, run in every memory profile."""


SIZES = {
    "tiny": Size(
        {
            "2.0": (
                DitConfig(context_in_dim=96, hidden_size=64, num_heads=2, depth=2, depth_single_blocks=2),
                64,
                33,
            ),
            "2.1": (
                Dit21Config(
                    hidden_size=64, context_dim=96, depth=5, num_heads=2, num_moe_layers=2, num_experts=4
                ),
                64,
                33,
            ),
        },
        64,
        2,
        2,
        64,
        ((24, 11),),
        pipelines=("small",),
    ),
    "mid": Size(
        {
            "2.0": (
                DitConfig(context_in_dim=768, hidden_size=512, num_heads=8, depth=4, depth_single_blocks=8),
                512,
                257,
            ),
            "2.1": (
                Dit21Config(hidden_size=512, context_dim=512, depth=7, num_heads=8, num_moe_layers=2),
                512,
                257,
            ),
        },
        512,
        8,
        4,
        512,
        ((48, 23), (128, 63)),
        vanilla_up_to=48,
    ),
    "full": Size(
        {
            "2mini": (DitConfig(depth=8, depth_single_blocks=16), 512, 1370),
            "2.0": (DitConfig(), 3072, 1370),
            "2.1": (Dit21Config(), 4096, 1370),
        },
        1024,
        16,
        16,
        3072,
        ((256, 63), (384, 63)),
        vanilla_up_to=384,
        pipelines=("2.0-turbo", "2mini", "2.0", "2.1"),
    ),
}


def published_21(network: ShapeDit21) -> dict[str, torch.Size]:
    """The published names and shapes of a 2.1 denoiser."""
    shapes: dict[str, torch.Size] = {}
    for name, tensor in network.state_dict().items():
        prefix, _, last = name.rpartition(".")
        base, _, fused = prefix.rpartition(".")
        if fused in ("qkv", "kv"):
            parts = ("q", "k", "v")[3 - len(fused) :]
            rows = tensor.shape[0] // len(parts)
            shapes |= {f"{base}.to_{part}.{last}": torch.Size([rows, *tensor.shape[1:]]) for part in parts}
        elif fused == "experts":
            layer, kind = ("net.0.proj" if last.endswith("in") else "net.2"), last.partition("_")[0]
            shapes |= {
                f"{prefix}.{expert}.{layer}.{kind}": tensor.shape[1:] for expert in range(tensor.shape[0])
            }
        else:
            shapes[name] = tensor.shape
    return shapes


def bench_denoiser(bench: Bench, name: str, setting: tuple[DitConfig | Dit21Config, int, int]) -> None:
    """One guided call."""
    config, latents, tokens = setting
    device, dtype = bench.device, bench.dtype
    with torch.device("meta"):
        network = ShapeDit(config) if isinstance(config, DitConfig) else ShapeDit21(config)
    shapes = (
        published_21(network)
        if isinstance(network, ShapeDit21)
        else {key: tensor.shape for key, tensor in network.state_dict().items()}
    )
    state = random_shape.random_state(shapes, device, dtype)
    network.load_state_dict(network.from_published(state), assign=True)
    network.requires_grad_(requires_grad=False)
    width = config.context_in_dim if isinstance(config, DitConfig) else config.context_dim
    x = torch.randn(1, latents, config.in_channels, device=device, dtype=dtype)
    context = torch.randn(1, tokens, width, device=device, dtype=dtype)
    time_now = torch.full((1,), 0.4, device=device)
    conditioned = network.conditioned(context, 5.0, time_now)

    def guided(call: Call = conditioned.velocities) -> torch.Tensor:
        towards, without = call(x, conditioned.steps)
        return without + 5.0 * (towards - without)

    own = guided

    plain = None
    if device.type == "cpu":
        if isinstance(config, DitConfig):
            written = straight.StraightDit(state, config.num_heads)
        else:
            written = straight.StraightDit21(
                state, config.num_heads, config.depth, config.num_experts, config.moe_top_k
            )

        def plain() -> torch.Tensor:
            return straight.guided_call(written, x, time_now, context, 5.0)

        error = float((own() - plain()).abs().max() / plain().abs().max())
        assert error < 1e-3, f"{name}: the two versions differ by {error}"
    bench.add(f"denoiser {name}, guided call", own, plain, latents=latents, context=tokens)
    for speedup in bench.speedups:
        call = faster(conditioned.velocities, device, speedup, recordable=network.recordable)
        if call == conditioned.velocities:
            continue
        bench.add(
            f"denoiser {name}, guided call, {speedup.value}",
            lambda call=call: guided(call),
            None,
            fell_back=lambda call=call: bool(getattr(call, "failed", False)),
        )


def random_vae(size: Size, *, turbo: bool, bench: Bench) -> tuple[VaeConfig, ShapeVae]:
    """A decoder whose field is a random blob."""
    config = VaeConfig(num_latents=size.latents, heads=size.heads, include_pi=False)
    with torch.device("meta"):
        network = ShapeVae(random_shape.vae_layout(size.width, size.layers, turbo=turbo), config)
    random_shape.filled(network, bench.device, bench.dtype)
    random_shape.smooth(network)
    return config, network


def bench_vae(bench: Bench, size: Size, *, turbo: bool) -> None:
    """The latent transformer, then every decoder at every resolution."""
    name = "turbo" if turbo else "base"
    config, network = random_vae(size, turbo=turbo, bench=bench)
    state = network.state_dict()
    latents = torch.randn(1, size.latents, 64, device=bench.device, dtype=bench.dtype)
    frequencies = fourier_frequencies(config, bench.device)
    plain = straight.StraightVae(state, config.heads, frequencies) if bench.device.type == "cpu" else None
    bench.add(
        f"decoder {name}, latents",
        lambda: network.decode(latents),
        (lambda: plain.decode(latents)) if plain else None,
    )
    decoded = network.decode(latents)
    random_shape.saturate(network, decoded)
    field = network.field(decoded)
    for resolution, smallest in size.octrees:
        for decoder in VolumeDecoder:
            if decoder is VolumeDecoder.vanilla and resolution > size.vanilla_up_to:
                continue
            settings = VolumeSettings(resolution, 0, decoder, smallest_level=smallest)
            seen = {"points": (resolution + 1) ** 3}
            watch = VolumeWatch(lambda done, _total, seen=seen: seen.update(points=done))
            if decoder is not VolumeDecoder.vanilla:
                bench.guarded("points", lambda a=settings, b=watch: decode_volume(field, a, b))
            written = plain_volume(plain, decoded, settings, size) if plain and resolution <= 48 else None
            bench.add(
                f"volume {name}, {decoder.value}, octree {resolution}",
                lambda settings=settings: decode_volume(field, settings),
                written,
                points=seen["points"],
                share_of_grid=round(seen["points"] / (resolution + 1) ** 3, 4),
            )
        keep_ratios(bench, name, resolution)


def keep_ratios(bench: Bench, name: str, resolution: int) -> None:
    """How many times longer looking everywhere takes than looking near the surface."""
    start, end = f"volume {name}, ", f", octree {resolution}"
    taken = {
        str(row["name"]).removeprefix(start).removesuffix(end): float(str(row["seconds"]))
        for row in bench.rows
        if str(row["name"]).startswith(start) and str(row["name"]).endswith(end) and "seconds" in row
    }
    vanilla = taken.pop("vanilla", None)
    if vanilla is not None:
        ratios = {decoder: round(vanilla / seconds, 2) for decoder, seconds in taken.items()}
        bench.keep({"name": f"vanilla over the others, {name}, octree {resolution}"} | ratios)


def plain_volume(
    plain: object, decoded: torch.Tensor, settings: VolumeSettings, size: Size
) -> Callable[[], object] | None:
    """The straight version of a decoder; it has no `merge`."""
    resolution, smallest = settings.octree_resolution, settings.smallest_level
    kept = {3072: 1024, 512: 256}.get(size.latents, size.latents // 3)
    match settings.decoder:
        case VolumeDecoder.vanilla:
            return lambda: plain.vanilla(decoded, resolution)
        case VolumeDecoder.hierarchical:
            return lambda: plain.hierarchical(decoded, hierarchical_levels(resolution, smallest))
        case VolumeDecoder.flash_mean:
            return lambda: plain.flash(decoded, flash_levels(resolution, smallest), kept)
        case _:
            return None


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--size", choices=tuple(SIZES), default="tiny")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--octree", type=int, default=10_000, help="leave out finer volumes")
    parser.add_argument("--only", choices=("denoiser", "decoder", "pipeline"), help="that part alone")
    parser.add_argument("--seconds", type=float, default=540, help="begin nothing new after them")
    parser.add_argument(
        "--compile", action="store_true", help="on a card, compiled denoisers too: minutes each"
    )
    parser.add_argument("--out", type=Path, help="a file that keeps the rows as they come")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    device = torch.device(options.device)
    size = SIZES[options.size]
    with torch.inference_mode():
        bench = Bench(device, torch.float32 if device.type == "cpu" else torch.bfloat16, options)
        if options.only in (None, "denoiser"):
            for name, setting in size.denoisers.items():
                bench.guarded(f"denoiser {name}", lambda n=name, s=setting: bench_denoiser(bench, n, s))
        if options.only in (None, "decoder"):
            coarse = replace(size, octrees=tuple(pair for pair in size.octrees if pair[0] <= options.octree))
            for turbo in (False, True):
                bench.guarded("decoder", lambda turbo=turbo: bench_vae(bench, coarse, turbo=turbo))
        if options.only in (None, "pipeline"):
            bench.guarded("pipelines", lambda: _beside("whole_shape").bench_pipelines(bench, size.pipelines))
    if options.json:
        print(json.dumps(bench.report(), indent=1))
    else:
        show(bench)


def show(bench: Bench) -> None:
    """The rows as a table."""
    report = bench.report()
    print(f"{report['device']}, {report['dtype']}, {report['matmul_tflops']} TFLOP/s in matrix products")
    for row in bench.rows:
        if "share" not in row:
            print(
                " ".join(f"{key} {value}" if key != "name" else f"{value:48}" for key, value in row.items())
            )
            continue
        plain = " " * 33
        if "speedup" in row:
            plain = (
                f"{row['straight_seconds']:9.4f} s {row['speedup']:6.2f}x (cpu {row['cpu_speedup']:5.2f}x)"
            )
        share = f"  {row['share_of_grid']:.1%} of the grid" if "share_of_grid" in row else ""
        print(f"{row['name']:48} {row['seconds']:9.4f} s {plain}  {row['share']:.0%} of peak{share}")


if __name__ == "__main__":
    main()
