"""3MF: triangles in millimetres with colours and groups, for printing programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.exporters.base import MESH_IN, Exporter, ExportParams, Written
from orfeas_desktop.engine.exporters.closed import tell_if_open
from orfeas_desktop.engine.exporters.threemf_file import coloring_param, read_back_threemf, write_threemf
from orfeas_desktop.engine.formats.threemf import Coloring, Wanted
from orfeas_desktop.engine.mesh.turn import UpAxis, fitted
from orfeas_desktop.engine.scene.flatten import flat_parts
from orfeas_desktop.errors import BadMesh
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.scene.scene import Scene


class ThreemfParams(ExportParams):
    """Settings of the 3MF exporter."""

    coloring: Coloring = coloring_param()


def _write(scene: Scene, path: Path, params: ThreemfParams, context: JobContext) -> Written:
    parts = flat_parts(scene)
    if not parts:
        raise BadMesh(name=scene.name, problem="it has no triangles")
    tell_if_open((mesh for _, mesh in parts), context)
    context.progress(0.1)
    turned = [fitted(mesh, UpAxis.z, 1000.0).changed(name=name, extras=scene.extras) for name, mesh in parts]
    floor = np.array([0, 0, min(mesh.vertices[mesh.faces, 2].min() for mesh in turned)], np.float32)
    placed = [mesh.changed(vertices=mesh.vertices - floor) for mesh in turned]
    wanted = Wanted(params.coloring)
    return write_threemf(placed, path, wanted, lambda share: context.progress(0.1 + 0.9 * share))


THREEMF = Exporter(
    id="3mf",
    version=2,
    title=QT_TRANSLATE_NOOP("Exporters", "3MF"),
    summary=QT_TRANSLATE_NOOP("Exporters", "Triangles in millimetres with colours, for printing programs."),
    params=ThreemfParams,
    inputs=MESH_IN,
    suffix=".3mf",
    verified_by="Expat",
    write=_write,
    read_back=read_back_threemf,
)
