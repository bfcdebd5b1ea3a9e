"""Recipes read back from what made an asset."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orfeas_desktop.assets import AssetKind, AssetRef
from orfeas_desktop.errors import BadInput, BadParams
from orfeas_desktop.recipes import RecipeStep, steps_text
from orfeas_desktop.register import Table
from orfeas_desktop.requests import JobRequest
from orfeas_desktop.settings import Settings
from orfeas_desktop.studio.chains import bound_steps, chain_of, known_steps, recipe_params
from tests.ui.made_up import an_asset


def mesh(digest: str) -> AssetRef:
    return AssetRef(digest, AssetKind.mesh, "m.glb", 1)


def version(number: int, request: JobRequest | None, digest: str):
    made = an_asset(1, "Cup").latest
    provenance = replace(made.provenance, request=request)
    return replace(made, id=number, number=number, provenance=provenance, files={"mesh": mesh(digest)})


def tool(entry: str, given: str, other: str = "", **params) -> JobRequest:
    inputs = {"mesh": (mesh(given),), **({"other": (mesh(other),)} if other else {})}
    return JobRequest(Table.tools, entry, 1, params, inputs)


RAW = version(1, None, "raw")
REPAIRED = version(2, tool("repair", "raw", close_holes=False, turn=True), "whole")
LOST = version(3, tool("mirror", "whole"), "lost")
BAKED = version(4, tool("bake", "whole", "raw", rays=8), "baked")


def test_the_tools_that_led_to_a_version_become_steps():
    steps = chain_of(BAKED, (RAW, REPAIRED, LOST, BAKED))
    assert [(step.tool, step.other) for step in steps] == [("repair", ""), ("bake", "start")]
    assert steps[1].params == {"rays": 8}
    text = steps_text([RecipeStep(tool="lod")])
    again = version(5, replace(tool("recipe", "baked"), params={"steps": text}), "lods")
    assert [step.tool for step in chain_of(again, (RAW, REPAIRED, BAKED, again))] == ["repair", "bake", "lod"]


def test_what_no_recipe_can_name_is_refused():
    with pytest.raises(BadInput, match="no tool made"):
        chain_of(RAW, (RAW,))
    foreign = version(3, tool("boolean", "whole", "something else"), "joined")
    with pytest.raises(BadInput, match="took another mesh"):
        chain_of(foreign, (RAW, REPAIRED, foreign))
    odd = version(2, replace(tool("recipe", "raw"), params={"steps": "odd"}), "x")
    with pytest.raises(BadInput, match="no steps"):
        chain_of(odd, (RAW, odd))


def test_steps_are_bound_to_the_tools_of_today():
    text = recipe_params([RecipeStep(tool="lod", params={"levels": 3, "share": 40.0})], Settings())["steps"]
    ((entry, step),) = known_steps(str(text))
    assert entry is not None
    assert step == RecipeStep(tool="lod", version=entry.version, params={"share": 40.0})
    assert known_steps("odd") == ()
    assert known_steps('[{"tool":"gone"}]')[0][0] is None
    with pytest.raises(BadParams):
        recipe_params([RecipeStep(tool="gone")], Settings())


def test_steps_begin_with_the_printer_of_the_settings_and_say_when_it_is_another():
    settings = Settings().changed("printing", {"printer": "resin", "min_wall_mm": 0.9})
    steps = [
        RecipeStep(tool="lay-on-bed"),
        RecipeStep(tool="thicken", params={"printer": "fdm"}),
        RecipeStep(tool="repair"),
    ]
    bed, thicken, repair = bound_steps(steps, settings)
    assert bed.params == {"printer": "resin", "min_wall_mm": 0.9}
    assert thicken.params == {"min_wall_mm": 0.9}
    assert repair.params == {}
