"""A tree that was imported is kept whole: what is exported from the library is what came in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.chores import CHORES
from orfeas_desktop.engine.mesh.files import read_mesh
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.polygons import Polygons
from orfeas_desktop.engine.scene.flatten import flat_mesh
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, LevelStyle, write_scene
from orfeas_desktop.engine.scene.reading import read_scene
from orfeas_desktop.engine.scene.scene import Node, Scene, Transform
from tests.engine.conftest import RecordingContext
from tests.engine.exporters.readers import (
    assert_same,
    assimp_parts,
    assimp_scene,
    gltf_report,
    parts_of,
    ufbx_parts,
    ufbx_scene,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def imported(path: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    context = RecordingContext(folder, folder)
    entry = CHORES["import"]
    given = {"file": (local_file(path, AssetKind.file),)}
    (output,) = entry.run(given, entry.params(), context)
    return output.path, context.facts


@pytest.fixture(scope="module")
def kept(asset_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    return imported(asset_file, tmp_path_factory.mktemp("imported"))


def test_the_library_keeps_the_tree_and_tools_see_one_mesh(
    kept: tuple[Path, dict[str, Any]], asset: Scene
) -> None:
    path, facts = kept
    assert gltf_report(path)["issues"]["numErrors"] == 0
    scene = read_scene(local_file(path, AssetKind.mesh))
    assert [(each.node.name, each.depth) for each in scene.walk()] == [
        (each.node.name, each.depth) for each in asset.walk()
    ]
    assert scene.nodes[2].camera == asset.nodes[2].camera
    assert dict(scene.extras) == dict(asset.extras)
    assert_same(parts_of(scene), parts_of(asset))
    finest = asset.levels()[0]
    assert read_mesh(path).face_count == flat_mesh(asset).face_count == finest
    told = {"nodes": 7, "faces": finest, "collision_pieces": 2, "cameras": 1, "lights": 3}
    told |= {f"faces_lod{level}": faces for level, faces in enumerate(asset.levels()[1:], 1)}
    assert {name: facts[name] for name in told} == told
    assert [node.light for node in scene.nodes] == [node.light for node in asset.nodes]


def test_what_is_exported_from_the_library_has_the_tree(
    kept: tuple[Path, dict[str, Any]],
    asset: Scene,
    dark_file: Path,
    tmp_path: Path,
    exported: Callable[..., Path],
) -> None:
    wanted = parts_of(asset)
    dark, _ = imported(dark_file, tmp_path)
    glb = exported("glb", dark, tmp_path, name="a_glb", levels="nodes", pieces=True)
    assert_same(assimp_parts(assimp_scene(glb, tmp_path)), wanted)
    fbx = ufbx_scene(exported("fbx", kept[0], tmp_path, name="a_fbx", preset="maya"))
    assert set(ufbx_parts(fbx)) == set(parts_of(asset, pieces="UCX_{name}_LOD0_{number:02d}"))


def test_a_gltf_keeps_its_tree(asset: Scene, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    write_scene(asset, source / "a.gltf", style=GltfStyle(LevelStyle.nodes, pieces=True))
    path, _ = imported(source / "a.gltf", tmp_path)
    assert_same(parts_of(read_scene(local_file(path, AssetKind.mesh))), parts_of(asset))


def test_a_lone_mesh_is_kept_as_it_was(cube: Mesh, tmp_path: Path) -> None:
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5]], np.int32)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])[[0, 2, 1, 3]]
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
    polygons = Polygons(np.array([0, 4, 8], np.int32), quads.ravel())
    mesh = Mesh(corners, faces, polygons=polygons, metres_per_unit=0.001)
    write_scene(Scene((Node("box", mesh),)), tmp_path / "a.glb")
    path, facts = imported(tmp_path / "a.glb", tmp_path)
    read = read_mesh(path)
    assert read.metres_per_unit == 0.001
    np.testing.assert_array_equal(read.vertices, corners)
    assert read.polygons is not None
    assert "nodes" not in facts
    write_scene(Scene((Node("box", mesh, children=(Node("other", cube),)),)), tmp_path / "b.glb")
    tree = read_scene(local_file(imported(tmp_path / "b.glb", tmp_path)[0], AssetKind.mesh))
    assert tree.nodes[0].mesh is not None
    assert tree.nodes[0].mesh.polygons is not None


def test_names_of_other_programs_tell_collision_pieces(cube: Mesh, tmp_path: Path) -> None:
    less = cube.changed(faces=cube.faces[:6])
    scene = Scene(
        (
            Node(
                "Crate",
                cube,
                Transform((2, 0, 0)),
                (
                    Node("UCX_Crate_01", cube, Transform((0, 1, 0))),
                    Node("side-colonly", cube),
                    Node("Crate_LOD1", less),
                    Node("Lid", cube),
                ),
            ),
            Node("Wall", cube),
            Node("Wall-convcolonly.001", cube, Transform((0, 0, 3))),
            Node("far_colonly", cube),
        )
    )
    write_scene(scene, tmp_path / "a.glb")
    read = read_scene(local_file(tmp_path / "a.glb", AssetKind.mesh))
    crate, wall, far = read.nodes
    assert [child.name for child in crate.children] == ["Lid"]
    assert [len(crate.collision), len(crate.lods), len(wall.collision)] == [2, 1, 1]
    np.testing.assert_allclose(crate.collision[0].bounds, [[-1, 0, -1], [1, 2, 1]])
    np.testing.assert_allclose(wall.collision[0].bounds, [[-1, -1, 2], [1, 1, 4]])
    assert far.name == "far_colonly"


def test_levels_that_stand_in_the_tree_too_are_levels(asset: Scene, tmp_path: Path) -> None:
    path, whole = tmp_path / "a.glb", replace(asset, nodes=asset.nodes[:1])
    write_scene(whole, path)
    data = path.read_bytes()
    length = int.from_bytes(data[12:16], "little")
    document = json.loads(data[20 : 20 + length])
    document["scenes"][0]["nodes"] = list(range(len(document["nodes"])))
    for node in document["nodes"]:
        node.pop("children", None)
    text = json.dumps(document, separators=(",", ":")).encode()
    path.write_bytes(data[:20] + text.ljust(length) + data[20 + length :])
    assert read_scene(local_file(path, AssetKind.mesh)).levels() == whole.levels()
    assert read_mesh(path).face_count == flat_mesh(whole).face_count
