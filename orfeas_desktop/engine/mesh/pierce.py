"""Whether two triangles run through each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PARALLEL = 1e-9
_SHALLOW = 0.01
"""Faces that cross at a smaller sine do so by rounding, unless they reach through each other by far."""
_FAR = 1000


def pierce(one: NDArray[np.float64], other: NDArray[np.float64], slack: float) -> NDArray[np.bool_]:
    """Return whether each of (N, 3, 3) triangles meets its partner along more than a point.

    Each must have corners on both sides of the other's plane. Where the planes cross, each triangle covers a piece
    of the line; they pierce when the pieces share more than `slack` (Möller 1997). Meeting exactly at edges counts;
    nearly flat on each other does not, unless both reach through by a thousand `slack`.
    """
    line = np.cross(_unit_normals(one), _unit_normals(other))
    length = np.linalg.norm(line, axis=1, keepdims=True)
    line = line / np.where(length > _PARALLEL, length, 1.0)
    low, high, depth = _covered(one, other, line, slack)
    their_low, their_high, their_depth = _covered(other, one, line, slack)
    shared = np.minimum(high, their_high) - np.maximum(low, their_low)
    steep = (length[:, 0] > _SHALLOW) | (np.minimum(depth, their_depth) > _FAR * slack)
    return (shared > slack) & (length[:, 0] > _PARALLEL) & steep


def _unit_normals(triangles: NDArray[np.float64]) -> NDArray[np.float64]:
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.where(length > 0, length, 1.0)


def _covered(
    triangles: NDArray[np.float64], planes: NDArray[np.float64], line: NDArray[np.float64], slack: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return from where to where along `line` each triangle lies in its partner's plane, and how far it reaches
    beyond it on its shorter side."""
    heights = np.einsum("ncd,nd->nc", triangles - planes[:, None, 0], _unit_normals(planes))
    along = np.einsum("ncd,nd->nc", triangles, line)
    low, high = np.full(len(line), np.inf), np.full(len(line), -np.inf)
    for corner in range(3):
        ahead = (corner + 1) % 3
        fall = heights[:, corner] - heights[:, ahead]
        crosses = heights[:, corner] * heights[:, ahead] < 0
        share = heights[:, corner] / np.where(crosses, fall, 1.0)
        spot = along[:, corner] + share * (along[:, ahead] - along[:, corner])
        on_plane = np.abs(heights[:, corner]) <= slack
        for met, at in ((crosses, spot), (on_plane, along[:, corner])):
            low = np.where(met, np.minimum(low, at), low)
            high = np.where(met, np.maximum(high, at), high)
    return low, high, np.minimum(heights.max(axis=1), -heights.min(axis=1))
