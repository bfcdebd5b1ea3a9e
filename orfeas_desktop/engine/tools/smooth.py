"""Smooth: takes bumps away without shrinking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.smooth import taubin
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.weld import first_of_each, welded_ids
from orfeas_desktop.engine.tools.base import MeshTool
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


class SmoothParams(Params):
    """Settings of the tool `smooth`."""

    rounds: int = param(
        10,
        QT_TRANSLATE_NOOP("Params", "Rounds"),
        QT_TRANSLATE_NOOP("Params", "More rounds take away larger bumps."),
        ge=1,
        le=200,
    )
    strength: float = param(
        0.5,
        QT_TRANSLATE_NOOP("Params", "Strength"),
        QT_TRANSLATE_NOOP("Params", "How far each round moves a vertex towards its neighbours."),
        ge=0.05,
        le=0.9,
        traits=Traits(step=0.05),
    )
    hold_edges: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Hold open edges"),
        QT_TRANSLATE_NOOP("Params", "Keeps the rims of holes where they are."),
    )


def _apply(mesh: Mesh, params: SmoothParams, context: JobContext) -> Mesh:
    topology = Topology.of(mesh)
    places = mesh.vertices[first_of_each(topology.ids)].astype(np.float64)
    places = taubin(
        places,
        topology,
        rounds=params.rounds,
        strength=params.strength,
        hold_edges=params.hold_edges,
        step=lambda number: context.progress(0.9 * number / params.rounds),
    )
    changed = mesh.changed(vertices=places.astype(np.float32)[topology.ids], tangents=None)
    if mesh.normals is None:
        return changed
    creases = welded_ids(mesh.vertices, mesh.normals)
    return changed.changed(normals=vertex_normals(changed, groups=creases))


SMOOTH = MeshTool(
    id="smooth",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Smooth"),
    summary=QT_TRANSLATE_NOOP("Tools", "Takes bumps away without shrinking; textures and seams stay."),
    params=SmoothParams,
    apply=_apply,
)
