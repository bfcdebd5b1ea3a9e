"""What every shipped preset writes is read by the readers of its formats, looks the same, and says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.reread import plain, reread
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.render.likeness import likeness
from orfeas_desktop.presets import PresetShelf
from tests.engine.exporters.readers import gltf_report
from tests.print_bodies import box, mesh_of_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh

CASES = [
    (known.id, part.to, dict(part.params))
    for known in PresetShelf(Path("nowhere")).all()
    for part in known.document.exports
]
READERS = {
    "fbx": {"assimp", "Blender"},
    "unity": {"assimp"},
    "godot": {"assimp"},
    "blend": set(),
    "glb": {"assimp"},
    "usdz": set(),
    "print": {"PrusaSlicer", "lib3mf, strict"},
}
"""Who is asked beside the exporter itself. Blender, which is slow to start, is asked once."""


def test_all_presets_are_tried() -> None:
    assert {known for known, _, _ in CASES} == {
        "unreal-prop", "unity-urp", "godot-4", "blender", "web-ar", "print",
    }  # fmt: skip
    assert all(settings["report"] for _, _, settings in CASES)


@pytest.fixture
def few_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "programs"
    place.mkdir()
    for name in ("assimp", "prusa-slicer"):
        found = shutil.which(name)
        assert found is not None, f"the test set-up installs {name}"
        (place / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(place))


@pytest.mark.parametrize(("preset", "entry", "settings"), CASES, ids=[f"{a}-{b}" for a, b, _ in CASES])
def test_readers_agree_and_the_picture_is_the_same(
    preset: str,
    entry: str,
    settings: dict[str, Any],
    dark_file: Path,
    tmp_path: Path,
    exported: Callable[..., Path],
    request: pytest.FixtureRequest,
) -> None:
    if EXPORTERS[entry].program and shutil.which("blender") is None:
        pytest.skip("needs a Blender, which the program never installs")
    if entry not in ("fbx", "blend"):
        request.getfixturevalue("few_programs")
    source = dark_file
    if entry == "print":  # which writes closed solids only
        source = tmp_path / "solid.glb"
        write_glb(mesh_of_body(box(30, 20, 40)), source)
    path = exported(entry, source, tmp_path, name=f"of-{preset}", **settings)
    folder = path.parent if EXPORTERS[entry].folder else tmp_path / f"of-{preset}"
    (told,) = [json.loads(each.read_text("utf-8")) for each in folder.glob("*-report.json")]
    judged = {each["reader"]: each["fine"] for each in told["readers"]}
    assert {name for name, fine in judged.items() if fine is not None} >= READERS[entry] - {
        "Khronos glTF validator"
    }
    assert False not in judged.values(), told["readers"]
    alike = told["picture"]["likeness"]
    assert alike["outline"] >= 0.98
    assert alike["color"] <= 0.02 or not told["picture"]["colors"]
    assert told["picture"]["colors"] is (entry != "print")
    assert max(told["size_m"]) == pytest.approx(0.04 if entry == "print" else 2.579423)
    for model in folder.glob("*.glb"):
        assert gltf_report(model)["issues"]["numErrors"] == 0
    page = next(folder.glob("*-report.html")).read_text("utf-8")
    assert "It looks the same." in page
    assert told["unjudged"] or entry in ("glb", "blend")


@pytest.mark.parametrize(
    "entry", ["gltf", "fbx", "unity-package", "datasmith", "godot", "usd", "usdz", "obj", "ply"]
)
def test_vertex_colours_without_uvs_look_the_same(
    entry: str, cube: Mesh, exported: Callable[..., Path], tmp_path: Path
) -> None:
    shades = np.random.default_rng(1).integers(0, 255, (8, 4)).astype(np.uint8)
    shades[:, 3] = 255
    mesh = cube.changed(colors=shades)
    write_glb(mesh, tmp_path / "in.glb")
    found = reread(exported(entry, tmp_path / "in.glb", tmp_path, name="made"))
    assert found is not None
    assert likeness(plain(mesh), plain(found.mesh)).color <= 0.02
