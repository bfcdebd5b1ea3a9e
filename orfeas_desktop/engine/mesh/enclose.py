"""Simple bodies that hold every vertex of a mesh: boxes, spheres, capsules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.hulls import convex_hull
from orfeas_desktop.engine.mesh.normals import face_normals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Part = tuple[NDArray[np.float64], NDArray[np.int32]]

_SLACK = 1 + 1e-6
"""How much larger a body is made, so that rounding to single precision leaves no vertex outside."""
_STEPS = 800
_MOST_WAYS = 120


@dataclass(frozen=True, eq=False)
class Capsule:
    """All points within `radius` of the segment from `start` to `end`; a sphere where both are one."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    radius: float

    @property
    def length(self) -> float:
        """The length of its segment."""
        return float(np.linalg.norm(self.end - self.start))

    @property
    def volume(self) -> float:
        """What it encloses, in cubic units."""
        return np.pi * self.radius**2 * (self.length + 4 / 3 * self.radius)

    def solid(self) -> Part | None:
        """Return vertices and faces of a convex body just around it."""
        ball = _ball() * self.radius
        return convex_hull(np.concatenate([self.start + ball, self.end + ball]))


def sphere_around(points: NDArray[np.float64]) -> Capsule:
    """Return nearly the smallest sphere that holds all points (Bădoiu and Clarkson 2003)."""
    centre = _middle(points)
    radius = float(np.linalg.norm(points - centre, axis=1).max()) * _SLACK
    return Capsule(centre, centre, radius)


def capsule_around(points: NDArray[np.float64]) -> Capsule:
    """Return the smallest capsule that holds all points, of those along the axes and the points' own directions."""
    own = np.linalg.eigh(np.cov((points - points.mean(axis=0)).T))[1].T
    found = [_capsule_along(points, way) for way in (*np.eye(3), *own)]
    return min([*found, sphere_around(points)], key=lambda capsule: capsule.volume)


def _capsule_along(points: NDArray[np.float64], way: NDArray[np.float64]) -> Capsule:
    heights = points @ way
    beside = points - heights[:, None] * way
    middle = _middle(beside)
    middle = middle - middle @ way * way
    away = np.linalg.norm(beside - middle, axis=1)
    radius = float(away.max()) * _SLACK
    cap = np.sqrt(np.maximum(radius**2 - away**2, 0.0))
    low, high = float((heights + cap).min()), float((heights - cap).max())
    if low > high:
        low = high = (low + high) / 2
    return Capsule(middle + low * way, middle + high * way, radius)


def box_along(points: NDArray[np.float64], ways: NDArray[np.float64]) -> Part | None:
    """Return the box along the rows of `ways` around the points; None for points in one plane."""
    along = points @ ways.T
    low, high = along.min(axis=0), along.max(axis=0)
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    middle, half = (low + high) / 2, (high - low) / 2 * _SLACK
    return convex_hull((middle + (2 * corners - 1) * half) @ ways)


def turned_box(hull: Part) -> Part | None:
    """Return the smallest box around a convex body of those that lie on one of its largest faces."""
    import cv2

    normals = face_normals(hull[0].astype(np.float32), hull[1])
    order = np.argsort(-np.linalg.norm(normals, axis=1))[:_MOST_WAYS]
    best, ways = np.inf, np.eye(3)
    for normal in [*np.eye(3), *(normals[order] / np.linalg.norm(normals[order], axis=1, keepdims=True))]:
        side = np.cross(normal, np.eye(3)[np.abs(normal).argmin()])
        side /= np.linalg.norm(side)
        basis = np.stack([side, np.cross(normal, side), normal])
        flat = hull[0] @ basis.T
        _, (wide, high), angle = cv2.minAreaRect(flat[:, :2].astype(np.float32))
        volume = wide * high * float(np.ptp(flat[:, 2]))
        if volume < best:
            turn = np.radians(angle)
            first = np.cos(turn) * basis[0] + np.sin(turn) * basis[1]
            best = volume
            ways = np.stack([first, np.cross(normal, first), normal]).astype(np.float64)
    return box_along(hull[0], ways)


def _middle(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return nearly the centre of the smallest ball around the points, in as many dimensions as they have."""
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    best, nearest = centre, np.inf
    for step in range(1, _STEPS):
        away = np.einsum("nd,nd->n", points - centre, points - centre)
        farthest = int(away.argmax())
        if away[farthest] < nearest:
            best, nearest = centre, away[farthest]
        centre = centre + (points[farthest] - centre) / (step + 1)
    return best


def _ball() -> NDArray[np.float64]:
    """Return the vertices of a body of 162 corners just around the unit ball: an icosahedron, twice divided."""
    golden = (1 + 5**0.5) / 2
    rows = [(0.0, a, b * golden) for a in (-1, 1) for b in (-1, 1)]
    points = np.array([np.roll(row, turn) for row in rows for turn in range(3)])
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    for _ in range(2):
        body = convex_hull(points)
        assert body is not None
        corners = body[0][body[1]]
        middles = (corners + np.roll(corners, 1, axis=1)).reshape(-1, 3)
        points = np.unique(np.round(np.concatenate([body[0], middles]), 9), axis=0)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    body = convex_hull(points)
    assert body is not None
    normals = face_normals(body[0].astype(np.float32), body[1])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return points / float(np.einsum("fd,fd->f", normals, body[0][body[1][:, 0]]).min())
