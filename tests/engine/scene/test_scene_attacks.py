"""Trees of strangers: deep, wide, tangled or lying ones are read in bounds or refused in one sentence."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.chores import CHORES
from orfeas_desktop.engine.mesh.glb import read_glb
from orfeas_desktop.engine.scene.gltf_scene import MAX_DEPTH
from orfeas_desktop.engine.scene.gltf_write_scene import KEPT, write_scene
from orfeas_desktop.engine.scene.reading import read_scene
from orfeas_desktop.engine.scene.scene import Node, Scene, Transform
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh


def altered(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change the document of the GLB at `path`."""
    data = path.read_bytes()
    length = int.from_bytes(data[12:16], "little")
    document = json.loads(data[20 : 20 + length])
    change(document)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + length :]
    head = struct.pack("<4sII", b"glTF", 2, 20 + len(text) + len(rest))
    path.write_bytes(head + struct.pack("<I4s", len(text), b"JSON") + text + rest)
    return path


@pytest.fixture
def crate(cube: Mesh, tmp_path: Path) -> Path:
    """A node with two levels and a piece, as the library keeps it: nodes 0 and 1 are levels, 2 the piece, 3 the crate."""
    node = Node("crate", cube, lods=(cube.changed(faces=cube.faces[:6]), cube), collision=(cube,))
    write_scene(Scene((node,)), tmp_path / "crate.glb", style=KEPT)
    return tmp_path / "crate.glb"


def refused(path: Path) -> str:
    with pytest.raises(BadMesh) as caught:
        read_scene(local_file(path, AssetKind.mesh))
    return str(caught.value.arguments["problem"])


def imported(path: Path, context: Any) -> Scene:
    entry = CHORES["import"]
    (output,) = entry.run({"file": (local_file(path, AssetKind.file),)}, entry.params(), context)
    return read_scene(local_file(output.path, AssetKind.mesh))


def test_the_deepest_and_a_wide_tree_come_into_the_library(
    cube: Mesh, tmp_path: Path, make_context: Callable[..., Any]
) -> None:
    write_scene(Scene((Node("leaf", cube, Transform((1, 0, 0))),)), tmp_path / "a.glb")

    def deep(document: dict[str, Any]) -> None:
        document["nodes"] += [{"name": f"n{number}", "children": [number]} for number in range(MAX_DEPTH)]
        document["scenes"] = [{"nodes": [MAX_DEPTH]}]

    scene = imported(altered(tmp_path / "a.glb", deep), make_context())
    assert max(placed.depth for placed in scene.walk()) == MAX_DEPTH
    nodes = tuple(Node(f"n {number}", cube, Transform((3.0 * number, 0, 0))) for number in range(2000))
    write_scene(Scene((Node("all", children=nodes),)), tmp_path / "b.glb")
    context = make_context()
    scene = imported(tmp_path / "b.glb", context)
    assert (context.facts["nodes"], context.facts["faces"]) == (2001, 24_000)
    assert len(scene.meshes()) == 1


def test_levels_cannot_multiply_beyond_the_limit(crate: Path) -> None:
    def many(document: dict[str, Any]) -> None:
        document["nodes"][3]["extensions"]["MSFT_lod"]["ids"] = [0, 1] * 101_000

    assert "more than" in refused(altered(crate, many))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda document: document["nodes"][3]["extensions"]["MSFT_lod"].update(ids=[99]), "node"),
        (lambda document: document["nodes"][3]["extras"].update(orfeas_collision=[99]), "node"),
        (lambda document: document["nodes"][2].update(mesh=99), "mesh"),
        (lambda document: document["nodes"][3].update(children=[3]), "loop"),
        (lambda document: document["nodes"][2].update(scale=[1e40, 1, 1]), "not finite|far out|place"),
    ],
)
def test_each_lie_about_levels_and_pieces_is_refused(
    crate: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    problem = refused(altered(crate, change))
    assert any(word in problem for word in said.split("|")), problem


@pytest.mark.parametrize("value", ["x", {"a": 1}, [True, "2", None], -1])
def test_extras_of_others_are_no_pieces(crate: Path, value: object) -> None:
    altered(crate, lambda document: document["nodes"][3]["extras"].update(orfeas_collision=value))
    scene = read_scene(local_file(crate, AssetKind.mesh))
    assert scene.pieces() == 0
    assert len(scene.nodes[0].lods) == 2


def test_a_node_may_be_its_own_level(crate: Path) -> None:
    altered(crate, lambda document: document["nodes"][0].update(extensions={"MSFT_lod": {"ids": [3]}}))
    assert "no triangles" in refused(crate)
    with pytest.raises(BadMesh, match="no triangles"):
        read_glb(crate)


def test_names_of_strangers_are_made_plain(cube: Mesh, tmp_path: Path) -> None:
    write_scene(Scene((Node("a", cube), Node("b", cube))), tmp_path / "a.glb")
    names = ["\u202eevil\x00\x1b[31m\nname" + "x" * 500, ""]

    def rename(document: dict[str, Any]) -> None:
        for node, name in zip(document["nodes"], names, strict=True):
            node["name"] = name
        document["meshes"][0]["name"] = "\x07"

    read = read_scene(local_file(altered(tmp_path / "a.glb", rename), AssetKind.mesh))
    for node in read.nodes:
        assert 0 < len(node.name) <= 200
        assert node.name.isprintable()
