"""WorkshopTool: what takes or leaves more than one mesh, or says how far the result is from what came in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, cast

from orfeas_desktop.assets import COLLISION, LODS, AssetKind
from orfeas_desktop.engine.jobs.context import Inputs, JobContext, Output, WorkEntry
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.faults import Json
from orfeas_desktop.engine.mesh.files import read_mesh_file
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.tools.base import MESH_IN, MESH_OUT
from orfeas_desktop.engine.tools.compare import compare, tell_before
from orfeas_desktop.errors import MeshUnfit
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

P = TypeVar("P", bound=Params)

OTHER_IN = Slot("other", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Other mesh"))
PARTS_OUT = Slot(
    "parts", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Further meshes"), required=False, many=True
)
LODS_OUT = Slot(
    LODS, AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Levels of detail"), required=False, many=True
)
COLLISION_OUT = Slot(
    COLLISION, AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Collision shapes"), required=False, many=True
)
MAPS_OUT = Slot(
    "maps", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "Texture maps"), required=False, many=True
)
REPORT_OUT = Slot("report", AssetKind.report, QT_TRANSLATE_NOOP("Slots", "Report"), required=False)


@dataclass(frozen=True, eq=False)
class Made:
    """What a tool made: the mesh, further meshes by name for its slot of many, a report."""

    mesh: Mesh
    parts: Mapping[str, Mesh] | None = None
    report: Mapping[str, Json] | None = None
    pictures: Mapping[str, bytes] | None = None
    """PNG files by name, for the slot `maps`."""


@dataclass(frozen=True, kw_only=True)
class WorkshopTool(WorkEntry, Generic[P]):
    """A tool that makes its result with `make(meshes, params, context)`; reading, comparing and writing are done.

    `meshes` are the one to change and, where the tool takes one, the other. `new_surface` says that the result
    has vertices of its own, so that textures are not kept as they were.
    """

    make: Callable[[tuple[Mesh, ...], P, JobContext], Made]
    inputs: tuple[Slot, ...] = MESH_IN
    outputs: tuple[Slot, ...] = MESH_OUT
    lane: Lane = Lane.cpu
    new_surface: bool = False

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Leave the mesh, its parts and report; facts tell before, after and the distance. Raises BadMesh."""
        given = inputs["mesh"][0]
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Read")):
            meshes = tuple(
                read_mesh_file(inputs[slot.name][0]) for slot in self.inputs if slot.name in inputs
            )
            context.progress(0.5)
            before = mesh_facts(meshes[0])
            tell_before(before, context)
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Change")):
            made = self.make(meshes, cast("P", params), context)
            made.mesh.check()
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Compare")):
            compare(meshes[0], made.mesh, before, context)
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Write")):
            outputs = self._written(made, Path(given.name).stem or "mesh", context)
            context.progress(1.0)
        return outputs

    def _written(self, made: Made, stem: str, context: JobContext) -> tuple[Output, ...]:
        further = next((slot.name for slot in self.outputs if slot.many), "")
        path = context.staging / "mesh.glb"
        write_glb(made.mesh, path)
        outputs = [Output("mesh", path, AssetKind.mesh, f"{stem}.glb")]
        for name, part in (made.parts or {}).items():
            context.check_cancelled()
            path = context.staging / f"{name}.glb"
            write_glb(part.check(), path)
            outputs.append(Output(further, path, AssetKind.mesh, f"{stem}-{name}.glb"))
        for name, picture in (made.pictures or {}).items():
            path = context.staging / f"{name}.png"
            path.write_bytes(picture)
            outputs.append(Output("maps", path, AssetKind.picture, f"{stem}-{name}.png"))
        if made.report is not None:
            path = context.staging / "report.json"
            path.write_text(json.dumps(made.report, indent=1, sort_keys=False) + "\n", encoding="utf-8")
            outputs.append(Output("report", path, AssetKind.report, f"{stem}.report.json"))
        return tuple(outputs)


def places_param() -> int:
    """Declare the setting of how many places a report names."""
    return param(
        2000,
        QT_TRANSLATE_NOOP("Params", "Places named"),
        QT_TRANSLATE_NOOP("Params", "How many faces or points the report names for each fault."),
        ge=0,
        le=1_000_000,
        traits=Traits(advanced=True),
    )


def refuse(mesh: Mesh, problem: str) -> MeshUnfit:
    """Return the error that says why a tool cannot work on `mesh`."""
    return MeshUnfit(name=mesh.name, problem=problem)
