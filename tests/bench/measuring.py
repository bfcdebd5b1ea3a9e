"""Rows of measurements: seconds, processor seconds, operations and memory, kept as they come."""

from __future__ import annotations

import argparse
import gc
import json
import math
import resource
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import torch
from torch.utils.flop_counter import FlopCounterMode

from orfeas_desktop.engine.networks.faster_calls import Speedup
from orfeas_desktop.engine.networks.linear import product

ENOUGH_SECONDS = 1.0
"""What takes less is repeated so long, but not more than"""
MOST_TURNS = 1000
"""times."""


class Bench:
    """Answers for the measurements of one run."""

    def __init__(self, device: torch.device, dtype: torch.dtype, options: argparse.Namespace) -> None:
        self.device, self.dtype, self.repeats = device, dtype, options.repeats
        self.end = time.monotonic() + options.seconds
        self.out: Path | None = options.out
        self.size: str = options.size
        card = device.type == "cuda"
        self.speedups = [Speedup.graphs, *([Speedup.compiled] if options.compile else [])] if card else []
        """What denoisers are tried with beside the plain call."""
        self.rows: list[dict[str, object]] = []
        self.ceiling = 0.0
        self.ceiling = self._ceiling()

    def seconds(self, *works: Callable[[], object]) -> list[tuple[list[float], list[float]]]:
        """Wall and processor seconds of each, turn after turn: the works alternate, so that what else the machine
        does meets all of them, and what takes little is done often.
        """
        taken: list[tuple[list[float], list[float]]] = [([], []) for _ in works]
        begun, turn = time.perf_counter(), 0
        while turn <= self.repeats or (turn < MOST_TURNS and time.perf_counter() - begun < ENOUGH_SECONDS):
            for work, (walls, cpus) in zip(works, taken, strict=True):
                self.wait()
                start, spent = time.perf_counter(), time.process_time()
                work()
                self.wait()
                walls.append(time.perf_counter() - start)
                cpus.append(time.process_time() - spent)
            turn += 1
        return [(walls[1:], cpus[1:]) for walls, cpus in taken]

    def wait(self) -> None:
        """Wait until the device is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def _ceiling(self) -> float:
        side = 8192 if self.device.type == "cuda" else 1536
        a, b = (torch.randn(side, side, device=self.device, dtype=self.dtype) for _ in range(2))
        ways = [lambda: a @ b, lambda: product(a, b)]
        return 2 * side**3 / min(min(walls) for walls, _ in self.seconds(*ways))

    def clear(self) -> None:
        """Give memory back."""
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)

    def guarded(self, name: str, work: Callable[[], object]) -> None:
        """Do it; what fails, or comes too late, becomes a row of its own."""
        if time.monotonic() > self.end:
            self.keep({"name": name, "left_out": "no time was left"})
            return
        try:
            work()
        except Exception as problem:  # noqa: BLE001  (the other measurements are worth having)
            last = traceback.format_exception(problem)[-3:]
            self.keep(
                {
                    "name": name,
                    "error": f"{type(problem).__name__}: {problem}"[:400],
                    "at": "".join(last)[-600:],
                }
            )
        self.clear()

    def add(
        self, name: str, own: Callable[[], object], plain: Callable[[], object] | None, **facts: object
    ) -> None:
        """Measure one thing both ways."""
        self.guarded(name, lambda: self._measure(name, own, plain, facts))

    def _measure(
        self,
        name: str,
        own: Callable[[], object],
        plain: Callable[[], object] | None,
        facts: Mapping[str, object],
    ) -> None:
        self.clear()
        with FlopCounterMode(display=False, custom_mapping=COUNTED) as counter:
            own()
        flops = counter.get_total_flops()
        taken = self.seconds(own, *([plain] if plain is not None else []))
        seconds, cpu = (median(values) for values in taken[0])
        row: dict[str, object] = {"name": name, "seconds": round(seconds, 5), "cpu_seconds": round(cpu, 5)}
        if plain is not None:
            row["straight_seconds"], row["straight_cpu_seconds"] = (
                round(median(each), 5) for each in taken[1]
            )
            row["speedup"], row["cpu_speedup"] = (
                round(median(theirs / max(ours, 1e-9) for ours, theirs in zip(*pair, strict=True)), 3)
                for pair in zip(*taken, strict=True)
            )
            row["turns"] = len(taken[0][0])
        row["share"] = round(flops / seconds / self.ceiling, 3)
        row["peak_mb"] = self.peak_mb()
        self.keep(row | {key: fact() if callable(fact) else fact for key, fact in facts.items()})

    def keep(self, row: dict[str, object]) -> None:
        """Add a row, told and written at once."""
        self.rows.append(row)
        print(json.dumps(row), file=sys.stderr, flush=True)
        if self.out is not None:
            self.out.write_text(json.dumps(self.report(), indent=1))

    def report(self) -> dict[str, object]:
        """Everything so far."""
        card = self.device.type == "cuda"
        return {
            "device": torch.cuda.get_device_name(self.device) if card else "cpu",
            "size": self.size,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "dtype": str(self.dtype),
            "matmul_tflops": round(self.ceiling / 1e12, 3),
            "rows": self.rows,
        }

    def peak_mb(self) -> int:
        """The most memory since `clear`, of the card or the process."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) >> 20
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _count_product(x: torch.Size, weight: torch.Size, *_rest: object, **_more: object) -> int:
    return 2 * math.prod(x) * weight[0]


COUNTED = (
    {torch.ops.mkldnn._linear_pointwise: _count_product}
    if hasattr(torch.ops.mkldnn, "_linear_pointwise")
    else {}
)
