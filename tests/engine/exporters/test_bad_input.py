"""Scenes that other programs trip over: every exporter takes them whole, or says in a sentence what is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.mesh.mesh import Material
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, write_scene
from orfeas_desktop.engine.scene.scene import Camera, Node, Scene, Transform
from orfeas_desktop.errors import BadMesh, ExportNotVerified, MeshUnfit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh

TREES = (
    "glb",
    "gltf",
    "fbx",
    "unity",
    "unity-package",
    "datasmith",
    "godot",
    "usd",
    "usdz",
    "obj",
    "stl",
    "ply",
    "3mf",
)
every_tree = pytest.mark.parametrize("entry", TREES)
FLAT = ("obj", "stl", "ply", "3mf")
"""Formats without a tree: every place goes into the vertices."""


@pytest.fixture
def exporting(make_context: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    def run(entry: str, scene: Scene, **settings: object) -> Any:
        source = tmp_path / "in.glb"
        write_scene(scene, source, style=GltfStyle(pieces=True))
        context = make_context()
        exporter = EXPORTERS[entry]
        params = exporter.params.check(entry, settings)
        exporter.run({"mesh": (local_file(source, AssetKind.mesh),)}, params, context)
        return context

    return run


@every_tree
def test_forbidden_equal_and_foreign_names(entry: str, exporting: Callable[..., Any], cube: Mesh) -> None:
    names = [
        "CON",
        "a/b\\c:d*?",
        "Möbel 椅子 🪑",
        "same",
        "same",
        "SAME",
        "",
        " . ",
        "x" * 300,
        "nul\0l",
        "_lead",
    ]
    nodes = tuple(
        Node(name or "-", cube, Transform((3.0 * number, 0, 0))) for number, name in enumerate(names)
    )
    looks = tuple(Material(name or "-") for name in names)
    painted = cube.changed(materials=looks[:2], face_materials=np.array([0, 1] * 6, np.int32), name="a/b")
    context = exporting(entry, Scene((*nodes, Node("same", painted))))
    assert context.facts["faces"] == 12 * (len(names) + 1)
    for path in context.staging.rglob("*"):
        assert path.name.isascii()
        assert not set(path.name) & set('<>:"\\|?*')
        assert len(path.name) < 200


@every_tree
def test_two_hundred_deep(entry: str, exporting: Callable[..., Any], cube: Mesh) -> None:
    node = Node("leaf", cube)
    for number in range(200):
        node = Node(f"n{number}", transform=Transform((0, 0.01, 0)), children=(node,))
    assert exporting(entry, Scene((node,))).facts["height_mm"] == pytest.approx(2000)


@every_tree
def test_many_nodes_of_one_mesh(entry: str, exporting: Callable[..., Any], cube: Mesh) -> None:
    count = 1000 if entry in ("glb", "obj") else 100
    nodes = tuple(Node(f"n{number}", cube, Transform((3.0 * number, 0, 0))) for number in range(count))
    assert exporting(entry, Scene(nodes)).facts["faces"] == 12 * count


@every_tree
def test_no_uv_no_texture_or_vertex_colours_only(
    entry: str, exporting: Callable[..., Any], cube: Mesh
) -> None:
    bare = cube
    coloured = cube.changed(colors=np.arange(32, dtype=np.uint8).reshape(8, 4))
    scene = Scene((Node("bare", bare), Node("coloured", coloured, Transform((4, 0, 0)))))
    assert exporting(entry, scene).facts["faces"] == 24


@every_tree
def test_a_flat_place_is_taken_or_named_and_nothing_stays(
    entry: str, exporting: Callable[..., Any], cube: Mesh
) -> None:
    """A scale of nothing: formats that only store it take it, those whose programs cannot undo it say which."""
    scene = Scene((Node("sound", cube), Node("Squashed", cube, Transform(scale=(1, 0, 1)))))
    if entry in ("fbx", "unity", "unity-package", "datasmith"):
        with pytest.raises(MeshUnfit, match="Squashed"):
            exporting(entry, scene)
        return
    assert exporting(entry, scene).facts["faces"] == 24


@every_tree
def test_nothing_to_write_is_said(entry: str, make_context: Callable[..., Any], tmp_path: Path) -> None:
    """A file without triangles is refused while it is read: nothing is written."""
    write_scene(Scene((Node("eye", camera=Camera()),)), tmp_path / "in.glb")
    context = make_context()
    with pytest.raises(BadMesh):
        EXPORTERS[entry].run(
            {"mesh": (local_file(tmp_path / "in.glb", AssetKind.mesh),)}, EXPORTERS[entry].params(), context
        )
    assert list(context.staging.iterdir()) == []


@every_tree
def test_a_damaged_picture_is_named(entry: str, exporting: Callable[..., Any], asset: Scene) -> None:
    ell = asset.nodes[0].mesh
    torn = replace(ell.materials[0].occlusion_texture, data=ell.materials[0].occlusion_texture.data[:60])
    mesh = ell.changed(materials=(replace(ell.materials[0], occlusion_texture=torn), ell.materials[1]))
    if entry in FLAT:  # which do not write this picture
        assert exporting(entry, Scene((Node("a", mesh),))).facts["faces"] == mesh.face_count
        return
    settings = {"preset": "unreal"} if entry == "fbx" else {"pack": True} if entry in ("glb", "gltf") else {}
    with pytest.raises((BadMesh, ExportNotVerified), match=r"damaged|reading it failed"):
        exporting(entry, Scene((Node("a", mesh),)), **settings)
