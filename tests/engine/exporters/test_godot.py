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
from tests.engine.exporters.readers import assert_same, godot_parts, parts_of

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
def folder(scene: Scene, tmp_path: Path, make_context: Callable[..., Any]) -> Path:
    write_scene(scene, tmp_path / "in.glb", style=GltfStyle(LevelStyle.nodes, pieces=True))
    context = make_context()
    file = local_file(tmp_path / "in.glb", AssetKind.mesh, "chair.glb")
    GODOT.run({"mesh": (file,)}, GODOT.params(), context)
    assert context.facts["collision_pieces"] == 1
    return context.staging / "chair"


def sections_of(folder: Path) -> tuple[Section, ...]:
    return read_tscn((folder / "chair.tscn").read_text("utf-8"))


def test_levels_give_way_by_distance_where_they_stand_in_the_model(folder: Path) -> None:
    nodes = {part.path: part.properties for part in sections_of(folder) if part.kind == "node"}
    first = float(nodes["Model/bo_dy_LOD0"]["visibility_range_end"])
    assert nodes["Model/bo_dy_LOD1"] == {"visibility_range_begin": f"{first:.6g}"}
    assert set(nodes["Model/bo_dy_LOD0/arm_L_LOD0"]) == {"visibility_range_end"}
    assert first > 0
    model = read_scene(local_file(folder / "chair.glb", AssetKind.mesh))
    assert {placed.node.name for placed in model.walk()} >= {"bo_dy", "arm_L", "door_col_mesh", "eye"}


def test_collision_stands_in_the_scenes_space(folder: Path, cube: Mesh) -> None:
    shape = next(
        part for part in sections_of(folder) if part.attributes.get("type") == "ConvexPolygonShape3D"
    )
    expected = np.unique(cube.vertices, axis=0) * [-1, 1, 3] + [0, 2, 0]
    assert np.allclose(sorted(points_of(shape)), sorted(map(tuple, expected)), atol=1e-6)


def test_the_model_is_imported_without_levels_of_godots_own(folder: Path) -> None:
    settings = configparser.ConfigParser()
    settings.read(folder / "chair.glb.import")
    assert settings["remap"]["importer"] == '"scene"'
    assert settings["params"]["meshes/generate_lods"] == "false"
    assert "seed" in (folder / "chair.tscn").read_text("utf-8")


def test_the_asset_is_whole_in_model_and_scene(
    asset: Scene, asset_file: Path, tmp_path: Path, exported: Callable[..., Path], godot: Any
) -> None:
    """Godot 3 imports the model; the scene's hulls and levels fit it by name and place."""
    wanted = parts_of(asset)
    drawn = {name: part for name, part in wanted.items() if not name.startswith("UCX")}
    assert_same(godot_parts(godot["god_four"]), drawn, coarse=True)
    kinds = {node["path"].rpartition("/")[2]: node for node in godot["god_four"]}
    assert {name: kinds[name]["kind"] for name in ("Eye", "Sun", "Bulb", "Torch")} == {
        "Eye": "Camera", "Sun": "DirectionalLight", "Bulb": "OmniLight", "Torch": "SpotLight",
    }  # fmt: skip
    for name, height in (
        ("Eye", np.sin(np.pi / 9)),
        ("Sun", np.sin(np.pi / 3)),
        ("Torch", np.sin(np.pi / 3)),
    ):
        back = np.array(kinds[name]["basis"])[2]
        np.testing.assert_allclose(back, [0, height, np.sqrt(1 - height**2)], atol=1e-6)
    path = exported("godot", asset_file, tmp_path, name="whole")
    sections = read_tscn(path.read_text("utf-8"))
    nodes = {part.path: part.properties for part in sections if part.kind == "node"}
    assert set(nodes) == {
        "", "Model", "Model/Ell_LOD0", "Model/Ell_LOD1", "Model/Ell_LOD2", "Collision",
        "Collision/Ell_1", "Collision/Ell_2",
    }  # fmt: skip
    begins = [float(nodes[f"Model/Ell_LOD{level}"].get("visibility_range_begin", 0)) for level in range(3)]
    ends = [float(nodes[f"Model/Ell_LOD{level}"].get("visibility_range_end", 0)) for level in range(3)]
    assert begins[1:] == ends[:2]
    assert (begins[0], ends[2]) == (0, 0)
    shapes = {part.attributes["id"]: points_of(part) for part in sections if part.kind == "sub_resource"}
    for number in (1, 2):
        shape = nodes[f"Collision/Ell_{number}"]["shape"]
        corners = np.unique(wanted[f"UCX_Ell_{number:02d}"].places.reshape(-1, 3).round(6), axis=0)
        found = np.array(shapes[shape.removeprefix('SubResource("').removesuffix('")')])
        np.testing.assert_allclose(np.unique(found.round(6), axis=0), corners, atol=1e-5)


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


def test_an_export_that_reads_back_wrong_is_refused(folder: Path) -> None:
    path = folder / "chair.tscn"
    path.write_text(path.read_text("utf-8").replace("PackedVector3Array(", "PackedVector3Array(1, "), "utf-8")
    with pytest.raises(ExportNotVerified, match="no points"):
        GODOT.read_back(folder)
