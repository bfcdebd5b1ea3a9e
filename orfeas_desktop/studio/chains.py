"""Chains: recipes checked before they run, and read back from what made an asset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.assets import AssetRef
from orfeas_desktop.engine.tools import RECIPE, TOOLS
from orfeas_desktop.errors import BadInput
from orfeas_desktop.recipes import RecipeStep, steps_from, steps_text
from orfeas_desktop.register import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orfeas_desktop.engine.jobs.context import WorkEntry
    from orfeas_desktop.params import Scalar
    from orfeas_desktop.projects.records import Version
    from orfeas_desktop.requests import JobRequest
    from orfeas_desktop.settings import Settings


def recipe_params(steps: Sequence[RecipeStep], settings: Settings) -> dict[str, Scalar]:
    """Return the settings of the tool `recipe` for these steps. Raises what `bound_steps` raises."""
    return {"steps": steps_text(bound_steps(steps, settings))}


def bound_steps(steps: Sequence[RecipeStep], settings: Settings) -> tuple[RecipeStep, ...]:
    """Return the steps bound to the versions of their tools of today and to what the user's `settings` begin with.

    Raises BadParams, which names the step that cannot run.
    """
    begun = [
        step.model_copy(update={"params": {**settings.begun(tool.params), **step.params}})
        for tool, _, step in RECIPE.planned(steps)
    ]
    return tuple(
        step.model_copy(update={"version": tool.version, "params": changed_params(tool.id, params.plain())})
        for tool, params, step in RECIPE.planned(begun)
    )


def changed_params(tool_id: str, values: dict[str, Scalar]) -> dict[str, Scalar]:
    """Return the settings that differ from the tool's defaults."""
    defaults = TOOLS[tool_id].params().plain()
    return {name: value for name, value in values.items() if value != defaults.get(name)}


def chain_of(version: Version, versions: Sequence[Version]) -> tuple[RecipeStep, ...]:
    """Return the tools that led to a version, of an asset's `versions`, first to last.

    Raises BadInput when no tool made it, or one took another mesh than the chain's first.
    """
    links: list[JobRequest] = []
    current: Version | None = version
    while current is not None:
        request = current.provenance.request
        if request is None or request.table is not Table.tools:
            break
        links.append(request)
        current = _before(current, request, versions)
    if not links:
        raise BadInput(entry="recipe", problem="no tool made this version")
    start = _given(links[-1], "mesh")
    return tuple(step for request in reversed(links) for step in _steps(request, start))


def _before(version: Version, request: JobRequest, versions: Sequence[Version]) -> Version | None:
    """Return the latest earlier version with the mesh that the request worked on."""
    given = _given(request, "mesh")
    earlier = [each for each in versions if each.number < version.number and "mesh" in each.files]
    return next((each for each in reversed(earlier) if each.files["mesh"].digest == given), None)


def _given(request: JobRequest, slot: str) -> str:
    files = request.inputs.get(slot, ())
    return next((item.digest for item in files if isinstance(item, AssetRef)), "")


def _steps(request: JobRequest, start: str) -> tuple[RecipeStep, ...]:
    if request.entry == RECIPE.id:
        try:
            return steps_from(str(request.params.get("steps", "")))
        except ValueError as problem:
            raise BadInput(entry="recipe", problem=str(problem)) from None
    other = _given(request, "other")
    if other and other != start:
        raise BadInput(
            entry="recipe", problem=f"“{request.entry}” took another mesh, which a recipe cannot name"
        )
    params = dict(request.params)
    known = changed_params(request.entry, params) if request.entry in TOOLS else params
    return (
        RecipeStep(tool=request.entry, params=known, version=request.version, other="start" if other else ""),
    )


def known_steps(text: str) -> tuple[tuple[WorkEntry | None, RecipeStep], ...]:
    """Return the steps that `text` holds with their tools, as far as this program has them; none when it holds none."""
    try:
        steps = steps_from(text)
    except ValueError:
        return ()
    tools = {tool.id: tool for tool in TOOLS}
    return tuple((tools.get(step.tool), step) for step in steps)
