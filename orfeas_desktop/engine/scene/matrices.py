"""Matrices and the translations, rotations and scales that they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.source_files import require
from orfeas_desktop.engine.mesh.transform import Transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

_EXACT = 1e-6
_LARGEST = 1e30


def transforms_of(matrix: Matrix) -> tuple[Transform, ...]:
    """Return transforms that, one under the other, make the affine (4, 4) `matrix`: one, or two where it shears.

    A mirroring matrix has a negative scale along x. Raises Broken when it is not finite.
    """
    linear, offset = matrix[:3, :3], matrix[:3, 3]
    require(bool(np.abs(matrix).max() < _LARGEST), "a place in it is not finite")
    lengths = np.linalg.norm(linear, axis=0)
    if (lengths > 0).all():
        axes = linear / lengths
        if np.abs(axes.T @ axes - np.eye(3)).max() <= _EXACT:
            return (_signed(offset, axes, lengths),)
    left, scales, right = np.linalg.svd(linear)
    if np.linalg.det(right) < 0:
        right, scales = -right, -scales
    outer = _signed(offset, left, scales)
    inner = _signed(np.zeros(3), right, np.ones(3))
    return (outer,) if np.abs(right - np.eye(3)).max() <= _EXACT else (outer, inner)


def relative(base: Matrix, other: Matrix) -> Matrix:
    """Return what moves the space of `other` into the space of `base`, both in one parent's.

    Raises Broken when `base` is flat.
    """
    if np.array_equal(base, other):
        return np.eye(4)
    require(invertible(base), "a place in it is flat: it cannot be undone")
    return np.linalg.inv(base) @ other


def invertible(matrix: Matrix) -> bool:
    """Return whether the affine matrix keeps three dimensions."""
    values = np.linalg.svd(matrix[:3, :3], compute_uv=False)
    return bool(values[-1] > 1e-9 * max(float(values[0]), 1e-30) and values[-1] > 1e-30)


def quaternion_of(rotation: Matrix) -> tuple[float, float, float, float]:
    """Return x y z w of a (3, 3) rotation."""
    r = rotation
    quadrupled = np.array(
        [
            [r[0, 0] - r[1, 1] - r[2, 2], 0.0, 0.0, 0.0],
            [r[1, 0] + r[0, 1], r[1, 1] - r[0, 0] - r[2, 2], 0.0, 0.0],
            [r[2, 0] + r[0, 2], r[2, 1] + r[1, 2], r[2, 2] - r[0, 0] - r[1, 1], 0.0],
            [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], r.trace()],
        ]
    )
    _, vectors = np.linalg.eigh(quadrupled)
    x, y, z, w = vectors[:, -1].tolist()
    return (x, y, z, w) if w >= 0 else (-x, -y, -z, -w)


def _signed(offset: NDArray[np.float64], axes: Matrix, lengths: NDArray[np.float64]) -> Transform:
    if np.linalg.det(axes) < 0:
        axes, lengths = axes * [-1, 1, 1], lengths * [-1, 1, 1]
    x, y, z = offset.tolist()
    a, b, c = lengths.tolist()
    return Transform((x, y, z), quaternion_of(axes), (a, b, c))
