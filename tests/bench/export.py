"""Seconds, memory and bytes of each export format. python tests/bench/export.py --json [--sizes 50000 500000] [--formats glb fbx]

Each export runs in a process of its own on a bumpy ball with 4k textures, or with --bare none; writing and reading
back are told apart. glb+draco and glb+meshopt are GLB with compressed geometry.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

COMPRESSIONS = ("draco", "meshopt")
SIDE = 4096


def formats() -> list[str]:
    """Return every format, GLB also compressed, but those that need a program or a solid that can be printed."""
    from orfeas_desktop.engine.exporters import EXPORTERS
    from orfeas_desktop.printers import PrinterParams

    usual = [each.id for each in EXPORTERS if not each.program and not issubclass(each.params, PrinterParams)]
    return [*usual, *(f"glb+{name}" for name in COMPRESSIONS)]


def ball(faces: int):
    """Return about `faces` triangles of a bumpy ball with UVs and normals."""
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.mesh.normals import vertex_normals

    turns = int((faces / 2) ** 0.5)
    u, v = np.meshgrid(np.linspace(0, 1, turns + 1), np.linspace(0, 1, turns + 1), indexing="ij")
    phi, theta = 2 * np.pi * u, np.pi * (0.02 + 0.96 * v)
    radius = 0.5 + 0.03 * np.sin(12 * phi) * np.sin(9 * theta)
    places = np.stack([np.sin(theta) * np.sin(phi), np.cos(theta), np.sin(theta) * np.cos(phi)], axis=-1)
    places *= radius[..., None]
    at = np.arange((turns + 1) ** 2).reshape(turns + 1, turns + 1)
    quads = np.stack([at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]], axis=-1).reshape(-1, 4)
    corners = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    uv = np.stack([u, v], axis=-1).reshape(-1, 2).astype(np.float32)
    mesh = Mesh(places.reshape(-1, 3).astype(np.float32), corners, uvs=(uv,), name="ball")
    return mesh.changed(normals=vertex_normals(mesh))


def textures():
    """Return a material with four 4k pictures that look like painted ones."""
    from PIL import Image

    from orfeas_desktop.engine.mesh.mesh import Material, Texture

    random = np.random.default_rng(3)

    def picture() -> Texture:
        coarse = Image.fromarray(
            random.integers(0, 255, (SIDE // 16, SIDE // 16, 3), np.uint8).astype(np.uint8)
        )
        out = io.BytesIO()
        coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(out, "PNG", compress_level=1)
        return Texture(out.getvalue(), "image/png")

    return Material(
        "paint", base_color_texture=picture(), metallic_roughness_texture=picture(), normal_map=picture(),
        occlusion_texture=picture(), metallic=1.0, roughness=1.0,
    )  # fmt: skip


class Clock:
    """A job context that times stages."""

    seed = 0
    threads = os.cpu_count() or 1

    def __init__(self, staging: Path) -> None:
        self.staging, self.scratch, self.seconds = staging, staging, {}
        self.facts: dict[str, object] = {}

    @contextmanager
    def stage(self, title: str):
        start, cpu = time.perf_counter(), time.process_time()
        yield
        self.seconds[title] = round(time.perf_counter() - start, 3)
        self.seconds[f"{title} cpu"] = round(time.process_time() - cpu, 3)

    def progress(self, fraction: float | None) -> None: ...

    def check_cancelled(self) -> None: ...

    def preview(self, *_: object) -> None: ...

    def fact(self, name: str, value: object) -> None:
        self.facts[name] = value

    def warn(self, *_: object, **__: object) -> None: ...


def one(entry: str, source: str, folder: str) -> None:
    """Export once and print what it took."""
    from orfeas_desktop.assets import AssetKind, local_file
    from orfeas_desktop.engine.exporters import EXPORTERS

    context = Clock(Path(folder))
    name, _, compression = entry.partition("+")
    exporter = EXPORTERS[name]
    params = exporter.params.check(name, {"compression": compression} if compression else {})
    exporter.run({"mesh": (local_file(Path(source), AssetKind.mesh),)}, params, context)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": context.seconds, "bytes": context.facts["bytes"], "peak_mb": peak}))


def main() -> None:
    """Measure every size and format that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="*", default=[50_000, 500_000, 1_500_000])
    parser.add_argument("--formats", nargs="*", default=formats())
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--one", nargs=3)
    asked = parser.parse_args()
    if asked.one:
        one(*asked.one)
        return
    from orfeas_desktop.engine.mesh.glb import write_glb

    found: list[dict[str, object]] = []
    materials = {} if asked.bare else {"materials": (textures(),)}
    with tempfile.TemporaryDirectory() as place:
        for faces in asked.sizes:
            source = Path(place) / f"{faces}.glb"
            write_glb(ball(faces).changed(**materials), source)
            for entry in asked.formats:
                with tempfile.TemporaryDirectory(dir=place) as folder:
                    done = subprocess.run(
                        [sys.executable, __file__, "--one", entry, str(source), folder],
                        capture_output=True, text=True, check=False,
                    )  # fmt: skip
                row = (
                    json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip()[-300:]}
                )
                found.append({"format": entry, "faces": faces, **row})
                if not asked.json:
                    print(found[-1], flush=True)
    if asked.json:
        print(json.dumps({"cpus": os.cpu_count(), "runs": found}, indent=1))


if __name__ == "__main__":
    main()
