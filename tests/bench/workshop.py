"""A raw, damaged mesh becomes a game asset and a print by one recipe each: time, memory, and what came of it.

    python -m tests.bench.workshop --json
    python -m tests.bench.workshop --faces 200000
    python -m tests.bench.workshop --window      the same in the program's window; needs a display

The mesh is a bumpy ring of 60 mm with coloured vertices; 2 % of its faces are damaged: 1 % gone, 1 % turned, and
20 floaters. `peak_mb` is the largest resident size of any one process that the command started.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.engine.mesh.mesh import Mesh

RUN = "import sys; from orfeas_desktop.__main__ import main; sys.exit(main(sys.argv[1:]))"


def raw_mesh(faces: int, damage: float, seed: int = 5) -> Mesh:
    """Return the ring with that share of its faces damaged."""
    across = round((faces / 4) ** 0.5)
    around = 2 * across
    u, v = np.meshgrid(
        np.linspace(0, 2 * np.pi, around, endpoint=False),
        np.linspace(0, 2 * np.pi, across, endpoint=False),
        indexing="ij",
    )
    radius = 8 + 0.5 * np.sin(5 * u) * np.cos(3 * v) + 0.05 * np.sin(60 * u) * np.sin(40 * v)
    wide = 22 + radius * np.cos(v)
    places = np.stack([wide * np.cos(u), radius * np.sin(v), -wide * np.sin(u)], axis=-1).reshape(-1, 3)
    shade = (127 + 120 * np.stack([np.sin(9 * u), np.cos(7 * v), np.sin(3 * u + 2 * v)], axis=-1)).reshape(
        -1, 3
    )
    at = np.arange(around * across).reshape(around, across)
    right, up = np.roll(at, -1, axis=0), np.roll(at, -1, axis=1)
    quads = np.stack([at, right, np.roll(right, -1, axis=1), up], axis=-1).reshape(-1, 4)
    found = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    random = np.random.default_rng(seed)
    found = found[random.random(len(found)) > damage / 2]
    turned = random.random(len(found)) < damage / 2
    found[turned] = found[turned][:, ::-1]
    tiny = np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0, 0, 0.1]])
    sides = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    count = len(places)
    floaters = np.concatenate([tiny + [number, 20, 3] for number in range(20)])
    found = np.concatenate([found, *(sides + count + 4 * number for number in range(20))])
    colors = np.full((count + len(floaters), 4), 255, np.uint8)
    colors[:count, :3] = shade
    vertices = np.concatenate([places, floaters]).astype(np.float32)
    return Mesh(vertices, found.astype(np.int32), colors=colors, metres_per_unit=0.001, name="raw")


def measured(words: list[str], home: Path) -> dict[str, Any]:
    """Run `orfeas WORDS` and return its JSON with seconds, processor seconds and peak memory."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words, "--json"],
        env={**os.environ, "ORFEAS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = json.loads(done.stdout) if done.stdout else {"error": done.stderr[-2000:]}
    return {
        "status": done.returncode,
        "wall_s": round(time.perf_counter() - start, 2),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2),
        "peak_mb": round(after.ru_maxrss / 1024),
        **said,
    }


def game_asset(folder: Path, raw: Path) -> dict[str, Any]:
    """Run the recipe for games and look at what it left."""
    out = folder / "game"
    said = measured(["recipe", "run", "game-prop-10k", str(raw), "--out", str(out), "--to", "glb"], folder)
    item = said["items"][0] if said.get("items") else said
    told = {name: said[name] for name in ("status", "wall_s", "cpu_s", "peak_mb")}
    if "error" in item:
        return {**told, "error": item["error"]}
    mesh = read_glb(out / "raw.glb")
    facts = item["facts"]
    material = mesh.materials[0]
    return {
        **told,
        "faces": facts["faces"],
        "closed": facts["watertight"],
        "components": facts["components"],
        "distance_mean_mm": facts["distance_mean_mm"],
        "distance_max_mm": facts["distance_max_mm"],
        "base_color": material.base_color_texture is not None,
        "normal_map": material.normal_map is not None,
        "levels": [facts.get(f"faces_lod{number}") for number in (1, 2, 3)],
        "collision_parts": facts.get("collision_parts"),
        "stages_s": item["seconds"],
        "warnings": said["warnings"],
        "bytes": sum(Path(path).stat().st_size for path in item["files"]),
    }


def printable(folder: Path, raw: Path) -> dict[str, Any]:
    """Run the recipe for printing, export with the promise, and ask an independent slicer."""
    out = folder / "print"
    said = measured(["recipe", "run", "print", str(raw), "--out", str(out), "--to", "print"], folder)
    item = said["items"][0] if said.get("items") else said
    told = {name: said[name] for name in ("status", "wall_s", "cpu_s", "peak_mb")}
    if "error" in item:
        return {**told, "error": item["error"]}
    facts = item["facts"]
    told |= {"faces": facts["faces"], "closed": facts["watertight"], "stages_s": item["seconds"]}
    return told | sliced(next(path for path in item["files"] if path.endswith(".3mf")))


def sliced(target: str) -> dict[str, Any]:
    """Ask an independent slicer about a file, where one is installed."""
    slicer = shutil.which("prusa-slicer")
    if slicer is None:
        return {}
    info = subprocess.run([slicer, "--info", target], capture_output=True, text=True, check=False)
    return {
        "slicer_manifold": "manifold = yes" in info.stdout,
        "slicer_says": [line for line in info.stdout.splitlines() if "=" in line],
    }


def in_window(folder: Path, raw: Path) -> dict[str, Any]:
    """Import, run both recipes and export for printing in the window; wall seconds from click to result."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from tests.bench.opened import opened, wait

    running = opened(QApplication([]), folder)
    session, window = running.session, running.window
    said: dict[str, Any] = {}

    def timed(name: str, start: Callable[[], object], met: Callable[[], bool]) -> None:
        begun = time.perf_counter()
        start()
        wait(met, 1800)
        said[f"{name}_s"] = round(time.perf_counter() - begun, 1)

    def run(recipe: str) -> None:
        names = [panel.list.item(row).data(Qt.ItemDataRole.UserRole) for row in range(panel.list.count())]
        panel.list.setCurrentRow(names.index(recipe))
        wait(panel.run.isEnabled)
        number = session.chosen.version.number
        timed(
            recipe,
            lambda: QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton),
            lambda: session.chosen.version.number > number,
        )
        facts = session.chosen.version.provenance.facts
        said[recipe] = {name: facts.get(name) for name in ("faces", "watertight", "distance_mean_mm")}
        said[recipe]["files"] = list(session.chosen.version.files)

    timed("import", lambda: session.import_meshes([raw]), lambda: session.chosen is not None)
    window.commands.actions["recipes"].trigger()
    panel = window.inspector.recipes
    imported = session.chosen.version.id
    run("game-prop-10k")
    session.choose_version(imported)
    run("print")
    target, exported = folder / "raw.3mf", []
    session.exported.connect(exported.append)
    timed("export", lambda: session.export("print", {}, target), lambda: bool(exported))
    window.close()
    return said | sliced(str(target))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faces", type=int, default=1_500_000)
    parser.add_argument("--damage", type=float, default=0.02)
    parser.add_argument("--only", choices=("game", "print"))
    parser.add_argument("--window", action="store_true", help="in the window instead of by command")
    parser.add_argument("--json", action="store_true", help="one object (the only form)")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orfeas-bench-") as name:
        folder = Path(name)
        mesh = raw_mesh(wanted.faces, wanted.damage)
        raw = folder / "raw.glb"
        write_glb(mesh, raw)
        result: dict[str, Any] = {
            "machine": f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}",
            "faces": mesh.face_count,
            "damage": wanted.damage,
        }
        if wanted.window:
            result["window"] = in_window(folder, raw)
        elif wanted.only != "print":
            result["game"] = game_asset(folder, raw)
        if not wanted.window and wanted.only != "game":
            result["print"] = printable(folder, raw)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
