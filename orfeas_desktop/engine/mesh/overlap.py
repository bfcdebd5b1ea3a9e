"""Whether two triangles of one plane lie on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AT_ONCE = 100_000


def overlap(
    one: NDArray[np.float64], other: NDArray[np.float64], normals: NDArray[np.float64], depth: float
) -> NDArray[np.bool_]:
    """Return whether each of (N, 9) triangles lies on its partner of the same plane, with (N, 3) unit `normals`.

    Convex figures share no room when a line along one of their sides parts them (separating axes); what touches,
    or reaches across every side by `depth` or less, does not count.
    """
    found = np.zeros(len(one), bool)
    for start in range(0, len(one), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        found[part] = _overlap(one[part], other[part], normals[part], depth)
    return found


def _overlap(
    one: NDArray[np.float64], other: NDArray[np.float64], normals: NDArray[np.float64], depth: float
) -> NDArray[np.bool_]:
    found, left = np.zeros(len(one), bool), np.arange(len(one))
    for corner in range(3):
        for _ in range(2):
            meet = _reaches_over(corner, one, other, normals, depth)
            left, normals = left[meet], normals[meet]
            one, other = other[meet], one[meet]
    found[left] = True
    return found


def _reaches_over(
    corner: int,
    of: NDArray[np.float64],
    other: NDArray[np.float64],
    normals: NDArray[np.float64],
    depth: float,
) -> NDArray[np.bool_]:
    """Return whether both cover the same stretch, longer than `depth`, across a side of the first."""
    a, b, c = (of[:, 3 * at : 3 * at + 3] for at in (corner, (corner + 1) % 3, (corner + 2) % 3))
    x, y, z = (b - a).T
    across = np.empty_like(normals)
    across[:, 0] = normals[:, 1] * z - normals[:, 2] * y
    across[:, 1] = normals[:, 2] * x - normals[:, 0] * z
    across[:, 2] = normals[:, 0] * y - normals[:, 1] * x
    start = np.einsum("nd,nd->n", a, across)
    end = np.einsum("nd,nd->n", c, across)
    p, q, r = (np.einsum("nd,nd->n", other[:, at : at + 3], across) for at in (0, 3, 6))
    high = np.minimum(np.maximum(np.maximum(p, q), r), np.maximum(start, end))
    low = np.maximum(np.minimum(np.minimum(p, q), r), np.minimum(start, end))
    return high - low > depth * np.sqrt(x * x + y * y + z * z)
