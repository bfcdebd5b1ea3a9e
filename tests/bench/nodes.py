"""Seconds and memory of a tree of many nodes: imported, and exported in each format. python tests/bench/nodes.py [10000] [--formats glb fbx]

The nodes are places of three small meshes, in groups of a hundred; each step runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FORMATS = ("import", "glb", "fbx", "unity", "datasmith", "godot", "usd", "usdz", "obj", "stl", "ply", "3mf")


def forest(count: int, path: Path) -> None:
    """Write a GLB with `count` nodes that hold a mesh, and a group for each hundred."""
    from orfeas_desktop.engine.scene.gltf_write_scene import write_scene
    from orfeas_desktop.engine.scene.scene import Node, Scene, Transform
    from tests.bench.export import ball

    kinds = [ball(200), ball(400), ball(800)]
    groups: list[Node] = []
    for start in range(0, count, 100):
        inside = tuple(
            Node(f"part {number}", kinds[number % 3], Transform((2.0 * (number % 100), 0.0, 0.0)))
            for number in range(start, min(start + 100, count))
        )
        groups.append(Node(f"group {start}", transform=Transform((0.0, 0.0, 0.02 * start)), children=inside))
    write_scene(Scene(tuple(groups)), path)


def one(entry: str, source: str, folder: str) -> None:
    """Run one step and print what it took."""
    from orfeas_desktop.assets import AssetKind, local_file
    from orfeas_desktop.engine.chores import CHORES
    from orfeas_desktop.engine.exporters import EXPORTERS
    from tests.bench.export import Clock

    context = Clock(Path(folder))
    work = CHORES["import"] if entry == "import" else EXPORTERS[entry]
    slot = "file" if entry == "import" else "mesh"
    start, cpu = time.perf_counter(), time.process_time()
    work.run({slot: (local_file(Path(source), AssetKind.mesh),)}, work.params(), context)
    print(
        json.dumps(
            {
                "seconds": round(time.perf_counter() - start, 2),
                "cpu": round(time.process_time() - cpu, 2),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "stages": context.seconds,
            }
        )
    )


def main() -> None:
    """Measure each step that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nodes", type=int, nargs="?", default=10_000)
    parser.add_argument("--formats", nargs="*", default=list(FORMATS))
    parser.add_argument("--one", nargs=3)
    asked = parser.parse_args()
    if asked.one:
        one(*asked.one)
        return
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "forest.glb"
        forest(asked.nodes, source)
        for entry in asked.formats:
            with tempfile.TemporaryDirectory(dir=place) as folder:
                done = subprocess.run(
                    [sys.executable, "-m", "tests.bench.nodes", "--one", entry, str(source), folder],
                    capture_output=True, text=True, check=False,
                )  # fmt: skip
            row = json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip()[-300:]}
            print(json.dumps({"nodes": asked.nodes, "step": entry, **row}), flush=True)


if __name__ == "__main__":
    main()
