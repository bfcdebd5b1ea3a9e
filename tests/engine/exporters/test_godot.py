"""Godot scenes name what is in their model, and nothing that Godot would rename or take for something else."""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters.godot import GODOT
from orfeas_desktop.engine.formats.godot_read import check_tscn, points_of, read_tscn
from orfeas_desktop.engine.formats.godot_scene import godot_names
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, LevelStyle, write_scene
from orfeas_desktop.engine.scene.reading import read_scene
from orfeas_desktop.engine.scene.scene import Camera, Node, Scene, Transform
from orfeas_desktop.errors import ExportNotVerified

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.formats.godot_read import Section


@pytest.fixture
def scene(cube: Mesh) -> Scene:
    small = cube.changed(faces=cube.faces[:6])
    mirrored = Transform((0.0, 2.0, 0.0), (0.0, 0.0, 0.0, 1.0), (-1.0, 1.0, 3.0))
    arm = Node("arm.L", cube, mirrored, lods=(small,), collision=(cube,))
    return Scene(
        (
            Node('bo"dy', cube, children=(arm, Node("door_col", cube)), lods=(small,)),
            Node("eye", camera=Camera()),
        ),
        "chair",
        {"seed": 3},
    )


@pytest.fixture
def exported(scene: Scene, tmp_path: Path, make_context: Callable[..., Any]) -> Path:
    write_scene(scene, tmp_path / "in.glb", style=GltfStyle(LevelStyle.nodes, pieces=True))
    context = make_context()
    file = local_file(tmp_path / "in.glb", AssetKind.mesh, "chair.glb")
    GODOT.run({"mesh": (file,)}, GODOT.params(), context)
    assert context.facts["collision_pieces"] == 1
    return context.staging / "chair"


def sections_of(folder: Path) -> tuple[Section, ...]:
    return read_tscn((folder / "chair.tscn").read_text("utf-8"))


def test_levels_give_way_by_distance_where_they_stand_in_the_model(exported: Path) -> None:
    nodes = {part.path: part.properties for part in sections_of(exported) if part.kind == "node"}
    first = float(nodes["Model/bo_dy_LOD0"]["visibility_range_end"])
    assert nodes["Model/bo_dy_LOD1"] == {"visibility_range_begin": f"{first:.6g}"}
    assert set(nodes["Model/bo_dy_LOD0/arm_L_LOD0"]) == {"visibility_range_end"}
    assert first > 0
    model = read_scene(local_file(exported / "chair.glb", AssetKind.mesh))
    assert {placed.node.name for placed in model.walk()} >= {"bo_dy", "arm_L", "door_col_mesh", "eye"}


def test_collision_stands_in_the_scenes_space(exported: Path, cube: Mesh) -> None:
    shape = next(
        part for part in sections_of(exported) if part.attributes.get("type") == "ConvexPolygonShape3D"
    )
    expected = np.unique(cube.vertices, axis=0) * [-1, 1, 3] + [0, 2, 0]
    assert np.allclose(sorted(points_of(shape)), sorted(map(tuple, expected)), atol=1e-6)


def test_the_model_is_imported_without_levels_of_godots_own(exported: Path) -> None:
    settings = configparser.ConfigParser()
    settings.read(exported / "chair.glb.import")
    assert settings["remap"]["importer"] == '"scene"'
    assert settings["params"]["meshes/generate_lods"] == "false"
    assert "seed" in (exported / "chair.tscn").read_text("utf-8")


def test_names_are_allowed_and_distinct_and_give_no_hints(cube: Mesh) -> None:
    nodes = tuple(Node(name, cube) for name in ("a/b", "a:b", "A_B", "wall-colonly", "", "naïve ü"))
    names = [placed.node.name for placed in godot_names(Scene(nodes)).walk()]
    assert names == ["a_b", "a_b_2", "A_B_3", "wall-colonly_mesh", "node", "naïve ü"]


HEAD = '[gd_scene load_steps=2 format=3]\n\n[ext_resource type="PackedScene" path="m.glb" id="1"]\n\n'
ROOT = '[node name="root" type="Node3D"]\n\n[node name="Model" parent="." instance=ExtResource("1")]\n\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not begin as a scene"),
        (HEAD.replace("format=3", "format=2"), "format 3"),
        (HEAD.replace("=2", "=5"), "counts its resources"),
        (HEAD + "what is this", "cannot be read"),
        (HEAD + ROOT.replace('("1")', '("9")'), "names 9"),
        (HEAD + ROOT + '[node name="x" parent="Model"]', "no node x"),
        (HEAD + ROOT + '[node name="x" type="Node3D" parent="y"]', "parent of"),
        (HEAD + ROOT + '[node name="Model" type="Node3D" parent="."]', "twice"),
        (HEAD, "not one root"),
    ],
)
def test_a_scene_that_is_wrong_is_found_out(text: str, words: str) -> None:
    with pytest.raises(Broken, match=words):
        check_tscn(read_tscn(text), ["a"])


def test_an_export_that_reads_back_wrong_is_refused(exported: Path) -> None:
    path = exported / "chair.tscn"
    path.write_text(path.read_text("utf-8").replace("PackedVector3Array(", "PackedVector3Array(1, "), "utf-8")
    with pytest.raises(ExportNotVerified, match="no points"):
        GODOT.read_back(exported)
