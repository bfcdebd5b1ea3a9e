"""The separate pieces of a closed surface: bodies, cavities, and those that are neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.pick import picked
from orfeas_desktop.engine.mesh.solid import solid_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifold3d import Manifold
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_OFF = 1e-5
_TOUCH = 1e-4
"""Bodies share no room when it is less than this part of the smaller one: they touch."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """of_face (F,) the number of each face's piece; volumes (P,) signed; around (P,) what lies outside each surface.

    `around` is the winding number just outside: 0 for a body in the open and for a cavity in a body, below 0 for a
    piece that is inside out, above 0 for a body inside another.
    """

    of_face: NDArray[np.int64]
    volumes: NDArray[np.float64]
    around: NDArray[np.int64]

    @property
    def cavities(self) -> int:
        """How many closed hollows there are."""
        return int(((self.volumes < 0) & (self.around == 0)).sum())

    def faces_where(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the faces of the (P,) chosen pieces."""
        return np.flatnonzero(chosen[self.of_face])


def found_pieces(mesh: Mesh, of_face: NDArray[np.int64], step: Callable[[], None]) -> Pieces:
    """Return the pieces of a closed surface; `step` is called now and then."""
    corners = mesh.vertices.astype(np.float64)[mesh.faces]
    count = int(of_face.max()) + 1
    middle = corners.mean(axis=(0, 1))
    normals = face_normals(mesh.vertices, mesh.faces)
    volumes = np.bincount(of_face, np.einsum("fd,fd->f", corners[:, 0] - middle, normals), count) / 6
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    np.minimum.at(low, of_face, corners.min(axis=1))
    np.maximum.at(high, of_face, corners.max(axis=1))
    size = float(np.linalg.norm(high.max(axis=0) - low.min(axis=0))) or 1.0
    around = np.zeros(count, np.int64)
    order = np.argsort(-np.linalg.norm(normals, axis=1), kind="stable")
    _, first = np.unique(of_face[order], return_index=True)
    for piece, face in enumerate(order[first].tolist()):
        step()
        length = float(np.linalg.norm(normals[face]))
        nested = (low <= low[piece]).all(axis=1) & (high >= high[piece]).all(axis=1)
        nested[piece] = volumes[piece] < 0
        if length > 0 and nested.any():
            nested[piece] = True
            point = corners[face].mean(axis=0) + _OFF * size * normals[face] / length
            around[piece] = round(winding_at(corners[nested[of_face]], point))
    return Pieces(of_face, volumes, around)


def overlapping_pieces(mesh: Mesh, pieces: Pieces, step: Callable[[], None]) -> NDArray[np.bool_]:
    """Return (P,) which bodies share room with another one; one that is wholly inside is judged by `around`."""
    share = np.zeros(len(pieces.volumes), bool)
    bodies = np.flatnonzero((pieces.volumes > 0) & (pieces.around == 0))
    boxes = {int(piece): _box(mesh, pieces.of_face == piece) for piece in bodies}
    solids: dict[int, Manifold] = {}
    for at, one in enumerate(bodies.tolist()):
        for other in bodies[at + 1 :].tolist():
            if not _boxes_meet(boxes[one], boxes[other]):
                continue
            step()
            for piece in (one, other):
                if piece not in solids:
                    solids[piece] = solid_of(picked(mesh, pieces.of_face == piece))
            common = (solids[one] ^ solids[other]).volume()
            least = min(solids[one].volume(), solids[other].volume())
            if _TOUCH * least < common < (1 - _TOUCH) * least:
                share[[one, other]] = True
    return share


def _box(mesh: Mesh, faces: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    corners = mesh.vertices[mesh.faces[faces]].reshape(-1, 3)
    return corners.min(axis=0), corners.max(axis=0)


def _boxes_meet(
    one: tuple[NDArray[np.float32], NDArray[np.float32]],
    other: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> bool:
    return bool((one[0] < other[1]).all() and (other[0] < one[1]).all())


def winding_at(corners: NDArray[np.float64], point: NDArray[np.float64]) -> float:
    """Return how often (F, 3, 3) triangles wind around a point: their solid angles (Van Oosterom, Strackee 1983)."""
    a, b, c = (corners[:, corner] - point for corner in range(3))
    lengths = [np.linalg.norm(side, axis=1) for side in (a, b, c)]
    volume = np.einsum("fd,fd->f", a, np.cross(b, c))
    below = (
        lengths[0] * lengths[1] * lengths[2]
        + np.einsum("fd,fd->f", a, b) * lengths[2]
        + np.einsum("fd,fd->f", b, c) * lengths[0]
        + np.einsum("fd,fd->f", c, a) * lengths[1]
    )
    return float(np.arctan2(volume, below).sum()) / (2 * np.pi)
