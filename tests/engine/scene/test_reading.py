"""A mesh file and what lies beside it become one scene, with every node in its place."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.engine.mesh.transform import transformed
from orfeas_desktop.engine.scene.flatten import bounds_of, flat_mesh
from orfeas_desktop.engine.scene.gltf_scene import MAX_DEPTH
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, LevelStyle, write_scene
from orfeas_desktop.engine.scene.matrices import invertible, relative, transforms_of
from orfeas_desktop.engine.scene.reading import read_scene, scene_of_inputs
from orfeas_desktop.engine.scene.scene import Camera, Light, LightKind, Node, Scene, Transform
from orfeas_desktop.errors import BadMesh
from orfeas_desktop.names import distinct

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.assets import LocalFile
    from orfeas_desktop.engine.mesh.mesh import Mesh

TURN = (0.0, math.sin(math.pi / 8), 0.0, math.cos(math.pi / 8))


@pytest.fixture
def family(cube: Mesh, ball: Mesh) -> Scene:
    """A parent with levels and a piece, a turned and scaled child, a mirrored grandchild, a camera, two lights."""
    less = cube.changed(faces=cube.faces[:8])
    mirrored = Node("mirrored", cube, Transform((0, 3, 0), scale=(-1, 1, 1)))
    child = Node("child", cube, Transform((1, 2, 3), TURN, (2, 1, 0.5)), (mirrored,))
    lamp = Light(LightKind.spot, (1, 0.5, 0.25), 40.0, 5.0, 0.1, 0.6)
    return Scene(
        (
            Node("base", cube, Transform((0, 1, 0)), (child,), lods=(less,), collision=(cube,)),
            Node("ball", ball),
            Node("eye", camera=Camera(0.7, 1.5, 0.1, 50.0), transform=Transform((0, 0, 5))),
            Node("flat eye", camera=Camera(aspect=2.0, near=0.1, far=9.0, height=3.0)),
            Node("lamp", light=lamp, transform=Transform((0, 4, 0), TURN)),
            Node("sun", light=Light(LightKind.sun)),
        ),
        "family",
        {"seed": 3},
    )


def written(scene: Scene, path: Path, **style: Any) -> LocalFile:
    write_scene(scene, path, style=GltfStyle(**style))
    return local_file(path, AssetKind.mesh)


def outline(scene: Scene) -> list[tuple[str, int]]:
    return [(placed.node.name, placed.depth) for placed in scene.walk()]


@pytest.mark.parametrize("levels", [LevelStyle.extension, LevelStyle.nodes])
def test_a_glb_keeps_the_tree(family: Scene, tmp_path: Path, levels: LevelStyle) -> None:
    read = read_scene(written(family, tmp_path / "family.glb", levels=levels, pieces=True))
    assert outline(read) == outline(family)
    assert read.name == "family"
    assert read.extras == {"seed": 3}
    for before, after in zip(family.walk(), read.walk(), strict=True):
        np.testing.assert_allclose(after.matrix, before.matrix, atol=1e-12)
        assert after.node.camera == before.node.camera
        assert after.node.light == before.node.light
        assert len(after.node.lods) == len(before.node.lods)
        assert len(after.node.collision) == len(before.node.collision)
    assert read.levels() == (12 * 3 + 528, 8 + 12 * 2 + 528)
    assert read.pieces() == 1
    np.testing.assert_allclose(bounds_of(read), bounds_of(family), atol=1e-6)
    mesh = read.nodes[1].mesh
    assert mesh is not None
    assert mesh.metres_per_unit == 1.0
    np.testing.assert_allclose(mesh.bounds[1], [0.02] * 3, rtol=0.02)
    assert mesh.materials == family.nodes[1].mesh.materials
    assert read.nodes[0].mesh is read.nodes[0].children[0].mesh


def test_levels_and_pieces_stay_out_when_asked(family: Scene, tmp_path: Path) -> None:
    read = read_scene(written(family, tmp_path / "family.glb", levels=LevelStyle.none))
    assert read.levels() == (12 * 3 + 528,)
    assert read.pieces() == 0


def test_flat_is_what_a_reader_of_meshes_sees(family: Scene, tmp_path: Path) -> None:
    write_scene(family, tmp_path / "family.glb")
    flat, read = flat_mesh(family), read_glb(tmp_path / "family.glb")
    assert flat.face_count == read.face_count
    np.testing.assert_allclose(flat.vertices, read.vertices, atol=1e-6)
    np.testing.assert_array_equal(flat.faces, read.faces)
    np.testing.assert_allclose(bounds_of(family), flat.bounds, atol=1e-6)


def test_levels_of_other_names_and_places_find_their_node(cube: Mesh, tmp_path: Path) -> None:
    far = Transform((5, 0, 0))
    nodes = (
        Node("chair_LOD0", cube, Transform((2, 0, 0))),
        Node("Chair_lod2", cube.changed(faces=cube.faces[:2]), far),
        Node("chair_LOD1", cube.changed(faces=cube.faces[:6]), far),
        Node("UCX_chair_01", cube, far),
        Node("UCX_table", cube),
        Node("stool_LOD1", cube),
    )
    read = read_scene(written(Scene(nodes), tmp_path / "a.glb"))
    assert [node.name for node in read.nodes] == ["chair", "UCX_table", "stool_LOD1"]
    chair = read.nodes[0]
    assert [mesh.face_count for mesh in chair.lods] == [6, 2]
    np.testing.assert_allclose(chair.collision[0].bounds, [[2, -1, -1], [4, 1, 1]])


def files_of(cube: Mesh, tmp_path: Path, *scenes: Scene | Mesh) -> list[LocalFile]:
    files: list[LocalFile] = []
    for number, scene in enumerate(scenes):
        path = tmp_path / f"part{number}.glb"
        if isinstance(scene, Scene):
            write_scene(scene, path)
        else:
            write_glb(scene, path)
        files.append(local_file(path, AssetKind.mesh))
    return files


def test_files_beside_a_single_mesh_are_brought_to_its_place(cube: Mesh, tmp_path: Path) -> None:
    place = Transform((4, 0, 0), TURN)
    moved = transformed(cube.changed(faces=cube.faces[:6]), place.matrix())
    main, level, piece = files_of(cube, tmp_path, Scene((Node("a", cube, place),)), moved, moved)
    scene = scene_of_inputs({"mesh": (main,), "lods": (level,), "collision": (piece, piece)})
    node = scene.nodes[0]
    np.testing.assert_allclose(node.lods[0].vertices[moved.faces], cube.vertices[cube.faces[:6]], atol=1e-5)
    assert len(node.collision) == 2
    assert scene.levels() == (12, 6)


def test_levels_of_several_meshes_go_by_name_or_make_them_one(cube: Mesh, tmp_path: Path) -> None:
    less = cube.changed(faces=cube.faces[:6])
    two = Scene((Node("a", cube), Node("b", cube, Transform((5, 0, 0))), Node("eye", camera=Camera())))
    fewer = two.with_meshes(lambda mesh: less)
    main, level, flat = files_of(cube, tmp_path, two, fewer, flat_mesh(fewer))
    scene = scene_of_inputs({"mesh": (main,), "lods": (level,)})
    assert [len(node.lods) for node in scene.nodes] == [1, 1, 0]
    np.testing.assert_allclose(scene.nodes[1].lods[0].bounds, less.bounds, atol=1e-6)
    scene = scene_of_inputs({"mesh": (main,), "lods": (flat,), "collision": (flat,)})
    assert [node.name for node in scene.nodes] == ["eye", "part0"]
    assert scene.levels() == (24, 12)
    assert scene.pieces() == 1


def test_other_formats_have_one_node(tmp_path: Path) -> None:
    (tmp_path / "t.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    scene = read_scene(local_file(tmp_path / "t.obj", AssetKind.mesh))
    assert (scene.name, len(scene.nodes), scene.levels()) == ("t", 1, (1,))


def edited(path: Path, change: Any) -> LocalFile:
    """Return the GLB at `path` with its JSON part changed."""
    data = path.read_bytes()
    (size,) = struct.unpack_from("<I", data, 12)
    document = json.loads(data[20 : 20 + size])
    change(document)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + size :]
    path.write_bytes(
        struct.pack("<4sII", b"glTF", 2, 20 + len(text) + len(rest))
        + struct.pack("<I4s", len(text), b"JSON")
        + text
        + rest
    )
    return local_file(path, AssetKind.mesh)


def deep(document: dict[str, Any]) -> None:
    last = document["nodes"][0]
    document["nodes"] = [{"children": [index + 1]} for index in range(MAX_DEPTH + 1)] + [last]


BROKEN = {
    "a loop": (lambda d: d["nodes"][0].update(children=[0]), "form a loop"),
    "too deep": (deep, f"nested more than {MAX_DEPTH} deep"),
    "no such level": (lambda d: d["nodes"][0].update(extensions={"MSFT_lod": {"ids": [9]}}), "names a node"),
    "no such camera": (lambda d: d["nodes"][0].update(camera=3), "names a camera"),
    "no mesh": (lambda d: d["nodes"][0].pop("mesh"), "no triangles"),
    "no such mesh": (lambda d: d["nodes"][0].update(mesh=7), "names a mesh"),
    "a matrix without end": (lambda d: d["nodes"][0].update(matrix=[1e308] * 16), "not finite"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_tree_is_named(case: str, cube: Mesh, tmp_path: Path) -> None:
    change, said = BROKEN[case]
    write_glb(cube, tmp_path / "cube.glb")
    with pytest.raises(BadMesh, match=said):
        read_scene(edited(tmp_path / "cube.glb", change))


def test_lights_and_cameras_of_other_kinds_are_left_out(cube: Mesh, tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["cameras"] = [{"type": "fisheye"}]
        document["extensions"] = {"KHR_lights_punctual": {"lights": [{"type": "area"}]}}
        document["nodes"][0] |= {"camera": 0, "extensions": {"KHR_lights_punctual": {"light": 0}}}

    write_glb(cube, tmp_path / "cube.glb")
    (node,) = read_scene(edited(tmp_path / "cube.glb", change)).nodes
    assert (node.camera, node.light) == (None, None)


def test_a_node_without_scene_or_with_a_sheared_matrix_is_placed(cube: Mesh, tmp_path: Path) -> None:
    shear = np.eye(4)
    shear[0, 1] = 0.5
    shear[:3, 3] = [1, 2, 3]

    def change(document: dict[str, Any]) -> None:
        del document["scenes"], document["scene"]
        document["nodes"][0]["matrix"] = shear.T.reshape(-1).tolist()

    write_glb(cube, tmp_path / "cube.glb")
    scene = read_scene(edited(tmp_path / "cube.glb", change))
    assert outline(scene) == [("cube", 0), ("cube shape", 1)]
    np.testing.assert_allclose(flat_mesh(scene).bounds, transformed(cube, shear).bounds, atol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_any_matrix_is_made_of_transforms(seed: int) -> None:
    random = np.random.default_rng(seed)
    matrix = np.eye(4)
    matrix[:3] = random.normal(size=(3, 4))
    if seed == 4:
        matrix[:3, 0] = 0.0
    if seed == 5:
        matrix[:3, :3] = np.linalg.qr(matrix[:3, :3])[0] * [2, 3, -4]
    made = np.eye(4)
    for transform in transforms_of(matrix):
        made = made @ transform.matrix()
    np.testing.assert_allclose(made, matrix, atol=1e-9)
    assert invertible(matrix) is (seed != 4)
    np.testing.assert_array_equal(relative(matrix, matrix), np.eye(4))


def test_a_mesh_under_a_flat_place_takes_no_levels(cube: Mesh, tmp_path: Path) -> None:
    flat = Scene((Node("a", cube, Transform(scale=(1, 0, 1))),))
    main, level = files_of(cube, tmp_path, flat, cube)
    assert scene_of_inputs({"mesh": (main,)}).levels() == (12,)
    with pytest.raises(BadMesh, match="flat"):
        scene_of_inputs({"mesh": (main,), "lods": (level,)})


def test_an_empty_scene_has_no_bounds() -> None:
    for ask in (flat_mesh, bounds_of):
        with pytest.raises(BadMesh, match="no triangles"):
            ask(Scene((Node("eye", camera=Camera()),)))


def test_names_are_told_apart() -> None:
    assert distinct(["a", "A", "b", "a", "a_2"]) == ("a", "A_2", "b", "a_3", "a_2_2")
    assert replace(Scene(), name="x").named("y").name == "y"
