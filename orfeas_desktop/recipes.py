"""Recipes: chains of tools with their settings, shipped with the program or kept by the user."""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from orfeas_desktop.errors import BadInput, DiskFull, NameMissing, NameTaken, PermissionDenied, UnknownEntry
from orfeas_desktop.params import Scalar
from orfeas_desktop.paths import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHIPPED = RESOURCES / "recipes"
_MOST_STEPS = 50
_MOST_BYTES = 1_000_000

_log = logging.getLogger(__name__)


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


class Recipe(BaseModel):
    """A chain of steps, each working on what the one before left."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=100)
    summary: str = Field("", max_length=400)
    steps: tuple[RecipeStep, ...] = Field(min_length=1, max_length=_MOST_STEPS)


@dataclass(frozen=True)
class KnownRecipe:
    """A recipe and the name it is asked for by; `own` ones can be removed."""

    id: str
    recipe: Recipe
    own: bool


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


@dataclass(frozen=True)
class RecipeShelf:
    """Every recipe: those that ship with the program, then the user's own, which lie in `folder`."""

    folder: Path
    shipped: Path = SHIPPED

    def all(self) -> tuple[KnownRecipe, ...]:
        """Return every recipe that can be read; what cannot is logged."""
        found = {known.id: known for known in (*self._read(self.folder, own=True),)}
        found |= {known.id: known for known in self._read(self.shipped, own=False)}
        return tuple(sorted(found.values(), key=lambda known: (known.own, known.id)))

    def get(self, recipe_id: str) -> KnownRecipe:
        """Return one recipe. Raises UnknownEntry, which names the known ones."""
        known = {recipe.id: recipe for recipe in self.all()}
        if recipe_id not in known:
            raise UnknownEntry(entry=recipe_id, table="recipes", known=", ".join(known))
        return known[recipe_id]

    def save(self, recipe: Recipe) -> KnownRecipe:
        """Keep a recipe of the user's; one of the same title is replaced.

        Raises NameMissing, NameTaken for the name of a shipped one, DiskFull, PermissionDenied.
        """
        name = id_of(recipe.title)
        if not name:
            raise NameMissing
        if (self.shipped / f"{name}.json").exists():
            raise NameTaken(name=recipe.title)
        target = self.folder / f"{name}.json"
        text = recipe.model_dump_json(indent=2, exclude_defaults=True) + "\n"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{target.name}")
            temporary.write_text(text, "utf-8")
            temporary.replace(target)
        except PermissionError:
            raise PermissionDenied(place=str(self.folder)) from None
        except OSError as problem:
            raise DiskFull(place=str(self.folder), details=str(problem)) from None
        return KnownRecipe(name, recipe, own=True)

    def remove(self, recipe_id: str) -> None:
        """Forget a recipe of the user's. Raises UnknownEntry, and BadInput for a shipped one."""
        if not self.get(recipe_id).own:
            raise BadInput(entry=recipe_id, problem="recipes that ship with the program stay")
        (self.folder / f"{recipe_id}.json").unlink(missing_ok=True)

    @staticmethod
    def _read(folder: Path, *, own: bool) -> list[KnownRecipe]:
        found: list[KnownRecipe] = []
        for path in sorted(folder.glob("[!.]*.json")) if folder.is_dir() else ():
            try:
                with path.open("rb") as stream:
                    text = stream.read(_MOST_BYTES)
                found.append(KnownRecipe(path.stem, Recipe.model_validate_json(text), own))
            except (OSError, ValueError) as problem:
                _log.warning("the recipe %s cannot be read: %s", path.name, problem)
        return found


def id_of(title: str) -> str:
    """Return what a recipe of that title is asked for by: lower case with hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
