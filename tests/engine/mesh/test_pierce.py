"""Triangles that run through each other, and those that only touch."""

from __future__ import annotations

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.pierce import pierce

FLAT = [[0, 0, 0], [4, 0, 0], [0, 4, 0]]


@pytest.mark.parametrize(
    ("other", "through"),
    [
        ([[1, 1, -1], [1, 1, 1], [3, 1, 1]], True),
        ([[2, 2, -1], [2, 2, 1], [-1, -1, 1]], True),
        ([[2, 0, -1], [2, 0, 1], [2, 3, 1]], True),
        ([[5, 5, -1], [5, 5, 1], [6, 6, 1]], False),
        ([[2, 2, -1], [2, 2, 1], [3, 3, 1]], False),
        ([[0, 0, 0], [-2, 1, 1], [-2, 1, -1]], False),
        ([[0, 0, 0], [2, 1, 1], [2, 1, -1]], True),
    ],
    ids=["inside", "through an edge inwards", "along an edge", "beside", "touching", "fan", "folded fan"],
)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_pairs(other: list[list[float]], through: bool, scale: float) -> None:
    one, two = np.array([FLAT], float) * scale, np.array([other], float) * scale
    assert pierce(one, two, 1e-7 * scale).tolist() == [through]
    assert pierce(two, one, 1e-7 * scale).tolist() == [through]


def test_triangles_in_one_plane_do_not_pierce() -> None:
    one = np.array([FLAT], float)
    assert not pierce(one, one + [1.0, 1.0, 0.0], 1e-7).any()


def test_what_only_rounding_makes_cross_does_not_count() -> None:
    one = np.array([FLAT], float)
    ripple = np.array([[[1, 1, -1e-5], [3, 1, 1e-5], [1, 3, 1e-5]]])
    assert not pierce(one, ripple, 1e-7).any()
    assert pierce(one, ripple * [1, 1, 1000], 1e-7).all()
    large = np.array([[[1, 1, -1e-2], [3, 1, 1e-2], [1, 3, 1e-2]]])
    assert pierce(one, large, 1e-7).all()
