"""What keeps meshes from enclosing a solid, told to those who export for printing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


def tell_if_open(meshes: Iterable[Mesh], context: JobContext) -> None:
    """Warn of edges with another number of faces than two, and of faces that look to opposite sides."""
    found = [Topology.of(mesh) for mesh in meshes]
    opened = sum(int(each.boundary.sum()) for each in found)
    crowded = sum(int((each.uses > 2).sum()) for each in found)
    turned = sum(int(((each.uses == 2) & (each.turns != 0)).sum()) for each in found)
    if opened:
        context.warn(
            QT_TRANSLATE_NOOP(
                "Warnings", "The mesh is not closed ({edges} open edges): it may not print well."
            ),
            edges=opened,
        )
    if crowded:
        context.warn(
            QT_TRANSLATE_NOOP(
                "Warnings",
                "More than two faces meet along some edges ({edges} in all): it may not print well.",
            ),
            edges=crowded,
        )
    if turned:
        context.warn(
            QT_TRANSLATE_NOOP(
                "Warnings",
                "Neighbouring faces look to opposite sides along some edges ({edges} in all): it may not print well.",
            ),
            edges=turned,
        )
