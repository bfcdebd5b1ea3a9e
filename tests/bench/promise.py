"""Attacks the printing promise: bodies are bent in many ways; what is written a slicer and admesh must call whole.

    python tests/bench/promise.py --seconds 600 --seed 1000 --json

Needs prusa-slicer and admesh. Every counterexample is told with its seed and the way it was bent.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from manifold3d import Manifold

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.errors import NotPrintable
from tests.engine.conftest import RecordingContext
from tests.print_bodies import box, mesh_of_body
from tests.printing_files import slicer_says

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh

LARGE_BED = dict.fromkeys(("bed_width_mm", "bed_depth_mm", "bed_height_mm"), 1e4)
SETTINGS = {"printer": "custom", "min_wall_mm": 0.1, **LARGE_BED}
REPAIRS = ("degenerate_facets", "edges_fixed", "facets_removed", "facets_reversed", "backwards_edges")
MENDED = ("Degenerate facets", "Edges fixed", "Facets removed", "Facets added", "Facets reversed")
Random = np.random.Generator


def body(random: Random) -> Manifold:
    """Return up to four boxes, balls and cones, joined or taken out of each other, often exactly flush."""
    made = Manifold()
    for _ in range(random.integers(1, 5)):
        part = (
            box(*random.uniform(4, 14, 3)),
            Manifold.sphere(random.uniform(3, 8), int(random.integers(6, 28))),
            Manifold.cylinder(random.uniform(4, 14), random.uniform(2, 6), random.uniform(0.5, 6), 12),
            box(10, 10, 10),
        )[random.integers(4)]
        if random.random() < 0.6:
            part = part.rotate(
                random.uniform(0, 360, 3) if random.random() < 0.5 else 90.0 * random.integers(0, 4, 3)
            )
        loose = random.random() < 0.5
        part = part.translate(random.uniform(-6, 6, 3) if loose else 2.5 * random.integers(-4, 5, 3))
        made = made + part if made.is_empty() or random.random() < 0.75 else made - part
    return made


def shaken(mesh: Mesh, random: Random) -> Mesh:
    noise = random.normal(size=mesh.vertices.shape) * 10.0 ** random.uniform(-7, -2)
    return mesh.changed(vertices=(mesh.vertices + noise).astype(np.float32))


def rounded(mesh: Mesh, random: Random) -> Mesh:
    grain = 10.0 ** random.uniform(-4, -0.5)
    return mesh.changed(vertices=(np.round(mesh.vertices / grain) * grain).astype(np.float32))


def pulled(mesh: Mesh, random: Random) -> Mesh:
    vertices = mesh.vertices.copy()
    one, other = random.integers(len(vertices), size=2)
    vertices[one] = vertices[other] + random.normal(size=3) * 10.0 ** random.uniform(-7, -1)
    return mesh.changed(vertices=vertices)


def far(mesh: Mesh, random: Random) -> Mesh:
    return mesh.changed(vertices=mesh.vertices + np.float32(10.0 ** random.uniform(0, 5)))


def pricked(mesh: Mesh, random: Random) -> Mesh:
    """Return the mesh with a point in a face, on its edge or all but, a little off its plane."""
    face, count = random.integers(mesh.face_count), mesh.vertex_count
    share = random.dirichlet([0.3, 0.3, 0.3])
    if random.random() < 0.5:
        share[random.integers(3)] = 0
    a, b, c = mesh.faces[face]
    point = share / share.sum() @ mesh.vertices[[a, b, c]] + random.normal(size=3) * 10.0 ** random.uniform(
        -8, -3
    )
    faces = np.concatenate(
        [np.delete(mesh.faces, face, 0), [[a, b, count], [b, c, count], [c, a, count]]], dtype=np.int32
    )
    return mesh.changed(
        vertices=np.concatenate([mesh.vertices, [point]], dtype=np.float32, casting="same_kind"), faces=faces
    )


def beside(mesh: Mesh, random: Random) -> Mesh:
    """Return the mesh and itself, moved by its own size along one axis or two: they touch."""
    low, high = mesh.bounds
    axis = random.integers(3)
    step = np.zeros(3, np.float32)
    step[[axis, (axis + 1) % 3][: random.integers(1, 3)]] = (high - low)[axis]
    return merged([mesh, mesh.changed(vertices=mesh.vertices + step)])


def dented(mesh: Mesh, random: Random) -> Mesh:
    vertices = mesh.vertices.copy()
    vertices[random.integers(len(vertices))] += random.normal(size=3) * 10.0 ** random.uniform(-2, 1)
    return mesh.changed(vertices=vertices)


WAYS: tuple[Callable[[Mesh, Random], Mesh], ...] = (
    shaken,
    rounded,
    pulled,
    far,
    pricked,
    beside,
    dented,
)


def complaints(entry: str, path: Path, cubic_mm: float) -> list[str]:
    """Return what the readers hold against a file that was written."""
    said = slicer_says(path)
    found = [] if said.get("manifold") == "yes" else ["not manifold"]
    found += [f"{name} {said[name]}" for name in REPAIRS if name in said]
    if abs(float(said.get("volume", 0)) / cubic_mm - 1) > 1e-3:
        found.append(f"volume {said.get('volume')} of {cubic_mm}")
    if entry == "print-stl":
        told = subprocess.run(["admesh", "-c", str(path)], capture_output=True, text=True, check=False).stdout
        for name in MENDED:
            count = re.search(rf"{name}\s*:\s*(\d+)", told)
            if count is None or int(count[1]):
                found.append(f"admesh: {name} {count[1] if count else '?'}")
    return found


def attacked(seed: int, folder: Path, tally: Counter[str]) -> list[dict[str, Any]]:
    """Bend one body, try to write it for printing both ways and return the counterexamples."""
    random = np.random.default_rng(seed)
    whole = body(random)
    if whole.is_empty():
        return []
    way = WAYS[seed % len(WAYS)]
    write_glb(way(mesh_of_body(whole), random), folder / "in.glb")
    given = local_file(folder / "in.glb", AssetKind.mesh, "in.glb")
    wrong: list[dict[str, Any]] = []
    for entry in ("print", "print-stl"):
        exporter, context = EXPORTERS[entry], RecordingContext(folder, folder)
        try:
            output, *_ = exporter.run({"mesh": (given,)}, exporter.params.check(entry, SETTINGS), context)
        except NotPrintable:
            tally[f"{way.__name__}: refused"] += 1
            continue
        tally[f"{way.__name__}: written"] += 1
        found = complaints(entry, output.path, 1000 * float(context.facts["volume_cm3"] or 0))
        if found:
            wrong.append({"seed": seed, "way": way.__name__, "entry": entry, "complaints": found})
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    end, seed = time.monotonic() + given.seconds, given.seed
    tally, wrong = Counter[str](), list[dict[str, Any]]()
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            wrong += attacked(seed, Path(folder), tally)
            seed += 1
    result = {"bodies": seed - given.seed, "ways": dict(sorted(tally.items())), "counterexamples": wrong}
    sys.stdout.write(json.dumps(result, indent=None if given.json else 1) + "\n")


if __name__ == "__main__":
    main()
