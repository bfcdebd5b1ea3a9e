"""Measure unwrapping and baking: CPU seconds, wall seconds, peak memory; prints JSON.

python tests/bench/bake.py --high 700000 --low 12000 --side 1024
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.tools import TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orfeas_desktop.params import Scalar


def knot(faces: int) -> Mesh:
    """A closed, bumpy ring of about that many faces, with colours."""
    across = int((faces / 4) ** 0.5)
    around = 2 * across
    u, v = np.meshgrid(
        np.linspace(0, 2 * np.pi, around, endpoint=False),
        np.linspace(0, 2 * np.pi, across, endpoint=False),
        indexing="ij",
    )
    radius = 4 + 0.3 * np.sin(5 * u) * np.cos(3 * v) + 0.03 * np.sin(60 * u) * np.sin(40 * v)
    ring = 11 + radius * np.cos(v)
    places = np.stack([ring * np.cos(u), radius * np.sin(v), -ring * np.sin(u)], axis=-1).reshape(-1, 3)
    at = np.arange(around * across).reshape(around, across)
    right, up = np.roll(at, -1, axis=0), np.roll(at, -1, axis=1)
    quads = np.stack([at, right, np.roll(right, -1, axis=1), up], axis=-1).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    colors = np.full((len(places), 4), 255, np.uint8)
    colors[:, 0] = (127 + 127 * np.sin(9 * u)).reshape(-1).astype(np.uint8)
    return Mesh(places.astype(np.float32), triangles, colors=colors, metres_per_unit=0.001)


@dataclass
class Watch:
    """A job context that only listens."""

    staging: Path
    scratch: Path
    seed: int = 0
    threads: int = 2
    facts: dict[str, Scalar] = field(default_factory=dict)

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.facts[f"{title} cpu_s"] = round(time.process_time() - start, 2)

    def progress(self, fraction: float | None) -> None: ...

    def check_cancelled(self) -> None: ...

    def preview(self, path: Path, kind: AssetKind) -> None: ...

    def fact(self, name: str, value: Scalar) -> None:
        self.facts[name] = value

    def warn(self, sentence: str, **arguments: Scalar) -> None:
        print(sentence.format(**arguments), file=sys.stderr)


def run(
    entry: str, folder: Path, meshes: dict[str, Mesh], **settings: Scalar
) -> tuple[Mesh, dict[str, Scalar]]:
    """Run a tool as the worker does; return its mesh and figures."""
    inputs = {}
    for slot, mesh in meshes.items():
        write_glb(mesh, folder / f"{slot}.glb")
        inputs[slot] = (local_file(folder / f"{slot}.glb", AssetKind.mesh),)
    context = Watch(folder, folder)
    tool = TOOLS[entry]
    wall, cpu = time.perf_counter(), time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    outputs = tool.run(inputs, tool.params.check(entry, settings), context)
    own = time.process_time() - cpu
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures: dict[str, Scalar] = {
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(own + after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    return read_glb(outputs[0].path), figures | context.facts


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--high", type=int, default=700_000)
    parser.add_argument("--low", type=int, default=12_000)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--maps", default="normal", help="comma-separated names of the tool's maps")
    parser.add_argument("--unwrap", type=int, default=40_000, help="faces to unwrap; 0 leaves it out")
    given = parser.parse_args()
    told: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        low, _ = run("unwrap", folder, {"mesh": knot(given.low)}, texture_side=given.side)
        wanted = given.maps.split(",")
        names = ("normal", "occlusion", "base_color", "rough_metal", "thickness", "curvature")
        settings = {kind: kind in wanted for kind in names} | {"texture_side": given.side}
        _, told["bake"] = run("bake", folder, {"mesh": low, "other": knot(given.high)}, **settings)
        if given.unwrap:
            _, told["unwrap"] = run("unwrap", folder, {"mesh": knot(given.unwrap)})
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
