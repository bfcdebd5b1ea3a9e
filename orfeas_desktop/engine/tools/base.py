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
from orfeas_desktop.engine.tools.compare import compare, tell_before
from orfeas_desktop.params import Params
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

P = TypeVar("P", bound=Params)

MESH_IN = (Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh")),)
MESH_OUT = (Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh")),)


@dataclass(frozen=True, kw_only=True)
class MeshTool(WorkEntry, Generic[P]):
    """A tool changes a mesh with `apply(mesh, params, context)`; reading, comparing and writing are done for it.

    `moves` says that it puts the whole mesh elsewhere, so that a distance to what came in means nothing.
    """

    apply: Callable[[Mesh, P, JobContext], Mesh]
    inputs: tuple[Slot, ...] = MESH_IN
    outputs: tuple[Slot, ...] = MESH_OUT
    lane: Lane = Lane.cpu
    moves: bool = False

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Leave the changed mesh as a GLB; facts tell before, after and the distance. Raises BadMesh."""
        given = inputs["mesh"][0]
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Read")):
            mesh = read_mesh_file(given)
            context.progress(0.5)
            before = mesh_facts(mesh)
            tell_before(before, context)
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Change")):
            changed = self.apply(mesh, cast("P", params), context).check()
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Compare")):
            compare(mesh, changed, before, context, distance=not self.moves)
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Write")):
            path = context.staging / "mesh.glb"
            write_glb(changed, path)
            context.progress(1.0)
        return (Output("mesh", path, AssetKind.mesh, f"{Path(given.name).stem or 'mesh'}.glb"),)
