"""MeshTool: a mesh goes in, a mesh comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, cast

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.jobs.context import Inputs, JobContext, Output, WorkEntry
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.files import read_mesh_file
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.params import Params
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

P = TypeVar("P", bound=Params)

MESH_IN = (Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh")),)
MESH_OUT = (Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh")),)


@dataclass(frozen=True, kw_only=True)
class MeshTool(WorkEntry, Generic[P]):
    """A tool changes a mesh with `apply(mesh, params, context)`; reading, checking and writing are done for it."""

    apply: Callable[[Mesh, P, JobContext], Mesh]
    inputs: tuple[Slot, ...] = MESH_IN
    outputs: tuple[Slot, ...] = MESH_OUT
    lane: Lane = Lane.cpu

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Leave the changed mesh as a GLB and its facts, with `vertices_before` and `faces_before`. Raises BadMesh."""
        given = inputs["mesh"][0]
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Read")):
            mesh = read_mesh_file(given)
            context.fact("vertices_before", mesh.vertex_count)
            context.fact("faces_before", mesh.face_count)
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Change")):
            changed = self.apply(mesh, cast("P", params), context).check()
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Write")):
            for name, value in mesh_facts(changed).plain().items():
                context.fact(name, value)
            context.progress(0.7)
            path = context.staging / "mesh.glb"
            write_glb(changed, path)
            context.progress(1.0)
        return (Output("mesh", path, AssetKind.mesh, f"{Path(given.name).stem or 'mesh'}.glb"),)
