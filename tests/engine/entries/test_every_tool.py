"""What every mesh tool promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.errors import BadMesh, BadParams, Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.assets import LocalFile
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.tools.base import MeshTool

every_tool = pytest.mark.parametrize("tool", list(TOOLS), ids=lambda tool: tool.id)


@pytest.fixture(params=["cube", "ball"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> LocalFile:
    mesh: Mesh = request.getfixturevalue(request.param)
    write_glb(mesh.changed(extras={"seed": 5}), tmp_path / "in.glb")
    return local_file(tmp_path / "in.glb", AssetKind.mesh, f"{request.param}.glb")


@every_tool
def test_it_says_what_it_is(tool: MeshTool[Any]) -> None:
    assert tool.title
    assert tool.summary.endswith(".")
    assert [slot.name for slot in (*tool.inputs, *tool.outputs)] == ["mesh", "mesh"]
    for field in tool.params.fields():
        assert field.title
        assert field.help.endswith(".")


@every_tool
def test_same_input_same_bytes_facts_and_nothing_else_left(
    tool: MeshTool[Any], source: LocalFile, make_context: Callable[..., Any]
) -> None:
    made: list[bytes] = []
    for _ in range(2):
        context = make_context()
        (output,) = tool.run({"mesh": (source,)}, tool.params(), context)
        assert set(context.staging.rglob("*")) == {output.path}
        assert output.name == source.name
        made.append(output.path.read_bytes())
    assert made[0] == made[1]
    mesh = read_glb(output.path)
    assert context.facts["faces"] == mesh.face_count
    assert {"faces_before", "vertices_before", "watertight"} <= context.facts.keys()


@every_tool
def test_a_closed_textured_mesh_stays_so_and_keeps_its_recipe(
    tool: MeshTool[Any], source: LocalFile, make_context: Callable[..., Any]
) -> None:
    before = read_glb(source.path)
    (output,) = tool.run({"mesh": (source,)}, tool.params(), make_context())
    after = read_glb(output.path)
    facts = mesh_facts(after)
    assert facts.watertight
    assert facts.volume_m3 is not None
    assert facts.volume_m3 > 0
    assert after.materials == before.materials
    assert len(after.uvs) == len(before.uvs)
    assert after.extras == {"seed": 5}
    if after.normals is not None:
        np.testing.assert_allclose(np.linalg.norm(after.normals, axis=1), 1, atol=1e-3)


@every_tool
def test_progress_rises_to_one_in_every_stage(
    tool: MeshTool[Any], source: LocalFile, make_context: Callable[..., Any]
) -> None:
    context = make_context()
    tool.run({"mesh": (source,)}, tool.params(), context)
    for stage in context.stages:
        told = [fraction for title, fraction in context.fractions if title == stage]
        assert told == sorted(told)
        assert told[-1] == 1.0


@every_tool
def test_a_cancel_is_obeyed_wherever_it_comes(
    tool: MeshTool[Any], source: LocalFile, make_context: Callable[..., Any]
) -> None:
    whole = make_context()
    tool.run({"mesh": (source,)}, tool.params(), whole)
    for look in range(1, whole.looks + 1):
        with pytest.raises(Cancelled):
            tool.run({"mesh": (source,)}, tool.params(), make_context(cancel_at=look))


@every_tool
def test_settings_survive_json_and_bad_ones_are_refused(tool: MeshTool[Any]) -> None:
    params = tool.params()
    assert tool.params.check(tool.id, params.plain()) == params
    with pytest.raises(BadParams):
        tool.params.check(tool.id, {"no such setting": 1})
    for field in tool.params.fields():
        with pytest.raises(BadParams):
            tool.params.check(tool.id, {field.name: "no such value"})
        for edge in (field.minimum, field.maximum):
            if edge is not None:
                beyond = edge - 1 if edge == field.minimum else edge + 1
                with pytest.raises(BadParams):
                    tool.params.check(tool.id, {field.name: beyond})


@every_tool
def test_every_choice_leaves_a_whole_mesh(
    tool: MeshTool[Any], source: LocalFile, make_context: Callable[..., Any]
) -> None:
    for field in tool.params.fields():
        values: list[Any] = [choice.value for choice in field.choices]
        values += [True, False] if field.kind.value == "boolean" else []
        values += [edge for edge in (field.minimum, field.maximum) if edge is not None]
        for value in values:
            params = tool.params.check(tool.id, {field.name: value})
            (output,) = tool.run({"mesh": (source,)}, params, make_context())
            assert mesh_facts(read_glb(output.path)).watertight


@every_tool
def test_a_broken_mesh_is_named(
    tool: MeshTool[Any], tmp_path: Path, make_context: Callable[..., Any]
) -> None:
    (tmp_path / "bad").write_bytes(b"glTF and then nothing")
    broken = local_file(tmp_path / "bad", AssetKind.mesh, "My chair.glb")
    context = make_context()
    with pytest.raises(BadMesh, match=r"My chair\.glb"):
        tool.run({"mesh": (broken,)}, tool.params(), context)
    assert list(context.staging.iterdir()) == []
