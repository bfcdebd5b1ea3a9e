"""Where a camera stands to show the whole of something."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

VIEW_ANGLE_DEG = 30.0
"""Vertical field of view."""
THREE_QUARTER = (30.0, 16.0)
"""Yaw from +z towards +x and pitch upwards, in degrees."""


@dataclass(frozen=True, eq=False)
class Pose:
    """A camera: where it is, what it looks at, which way is up (3 float64 each, world units)."""

    position: Vector
    focal_point: Vector
    up: Vector

    @property
    def distance(self) -> float:
        """From the camera to what it looks at."""
        return float(np.linalg.norm(self.position - self.focal_point))


def axes_of(yaw_deg: float, pitch_deg: float) -> tuple[Vector, Vector, Vector]:
    """Return a camera's right, up and backward unit vectors.

    Yaw turns from +z towards +x, pitch rises; (0, 0) is the front view, (0, 90) the view from above.
    """
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    right = np.array([math.cos(yaw), 0.0, -math.sin(yaw)])
    up = np.array([-math.sin(yaw) * math.sin(pitch), math.cos(pitch), -math.cos(yaw) * math.sin(pitch)])
    backward = np.array([math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)])
    return right, up, backward


def pose_to_fit(
    points: NDArray[np.floating], yaw_deg: float, pitch_deg: float, *, aspect: float, margin: float = 1.1
) -> Pose:
    """Return the nearest pose that shows all `points` (N, 3) in a picture `aspect` times as wide as high.

    `margin` is how much larger than what is shown the picture is.
    """
    right, up, backward = axes_of(yaw_deg, pitch_deg)
    spots = np.asarray(points, dtype=np.float64)
    across, along, near = spots @ right, spots @ up, spots @ backward
    slope = math.tan(math.radians(VIEW_ANGLE_DEG / 2)) / margin
    middle = np.array([_middle(across), _middle(along), _middle(near)])

    def distance() -> float:
        wide = np.abs(across - middle[0]) / (slope * aspect)
        high = np.abs(along - middle[1]) / slope
        return max(float(np.max(near - middle[2] + np.maximum(wide, high))), 1e-6)

    for _ in range(3):
        depth = np.maximum(distance() - (near - middle[2]), 1e-9)
        middle[0] += _middle((across - middle[0]) / depth) * depth.mean()
        middle[1] += _middle((along - middle[1]) / depth) * depth.mean()
    focal = right * middle[0] + up * middle[1] + backward * middle[2]
    return Pose(focal + backward * distance(), focal, up)


def corners(low: NDArray[np.floating], high: NDArray[np.floating]) -> Vector:
    """Return the eight corners of a box, (8, 3)."""
    picks = np.array([[(index >> bit) & 1 for bit in range(3)] for index in range(8)], dtype=bool)
    return np.where(picks, np.asarray(high, np.float64), np.asarray(low, np.float64))


def _middle(values: NDArray[np.floating]) -> float:
    return float(values.min() + values.max()) / 2
