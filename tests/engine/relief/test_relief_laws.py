"""Whatever the silhouette: a closed manifold surface that shows it again from the front."""

from __future__ import annotations

import contextlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.relief.build import ReliefOptions, View, build_relief
from orfeas_desktop.engine.relief.build_views import build_from_views
from orfeas_desktop.engine.relief.height import Shape
from orfeas_desktop.engine.relief.views import Side

SIDE = 96


class Quiet:
    """A job context that nobody listens to."""

    def stage(self, title):
        return contextlib.nullcontext()

    def progress(self, fraction):
        return None


@st.composite
def silhouettes(draw):
    """Blobs of discs, bars and lines, one at least of some size."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    place = st.integers(12, SIDE - 12)
    cv2.circle(mask, (draw(place), draw(place)), draw(st.integers(8, 30)), 1, -1)
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["disc", "bar", "line", "hole"]))
        at, to = (draw(place), draw(place)), (draw(place), draw(place))
        if kind == "disc":
            cv2.circle(mask, at, draw(st.integers(2, 20)), 1, -1)
        elif kind == "bar":
            cv2.rectangle(mask, at, to, 1, -1)
        elif kind == "line":
            cv2.line(mask, at, to, 1, draw(st.integers(3, 6)))
        else:
            cv2.circle(mask, at, draw(st.integers(2, 6)), 0, -1)
    mask[0] = mask[-1] = mask[:, 0] = mask[:, -1] = 0
    return mask > 0


def picture_of(mask):
    noise = np.random.default_rng(0).integers(0, 256, (*mask.shape, 4)).astype(np.uint8)
    noise[..., 3] = 255
    return noise


def check(mesh):
    mesh.check()
    assert Topology.of(mesh).closed
    corners = mesh.vertices[mesh.faces].astype(float)
    assert np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() > 0
    low, high = mesh.bounds
    assert (high - low).max() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(low + high, 0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)
    assert mesh.uvs[0].min() >= 0
    assert mesh.uvs[0].max() <= 1


def shown(mesh, shape, axis=0):
    """Return the mesh's parallel silhouette from the front (axis 0) or the side (axis 2) at the mask's box size."""
    plane = mesh.vertices[:, [axis, 1]] * [1, -1]
    plane = (plane - plane.min(axis=0)) / np.ptp(plane, axis=0) * (np.array(shape[::-1]) * 4 - 1)
    picture = np.zeros((shape[0] * 4, shape[1] * 4), np.uint8)
    for triangle in np.round(plane[mesh.faces]).astype(np.int32):
        cv2.fillConvexPoly(picture, triangle, 1)
    return cv2.resize(picture.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA) > 0.5


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def cut(mask):
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


LAW = settings(max_examples=20)


@LAW
@given(mask=silhouettes(), shape=st.sampled_from(Shape), detail=st.booleans(), gain=st.floats(0.5, 1.5))
def test_a_relief_is_closed_and_has_positive_volume(mask, shape, detail, gain):
    options = ReliefOptions(shape, gain, 72, detail)
    check(build_relief(View(picture_of(mask), mask), options, Quiet()))


@LAW
@given(mask=silhouettes())
def test_a_soft_relief_shows_its_silhouette(mask):
    mesh = build_relief(View(picture_of(mask), mask), ReliefOptions(Shape.soft, 1, 96, False), Quiet())
    assert overlap(shown(mesh, cut(mask).shape), cut(mask)) > 0.85


@LAW
@given(front=silhouettes(), left=silhouettes(), back=st.booleans())
def test_a_carved_object_is_closed(front, left, back):
    views = {Side.front: View(picture_of(front), front), Side.left: View(picture_of(left), left)}
    if back:
        views[Side.back] = View(picture_of(front)[:, ::-1], front[:, ::-1])
    check(build_from_views(views, 72, Quiet()))
