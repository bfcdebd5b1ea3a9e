"""Recipes: chains of tools with their settings, shipped with the program or kept by the user."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from orfeas_desktop.params import Scalar
from orfeas_desktop.paths import RESOURCES
from orfeas_desktop.shelf import Shelf, Titled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHIPPED = RESOURCES / "recipes"
_MOST_STEPS = 50


class RecipeStep(BaseModel):
    """One tool with the settings that differ from its defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    tool: str
    params: dict[str, Scalar] = {}
    version: int = 0
    """The tool's version that `params` were made for; 0 is the one of today."""
    other: Literal["", "start"] = ""
    """What a tool that takes two meshes is given as the other: nothing, or the mesh that the chain began with."""
    when: Literal["always", "broken"] = "always"
    """`broken`: only when the mesh is not one closed surface without faces that pierce each other by then."""


class Recipe(Titled):
    """A chain of steps, each working on what the one before left."""

    steps: tuple[RecipeStep, ...] = Field(min_length=1, max_length=_MOST_STEPS)


class RecipeShelf(Shelf[Recipe]):
    """The program's recipes and the user's own, which lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Recipe, "recipes", folder, SHIPPED)


_STEPS = TypeAdapter(tuple[RecipeStep, ...])


def steps_text(steps: Sequence[RecipeStep]) -> str:
    """Write steps as one line of JSON, always the same for the same steps."""
    plain = [step.model_dump(mode="json", exclude_defaults=True) for step in steps]
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def steps_from(text: str) -> tuple[RecipeStep, ...]:
    """Read what `steps_text` wrote. Raises ValueError with a sentence for anything else."""
    try:
        steps = _STEPS.validate_json(text)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"these are no steps: {place} {first['msg']}".replace("  ", " ")) from None
    if not 1 <= len(steps) <= _MOST_STEPS:
        raise ValueError(f"a recipe has 1 to {_MOST_STEPS} steps, not {len(steps)}")
    return steps
