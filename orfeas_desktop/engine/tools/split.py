"""Split: each loose piece becomes a mesh of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mend import without_useless_faces
from orfeas_desktop.engine.mesh.pick import picked
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.tools.base import MESH_OUT
from orfeas_desktop.engine.tools.workshop import PARTS_OUT, Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


class SplitParams(Params):
    """Settings of the tool `split`."""

    most: int = param(
        32,
        QT_TRANSLATE_NOOP("Params", "Most pieces"),
        QT_TRANSLATE_NOOP("Params", "Only the pieces with the most faces are given."),
        ge=1,
        le=1000,
    )


def _make(meshes: tuple[Mesh, ...], params: SplitParams, context: JobContext) -> Made:
    mesh = meshes[0]
    whole = without_useless_faces(mesh).mesh
    if not whole.face_count:
        raise refuse(mesh, "no face of it has an area")
    pieces = Topology.of(whole).component_ids()
    sizes = np.bincount(pieces)
    largest = np.argsort(-sizes, kind="stable")[: params.most]
    parts: dict[str, Mesh] = {}
    for number, piece in enumerate(largest.tolist(), start=1):
        parts[f"piece{number}"] = picked(whole, pieces == piece)
        context.progress(0.95 * number / len(largest))
    context.fact("pieces", len(sizes))
    if len(sizes) > params.most:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "{count} small pieces were left out."),
            count=len(sizes) - params.most,
        )
    return Made(mesh, parts)


SPLIT = WorkshopTool(
    id="split",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Split"),
    summary=QT_TRANSLATE_NOOP("Tools", "Gives each loose piece as a mesh of its own; the whole stays."),
    params=SplitParams,
    make=_make,
    outputs=(*MESH_OUT, PARTS_OUT),
)
