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
from tests.textured import NEED_TEXTURES, textured

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.assets import LocalFile
    from orfeas_desktop.engine.jobs.context import WorkEntry
    from orfeas_desktop.engine.mesh.mesh import Mesh

every_tool = pytest.mark.parametrize("tool", list(TOOLS), ids=lambda tool: tool.id)


@pytest.fixture(params=["cube", "ball"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> LocalFile:
    mesh: Mesh = request.getfixturevalue(request.param)
    write_glb(mesh.changed(extras={"seed": 5}), tmp_path / "in.glb")
    return local_file(tmp_path / "in.glb", AssetKind.mesh, f"{request.param}.glb")


def given(tool: WorkEntry, source: LocalFile) -> dict[str, tuple[LocalFile, ...]]:
    """The file for every input the tool cannot do without; the other mesh is the first, moved aside."""
    files = {"mesh": (with_textures(source) if tool.id in NEED_TEXTURES else source,)}
    if tool.input("other"):
        path = source.path.with_name("other.glb")
        if source.path.suffix == ".glb" and not path.exists():
            mesh = read_glb(source.path)
            write_glb(mesh.changed(vertices=mesh.vertices + mesh.vertices.max() * np.float32(0.3)), path)
        other = path if path.exists() else source.path
        files["other"] = (local_file(other, AssetKind.mesh, source.name),)
    return files


def with_textures(source: LocalFile) -> LocalFile:
    """The file with a layout and a texture, which it may lack."""
    path = source.path.with_name("textured.glb")
    if source.path.suffix == ".glb" and not path.exists():
        write_glb(textured(read_glb(source.path)), path)
    return local_file(path, source.kind, source.name) if path.exists() else source


BED: dict[str, Any] = {"bed_width_mm": 5000, "bed_depth_mm": 5000, "bed_height_mm": 5000}
MOST_CHOICES = 8
"""Of longer lists, which come from data files, the ends stand for the rest."""
MOST_LOOKS = 30
"""A slow machine looks at work in a child ever so often, each time at the same place."""
LIGHT: dict[str, dict[str, Any]] = {
    "rebuild": {"cells": 32, "texture_side": 64},
    "remesh": {"faces": 300, "cells": 32, "texture_side": 64},
    "unwrap": {"texture_side": 128},
    "bake": {"texture_side": 64, "rays": 4},
    "print-check": BED,
    "thicken": BED,
    "orient": BED,
    "lay-on-bed": BED,
    "hollow": {"cells": 32, "wall_mm": 6.0, "holes": 1},
}
"""Settings that make a tool quick where only its manners matter."""


def light(tool: WorkEntry, **settings: Any) -> Any:
    return tool.params.check(tool.id, LIGHT.get(tool.id, {}) | settings)


def tool_slot(tool: WorkEntry, name: str) -> bool:
    return any(slot.name == name for slot in tool.outputs)


@every_tool
def test_it_says_what_it_is(tool: WorkEntry) -> None:
    assert tool.title
    assert tool.summary.endswith(".")
    assert tool.inputs[0].name == tool.outputs[0].name == "mesh"
    assert {slot.name for slot in tool.inputs} <= {"mesh", "other"}
    assert {slot.name for slot in tool.outputs} <= {"mesh", "parts", "lods", "collision", "maps", "report"}
    for field in tool.params.fields():
        assert field.title
        assert field.help.endswith(".")


@every_tool
def test_same_input_same_bytes_facts_and_nothing_else_left(
    tool: WorkEntry, source: LocalFile, make_context: Callable[..., Any]
) -> None:
    made: list[list[bytes]] = []
    for _ in range(2):
        context = make_context()
        outputs = tool.run(given(tool, source), light(tool), context)
        assert set(context.staging.rglob("*")) == {output.path for output in outputs} | set(context.previews)
        assert outputs[0].name == source.name
        assert all(tool_slot(tool, output.slot) for output in outputs)
        made.append([output.path.read_bytes() for output in outputs])
    assert made[0] == made[1]
    mesh = read_glb(outputs[0].path)
    assert context.facts["faces"] == mesh.face_count
    assert {"faces_before", "vertices_before", "watertight"} <= context.facts.keys()


@every_tool
def test_a_closed_textured_mesh_stays_so_and_keeps_its_recipe(
    tool: WorkEntry, source: LocalFile, make_context: Callable[..., Any]
) -> None:
    before = read_glb(source.path)
    output, *_ = tool.run(given(tool, source), light(tool), make_context())
    after = read_glb(output.path)
    facts = mesh_facts(after)
    assert facts.watertight
    assert facts.volume_m3 is not None
    assert facts.volume_m3 > 0
    if not getattr(tool, "new_surface", False):
        assert after.materials == before.materials
        assert len(after.uvs) == len(before.uvs)
    assert after.extras == {"seed": 5}
    if after.normals is not None:
        np.testing.assert_allclose(np.linalg.norm(after.normals, axis=1), 1, atol=1e-3)


@every_tool
def test_progress_rises_to_one_in_every_stage(
    tool: WorkEntry, source: LocalFile, make_context: Callable[..., Any]
) -> None:
    context = make_context()
    tool.run(given(tool, source), light(tool), context)
    for stage in context.stages:
        told = [fraction for title, fraction in context.fractions if title == stage]
        assert told == sorted(told)
        assert told[-1] == 1.0


@every_tool
def test_a_cancel_is_obeyed_wherever_it_comes(
    tool: WorkEntry, source: LocalFile, make_context: Callable[..., Any]
) -> None:
    whole = make_context()
    tool.run(given(tool, source), light(tool), whole)
    for look in range(1, min(whole.looks, MOST_LOOKS) + 1):
        context = make_context(cancel_at=look)
        try:
            tool.run(given(tool, source), light(tool), context)
        except Cancelled:
            continue
        # Work in a child is looked at while it lasts, so a quicker run can be over before as many looks.
        assert context.looks < look


@every_tool
def test_settings_survive_json_and_bad_ones_are_refused(tool: WorkEntry) -> None:
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
    tool: WorkEntry, source: LocalFile, make_context: Callable[..., Any]
) -> None:
    for field in tool.params.fields():
        values: list[Any] = [choice.value for choice in field.choices]
        values = values[:2] + values[-2:] if len(values) > MOST_CHOICES else values
        values += [True, False] if field.kind.value == "boolean" else []
        if field.name not in LIGHT.get(tool.id, {}):
            values += [edge for edge in (field.minimum, field.maximum) if edge is not None]
        for value in values:
            params = light(tool, **{field.name: value})
            output, *_ = tool.run(given(tool, source), params, make_context())
            assert mesh_facts(read_glb(output.path)).watertight


@every_tool
def test_a_broken_mesh_is_named(tool: WorkEntry, tmp_path: Path, make_context: Callable[..., Any]) -> None:
    (tmp_path / "bad").write_bytes(b"glTF and then nothing")
    broken = local_file(tmp_path / "bad", AssetKind.mesh, "My chair.glb")
    context = make_context()
    with pytest.raises(BadMesh, match=r"My chair\.glb"):
        tool.run(given(tool, broken), tool.params(), context)
    assert list(context.staging.iterdir()) == []
