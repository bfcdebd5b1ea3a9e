"""Time and memory of each mesh tool on meshes of 50k, 500k and 1.5M faces: one process a measurement.

    python tests/bench/mesh.py --json
    python tests/bench/mesh.py --sizes 500k --tools analyse repair --damage 2

`cpu_s` counts the whole run (read, change, compare, write) in the process and its children, imports left out;
`stages` are wall seconds. `peak_mb` is the largest resident size of any one process, imports included.
Settings that differ from the defaults stand in SETTINGS.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.subdivide import subdivided
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.errors import OrfeasError

if TYPE_CHECKING:
    from collections.abc import Iterator

CELLS = {"50k": 93, "500k": 291, "1500k": 503, "5000k": 459}
"""Grid cells that give about so many faces; each of 5000k is cut in four afterwards."""

DECIMATED = {"50k": 5_000, "500k": 50_000, "1500k": 150_000, "5000k": 500_000}
SETTINGS: dict[str, dict[str, Any]] = {"unwrap": {"most_faces": 2_000_000}}
CLOSED_ONLY = ("cut", "boolean")


@dataclass
class Context:
    """A job context that keeps what it is told."""

    folder: Path
    seed: int = 0
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)

    @property
    def staging(self) -> Path:
        return self.folder

    @property
    def scratch(self) -> Path:
        return self.folder

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.stages[title] = round(time.perf_counter() - start, 3)

    def progress(self, fraction: float | None) -> None:
        pass

    def check_cancelled(self) -> None:
        pass

    def preview(self, path: Path, kind: AssetKind) -> None:
        pass

    def fact(self, name: str, value: Any) -> None:
        self.facts[name] = value

    def warn(self, sentence: str, **arguments: Any) -> None:
        self.warnings.append(sentence.format(**arguments))


def raw_mesh(cells: int) -> Mesh:
    """A bumpy figure of three blobs and a ring, as surface extraction leaves it: 100 mm, closed, without UVs."""
    from skimage.measure import marching_cubes

    x, y, z = (
        np.linspace(-1.0, 1.0, cells, dtype=np.float32)[index] for index in np.ogrid[:cells, :cells, :cells]
    )
    bumps = 0.02 * np.sin(19 * x) * np.sin(23 * y) * np.sin(17 * z)
    field = np.sqrt(x**2 + (y + 0.3) ** 2 + z**2) - 0.45
    for at, radius in (((0.35, 0.35, 0.1), 0.3), ((-0.3, 0.45, -0.1), 0.27)):
        ball = np.sqrt((x - at[0]) ** 2 + (y - at[1]) ** 2 + (z - at[2]) ** 2) - radius
        field = -0.05 * np.logaddexp(-field / 0.05, -ball / 0.05)
    ring = np.sqrt((np.sqrt(x**2 + z**2) - 0.66) ** 2 + (y + 0.3) ** 2) - 0.13
    field = np.minimum(field, ring) + bumps
    places, faces, _, _ = marching_cubes(np.ascontiguousarray(field, np.float32), 0.0)
    vertices = (places / (cells - 1) * 100).astype(np.float32)
    return Mesh(vertices, np.ascontiguousarray(faces, np.int32), metres_per_unit=0.001, name=f"raw{cells}")


def damaged(mesh: Mesh, percent: float, seed: int = 0) -> Mesh:
    """The mesh with `percent` of its faces gone or turned (a quarter, three quarters), fins, doubles and floaters."""
    random = np.random.default_rng(seed)
    lot = random.random(mesh.face_count) * 100
    faces = mesh.faces[lot >= percent / 4].copy()
    turned = lot[lot >= percent / 4] < percent
    faces[turned] = faces[turned][:, ::-1]
    some = faces[random.choice(len(faces), 50)]
    tip = np.arange(50, dtype=np.int32) + mesh.vertex_count
    fins = np.stack([some[:, 0], some[:, 1], tip], axis=1)
    places = [
        mesh.vertices,
        mesh.vertices[some[:, 0]] + random.normal(scale=1.0, size=(50, 3)).astype(np.float32),
    ]
    parts, count = [faces, fins, some], mesh.vertex_count + 50
    tetra = np.float32([[0, 0, 0], [0.4, 0, 0], [0, 0.4, 0], [0, 0, 0.4]])
    for number in range(30):
        places.append(tetra + random.uniform(0, 100, 3).astype(np.float32))
        parts.append(np.int32([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]) + np.int32(count + 4 * number))
    return mesh.changed(vertices=np.concatenate(places), faces=np.concatenate(parts).astype(np.int32))


def measured(tool_id: str, size: str, path: Path) -> dict[str, Any]:
    """Run one tool here and say what it took."""
    tool = TOOLS[tool_id]
    settings = SETTINGS.get(tool_id, {}) | ({"faces": DECIMATED[size]} if tool_id == "decimate" else {})
    inputs = {"mesh": (local_file(path, AssetKind.mesh, "in.glb"),)}
    for slot in tool.inputs:
        if slot.required and slot.name not in inputs:
            inputs[slot.name] = (local_file(path.with_name("other.glb"), AssetKind.mesh, "other.glb"),)
    with tempfile.TemporaryDirectory() as folder:
        context = Context(Path(folder))
        start, before = time.perf_counter(), processor_s()
        refused = None
        try:
            tool.run(inputs, tool.params.check(tool.id, settings), context)
        except OrfeasError as problem:
            refused = str(problem)
        wall, cpu = time.perf_counter() - start, processor_s() - before
    peak = max(own_peak_kb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    told = ("faces_before", "faces", "watertight", "distance_mean_mm", "distance_max_mm")
    return {
        "tool": tool_id,
        "size": size,
        "wall_s": round(wall, 2),
        "cpu_s": round(cpu, 2),
        "peak_mb": round(peak / 1024),
        "stages": context.stages,
        "facts": {name: context.facts[name] for name in told if name in context.facts},
        "refused": refused,
        "warnings": context.warnings,
    }


def own_peak_kb() -> int:
    """The largest resident size since this program began; `ru_maxrss` would count what started it too."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def processor_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def in_process(tool_id: str, size: str, path: Path, limit_s: float) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", tool_id, "--sizes", size, "--file", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return {"tool": tool_id, "size": size, "over_s": limit_s}
    if done.returncode:
        return {"tool": tool_id, "size": size, "failed": done.stderr.strip().splitlines()[-1:]}
    return json.loads(done.stdout)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    ask.add_argument("--sizes", nargs="+", default=["50k", "500k", "1500k"], choices=list(CELLS))
    ask.add_argument("--tools", nargs="+", default=[tool.id for tool in TOOLS])
    ask.add_argument("--damage", type=float, default=0.0, help="percent of faces gone or turned")
    ask.add_argument("--limit-s", type=float, default=600.0)
    ask.add_argument("--one", help=argparse.SUPPRESS)
    ask.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    told = ask.parse_args()
    if told.one:
        print(json.dumps(measured(told.one, told.sizes[0], told.file)))
        return
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for size in told.sizes:
            path = Path(folder) / size / "in.glb"
            path.parent.mkdir()
            mesh = raw_mesh(CELLS[size])
            if size == "5000k":
                mesh = subdivided(mesh, smooth=False) or mesh
            write_glb(damaged(mesh, told.damage) if told.damage else mesh, path)
            write_glb(mesh.changed(vertices=mesh.vertices + np.float32(9)), path.with_name("other.glb"))
            for tool_id in told.tools:
                rows.append(in_process(tool_id, size, path, told.limit_s))
                if not told.json:
                    print(json.dumps(rows[-1]), flush=True)
    if told.json:
        machine = {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
        print(json.dumps({"machine": machine, "damage_percent": told.damage, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
