"""What each tool, exporter and layout makes of a cube today; another result needs another version."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import MESH_SUFFIXES, AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.layouts import LAYOUTS
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.files import read_mesh
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.engine.tools.recipe import RecipeTool
from tests.printing_files import read_3mf
from tests.textured import NEED_TEXTURES, textured

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import WorkEntry
    from orfeas_desktop.engine.mesh.mesh import Mesh

QUICK: dict[str, dict[str, Any]] = {
    "unwrap": {"texture_side": 128},
    "bake": {"texture_side": 64},
    "remesh": {"faces": 300},
}
"""Settings that matter only to textures, which are not looked at here."""
ENTRIES: list[WorkEntry] = [*TOOLS, *EXPORTERS, *LAYOUTS]

GOLDEN = {
    "place 1": "box.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, 6ce22bfd9c0c",
    "smooth 1": "box.glb: 8 v 12 f 0.0068 x 0.0135 x 0.0203 m, 584d0ed7556c",
    "mirror 1": "box.glb: 16 v 28 f 0.02 x 0.04 x 0.06 m, 371237e2f0af",
    "analyse 2": "box.glb, box.report.json: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "repair 3": "box.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "remesh 3": "box.glb: 150 v 296 f 0.02 x 0.04 x 0.06 m",
    "subdivide 1": "box.glb: 26 v 48 f 0.02 x 0.04 x 0.06 m, c1b8d1fb3e07",
    "merge 1": "box.glb: 16 v 24 f 0.03 x 0.05 x 0.07 m, 5d6013ffb21a",
    "rebuild 4": "box.glb: 99416 v 198828 f 0.02 x 0.0401 x 0.06 m",
    "decimate 5": "box.glb: 5 v 6 f 0.02 x 0.04 x 0.06 m, a64ff504ea88",
    "lod 4": "box.glb, box-lod1.glb, box-lod2.glb, box-lod3.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "split 1": "box.glb, box-piece1.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "cut 1": "box.glb, box-rest.glb: 8 v 12 f 0.02 x 0.02 x 0.06 m, d81501cb3bc1",
    "boolean 1": "box.glb: 20 v 36 f 0.03 x 0.05 x 0.07 m, 980c1de6d962",
    "unwrap 3": "box.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "material 1": "box.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "upscale 1": "box.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "bake 1": "box.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "recipe 1": "box.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "collision 3": "box.glb, box-collision1.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "print-check 2": "box.glb, box-walls.glb, box-overhangs.glb, box.report.json: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "thicken 2": "box.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "hollow 3": "box.glb: 484 v 968 f 0.02 x 0.04 x 0.06 m",
    "orient 2": "box.glb: 8 v 12 f 0.04 x 0.02 x 0.06 m, f6291d0bcc0e",
    "lay-on-bed 2": "box.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, 6ce22bfd9c0c",
    "gltf 3": "box.gltf, box.bin: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "fbx 4": "box.fbx",
    "datasmith 2": "box.udatasmith, box_Assets/SM_cube.udsmesh",
    "unity 3": "box.prefab, Materials/material.mat, Materials/material.mat.meta, Materials.meta, box.fbx, "
    "box.fbx.meta, box.prefab.meta",
    "unity-package 3": "box.unitypackage",
    "godot 2": "box.tscn, box.glb, box.glb.import",
    "blend 3": "box.blend",
    "usd 3": "box.usdc",
    "usdz 3": "box.usdz",
    "glb 4": "box.glb: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "obj 4": "box.obj, box.mtl: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "stl 3": "box.stl: 8 v 12 f 0.02 x 0.04 x 0.06 m, 02e44a4c3dfd",
    "ply 2": "box.ply: 8 v 12 f 0.02 x 0.04 x 0.06 m, b9705632b2d6",
    "3mf 2": "box.3mf: 8 v 12 f 0.02 x 0.06 x 0.04 m, 280629932543",
    "print 1": "box.3mf: 8 v 12 f 0.02 x 0.06 x 0.04 m, 2aa4ed3261ca",
    "print-stl 1": "box.stl: 8 v 12 f 0.02 x 0.04 x 0.06 m, 6ce22bfd9c0c",
    "row 1": "row.glb: 16 v 24 f 0.09 x 0.04 x 0.06 m, 6a884c451a50",
    "grid 1": "grid.glb: 16 v 24 f 0.09 x 0.04 x 0.06 m, 6a884c451a50",
    "circle 1": "circle.glb: 16 v 24 f 0.02 x 0.04 x 0.1732 m, 3366dab51819",
}


READ_BACK = {*MESH_SUFFIXES, ".3mf"}
"""What can be looked into here; other files are judged by the readers of their own tests."""


def summary(path: Path) -> str:
    mesh = read_3mf(path).mesh if path.suffix == ".3mf" else read_mesh(path)
    facts = mesh_facts(mesh)
    rows = np.round(mesh.vertices[mesh.faces].reshape(-1, 3) * mesh.metres_per_unit, 4)
    digest = hashlib.sha256((rows + 0.0).astype("<f4").tobytes()).hexdigest()[:12]
    width, height, depth = (round(side, 4) for side in facts.size_m)
    return f"{facts.places} v {facts.faces} f {width} x {height} x {depth} m, {digest}"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_the_result_is_the_one_of_this_version(
    entry: WorkEntry, cube: Mesh, tmp_path: Path, make_context: Callable[..., Any]
) -> None:
    lopsided = cube.changed(
        vertices=cube.vertices * np.float32([1, 2, 3]) + np.float32([1, 0, 0]), metres_per_unit=0.01
    )
    if entry.id in NEED_TEXTURES:
        lopsided = textured(lopsided)
    write_glb(lopsided, tmp_path / "in.glb")
    given = local_file(tmp_path / "in.glb", AssetKind.mesh, "box.glb")
    inputs = {slot.name: (given,) * (2 if slot.many else 1) for slot in entry.inputs if slot.name != "other"}
    if entry.input("other"):
        write_glb(
            lopsided.changed(vertices=lopsided.vertices + np.float32([1, 1, 1])), tmp_path / "other.glb"
        )
        inputs["other"] = (local_file(tmp_path / "other.glb", AssetKind.mesh, "other.glb"),)
    outputs = entry.run(inputs, entry.params.check(entry.id, QUICK.get(entry.id, {})), make_context())
    made = ", ".join(output.name for output in outputs)
    if outputs[0].path.suffix in READ_BACK:
        made += f": {summary(outputs[0].path)}"
    version = 1 if isinstance(entry, RecipeTool) else entry.version  # its version follows those of the tools
    assert made.startswith(GOLDEN[f"{entry.id} {version}"])
