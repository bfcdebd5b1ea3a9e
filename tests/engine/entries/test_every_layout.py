"""What every layout promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pygltflib
import pytest
import trimesh

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.layouts import LAYOUTS
from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.errors import BadMesh, BadParams, Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.assets import LocalFile
    from orfeas_desktop.engine.layouts.base import Layout
    from orfeas_desktop.engine.mesh.mesh import Mesh

every_layout = pytest.mark.parametrize("layout", list(LAYOUTS), ids=lambda layout: layout.id)


@pytest.fixture
def sources(tmp_path: Path, cube: Mesh, ball: Mesh) -> tuple[LocalFile, ...]:
    """Five meshes, two of them the same, of different sizes and units, none around the origin."""
    made: list[LocalFile] = []
    for index, mesh in enumerate([cube, ball, cube, ball.changed(metres_per_unit=0.02)]):
        moved = mesh.changed(vertices=mesh.vertices + np.float32(index % 2 + 1))
        write_glb(moved, tmp_path / f"{index}.glb")
        made.append(local_file(tmp_path / f"{index}.glb", AssetKind.mesh, f"thing {index % 3}.glb"))
    return (*made, made[0])


@every_layout
def test_it_says_what_it_is(layout: Layout[Any]) -> None:
    assert layout.title
    assert layout.summary.endswith(".")
    assert [slot.name for slot in (*layout.inputs, *layout.outputs)] == ["meshes", "mesh"]
    assert layout.inputs[0].many
    for field in layout.params.fields():
        assert field.title
        assert field.help.endswith(".")


@every_layout
def test_same_input_same_bytes_and_nothing_else_left(
    layout: Layout[Any], sources: tuple[LocalFile, ...], make_context: Callable[..., Any]
) -> None:
    made: list[bytes] = []
    for _ in range(2):
        context = make_context()
        (output,) = layout.run({"meshes": sources}, layout.params(), context)
        assert set(context.staging.rglob("*")) == {output.path}
        made.append(output.path.read_bytes())
    assert made[0] == made[1]
    assert context.facts["meshes"] == 5
    assert read_glb(output.path).face_count == context.facts["faces"]
    document = pygltflib.GLTF2().load(str(output.path))
    assert len({node.name for node in document.nodes}) == 5
    assert document.nodes[0].mesh == document.nodes[4].mesh


def boxes(path: Path) -> np.ndarray:
    """Return (N, 2, 3) the bounds of each node as trimesh sees them."""
    scene = trimesh.load_scene(path, process=False)
    corners: dict[str, list[np.ndarray]] = {}
    for name in scene.graph.nodes_geometry:
        matrix, geometry = scene.graph[name]
        owner = scene.graph.transforms.parents.get(name, name)
        key = name if owner in ("world", scene.graph.base_frame) else owner
        points = trimesh.transform_points(scene.geometry[geometry].vertices, matrix)
        corners.setdefault(key, []).append(points)
    return np.array(
        [[np.concatenate(p).min(axis=0), np.concatenate(p).max(axis=0)] for p in corners.values()]
    )


@every_layout
def test_nothing_overlaps_and_all_stand_on_the_floor(
    layout: Layout[Any], sources: tuple[LocalFile, ...], make_context: Callable[..., Any]
) -> None:
    (output,) = layout.run({"meshes": sources}, layout.params(), make_context())
    placed = boxes(output.path)
    assert len(placed) == 5
    np.testing.assert_allclose(placed[:, 0, 1], 0, atol=1e-6)
    for one in range(5):
        for other in range(one):
            apart = np.maximum(placed[one, 0] - placed[other, 1], placed[other, 0] - placed[one, 1])
            assert apart[[0, 2]].max() > 0
    middle = (placed[:, 0].min(axis=0) + placed[:, 1].max(axis=0)) / 2
    assert np.abs(middle[[0, 2]]).max() < 0.5


@every_layout
def test_one_alone_stands_in_the_middle(
    layout: Layout[Any], sources: tuple[LocalFile, ...], make_context: Callable[..., Any]
) -> None:
    (output,) = layout.run({"meshes": sources[:1]}, layout.params(), make_context())
    low, high = read_glb(output.path).bounds
    np.testing.assert_allclose(((low + high) / 2)[[0, 2]], 0, atol=1e-6)


@every_layout
def test_progress_rises_to_one_in_every_stage_and_cancel_is_obeyed(
    layout: Layout[Any], sources: tuple[LocalFile, ...], make_context: Callable[..., Any]
) -> None:
    context = make_context()
    layout.run({"meshes": sources}, layout.params(), context)
    for stage in context.stages:
        told = [fraction for title, fraction in context.fractions if title == stage]
        assert told == sorted(told)
        assert told[-1] == 1.0
    for look in range(1, context.looks + 1):
        with pytest.raises(Cancelled):
            layout.run({"meshes": sources}, layout.params(), make_context(cancel_at=look))


@every_layout
def test_settings_survive_json_and_bad_ones_are_refused(layout: Layout[Any]) -> None:
    params = layout.params()
    assert layout.params.check(layout.id, params.plain()) == params
    for field in layout.params.fields():
        for value in ("no such value", -1):
            with pytest.raises(BadParams):
                layout.params.check(layout.id, {field.name: value})
    with pytest.raises(BadParams):
        layout.params.check(layout.id, {"no such setting": 1})


@every_layout
def test_a_broken_mesh_is_named(
    layout: Layout[Any], tmp_path: Path, make_context: Callable[..., Any]
) -> None:
    (tmp_path / "bad").write_bytes(b"glTF and then nothing")
    broken = local_file(tmp_path / "bad", AssetKind.mesh, "My chair.glb")
    with pytest.raises(BadMesh, match=r"My chair\.glb"):
        layout.run({"meshes": (broken,)}, layout.params(), make_context())
