"""Blender files are made by a Blender that the user has, and told apart from those that it could not make."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters.blend import BLEND
from orfeas_desktop.engine.formats.blender import Blender
from orfeas_desktop.engine.formats.blender_exchange import Exchange
from orfeas_desktop.engine.mesh.textures import textures_of
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, write_scene
from orfeas_desktop.engine.scene.scene import Node, Scene, Transform
from orfeas_desktop.errors import BackendFailed, Cancelled, ExportNotVerified, ProgramMissing
from tests.engine.exporters.readers import Part, assert_same, parts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh

LOOK = """
import bpy, hashlib, json, sys
bpy.ops.wm.open_mainfile(filepath=sys.argv[-1])
for group in bpy.data.collections:
    group.hide_viewport = False
bpy.context.view_layer.update()
told = {"groups": {each.name: [each.hide_render, sorted(one.name for one in each.objects)] for each in bpy.data.collections},
    "seed": bpy.context.scene["orfeas_seed"], "camera": bpy.context.scene.camera.name, "objects": {}, "images": {}, "links": {}}
for each in bpy.data.objects:
    item = {"kind": each.type, "parent": each.parent and each.parent.name, "matrix": [list(row) for row in each.matrix_world]}
    if each.type == "MESH":
        shape = each.data
        shape.calc_normals_split()
        item |= {"faces": [list(one.vertices) for one in shape.polygons], "places": [list(one.co) for one in shape.vertices],
            "normals": [list(one.normal) for one in shape.loops],
            "uv": [list(one.uv) for one in shape.uv_layers[0].data] if shape.uv_layers else [],
            "uvs": len(shape.uv_layers), "materials": [one.name for one in shape.materials],
            "groups": [one.material_index for one in shape.polygons]}
    if each.type == "LIGHT":
        item |= {"light": [each.data.type, each.data.energy, list(each.data.color)]}
    if each.type == "CAMERA":
        item |= {"camera": [each.data.angle_y, each.data.clip_start, each.data.clip_end]}
    told["objects"][each.name] = item
for each in bpy.data.images:
    told["images"][each.name] = [each.colorspace_settings.name, each.packed_file.data.hex()]
for each in bpy.data.materials["Red paint"].node_tree.links:
    if each.to_node.type == "BSDF_PRINCIPLED":
        told["links"][each.to_socket.name] = each.from_node.type
print("TOLD " + json.dumps(told))
"""


@pytest.fixture
def source(cube: Mesh, ball: Mesh, tmp_path: Path) -> Any:
    turned = Transform((0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0), (-1.0, 2.0, 1.0))
    body = Node("body", cube, children=(Node("arm", ball, turned, lods=(cube,)),), collision=(cube,))
    write_scene(Scene((body,), extras={"seed": 5}), tmp_path / "in.glb", style=GltfStyle(pieces=True))
    return local_file(tmp_path / "in.glb", AssetKind.mesh, "Möbel.glb")


@pytest.fixture(scope="module")
def found(
    asset_file: Path, tmp_path_factory: pytest.TempPathFactory, exported: Callable[..., Path]
) -> dict[str, Any]:
    """What a real Blender finds in the asset's file."""
    if shutil.which("blender") is None:
        pytest.skip("needs a Blender, which the program never installs")
    path = exported("blend", asset_file, tmp_path_factory.mktemp("blend"), name="Chair")
    assert {file.name for file in path.parent.iterdir()} == {"Chair.blend", "Chair-NOTICE.txt"}
    done = subprocess.run(
        ["blender", "-b", "--factory-startup", "--python-expr", LOOK, "--", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("TOLD "))[5:])


def test_a_real_blender_finds_every_mesh_in_its_place(found: dict[str, Any], asset: Scene) -> None:
    objects = found["objects"]
    parts = {
        f"{name}_LOD0" if name == "Ell" else name: blender_part(each)
        for name, each in objects.items()
        if each["kind"] == "MESH"
    }
    assert_same(parts, parts_of(asset))
    assert objects["Ell"]["uvs"] == 2
    assert objects["Ell"]["materials"] == ["Red paint", "Steel"]
    assert objects["Ell"]["groups"] == asset.nodes[0].mesh.face_materials.tolist()
    parents = {name: each["parent"] for name, each in objects.items() if each["parent"]}
    assert parents == {
        "Arm": "Ell", "Ell_LOD1": "Ell", "Ell_LOD2": "Ell", "UCX_Ell_01": "Ell", "UCX_Ell_02": "Ell",
        "Eye_camera": "Eye", "Sun_light": "Sun", "Bulb_light": "Bulb", "Torch_light": "Torch",
    }  # fmt: skip
    assert found["groups"]["Collision"] == [True, ["UCX_Ell_01", "UCX_Ell_02"]]
    assert found["groups"]["LOD1"] == [True, ["Ell_LOD1"]]
    assert (found["seed"], found["camera"]) == ("7", "Eye_camera")


def blender_part(each: dict[str, Any]) -> Part:
    """Return a mesh where it stands, turned from Blender's z up to y up."""
    turn = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    matrix = np.array(each["matrix"])
    faces = np.array(each["faces"])
    places = (np.array(each["places"]) @ matrix[:3, :3].T + matrix[:3, 3]) @ turn.T
    normals = np.array(each["normals"]) @ np.linalg.inv(matrix[:3, :3]) @ turn.T
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    uv = [0, 1] + np.array(each["uv"]).reshape(-1, 3, 2) * [1, -1] if each["uv"] else None
    soup = [places[faces], normals.reshape(-1, 3, 3) if each["uv"] else places[faces] * 0, uv]
    if np.linalg.det(matrix[:3, :3]) < 0:
        soup = [None if one is None else one[:, ::-1] for one in soup]
    return Part(*soup)


def test_blender_has_the_pictures_the_lights_and_the_camera(found: dict[str, Any], asset: Scene) -> None:
    paint = asset.nodes[0].mesh.materials[0]
    spaces = {bytes.fromhex(data): space for space, data in found["images"].values()}
    assert {texture.data: spaces[texture.data] for texture in textures_of(paint).values()} == {
        paint.base_color_texture.data: "sRGB",
        paint.metallic_roughness_texture.data: "Non-Color",
        paint.normal_map.data: "Non-Color",
        paint.occlusion_texture.data: "Non-Color",
        paint.emissive_texture.data: "sRGB",
    }
    assert set(found["images"]) == {
        f"Red_paint_{slot}.png" for slot in ("base_color", "metallic_roughness", "normal", "occlusion", "emissive")
    }  # fmt: skip
    assert found["links"] == {
        "Base Color": "TEX_IMAGE", "Metallic": "SEPARATE_COLOR", "Roughness": "SEPARATE_COLOR", "Normal": "NORMAL_MAP",
        "Emission": "MIX_RGB",
    }  # fmt: skip
    lights = {name: each["light"] for name, each in found["objects"].items() if each["kind"] == "LIGHT"}
    assert lights == {
        "Sun_light": ["SUN", pytest.approx(3 / 683), pytest.approx([1.0, 0.5, 0.25])],
        "Bulb_light": ["POINT", pytest.approx(54 * 4 * math.pi / 683), pytest.approx([1.0, 0.8, 0.6])],
        "Torch_light": ["SPOT", pytest.approx(54 * 4 * math.pi / 683), pytest.approx([0.2, 0.8, 1.0])],
    }
    assert found["objects"]["Eye_camera"]["camera"] == pytest.approx([0.8, 0.05, 40.0])
    for name, down in (("Eye_camera", math.pi / 9), ("Sun_light", math.pi / 3), ("Torch_light", math.pi / 3)):
        back = np.array(found["objects"][name]["matrix"])[:3, 2]
        np.testing.assert_allclose(-back, [0, math.cos(down), -math.sin(down)], atol=1e-6)


def test_vertex_colours_reach_blender_as_light(cube: Mesh, tmp_path: Path) -> None:
    """Blender takes linear values and encodes them itself."""
    colors = np.tile(np.array([[188, 64, 255, 51]], np.uint8), (8, 1))
    Exchange(tmp_path).write(Scene((Node("a", cube.changed(colors=colors)),)), lambda _: None)
    written = np.fromfile(tmp_path / "mesh0.colors", "<f4").reshape(-1, 4)
    assert written[0].tolist() == pytest.approx([0.502886, 0.051269, 1.0, 0.2], abs=1e-6)


@pytest.mark.skipif(
    shutil.which("blender") is None, reason="needs a Blender, which the program never installs"
)
def test_vertex_colours_and_flat_faces_look_in_blender_as_they_do_here(
    cube: Mesh, tmp_path: Path, exported: Callable[..., Path]
) -> None:
    colors = np.random.default_rng(1).integers(0, 255, (8, 4)).astype(np.uint8)
    colors[:, 3] = 255
    write_scene(Scene((Node("a", cube.changed(colors=colors)),)), tmp_path / "in.glb")
    path = exported("blend", tmp_path / "in.glb", tmp_path, name="made", report=True)
    told = json.loads(path.with_name("made-blend-report.json").read_text("utf-8"))
    assert told["picture"] == {
        "reader": "Blender",
        "likeness": {"outline": 1.0, "color": 0.0},
        "colors": True,
    }


def test_a_blender_that_is_not_there_is_named(
    source: Any, make_context: Callable[..., Any], monkeypatch: Any
) -> None:
    params = BLEND.params.check("blend", {"program": "/no/such/blender"})
    context = make_context()
    with pytest.raises(ProgramMissing, match="/no/such/blender"):
        BLEND.run({"mesh": (source,)}, params, context)
    assert list(context.staging.iterdir()) == []
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ProgramMissing, match="Blender"):
        Blender.found("", platform="an island")
    assert Blender.found(sys.executable).program == Path(sys.executable)


shell = pytest.mark.skipif(
    sys.platform == "win32", reason="the stand-in for a broken Blender is a shell script"
)


def program(folder: Path, text: str) -> str:
    path = folder / "blender"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_blender_that_fails_tells_its_last_lines(source: Any, make_context: Callable[..., Any]) -> None:
    params = BLEND.params.check("blend", {"program": sys.executable})
    with pytest.raises(BackendFailed, match="ended with code 1") as caught:
        BLEND.run({"mesh": (source,)}, params, make_context())
    assert "No module named 'bpy'" in caught.value.arguments.get("details", caught.value.details)


@shell
def test_a_blender_that_says_nothing_is_not_believed(
    source: Any, tmp_path: Path, make_context: Callable[..., Any]
) -> None:
    params = BLEND.params.check("blend", {"program": program(tmp_path, "exit 0"), "pieces": False})
    with pytest.raises(ExportNotVerified, match="did not say"):
        BLEND.run({"mesh": (source,)}, params, make_context())
    with pytest.raises(ExportNotVerified, match="not opened again"):
        BLEND.read_back(tmp_path / "a.blend")


@shell
def test_a_cancel_ends_blender(source: Any, tmp_path: Path, make_context: Callable[..., Any]) -> None:
    mark = tmp_path / "running"
    params = BLEND.params.check("blend", {"program": program(tmp_path, f"echo $$ > {mark}; exec sleep 300")})
    quiet = make_context()
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        if mark.exists() and mark.read_text().strip():
            raise Cancelled

    quiet.check_cancelled = look
    with pytest.raises(Cancelled):
        BLEND.run({"mesh": (source,)}, params, quiet)
    assert not Path(f"/proc/{mark.read_text().strip()}/cmdline").exists()
