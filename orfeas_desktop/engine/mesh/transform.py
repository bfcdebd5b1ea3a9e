"""Transform: where a mesh stands, and meshes moved by a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

    Matrix = NDArray[np.float64]

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Transform:
    """Scale, then rotation, then translation (glTF 2.0, section 3.5.3).

    translation in metres, rotation a unit quaternion x y z w, scale per axis.
    """

    translation: Vector = (0.0, 0.0, 0.0)
    rotation: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    scale: Vector = (1.0, 1.0, 1.0)

    def matrix(self) -> Matrix:
        """Return the (4, 4) matrix that moves column vectors."""
        x, y, z, w = self.rotation
        matrix = np.eye(4)
        rotation = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        matrix[:3, :3] = rotation * np.array(self.scale)
        matrix[:3, 3] = self.translation
        return matrix


def transformed(mesh: Mesh, matrix: Matrix) -> Mesh:
    """Return `mesh` moved by the affine (4, 4) `matrix`, whose translation is in the mesh's units.

    Normals move by the inverse transpose, tangents with the surface; a mirroring matrix turns the faces round
    and leaves polygons out.
    A value too large for float32 becomes infinite, which `Mesh.check` refuses.
    """
    linear = matrix[:3, :3]
    with np.errstate(all="ignore"):
        mirrored = bool(np.linalg.det(linear) < 0)
        vertices = (mesh.vertices.astype(np.float64) @ linear.T + matrix[:3, 3]).astype(np.float32)
    tangents = mesh.tangents
    if tangents is not None:
        handedness = tangents[:, 3:] * np.float32(-1 if mirrored else 1)
        tangents = np.concatenate([_directions(tangents[:, :3], linear), handedness], axis=1)
    normals = None if mesh.normals is None else _directions(mesh.normals, _cofactor(linear))
    faces = np.ascontiguousarray(mesh.faces[:, ::-1]) if mirrored else mesh.faces
    polygons = None if mirrored else mesh.polygons
    return mesh.changed(vertices=vertices, faces=faces, normals=normals, tangents=tangents, polygons=polygons)


def _cofactor(linear: Matrix) -> Matrix:
    """Return det(M)·M⁻ᵀ with the sign of det taken out: it exists for flat matrices too."""
    a, b, c = linear
    cofactor = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)])
    return cofactor * (-1.0 if np.linalg.det(linear) < 0 else 1.0)


def _directions(vectors: NDArray[np.float32], linear: Matrix) -> NDArray[np.float32]:
    with np.errstate(all="ignore"):
        turned = vectors.astype(np.float64) @ linear.T
        length = np.linalg.norm(turned, axis=1, keepdims=True)
        turned = np.where(length > 0, turned / np.where(length > 0, length, 1.0), (0.0, 0.0, 1.0))
    return turned.astype(np.float32)
