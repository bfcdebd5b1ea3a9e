"""Where each layout puts things."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orfeas_desktop.engine.layouts import LAYOUTS
from orfeas_desktop.engine.layouts.base import Footprint
from orfeas_desktop.engine.layouts.circle import CIRCLE
from orfeas_desktop.engine.layouts.grid import GRID
from orfeas_desktop.engine.layouts.row import ROW
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.scene.scene import Transform

ONE = Footprint((0.0, 0.0, 0.0), 1.0, 1.0, 1.0)


def spots(layout: object, count: int, **settings: object) -> list[tuple[float, float]]:
    places = layout.arrange([ONE] * count, layout.params.check(layout.id, settings))  # type: ignore[attr-defined]
    assert all(place.translation[1] == 0.5 for place in places)
    return [(round(place.translation[0], 6), round(place.translation[2], 6)) for place in places]


def test_the_table() -> None:
    assert [layout.id for layout in LAYOUTS] == ["row", "grid", "circle"]


def test_a_row_keeps_its_gap() -> None:
    assert spots(ROW, 3, gap_mm=500) == [(-1.5, 0), (0, 0), (1.5, 0)]


def test_a_grid_is_about_square_or_as_wide_as_asked() -> None:
    assert spots(GRID, 4, gap_mm=0) == [(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.5, 0.5)]
    assert spots(GRID, 3, gap_mm=0, columns=1) == [(0, -1), (0, 0), (0, 1)]
    assert spots(GRID, 2, gap_mm=0, columns=9) == [(-0.5, 0), (0.5, 0)]


def test_a_circle_has_its_radius_or_the_smallest() -> None:
    assert spots(CIRCLE, 4, radius_mm=3000) == [(0, 3), (3, 0), (0, -3), (-3, 0)]
    (first, second) = spots(CIRCLE, 2, gap_mm=100)
    assert math.dist(first, second) == pytest.approx(math.sqrt(2) + 0.1)
    assert spots(CIRCLE, 1) == [(0, 0)]


@pytest.mark.parametrize(("facing", "front"), [("outward", (1, 0)), ("inward", (-1, 0)), ("same", (0, 1))])
def test_fronts_look_where_they_should(facing: str, front: tuple[float, float]) -> None:
    params = CIRCLE.params.check("circle", {"facing": facing})
    second = CIRCLE.arrange([ONE] * 4, params)[1]
    looks = second.matrix()[:3, :3] @ np.array([0, 0, 1])
    np.testing.assert_allclose(looks[[0, 2]], front, atol=1e-9)


def test_something_off_centre_is_turned_about_its_middle(cube: Mesh) -> None:
    moved = cube.changed(vertices=cube.vertices * [1, 2, 3] + np.array([7, 8, 9]), metres_per_unit=0.5)
    footprint = Footprint.of(moved)
    assert (footprint.width, footprint.height, footprint.depth) == (1, 2, 3)
    matrix = footprint.at(10, 20, math.pi / 2).matrix()
    points = moved.vertices * 0.5 @ matrix[:3, :3].T + matrix[:3, 3]
    np.testing.assert_allclose(
        [points.min(axis=0), points.max(axis=0)], [[8.5, 0, 19.5], [11.5, 2, 20.5]], atol=1e-9
    )


def test_a_transform_scales_turns_and_moves() -> None:
    quarter = (0.0, 0.0, math.sin(math.pi / 4), math.cos(math.pi / 4))
    matrix = Transform((1, 2, 3), quarter, (2, 1, 1)).matrix()
    np.testing.assert_allclose(matrix @ [1, 0, 0, 1], [1, 4, 3, 1], atol=1e-12)
