"""Times the shape networks at random weights, beside a straight version written from their description.

    python tests/bench/shape.py [--json] [--device cpu|cuda] [--size tiny|mid|full] [--repeats N]

One line a measurement: seconds of the program's networks, seconds of the straight version (CPU only), and
their ratio. A denoiser call is one guided step, with and without the picture. `share` is what a call
reaches of the device's own matrix products, measured first.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from orfeas_desktop.engine.networks.shape_config import Dit21Config, DitConfig, VaeConfig  # noqa: E402
from orfeas_desktop.engine.networks.shape_dit import ShapeDit  # noqa: E402
from orfeas_desktop.engine.networks.shape_dit_21 import ShapeDit21  # noqa: E402
from orfeas_desktop.engine.networks.shape_vae import (  # noqa: E402
    ShapeVae,
    VaeLayout,
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


def _straight() -> object:
    spec = importlib.util.spec_from_file_location(
        "straight_shape", Path(__file__).with_name("straight_shape.py")
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


straight = _straight()


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
        vanilla_up_to=256,
    ),
}


def random_state(
    shapes: Mapping[str, torch.Size], device: torch.device, dtype: torch.dtype
) -> dict[str, torch.Tensor]:
    """Numbers that keep activations near one: matrices by their width, norms one, biases small."""
    state: dict[str, torch.Tensor] = {}
    for name, shape in shapes.items():
        if name.endswith(("scale", "norm.weight")) or (len(shape) == 1 and name.endswith("weight")):
            state[name] = torch.ones(shape, device=device, dtype=dtype)
        elif len(shape) == 1:
            state[name] = torch.randn(shape, device=device, dtype=dtype) * 0.02
        else:
            state[name] = torch.randn(shape, device=device, dtype=dtype) * shape[-1] ** -0.5
    return state


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


class Bench:
    """Answers for the measurements of one run."""

    def __init__(self, device: torch.device, dtype: torch.dtype, repeats: int) -> None:
        self.device, self.dtype, self.repeats = device, dtype, repeats
        self.rows: list[dict[str, object]] = []
        self.ceiling = self._ceiling()

    def seconds(self, *works: Callable[[], object]) -> list[tuple[float, float]]:
        """Wall and processor seconds of each, the best of the repeats, taken in turns after one that counts not."""
        best = [(float("inf"), float("inf")) for _ in works]
        for turn in range(self.repeats + 1):
            for index, work in enumerate(works):
                self._wait()
                start, spent = time.perf_counter(), time.process_time()
                work()
                self._wait()
                wall, cpu = time.perf_counter() - start, time.process_time() - spent
                if turn:
                    best[index] = min(best[index][0], wall), min(best[index][1], cpu)
        return best

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def _ceiling(self) -> float:
        side = 8192 if self.device.type == "cuda" else 1536
        a, b = (torch.randn(side, side, device=self.device, dtype=self.dtype) for _ in range(2))
        return 2 * side**3 / self.seconds(lambda: a @ b)[0][0]

    def add(
        self, name: str, own: Callable[[], object], plain: Callable[[], object] | None, **facts: object
    ) -> None:
        """Measure one thing both ways."""
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        with FlopCounterMode(display=False) as counter:
            own()
        flops = counter.get_total_flops()
        taken = self.seconds(own, *([plain] if plain is not None else []))
        seconds, cpu = taken[0]
        row: dict[str, object] = {"name": name, "seconds": round(seconds, 5), "cpu_seconds": round(cpu, 5)}
        if plain is not None:
            row["straight_seconds"], row["straight_cpu_seconds"] = (round(value, 5) for value in taken[1])
            row["speedup"] = round(taken[1][0] / seconds, 3)
            row["cpu_speedup"] = round(taken[1][1] / max(cpu, 1e-9), 3)
        row["share"] = round(flops / seconds / self.ceiling, 3)
        row["peak_mb"] = self._peak_mb()
        self.rows.append(row | facts)
        print(json.dumps(self.rows[-1]), file=sys.stderr, flush=True)

    def _peak_mb(self) -> int:
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) >> 20
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


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
    state = random_state(shapes, device, dtype)
    network.load_state_dict(network.from_published(state), assign=True)
    network.requires_grad_(requires_grad=False)
    width = config.context_in_dim if isinstance(config, DitConfig) else config.context_dim
    x = torch.randn(1, latents, config.in_channels, device=device, dtype=dtype)
    context = torch.randn(1, tokens, width, device=device, dtype=dtype)
    time_now = torch.full((1,), 0.4, device=device)
    conditioned = network.conditioned(context, 5.0, time_now)

    def own() -> torch.Tensor:
        towards, without = conditioned.velocities(x, conditioned.steps)
        return without + 5.0 * (towards - without)

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


def vae_state(
    size: Size, *, turbo: bool, bench: Bench
) -> tuple[VaeConfig, ShapeVae, dict[str, torch.Tensor]]:
    """A decoder whose field is a random blob that saturates away from its surface."""
    config = VaeConfig(num_latents=size.latents, heads=size.heads, include_pi=False)
    geo = size.width // 2 if turbo else size.width
    layout = VaeLayout(
        width=size.width,
        embed_dim=64,
        layers=size.layers,
        qkv_bias=False,
        qk_norm=True,
        mlp_width=4 * size.width,
        geo_width=geo,
        geo_mlp_width=geo if turbo else 4 * geo,
        geo_qk_norm=not turbo,
        geo_last_norm=not turbo,
    )
    with torch.device("meta"):
        network = ShapeVae(layout, config)
    shapes = {key: tensor.shape for key, tensor in network.state_dict().items()}
    state = random_state(shapes, bench.device, bench.dtype)
    columns = state["geo_decoder.query_proj.weight"]
    columns[:, 3:] *= (0.5 ** (torch.arange(48, device=bench.device) % 8)).to(bench.dtype)
    network.load_state_dict(state, assign=True)
    network.requires_grad_(requires_grad=False)
    return config, network, state


def saturate(network: ShapeVae, decoded: torch.Tensor, bench: Bench) -> None:
    """Shift and scale the logits: a sixth of the box inside, one unit within a few hundredths of the box."""
    points = torch.rand(20000, 3, device=bench.device) * 2 - 1
    field = network.field(decoded)
    values = field.values(points)
    moved = field.values(points + 0.01)
    slope = float((moved - values).abs().mean()) / 0.0173
    last = network.geo_decoder.output_proj
    scale = 1 / (slope * 0.04)
    last.weight.data.mul_(scale)
    shift = float(values.quantile(0.85)) * scale
    last.bias.data.mul_(scale).sub_(shift)


def bench_vae(bench: Bench, size: Size, *, turbo: bool) -> None:
    """The latent transformer, then every decoder at every resolution."""
    name = "turbo" if turbo else "base"
    config, network, state = vae_state(size, turbo=turbo, bench=bench)
    latents = torch.randn(1, size.latents, 64, device=bench.device, dtype=bench.dtype)
    frequencies = fourier_frequencies(config, bench.device)
    plain = straight.StraightVae(state, config.heads, frequencies) if bench.device.type == "cpu" else None
    bench.add(
        f"decoder {name}, latents",
        lambda: network.decode(latents),
        (lambda: plain.decode(latents)) if plain else None,
    )
    decoded = network.decode(latents)
    saturate(network, decoded, bench)
    field = network.field(decoded)
    chunk = 8000 if bench.device.type == "cpu" else 200_000
    for resolution, smallest in size.octrees:
        for decoder in VolumeDecoder:
            if decoder is VolumeDecoder.vanilla and resolution > size.vanilla_up_to:
                continue
            settings = VolumeSettings(resolution, chunk, decoder, smallest_level=smallest)
            seen = {"points": 0}
            watch = VolumeWatch(lambda done, _total, seen=seen: seen.update(points=done))
            decode_volume(field, settings, watch)
            written = plain_volume(plain, decoded, settings, size) if plain and resolution <= 48 else None
            bench.add(
                f"volume {name}, {decoder.value}, octree {resolution}",
                lambda settings=settings: decode_volume(field, settings),
                written,
                points=seen["points"],
                share_of_grid=round(seen["points"] / (resolution + 1) ** 3, 4),
            )


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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--size", choices=tuple(SIZES), default="tiny")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--octree", type=int, default=10_000, help="leave out finer volumes")
    parser.add_argument("--only", default="", help="denoiser or decoder")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    device = torch.device(options.device)
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    size = SIZES[options.size]
    with torch.inference_mode():
        bench = Bench(device, dtype, options.repeats)
        if options.only in ("", "denoiser"):
            for name, setting in size.denoisers.items():
                bench_denoiser(bench, name, setting)
        if options.only in ("", "decoder"):
            for turbo in (False, True):
                coarse = tuple(pair for pair in size.octrees if pair[0] <= options.octree)
                bench_vae(bench, replace(size, octrees=coarse), turbo=turbo)
    report = {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "size": options.size,
        "threads": options.threads,
        "torch": torch.__version__,
        "dtype": str(dtype),
        "matmul_tflops": round(bench.ceiling / 1e12, 3),
        "rows": bench.rows,
    }
    if options.json:
        print(json.dumps(report, indent=1))
        return
    print(f"{report['device']}, {report['dtype']}, {report['matmul_tflops']} TFLOP/s in matrix products")
    for row in bench.rows:
        plain = " " * 33
        if "speedup" in row:
            plain = (
                f"{row['straight_seconds']:9.4f} s {row['speedup']:6.2f}x (cpu {row['cpu_speedup']:5.2f}x)"
            )
        share = f"  {row['share_of_grid']:.1%} of the grid" if "share_of_grid" in row else ""
        print(f"{row['name']:48} {row['seconds']:9.4f} s {plain}  {row['share']:.0%} of peak{share}")


if __name__ == "__main__":
    main()
