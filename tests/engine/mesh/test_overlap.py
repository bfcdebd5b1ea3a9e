"""Faces of one plane that lie on each other, and those that only touch."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orfeas_desktop.engine.mesh.crossings import crossing_faces
from orfeas_desktop.engine.mesh.inspection import Inspection
from orfeas_desktop.engine.mesh.mesh import Mesh

if TYPE_CHECKING:
    from collections.abc import Sequence

Point = tuple[Fraction, Fraction]
SQUARE = np.array([[0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 0]], float)
ONE_WAY, OTHER_WAY = [[0, 1, 2], [0, 2, 3]], [[0, 1, 3], [1, 2, 3]]


def turn(seed: int) -> np.ndarray:
    """Return a rotation, the identity for 0."""
    if not seed:
        return np.eye(3)
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]


def lying(places: np.ndarray, faces: Sequence[Sequence[int]], seed: int = 0, scale: float = 1.0) -> int:
    """Return how many pairs of faces lie on each other, none of which pierce."""
    vertices = ((np.asarray(places, float) @ turn(seed) + seed) * scale).astype(np.float32)
    seen = Inspection.of(Mesh(vertices, np.asarray(faces, np.int32)), lambda _: None)
    assert not len(seen.crossing)
    return len(seen.overlapping)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e5])
def test_by_hand(seed: int, scale: float) -> None:
    def pairs(places: np.ndarray, faces: Sequence[Sequence[int]]) -> int:
        return lying(places, faces, seed, scale)

    four = np.array(ONE_WAY) + 4
    assert pairs(SQUARE, ONE_WAY) == 0
    assert pairs(SQUARE, ONE_WAY + OTHER_WAY) == 4, "equal squares, cut in two ways"
    assert pairs(np.concatenate([SQUARE, SQUARE]), [*ONE_WAY, *four]) == 0, "the same faces are doubles"
    assert pairs(np.concatenate([SQUARE, SQUARE + [1, 2, 0]]), [*ONE_WAY, *four]) >= 2
    assert pairs(np.concatenate([SQUARE, SQUARE / 2 + [1, 1, 0]]), [*ONE_WAY, *four]) >= 2, "within"
    assert pairs(np.concatenate([SQUARE, SQUARE + [4, 1, 0]]), [*ONE_WAY, *four]) == 0, "part of an edge"
    assert pairs(np.concatenate([SQUARE, SQUARE + [4, 0, 0]]), [*ONE_WAY, *four]) == 0, "an edge"
    assert pairs(np.concatenate([SQUARE, SQUARE + [4, 4, 0]]), [*ONE_WAY, *four]) == 0, "a corner"
    assert pairs(np.concatenate([SQUARE, SQUARE + [1, 2, 0.01]]), [*ONE_WAY, *four]) == 0, "above"
    tee = np.concatenate([SQUARE, [[2, 4, 0], [2, 7, 0], [0, 7, 0]]])
    assert pairs(tee, [*ONE_WAY, [3, 4, 5], [3, 5, 6]]) == 0, "a corner in the middle of an edge"


def test_a_face_folded_back_on_its_neighbour_lies_on_it() -> None:
    places = np.array([[0, 0, 0], [4, 0, 0], [1, 3, 0], [2, 2, 0], [2, -2, 0]], float)
    assert lying(places, [[0, 1, 2], [1, 0, 3]]) == 1
    assert lying(places, [[0, 1, 2], [1, 0, 4]]) == 0
    sharp = places.copy()
    sharp[3, 2] = 1e-3
    assert lying(sharp, [[0, 1, 2], [1, 0, 3]]) == 0
    assert lying(places, [[0, 1, 2], [0, 3, 4]]) == 1, "a fan that folds"


def test_faces_without_an_area_lie_on_nothing() -> None:
    places = np.concatenate([SQUARE, [[1, 1, 0], [2, 2, 0], [3, 3, 0]]])
    assert lying(places, [*ONE_WAY, [4, 5, 6]]) == 0


def clipped(shape: list[Point], start: Point, end: Point) -> list[Point]:
    """Return what of a polygon lies left of a line (Sutherland and Hodgman 1974)."""

    def side(point: Point) -> Fraction:
        return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])

    out: list[Point] = []
    for here, ahead in zip(shape, shape[1:] + shape[:1], strict=True):
        if side(here) >= 0:
            out.append(here)
        if side(here) * side(ahead) < 0:
            share = side(here) / (side(here) - side(ahead))
            out.append((here[0] + share * (ahead[0] - here[0]), here[1] + share * (ahead[1] - here[1])))
    return out


def area(shape: list[Point]) -> Fraction:
    pairs = zip(shape, shape[1:] + shape[:1], strict=True)
    return sum((a[0] * b[1] - a[1] * b[0] for a, b in pairs), Fraction(0)) / 2


corner = st.tuples(st.integers(0, 8), st.integers(0, 8))


@settings(max_examples=150)
@given(corners=st.lists(corner, min_size=6, max_size=6), seed=st.integers(0, 3))
def test_what_shares_an_area_is_found_and_nothing_else(corners: list[tuple[int, int]], seed: int) -> None:
    shapes = [[(Fraction(x), Fraction(y)) for x, y in part] for part in (corners[:3], corners[3:])]
    one, other = (shape if area(shape) > 0 else shape[::-1] for shape in shapes)
    shared = one
    for start, end in zip(other, other[1:] + other[:1], strict=True):
        shared = clipped(shared, start, end) if shared else shared
    flat = area(one) == 0 or area(other) == 0
    common = Fraction(0) if flat or len(shared) < 3 else area(shared)
    places, ids = np.unique(np.array(corners), axis=0, return_inverse=True)
    faces = ids.reshape(2, 3).astype(np.int64)
    spread = (np.column_stack([places, np.zeros(len(places))]) @ turn(seed)).astype(np.float32)
    whole = [len(set(face)) == 3 for face in faces.tolist()]
    same = set(faces[0].tolist()) == set(faces[1].tolist())
    found = crossing_faces(spread, faces[whole])
    assert not len(found.piercing)
    assert len(found.overlapping) == (common > 0 and not same)
