"""Recipe: several tools one after the other, as one step."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pydantic import field_validator

from orfeas_desktop.assets import ALONG, AssetKind, LocalFile, local_file
from orfeas_desktop.engine.jobs.checking import check_slots, checked_params
from orfeas_desktop.engine.jobs.context import Inputs, JobContext, Output, WorkEntry
from orfeas_desktop.engine.mesh.distance import surface_distance
from orfeas_desktop.engine.mesh.files import read_mesh_file
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.inspection import Inspection
from orfeas_desktop.engine.tools.base import MESH_IN, MESH_OUT, MeshTool
from orfeas_desktop.engine.tools.workshop import (
    COLLISION_OUT,
    LODS_OUT,
    MAPS_OUT,
    PARTS_OUT,
    REPORT_OUT,
)
from orfeas_desktop.errors import BadParams
from orfeas_desktop.params import Params, param
from orfeas_desktop.recipes import RecipeStep, steps_from
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.params import Scalar

_SHARES = {"Read": 0.1, "Change": 0.65, "Compare": 0.15, "Write": 0.1}
"""How much of a step each of its stages takes, roughly."""


class RecipeParams(Params):
    """Settings of the tool `recipe`."""

    steps: str = param(
        '[{"tool":"repair"}]',
        QT_TRANSLATE_NOOP("Params", "Steps"),
        QT_TRANSLATE_NOOP(
            "Params", "The tools with their settings, as JSON; “orfeas recipe show” prints it."
        ),
    )

    @field_validator("steps")
    @classmethod
    def _are_steps(cls, text: str) -> str:
        steps_from(text)
        return text


@dataclass(frozen=True, kw_only=True)
class RecipeTool(WorkEntry):
    """Runs steps in a row; the first failure ends it and nothing is left.

    Further meshes stay when no later step changes the mesh that they belong to.
    """

    tools: Mapping[str, WorkEntry] = field(repr=False)
    inputs: tuple[Slot, ...] = MESH_IN
    outputs: tuple[Slot, ...] = (*MESH_OUT, LODS_OUT, COLLISION_OUT, PARTS_OUT, MAPS_OUT, REPORT_OUT)
    lane: Lane = Lane.cpu

    def planned(self, steps: Sequence[RecipeStep]) -> tuple[tuple[WorkEntry, Params, RecipeStep], ...]:
        """Return each step's tool and checked settings. Raises BadParams, which names the step."""
        found: list[tuple[WorkEntry, Params, RecipeStep]] = []
        for number, step in enumerate(steps, start=1):
            tool = self.tools.get(step.tool)
            if tool is None:
                raise BadParams(entry=self.id, problem=f"step {number}: there is no tool “{step.tool}”")
            try:
                params = checked_params(tool, step.params, step.version or tool.version)
            except BadParams as problem:
                raise BadParams(
                    entry=self.id, problem=f"step {number} ({tool.id}): {problem.arguments['problem']}"
                ) from None
            other = tool.input("other")
            if other is not None and other.required and not step.other:
                raise BadParams(
                    entry=self.id, problem=f"step {number} ({tool.id}): it needs “other”, such as “start”"
                )
            found.append((tool, params, step))
        return tuple(found)

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Leave the last step's mesh with what belongs to it; facts tell before, after and, unless moved, the distance.

        Raises BadParams for steps that cannot be run, and what the tools raise.
        """
        start = inputs["mesh"][0]
        plan = self.planned(steps_from(cast("RecipeParams", params).steps))
        kept = Kept(context, start)
        for number, (tool, settings, step) in enumerate(plan, start=1):
            given: dict[str, tuple[LocalFile, ...]] = {"mesh": (kept.mesh,)}
            if step.other and tool.input("other"):
                given["other"] = (start,)
            check_slots(tool, given)
            with context.stage(tool.title):
                if step.when == "broken" and not _broken(read_mesh_file(kept.mesh), context):
                    context.progress(1.0)
                    continue
                part = StepContext(context, context.staging / f"step{number}")
                try:
                    kept.take(tool.run(given, settings, part), part)
                finally:
                    shutil.rmtree(part.staging, ignore_errors=True)
                context.progress(1.0)
        context.fact("steps", len(plan))
        moved = any(isinstance(tool, MeshTool) and tool.moves for tool, _, _ in plan)
        if len(plan) > 1 and kept.mesh.digest != start.digest and not moved:
            with context.stage(QT_TRANSLATE_NOOP("Stages", "Compare")):
                first, last = read_mesh_file(start), read_mesh_file(kept.mesh)
                mean, most = surface_distance(first, last, step=lambda share: context.progress(0.9 * share))
                context.fact("distance_mean_mm", round(mean * 1000, 6))
                context.fact("distance_max_mm", round(most * 1000, 6))
                context.progress(1.0)
        return kept.left()


class StepContext:
    """One step as the job's context sees it: a folder of its own, its stages parts of one stage."""

    def __init__(self, job: JobContext, staging: Path) -> None:
        self._job = job
        self.staging = staging
        self.seed, self.threads, self.scratch = job.seed, job.threads, job.scratch
        self.facts: dict[str, Scalar] = {}
        self._done = 0.0
        self._step = (0.0, 1.0)
        staging.mkdir()

    @contextmanager
    def stage(self, title: str) -> Generator[None]:
        """Let the step's progress go on by this stage's share."""
        self._job.check_cancelled()
        begun, share = self._done, _SHARES.get(title, 0.3) * (1.0 if title in _SHARES else 1 - self._done)
        self._step = (begun, share)
        yield
        self._done = min(begun + share, 1.0)

    def progress(self, fraction: float | None) -> None:
        """Report how far the step is."""
        begun, share = self._step
        self._job.progress(
            None if fraction is None else min(begun + share * min(max(fraction, 0.0), 1.0), 1.0)
        )

    def check_cancelled(self) -> None:
        """Raise Cancelled when the user asked to stop."""
        self._job.check_cancelled()

    def preview(self, path: Path, kind: AssetKind) -> None:
        """Show a file of the step; it stays until the job ends."""
        self._job.preview(path.replace(self._job.staging / f"{self.staging.name}-{path.name}"), kind)

    def fact(self, name: str, value: Scalar) -> None:
        """Keep something found out."""
        self.facts[name] = value

    def warn(self, sentence: str, **arguments: Scalar) -> None:
        """Tell the user something."""
        self._job.warn(sentence, **arguments)


class Kept:
    """What the steps have left so far."""

    def __init__(self, context: JobContext, start: LocalFile) -> None:
        self._context = context
        self._name = start.name
        self._before: set[str] = set()
        self._files: dict[str, list[Output]] = {}
        self.mesh = start

    def take(self, outputs: Sequence[Output], step: StepContext) -> None:
        """Take over what a step left, in place of what it makes untrue."""
        slots: dict[str, list[Output]] = {}
        for output in outputs:
            slots.setdefault(output.slot, []).append(output)
        (main,) = slots["mesh"]
        mesh = local_file(main.path, AssetKind.mesh, self._name)
        if mesh.digest != self.mesh.digest:
            for slot in ALONG:
                self._drop(slot)
        for slot, files in slots.items():
            self._drop(slot)
            self._files[slot] = [self._moved(output) for output in files]
        self.mesh = replace(mesh, path=self._files["mesh"][0].path)
        for name, value in step.facts.items():
            if name.endswith("_before"):
                if name in self._before:
                    continue
                self._before.add(name)
            self._context.fact(name, value)

    def left(self) -> tuple[Output, ...]:
        """Return every file, the mesh first; what was given when no step had to run."""
        if "mesh" not in self._files:
            path = self._context.staging / "mesh.glb"
            write_glb(read_mesh_file(self.mesh), path)
            name = f"{Path(self._name).stem or 'mesh'}.glb"
            self._files["mesh"] = [Output("mesh", path, AssetKind.mesh, name)]
        others = (output for slot, files in self._files.items() if slot != "mesh" for output in files)
        return (*self._files["mesh"], *others)

    def _drop(self, slot: str) -> None:
        for output in self._files.pop(slot, ()):
            output.path.unlink(missing_ok=True)

    def _moved(self, output: Output) -> Output:
        target = self._context.staging / output.path.name
        output.path.replace(target)
        return replace(output, path=target)


def _broken(mesh: Mesh, context: JobContext) -> bool:
    """Whether the surface is open, badly joined, turned in parts, or pierces itself."""
    seen = Inspection.of(mesh, lambda _share: context.check_cancelled())
    rows = (seen.open_edges, seen.nonmanifold_vertices, seen.turned, seen.crossing, seen.overlapping)
    return bool(seen.nonmanifold_edges or len(seen.duplicate)) or any(len(found) for found in rows)


def recipe_tool(tools: Sequence[WorkEntry]) -> RecipeTool:
    """Return the tool that runs chains of `tools`; a new version of one of them makes a new version of it."""
    return RecipeTool(
        id="recipe",
        version=1 + sum(tool.version - 1 for tool in tools),
        title=QT_TRANSLATE_NOOP("Tools", "Recipe"),
        summary=QT_TRANSLATE_NOOP("Tools", "Runs several tools one after the other."),
        params=RecipeParams,
        tools={tool.id: tool for tool in tools},
    )
