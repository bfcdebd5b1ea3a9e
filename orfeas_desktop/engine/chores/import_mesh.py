"""A mesh file of any format that can be read becomes a GLB file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.chores.base import Chore, stem_of
from orfeas_desktop.engine.jobs.context import Output
from orfeas_desktop.params import Params
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import Inputs, JobContext


class ImportParams(Params):
    """Nothing to choose."""


@dataclass(frozen=True, kw_only=True)
class ImportMesh(Chore):
    """Reads OBJ, STL, PLY or GLB and writes the mesh as the library keeps it."""

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Write one GLB file. Raises BadMesh for what is broken, hostile or not a mesh."""
        from orfeas_desktop.engine.mesh.facts import mesh_facts
        from orfeas_desktop.engine.mesh.files import read_mesh
        from orfeas_desktop.engine.mesh.glb import write_glb

        del params
        given = inputs["file"][0]
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Reading")):
            mesh = read_mesh(given.path)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Checking")):
            facts = mesh_facts(mesh)
            context.fact("vertices", facts.vertices)
            context.fact("faces", facts.faces)
            context.fact("watertight", facts.watertight)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Writing")):
            path = context.staging / "mesh.glb"
            write_glb(mesh, path)
        return (Output("mesh", path, AssetKind.mesh, f"{stem_of(given.name)}.glb"),)


IMPORT_MESH = ImportMesh(
    id="import",
    version=1,
    title=QT_TRANSLATE_NOOP("Chores", "Import"),
    summary=QT_TRANSLATE_NOOP("Chores", "Reads a mesh file (GLB, OBJ, STL, PLY) into the library."),
    params=ImportParams,
    inputs=(Slot("file", AssetKind.file, QT_TRANSLATE_NOOP("Slots", "Mesh file")),),
    outputs=(Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh")),),
    lane=Lane.cpu,
)
