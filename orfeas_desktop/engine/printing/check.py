"""Whether a mesh can be printed: every fault, where it is, and which tool mends it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.facts import signed_volume
from orfeas_desktop.engine.mesh.faults import Fault, Json, surface_faults
from orfeas_desktop.engine.mesh.inspection import Inspection
from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.pick import picked, without_loose
from orfeas_desktop.engine.mesh.solid import is_solid
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.transform import transformed
from orfeas_desktop.engine.printing.overhangs import Islands, Overhangs, found_islands, found_overhangs
from orfeas_desktop.engine.printing.pieces import Pieces, found_pieces, overlapping_pieces
from orfeas_desktop.engine.printing.walls import Walls, measured_walls
from orfeas_desktop.printers import Process
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.printing.profile import Profile

_SPARE_MM = 1e-3
"""How far a print may stand over the bed: what float32 places cannot tell apart."""
_STOPPING = frozenset(
    {
        "open-edges",
        "nonmanifold-edges",
        "nonmanifold-vertices",
        "turned-faces",
        "inside-out",
        "duplicate-faces",
        "self-intersections",
        "overlapping-faces",
        "not-solid",
        "overlapping-bodies",
        "thin-walls",
        "outside-bed",
    }
)
"""Faults with which nothing is written for printing."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What was found on `standing`, the mesh as it would be printed: z up, in millimetres, its middle at the origin.

    Walls, overhangs, islands and pieces are None where the surface is too broken to tell.
    """

    standing: Mesh
    profile: Profile
    faults: tuple[Fault, ...]
    walls: Walls | None
    overhangs: Overhangs | None
    islands: Islands | None
    pieces: Pieces | None
    volume_mm3: float
    area_mm2: float

    @property
    def stopping(self) -> tuple[Fault, ...]:
        """The faults with which it must not be printed."""
        return tuple(fault for fault in self.faults if fault.id in _STOPPING)

    @property
    def supports(self) -> bool | None:
        """Whether it needs supports; None when that cannot be told."""
        if self.overhangs is None or self.islands is None:
            return None
        return bool(len(self.islands.vertices)) or self.overhangs.area > max(10.0, 0.005 * self.area_mm2)

    def plain(self, shown: int) -> dict[str, Json]:
        """Return the verdict as a report holds it, faults as `analyse` names them, with at most `shown` places."""
        size = self.standing.size_m
        layer = self.profile.layer
        islands = self.islands
        return {
            "printer": self.profile.title,
            "bed_mm": list(self.profile.bed),
            "min_wall_mm": self.profile.min_wall,
            "layer_mm": layer,
            "overhang_deg": self.profile.overhang_deg,
            "printable": not self.stopping,
            "size_on_bed_mm": [round(side * 1000, 4) for side in size],
            "volume_cm3": round(self.volume_mm3 / 1000, 6),
            "thinnest_wall_mm": _rounded(self.walls.thinnest if self.walls else None),
            "thin_area_share": _rounded(self.walls.thin_share if self.walls else None),
            "overhang_area_mm2": _rounded(self.overhangs.area if self.overhangs else None),
            "closed_cavities": None if self.pieces is None else self.pieces.cavities,
            "supports_needed": self.supports,
            "islands": None
            if islands is None
            else [
                {"layer": int(height / layer) + 1, "height_mm": round(float(height), 4)}
                for height in islands.heights[:shown]
            ],
            "faults": [
                fault.plain(shown) | {"stops_printing": fault.id in _STOPPING} for fault in self.faults
            ],
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def standing_matrix(mesh: Mesh) -> NDArray[np.float64]:
    """Return what brings `mesh` to millimetres, z up, its lowest point at height 0, its middle at the origin."""
    scale = mesh.metres_per_unit * 1000
    turn = scale * np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
    places = mesh.vertices[np.unique(mesh.faces)].astype(np.float64) @ turn.T
    low, high = places.min(axis=0), places.max(axis=0)
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:2, 3] = -(low + high)[:2] / 2
    matrix[2, 3] = -low[2]
    return matrix


def standing(mesh: Mesh) -> tuple[Mesh, NDArray[np.float64]]:
    """Return `mesh` as it would be printed, and what brought it there. Raises BadMesh for what has no size."""
    matrix = standing_matrix(mesh)
    return transformed(mesh, matrix).changed(metres_per_unit=0.001).check(), matrix


def verdict_on(mesh: Mesh, profile: Profile, step: Callable[[float], None]) -> Verdict:
    """Judge `mesh` for the printer; `step` is told how far it is, 0..1. Raises BadMesh for what has no size."""
    mesh = without_loose(mesh)
    ready, matrix = standing(mesh)
    step(0.05)
    seen = Inspection.of(ready, lambda share: step(0.05 + 0.45 * share))
    volume = signed_volume(ready)
    area = float(np.linalg.norm(face_normals(ready.vertices, ready.faces), axis=1).sum()) / 2
    faults = [fault for fault in surface_faults(mesh, _seen_on(matrix, seen), volume) if fault.count]
    solid = is_solid(ready)
    closed = solid and not any(fault.id in _STOPPING for fault in faults if fault.id != "inside-out")
    if not solid and not any(fault.id in _STOPPING for fault in faults):
        faults.append(_not_solid())
    faults += _outside(ready, profile)
    step(0.5)
    if not closed:
        return Verdict(ready, profile, tuple(faults), None, None, None, None, volume, area)
    whole = picked(ready, seen.whole) if len(seen.whole) < ready.face_count else ready
    pieces = found_pieces(whole, Topology.of(whole).component_ids(), lambda: step(0.5))
    nested = (pieces.around > 0) | overlapping_pieces(whole, pieces, lambda: step(0.55))
    faults = [fault for fault in faults if fault.id != "inside-out"]
    faults += _piece_faults(pieces, nested, seen, profile)
    step(0.6)
    walls = measured_walls(ready, profile.min_wall, lambda share: step(0.6 + 0.2 * share))
    overhangs = found_overhangs(ready, profile.overhang_deg, profile.layer)
    step(0.9)
    islands = found_islands(ready, profile.layer)
    faults += _hanging_faults(mesh, walls, overhangs, islands)
    step(1.0)
    return Verdict(ready, profile, tuple(faults), walls, overhangs, islands, pieces, volume, area)


def _seen_on(matrix: NDArray[np.float64], seen: Inspection) -> Inspection:
    """Return the inspection with its places where they were before `matrix` moved them."""
    back = np.linalg.inv(matrix)
    return replace(seen, places=seen.places @ back[:3, :3].T + back[:3, 3])


def _not_solid() -> Fault:
    return Fault(
        "not-solid", 1, QT_TRANSLATE_NOOP("Faults", "The surface does not enclose one solid."), "rebuild"
    )


def _outside(ready: Mesh, profile: Profile) -> list[Fault]:
    size = np.array(ready.size_m) * 1000
    if (size <= np.array(profile.bed) + _SPARE_MM).all():
        return []
    return [
        Fault(
            "outside-bed",
            1,
            QT_TRANSLATE_NOOP("Faults", "It is larger than the printer's bed."),
            "lay-on-bed",
        )
    ]


def _piece_faults(
    pieces: Pieces, nested: NDArray[np.bool_], seen: Inspection, profile: Profile
) -> list[Fault]:
    inside_out = pieces.around < 0
    faults = [
        Fault(
            "inside-out",
            int(inside_out.sum()),
            QT_TRANSLATE_NOOP("Faults", "Pieces of it are inside out."),
            "repair",
            faces=seen.whole[pieces.faces_where(inside_out)],
        ),
        Fault(
            "overlapping-bodies",
            int(nested.sum()),
            QT_TRANSLATE_NOOP("Faults", "Pieces of it lie inside each other."),
            "rebuild",
            faces=seen.whole[pieces.faces_where(nested)],
        ),
    ]
    if profile.process is Process.resin:
        closed = (pieces.volumes < 0) & (pieces.around == 0)
        faults.append(
            Fault(
                "closed-cavities",
                int(closed.sum()),
                QT_TRANSLATE_NOOP("Faults", "Hollows without a drain hole keep resin in."),
                "hollow",
                faces=seen.whole[pieces.faces_where(closed)],
            )
        )
    return [fault for fault in faults if fault.count]


def _hanging_faults(mesh: Mesh, walls: Walls, overhangs: Overhangs, islands: Islands) -> list[Fault]:
    metres = mesh.metres_per_unit
    thin = np.unique(walls.faces[walls.thin])
    spots: NDArray[np.float64] = walls.points(mesh)[walls.thin] * metres
    faults = [
        Fault(
            "thin-walls",
            len(thin),
            QT_TRANSLATE_NOOP("Faults", "Walls are thinner than the printer can print."),
            "thicken",
            faces=thin,
            points=spots,
        ),
        Fault(
            "overhangs",
            len(overhangs.faces),
            QT_TRANSLATE_NOOP("Faults", "Undersides are too steep to print without supports."),
            "orient",
            faces=overhangs.faces,
        ),
        Fault(
            "islands",
            len(islands.vertices),
            QT_TRANSLATE_NOOP("Faults", "Parts begin in the air, with nothing under them."),
            "orient",
            points=mesh.vertices[islands.vertices].astype(np.float64) * metres,
        ),
    ]
    return [fault for fault in faults if fault.count]
