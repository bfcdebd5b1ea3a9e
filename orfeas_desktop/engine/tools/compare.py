"""What a tool changed: facts before and after, the distance between both, and what has become worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.distance import surface_distance
from orfeas_desktop.engine.mesh.facts import MeshFacts, mesh_facts
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.params import Scalar


def tell_before(before: MeshFacts, context: JobContext) -> None:
    """Tell the facts of the mesh that came in, as `…_before`."""
    told: dict[str, Scalar] = {
        "vertices": before.vertices,
        "faces": before.faces,
        "components": before.components,
        "watertight": before.watertight,
        "boundary_edges": before.boundary_edges,
        "area_m2": before.area_m2,
        "volume_m3": before.volume_m3,
    }
    for name, value in told.items():
        context.fact(f"{name}_before", value)


def compare(
    given: Mesh, made: Mesh, before: MeshFacts, context: JobContext, *, distance: bool = True
) -> None:
    """Tell the facts of `made` and, with `distance`, how far it is from `given`; warn of what is worse."""
    after = before if made is given else mesh_facts(made)
    for name, value in after.plain().items():
        context.fact(name, value)
    if made is given:
        return
    if distance:
        mean, largest = surface_distance(given, made, step=lambda share: context.progress(0.9 * share))
        context.fact("distance_mean_mm", round(mean * 1000, 6))
        context.fact("distance_max_mm", round(largest * 1000, 6))
    if before.watertight and not after.watertight:
        context.warn(QT_TRANSLATE_NOOP("Warnings", "The mesh was closed and is open now."))
    if after.nonmanifold_edges > before.nonmanifold_edges:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "There are {count} edges more at which three or more faces meet."),
            count=after.nonmanifold_edges - before.nonmanifold_edges,
        )
    if (after.volume_m3 or 0.0) < 0 <= (before.volume_m3 or 0.0):
        context.warn(QT_TRANSLATE_NOOP("Warnings", "The mesh has turned inside out."))
    if before.area_m2 > 0 and after.area_m2 == 0:
        context.warn(QT_TRANSLATE_NOOP("Warnings", "No face has an area any more."))
