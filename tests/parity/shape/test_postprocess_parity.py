from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from orfeas_desktop.engine.networks.surface import (
    Surface,
    with_fewer_faces,
    without_broken_faces,
    without_floaters,
)


def corners(surface: Surface) -> np.ndarray:
    """The faces as sorted rows of their corners' coordinates, to compare whatever the numbering."""
    rows = np.sort(np.round(surface.vertices[surface.faces], 6).reshape(-1, 3, 3).sum(axis=2), axis=1)
    return rows[np.lexsort(rows.T)]


def sampled(vertices: np.ndarray, faces: np.ndarray, count: int) -> np.ndarray:
    """Points spread evenly over the faces."""
    random = np.random.default_rng(0)
    a, b, c = (vertices[faces[:, index]] for index in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    chosen = random.choice(len(faces), count, p=areas / areas.sum())
    u, v = random.random((2, count, 1))
    flip = u + v > 1
    u, v = np.where(flip, 1 - u, u), np.where(flip, 1 - v, v)
    return a[chosen] + u * (b - a)[chosen] + v * (c - a)[chosen]


@pytest.mark.cases("postprocess")
def test_floaters(case) -> None:
    io = case.io
    left = without_floaters(Surface(io["in_v"], io["in_f"]))
    assert len(left.faces) == len(io["floater_f"])
    case.close("floater", corners(left), corners(Surface(io["floater_v"], io["floater_f"])), 1e-5)


@pytest.mark.cases("postprocess")
def test_broken_faces(case) -> None:
    io = case.io
    whole = without_broken_faces(Surface(io["floater_v"], io["floater_f"]))
    assert len(whole.faces) == len(io["degen_f"])
    broken = np.concatenate([io["floater_f"], [[0, 0, 1]]]).astype(np.int32)
    assert len(without_broken_faces(Surface(io["floater_v"], broken)).faces) == len(io["degen_f"])


@pytest.mark.cases("postprocess")
def test_fewer_faces(case) -> None:
    io = case.io
    target = int(io["reduce_target"])
    reduced = with_fewer_faces(Surface(io["degen_v"], io["degen_f"]), target)
    assert len(reduced.faces) <= target
    case.within("reduced faces off the target", abs(len(reduced.faces) - target) / target, 0.02)
    diagonal = float(np.linalg.norm(np.ptp(io["degen_v"], axis=0)))
    mine = sampled(reduced.vertices, reduced.faces, 20000)
    for name, vertices, faces in (
        ("input", io["degen_v"], io["degen_f"]),
        ("reference", io["reduced_v"], io["reduced_f"]),
    ):
        theirs = sampled(vertices, faces, 20000)
        there, back = cKDTree(theirs).query(mine)[0].mean(), cKDTree(mine).query(theirs)[0].mean()
        case.within(f"mean distance to the {name}", float(max(there, back)) / diagonal, 0.01)


@pytest.mark.cases("postprocess")
def test_nothing_to_do(case) -> None:
    io = case.io
    surface = Surface(io["degen_v"], io["degen_f"])
    assert with_fewer_faces(surface, len(surface.faces)) is surface
    empty = Surface(surface.vertices, surface.faces[:0])
    assert without_floaters(empty) is empty
