"""What many nodes and large textures cost each export format. python tests/bench/export_limits.py [--nodes 10000] [--side 8192]

A small mesh stands in every node; one textured quad carries four pictures of the side. Each export runs in a
process of its own, as tests/bench/export.py does it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import export
import numpy as np


def many_nodes(count: int, path: Path) -> None:
    """Write a tree of `count` nodes, ten to a parent, that share a box."""
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.gltf_write_scene import write_scene
    from orfeas_desktop.engine.scene.scene import Node, Scene, Transform

    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = np.array([f for a, b, c, d in quads for f in ((a, b, c), (a, c, d))], np.int32)
    box = Mesh(corners, faces, name="box")
    groups = tuple(
        Node(
            f"group {group}",
            transform=Transform((0.0, 2.0 * group, 0.0)),
            children=tuple(
                Node(f"node {group} {number}", box, Transform((2.0 * number, 0.0, 0.0)))
                for number in range(min(10, count - 10 * group))
            ),
        )
        for group in range(-(-count // 10))
    )
    write_scene(Scene(groups), path)


def large_textures(side: int, path: Path) -> None:
    """Write a square with four pictures."""
    from orfeas_desktop.engine.mesh.glb import write_glb
    from orfeas_desktop.engine.mesh.mesh import Mesh

    export.SIDE = side
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    mesh = Mesh(square, faces, uvs=(square[:, :2].copy(),), materials=(export.textures(),))
    write_glb(mesh, path)


def main() -> None:
    """Measure both for every format that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=8192)
    parser.add_argument("--formats", nargs="*", default=[*export.FORMATS, "3mf", "blend"])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        for name, make, size in (
            ("nodes", many_nodes, asked.nodes),
            ("textures", large_textures, asked.side),
        ):
            if not size:
                continue
            source = Path(place) / f"{name}.glb"
            make(size, source)
            for entry in asked.formats:
                with tempfile.TemporaryDirectory(dir=place) as folder:
                    done = subprocess.run(
                        [sys.executable, export.__file__, "--one", entry, str(source), folder],
                        capture_output=True, text=True, check=False,
                    )  # fmt: skip
                row = (
                    json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip()[-300:]}
                )
                told = {"case": f"{size} {name}", "format": entry, "cpus": os.cpu_count(), **row}
                print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
