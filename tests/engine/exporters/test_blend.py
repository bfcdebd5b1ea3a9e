"""Blender files are made by a Blender that the user has, and told apart from those that it could not make."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters.blend import BLEND
from orfeas_desktop.engine.formats.blender import Blender
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, write_scene
from orfeas_desktop.engine.scene.scene import Camera, Light, LightKind, Node, Scene, Transform
from orfeas_desktop.errors import BackendFailed, Cancelled, ExportNotVerified, ProgramMissing

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh

LOOK = """
import bpy, sys
bpy.ops.wm.open_mainfile(filepath=sys.argv[-1])
for group in sorted(bpy.data.collections, key=lambda each: each.name):
    print("GROUP", group.name, group.hide_render, sorted(each.name for each in group.objects))
for each in sorted(bpy.data.objects, key=lambda each: each.name):
    print("OBJECT", each.name, each.type, each.parent and each.parent.name)
wood = bpy.data.materials[0]
print("NODES", sorted({node.type for node in wood.node_tree.nodes}))
print("SEED", bpy.context.scene["orfeas_seed"])
"""


@pytest.fixture
def source(cube: Mesh, ball: Mesh, tmp_path: Path) -> Any:
    turned = Transform((0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0), (-1.0, 2.0, 1.0))
    arm = Node("arm", ball, turned, lods=(cube,))
    lamps = tuple(Node(kind.value, light=Light(kind)) for kind in LightKind)
    eyes = (Node("eye", camera=Camera()), Node("flat", camera=Camera(height=2.0)))
    body = Node("body", cube, children=(arm,), lods=(cube,), collision=(cube,))
    scene = Scene((body, *eyes, *lamps), extras={"seed": 5})
    write_scene(scene, tmp_path / "in.glb", style=GltfStyle(pieces=True))
    return local_file(tmp_path / "in.glb", AssetKind.mesh, "Möbel.glb")


@pytest.mark.skipif(
    shutil.which("blender") is None, reason="needs a Blender, which the program never installs"
)
def test_a_real_blender_makes_the_file_and_finds_everything_in_it(
    source: Any, make_context: Callable[..., Any]
) -> None:
    context = make_context()
    (output,) = BLEND.run({"mesh": (source,)}, BLEND.params(), context)
    assert output.name == "Möbel.blend"
    assert context.facts["verified_by"] == "Blender"
    assert list(context.staging.iterdir()) == [output.path]
    done = subprocess.run(
        ["blender", "-b", "--factory-startup", "--python-expr", LOOK, "--", str(output.path)],
        capture_output=True,
        text=True,
        check=True,
    )
    said = [
        line
        for line in done.stdout.splitlines()
        if line.split(" ")[0] in ("GROUP", "OBJECT", "NODES", "SEED")
    ]
    for line in (
        "GROUP Collision True ['UCX_body_01']",
        "GROUP LOD1 True ['arm_LOD1', 'body_LOD1']",
        "OBJECT arm MESH body",
        "OBJECT eye_camera CAMERA eye",
        "OBJECT spot_light LIGHT spot",
        "SEED 5",
    ):
        assert line in said


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
