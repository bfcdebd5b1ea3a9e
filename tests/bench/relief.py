"""Measures the quick relief: seconds per stage, peak memory, quality per class and view, gain by side views.

    python tests/bench/relief.py --data DIR [--json] [--no-views] [--no-appearance]

DIR holds one folder per case (image.png, mask.png, camera.json) and meshes/*.ply, as tests/data/relief_bench does.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import trimesh
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent))

import metrics
import side_views

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.mesh.glb import read_glb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orfeas_desktop.engine.mesh.mesh import Mesh

MEASURES = ("cd", "f05", "f02", "nc", "viou", "siou", "depth", "watertight", "psnr", "ssim")
COMBINATIONS = (("front", "back"), ("front", "left"), ("front", "right"), ("front", "left", "back", "right"))


@dataclass
class Timing:
    """A job context that keeps the seconds of each stage."""

    staging: Path
    seed: int = 0
    threads: int = 2
    seconds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def scratch(self) -> Path:
        return self.staging

    @contextlib.contextmanager
    def stage(self, title: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[title] = time.perf_counter() - start

    def progress(self, fraction: float | None) -> None:
        del fraction

    def check_cancelled(self) -> None:
        return

    def preview(self, path: Path, kind: AssetKind) -> None:
        del path, kind

    def fact(self, name: str, value: Any) -> None:
        self.facts[name] = value

    def warn(self, sentence: str, **arguments: Any) -> None:
        del sentence, arguments


def build(files: dict[str, Path], folder: Path) -> tuple[Mesh, Timing]:
    """Run the entry `relief` on these pictures by slot."""
    staging = Path(tempfile.mkdtemp(dir=folder))
    context = Timing(staging)
    entry = BACKENDS["relief"]
    inputs = {slot: (local_file(path, AssetKind.picture),) for slot, path in files.items()}
    start = time.perf_counter()
    outputs = entry.run(inputs, entry.params(), context)
    context.seconds["all"] = time.perf_counter() - start
    return read_glb(outputs[0].path), context


def plain(mesh: Mesh) -> trimesh.Trimesh:
    """Return the mesh's triangles, vertices at one place welded."""
    welded = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    welded.merge_vertices(merge_tex=True, merge_norm=True)
    return welded


def quality(case: Path, folder: Path, *, looks: bool) -> dict[str, Any]:
    """Return one case's measures with the mask that the entry finds."""
    camera = json.loads((case / "camera.json").read_text())
    mesh, context = build({"front": case / "image.png"}, folder)
    mask = np.array(Image.open(case / "mask.png").convert("L")) > 127
    made = plain(mesh)
    row: dict[str, Any] = {"case": case.name, "class": camera["klass"], "view": camera["view"]}
    true = trimesh.load(case / camera["mesh"], process=False, force="mesh")
    row |= metrics.geometry(made, true, camera)
    row["siou"] = metrics.silhouette_overlap(made, mask)
    row["watertight"] = bool(made.is_watertight)
    if looks:
        row |= metrics.appearance(mesh, np.array(Image.open(case / "image.png").convert("RGB")), mask)
    return row | {
        "mask_how": context.facts["mask_how"],
        "seconds": context.seconds["all"],
        "stages": context.seconds,
    }


def table(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return mean measures of all, of each class and of each view."""
    groups = {"all": rows}
    for row in rows:
        groups.setdefault(f"class {row['class']}", []).append(row)
        groups.setdefault(f"view {row['view']}", []).append(row)
    return {
        name: {"cases": len(group)}
        | {
            key: round(float(np.mean([float(row[key]) for row in group])), 4)
            for key in MEASURES
            if key in group[0]
        }
        for name, group in sorted(groups.items())
    }


def by_views(path: Path, folder: Path) -> dict[str, Any]:
    """Return F at 0.05 of one true mesh from its front alone and from several sides."""
    true = trimesh.load(path, process=False, force="mesh")
    files: dict[str, Path] = {}
    for side, picture in side_views.side_views(true).items():
        files[side] = folder / f"{path.stem} {side}.png"
        Image.fromarray(picture).save(files[side])
    row: dict[str, Any] = {"mesh": path.stem}
    for combination in (("front",), *COMBINATIONS):
        mesh, _ = build({side: files[side] for side in combination}, folder)
        row["+".join(combination)] = round(metrics.geometry(plain(mesh), true, None, solid=False)["f05"], 4)
    return row


def gains(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the mean and the least gain over the front alone, per combination."""
    names = ["+".join(combination) for combination in COMBINATIONS]
    gain = {name: [row[name] - row["front"] for row in rows] for name in names}
    return {
        name: {"mean": round(float(np.mean(values)), 4), "least": round(min(values), 4)}
        for name, values in gain.items()
    }


class Peak:
    """The most memory that this process held while it was watched, in MB."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        process = psutil.Process(os.getpid())
        while not self._over.wait(0.005):
            self.megabytes = max(self.megabytes, process.memory_info().rss / 2**20)

    def __enter__(self) -> Peak:
        self._watch.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._watch.join()


def timings(cases: list[Path], folder: Path) -> dict[str, dict[str, float]]:
    """Return median seconds per stage of the cases as they are and at twice the size."""
    found: dict[str, dict[str, float]] = {}
    for name, side in (("512", 512), ("1024", 1024)):
        runs: list[dict[str, float]] = []
        for case in cases:
            file = folder / f"{case.name} {side}.png"
            Image.open(case / "image.png").resize((side, side), Image.Resampling.BICUBIC).save(file)
            runs.append(build({"front": file}, folder)[1].seconds)
        stages = dict.fromkeys(stage for run in runs for stage in run)
        found[name] = {
            stage: round(statistics.median(run.get(stage, 0) for run in runs), 4) for stage in stages
        }
        found[name]["most"] = round(max(run["all"] for run in runs), 4)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "data" / "relief_bench")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of an indented one")
    parser.add_argument("--no-views", action="store_true")
    parser.add_argument("--no-appearance", action="store_true")
    given = parser.parse_args()
    cases = sorted(path.parent for path in given.data.glob("*/camera.json"))
    report: dict[str, Any] = {"data": given.data.name, "cpus": os.cpu_count()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build({"front": cases[0] / "image.png"}, folder)
        with Peak() as peak:
            report["seconds"] = timings(cases, folder)
        report["peak_mb"] = round(peak.megabytes)
        rows = [quality(case, folder, looks=not given.no_appearance) for case in cases]
        report["quality"] = table(rows)
        report["cases"] = rows
        if not given.no_views:
            meshes = [by_views(path, folder) for path in sorted((given.data / "meshes").glob("*.ply"))]
            report["views"] = {"gain": gains(meshes), "meshes": meshes}
    print(json.dumps(report, indent=None if given.json else 1))


if __name__ == "__main__":
    main()
