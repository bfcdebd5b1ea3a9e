"""From official files in a folder to a mesh, by command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.files import read_mesh
from tests.patience import PATIENCE_S

DATA = Path(__file__).parents[1] / "data" / "hunyuan3d_shape"
QUICK = ["--set", "num_inference_steps=4", "--set", "octree_resolution=24"]


def orfeas(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orfeas_desktop", *words], capture_output=True, text=True, timeout=PATIENCE_S
    )


@pytest.mark.parametrize(
    ("case", "folder", "entry"),
    [
        ("e2e_mini", "hunyuan3d-dit-v2-mini", "hunyuan3d-2mini"),
        ("e2e_v21", "hunyuan3d-dit-v2-1", "hunyuan3d-2-1"),
    ],
)
def test_a_folder_of_weights_becomes_a_mesh(home, tmp_path, case, folder, entry) -> None:
    place = tmp_path / "models" / folder
    place.mkdir(parents=True)
    for path in (DATA / case).iterdir():
        if path.name == "config.yaml" or path.name.startswith("model"):
            shutil.copyfile(path, place / path.name)
    out = tmp_path / "shape.glb"
    seed = str(8650 if case == "e2e_mini" else 8850)
    words = ["generate", str(DATA / case / "input.png"), "--backend", entry, "--json", *QUICK]
    words += ["--seed", seed, "--out", str(out)]
    without = orfeas(*words)
    assert without.returncode == 3
    assert json.loads(without.stdout)["error"]["code"] == "weights-missing"
    assert orfeas("weights", "add", str(place.parent)).returncode == 0
    assert orfeas("weights", "licence", entry, "--accept").returncode == 0
    made = orfeas(*words)
    assert made.returncode == 0, made.stdout + made.stderr
    report = json.loads(made.stdout)
    mesh = read_mesh(out)
    assert report["faces"] == mesh.face_count
    assert report["watertight"] is True
    assert mesh_facts(mesh).watertight
