"""Scenes that other programs trip over: every exporter takes them whole, or says in a sentence what is wrong."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.exporters.base import MESH_IN
from orfeas_desktop.engine.mesh.mesh import Material
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, write_scene
from orfeas_desktop.engine.scene.scene import Camera, Node, Scene, Transform
from orfeas_desktop.errors import BadMesh, ExportNotVerified, MeshUnfit, NotPrintable
from orfeas_desktop.printers import PrinterParams
from tests.engine.exporters.conftest import PAINT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh

every_exporter = pytest.mark.parametrize("entry", [exporter.id for exporter in EXPORTERS])
FLAT = {exporter.id for exporter in EXPORTERS if exporter.inputs == MESH_IN}
"""Formats without a tree: every place goes into the vertices, and of materials little more than colours."""
PROMISING = {exporter.id for exporter in EXPORTERS if issubclass(exporter.params, PrinterParams)}
"""Exporters that refuse what cannot be printed: they are given the largest bed and everything a hundred times smaller."""
BED = {"bed_width_mm": 5000, "bed_depth_mm": 5000, "bed_height_mm": 5000}


@pytest.fixture
def exporting(make_context: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    def run(entry: str, scene: Scene, **settings: object) -> Any:
        exporter = EXPORTERS[entry]
        if exporter.program and shutil.which(exporter.program.lower()) is None:
            pytest.skip(f"needs a {exporter.program}, which the program never installs")
        if entry in PROMISING:
            scene = Scene((Node("all", transform=Transform(scale=(0.01, 0.01, 0.01)), children=scene.nodes),))
            settings |= BED
        source = tmp_path / "in.glb"
        write_scene(scene, source, style=GltfStyle(pieces=True))
        context = make_context()
        params = exporter.params.check(entry, settings)
        exporter.run({"mesh": (local_file(source, AssetKind.mesh),)}, params, context)
        return context

    return run


@every_exporter
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
    context = exporting(entry, Scene((*nodes, Node("same", painted, Transform((-4.0, 0, 0))))))
    assert context.facts["faces"] == 12 * (len(names) + 1)
    for path in context.staging.rglob("*"):
        assert path.name.isascii()
        assert not set(path.name) & set('<>:"\\|?*')
        assert len(path.name) < 200


@every_exporter
def test_two_hundred_deep(entry: str, exporting: Callable[..., Any], cube: Mesh) -> None:
    node = Node("leaf", cube)
    for number in range(200):
        node = Node(f"n{number}", transform=Transform((0, 0.01, 0)), children=(node,))
    height = 20 if entry in PROMISING else 2000
    assert exporting(entry, Scene((node,))).facts["height_mm"] == pytest.approx(height)


@every_exporter
def test_many_nodes_of_one_mesh(entry: str, exporting: Callable[..., Any], cube: Mesh) -> None:
    count = 1000 if entry in ("glb", "obj") else 100
    nodes = tuple(Node(f"n{number}", cube, Transform((3.0 * number, 0, 0))) for number in range(count))
    assert exporting(entry, Scene(nodes)).facts["faces"] == 12 * count


@every_exporter
def test_no_uv_no_texture_or_vertex_colours_only(
    entry: str, exporting: Callable[..., Any], cube: Mesh
) -> None:
    bare = cube
    coloured = cube.changed(colors=np.arange(32, dtype=np.uint8).reshape(8, 4))
    scene = Scene((Node("bare", bare), Node("coloured", coloured, Transform((4, 0, 0)))))
    assert exporting(entry, scene).facts["faces"] == 24


@every_exporter
def test_a_flat_place_is_taken_or_named_and_nothing_stays(
    entry: str, exporting: Callable[..., Any], cube: Mesh
) -> None:
    """A scale of nothing: formats that only store it take it, those whose programs cannot undo it say which."""
    scene = Scene((Node("sound", cube), Node("Squashed", cube, Transform(scale=(1, 0, 1)))))
    if entry in ("fbx", "unity", "unity-package", "datasmith"):
        with pytest.raises(MeshUnfit, match="Squashed"):
            exporting(entry, scene)
    elif entry in PROMISING:
        with pytest.raises(NotPrintable, match="faces lie twice"):
            exporting(entry, scene)
    else:
        assert exporting(entry, scene).facts["faces"] == 24


@every_exporter
def test_nothing_to_write_is_said(entry: str, make_context: Callable[..., Any], tmp_path: Path) -> None:
    """A file without triangles is refused while it is read: nothing is written."""
    write_scene(Scene((Node("eye", camera=Camera()),)), tmp_path / "in.glb")
    context = make_context()
    with pytest.raises(BadMesh):
        EXPORTERS[entry].run(
            {"mesh": (local_file(tmp_path / "in.glb", AssetKind.mesh),)}, EXPORTERS[entry].params(), context
        )
    assert list(context.staging.iterdir()) == []


@pytest.mark.parametrize("slot", ["occlusion_texture", "base_color_texture"])
@every_exporter
def test_a_damaged_picture_is_named(entry: str, slot: str, exporting: Callable[..., Any], cube: Mesh) -> None:
    torn = replace(getattr(PAINT, slot), data=getattr(PAINT, slot).data[:60])
    mesh = cube.changed(uvs=(cube.vertices[:, :2].copy(),), materials=(replace(PAINT, **{slot: torn}),))
    scene = Scene((Node("a", mesh),))
    if entry in ("stl", "print-stl") or (entry in FLAT and slot == "occlusion_texture"):
        assert exporting(entry, scene).facts["faces"] == 12  # they do not write this picture
        return
    settings = {"preset": "unreal"} if entry == "fbx" else {"pack": True} if entry in ("glb", "gltf") else {}
    with pytest.raises((BadMesh, ExportNotVerified), match=r"damaged|reading it failed"):
        exporting(entry, scene, **settings)
