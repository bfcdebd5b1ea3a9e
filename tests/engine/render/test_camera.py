from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orfeas_desktop.engine.render.camera import VIEW_ANGLE_DEG, axes_of, corners, pose_to_fit

ANGLES = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


@given(ANGLES)
def test_axes_are_right_handed_and_of_unit_length(angles):
    right, up, backward = axes_of(*angles)
    np.testing.assert_allclose(np.cross(right, up), backward, atol=1e-12)
    np.testing.assert_allclose([np.linalg.norm(axis) for axis in (right, up, backward)], 1.0)


@pytest.mark.parametrize(
    ("angles", "backward", "up"),
    [
        ((0, 0), (0, 0, 1), (0, 1, 0)),
        ((90, 0), (1, 0, 0), (0, 1, 0)),
        ((0, 90), (0, 1, 0), (0, 0, -1)),
        ((0, -90), (0, -1, 0), (0, 0, 1)),
    ],
)
def test_the_named_views_look_along_the_axes(angles, backward, up):
    np.testing.assert_allclose(axes_of(*angles)[2], backward, atol=1e-12)
    np.testing.assert_allclose(axes_of(*angles)[1], up, atol=1e-12)


@given(
    ANGLES,
    st.floats(0.3, 4.0),
    st.lists(st.tuples(*[st.floats(-10, 10)] * 3), min_size=1, max_size=20),
    st.floats(1.0, 2.0),
)
def test_all_points_are_inside_the_picture(angles, aspect, points, margin):
    spots = np.array(points)
    pose = pose_to_fit(spots, *angles, aspect=aspect, margin=margin)
    right, up, backward = axes_of(*angles)
    from_camera = spots - pose.position
    depth = -(from_camera @ backward)
    reach = depth * math.tan(math.radians(VIEW_ANGLE_DEG / 2)) / margin
    assert (np.abs(from_camera @ up) <= reach + 1e-6).all()
    assert (np.abs(from_camera @ right) <= reach * aspect + 1e-6).all()
    np.testing.assert_allclose(pose.position - pose.focal_point, backward * pose.distance, atol=1e-9)


def test_the_fit_is_tight_and_centred():
    box = corners(np.array([-1.0, 0, -1]), np.array([1.0, 3, 1]))
    pose = pose_to_fit(box, 0, 0, aspect=1.0, margin=1.0)
    slope = math.tan(math.radians(VIEW_ANGLE_DEG / 2))
    assert pose.distance == pytest.approx(1 + 1.5 / slope)
    np.testing.assert_allclose(pose.focal_point, (0, 1.5, 0), atol=1e-9)
