"""Several tools as one step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.engine.tools import RECIPE
from orfeas_desktop.errors import BadParams, MeshUnfit
from orfeas_desktop.recipes import RecipeStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh

GAME = [
    {"tool": "repair"},
    {"tool": "decimate", "params": {"faces": 800}},
    {"tool": "unwrap", "params": {"texture_side": 128}},
    {"tool": "bake", "params": {"texture_side": 128, "rays": 4}, "other": "start"},
    {"tool": "lod", "params": {"levels": 2}},
    {"tool": "collision"},
]


def steps(*given: dict[str, object]) -> str:
    return json.dumps(given)


def test_a_raw_mesh_becomes_a_game_asset_in_one_step(run_tool: Callable[..., Any], damaged: Mesh) -> None:
    ran = run_tool("recipe", damaged, steps=steps(*GAME))
    assert [path.name for path in ran.previews] == ["step4-so-far-1.png"]
    assert ran.previews[0].exists()
    assert ran.mesh.face_count <= 800
    assert ran.facts["watertight"] is True
    assert ran.facts["watertight_before"] is False
    assert ran.facts["faces_before"] == damaged.face_count
    assert ran.facts["faces"] == ran.mesh.face_count
    assert ran.facts["steps"] == 6
    assert 0 < ran.facts["distance_mean_mm"] < 1
    assert ran.mesh.materials[0].normal_map is not None
    assert list(ran.parts) == ["mesh-lod1.glb", "mesh-lod2.glb", "mesh-collision1.glb"]


def test_levels_of_a_mesh_that_changes_afterwards_are_not_kept(
    run_tool: Callable[..., Any], torus: Mesh
) -> None:
    ran = run_tool("recipe", torus, steps=steps({"tool": "lod"}, {"tool": "mirror"}))
    assert ran.parts == {}
    again = run_tool("recipe", torus, steps=steps({"tool": "lod"}, {"tool": "lod", "params": {"levels": 1}}))
    assert list(again.parts) == ["mesh-lod1.glb"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nonsense", "no steps"),
        ("[]", "1 to 50 steps"),
        ('[{"tool": "repair", "unknown": 1}]', "no steps"),
        ('[{"tool": "lod", "other": "somewhere"}]', "no steps"),
    ],
)
def test_what_holds_no_steps_is_refused(text: str, problem: str) -> None:
    with pytest.raises(BadParams, match=problem):
        RECIPE.params.check("recipe", {"steps": text})


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (RecipeStep(tool="recipe"), "step 2: there is no tool “recipe”"),
        (RecipeStep(tool="decimate", params={"faces": -1}), r"step 2 \(decimate\): faces must be at least 0"),
        (RecipeStep(tool="lod", version=99), r"step 2 \(lod\): made for version 99"),
        (RecipeStep(tool="boolean"), r"step 2 \(boolean\): it needs “other”"),
    ],
)
def test_a_step_that_cannot_run_is_named_before_anything_runs(step: RecipeStep, problem: str) -> None:
    with pytest.raises(BadParams, match=problem):
        RECIPE.planned((RecipeStep(tool="repair"), step))


def test_a_step_that_fails_ends_it_and_leaves_nothing(
    run_tool: Callable[..., Any], torus: Mesh, tmp_path: Any
) -> None:
    with pytest.raises(MeshUnfit, match="no texture layout"):
        run_tool("recipe", torus, steps=steps({"tool": "repair"}, {"tool": "bake", "other": "start"}))
    assert not list(tmp_path.rglob("step*"))


def test_a_tool_that_takes_one_mesh_passes_the_start_over(run_tool: Callable[..., Any], cube: Mesh) -> None:
    ran = run_tool("recipe", cube, steps=steps({"tool": "mirror", "other": "start"}))
    assert np.isfinite(ran.mesh.vertices).all()


def test_a_step_for_broken_meshes_is_left_out_for_whole_ones(
    run_tool: Callable[..., Any], torus: Mesh, damaged: Mesh
) -> None:
    rebuild = {"tool": "rebuild", "params": {"cells": 32}, "when": "broken"}
    whole = run_tool("recipe", torus, steps=steps(rebuild))
    assert whole.mesh.face_count == torus.face_count
    assert run_tool("recipe", damaged, steps=steps(rebuild)).facts["watertight"] is True
