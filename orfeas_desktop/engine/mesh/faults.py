"""Faults: what is wrong with a mesh, where, and which tool mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.inspection import Inspection
    from orfeas_desktop.engine.mesh.mesh import Mesh

    Rows = NDArray[np.integer] | NDArray[np.floating]

_FOLDS = 0.02
"""Self-intersections of no more than this share of the faces are folds, which can be smoothed."""
Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, eq=False)
class Fault:
    """One kind of fault: how often, which tool mends it, and where: numbers of faces, or points in metres."""

    id: str
    count: int
    sentence: str
    tool: str
    faces: Rows | None = None
    points: Rows | None = None

    def plain(self, shown: int) -> dict[str, Json]:
        """Return the fault as the report holds it, with at most `shown` places, spread over all of them."""
        told: dict[str, Json] = {
            "fault": self.id,
            "count": self.count,
            "sentence": self.sentence,
            "tool": self.tool,
        }
        if self.faces is not None:
            told["faces"] = _spread(self.faces, shown).tolist()
        if self.points is not None:
            told["points"] = _spread(self.points, shown).tolist()
        return told


def _spread(rows: Rows, most: int) -> Rows:
    """Return at most so many rows, the first and evenly spaced others: those of one place lie close to each other."""
    return rows if len(rows) <= most else rows[np.arange(most) * len(rows) // max(most, 1)]


def surface_faults(mesh: Mesh, seen: Inspection, volume: float | None) -> list[Fault]:
    """Return every kind of fault a surface can have, also those of which it has none."""
    metres = seen.places * mesh.metres_per_unit
    pierced, flat = np.unique(seen.crossing), np.unique(seen.overlapping)
    mender = _mender(mesh, seen)
    return [
        Fault(
            "open-edges",
            len(seen.open_edges),
            QT_TRANSLATE_NOOP("Faults", "The surface has holes."),
            "repair",
            points=metres[np.unique(seen.open_edges)],
        ),
        Fault(
            "nonmanifold-edges",
            seen.nonmanifold_edges,
            QT_TRANSLATE_NOOP("Faults", "Three or more faces meet in an edge."),
            "repair",
            faces=seen.at_nonmanifold_edges,
        ),
        Fault(
            "nonmanifold-vertices",
            len(seen.nonmanifold_vertices),
            QT_TRANSLATE_NOOP("Faults", "Pieces of the surface touch in a point only."),
            "repair",
            points=metres[seen.nonmanifold_vertices],
        ),
        Fault(
            "turned-faces",
            len(seen.turned),
            QT_TRANSLATE_NOOP("Faults", "Faces look the other way than their neighbours."),
            "repair",
            faces=seen.turned,
        ),
        Fault(
            "inside-out",
            int((volume or 0.0) < 0),
            QT_TRANSLATE_NOOP("Faults", "The whole surface is inside out."),
            "repair",
        ),
        Fault(
            "degenerate-faces",
            len(seen.degenerate),
            QT_TRANSLATE_NOOP("Faults", "Faces have no area."),
            "repair",
            faces=seen.degenerate,
        ),
        Fault(
            "duplicate-faces",
            len(seen.duplicate),
            QT_TRANSLATE_NOOP("Faults", "Faces lie twice on the same corners."),
            "repair",
            faces=seen.duplicate,
        ),
        Fault(
            "self-intersections",
            len(seen.crossing),
            QT_TRANSLATE_NOOP("Faults", "Faces pierce each other."),
            mender,
            faces=pierced,
        ),
        Fault(
            "overlapping-faces",
            len(seen.overlapping),
            QT_TRANSLATE_NOOP("Faults", "Faces lie on each other in one plane."),
            mender,
            faces=flat,
        ),
    ]


def _mender(mesh: Mesh, seen: Inspection) -> str:
    """Return what mends self-intersections: closed pieces can be joined and few folds smoothed."""
    pairs = np.concatenate([seen.crossing, seen.overlapping])
    if not len(pairs) or len(np.unique(pairs)) <= _FOLDS * mesh.face_count:
        return "repair"
    piece = np.full(mesh.face_count, -1)
    piece[seen.whole] = Topology.of(mesh).component_ids()
    apart = piece[pairs[:, 0]] != piece[pairs[:, 1]]
    return "repair" if apart.all() and Topology.of(mesh).closed else "rebuild"
