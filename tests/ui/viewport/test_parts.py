from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QLocale

from orfeas_desktop.ui.viewport.canvas import Graphics, find_graphics
from orfeas_desktop.ui.viewport.grid import CELLS_EACH_WAY, grid_lines, spacing_for
from orfeas_desktop.ui.viewport.overlays import size_text
from orfeas_desktop.ui.viewport.shading import checker_pixels

ENGLISH, GERMAN = QLocale("en_GB"), QLocale("de_DE")


@given(st.floats(0.002, 5000))
def test_grid_cells_are_round_lengths_about_a_fifth_of_the_mesh(size):
    cell = spacing_for(size)
    digit = cell / 10 ** np.floor(np.log10(cell) + 1e-9)
    assert min(abs(digit - step) for step in (1, 2, 5, 10)) < 1e-6
    assert 0.5 < cell / (size / 5) < 2


def test_the_grid_has_its_axes_in_colour_and_fades_out(qapp, colours):
    ends, colors = grid_lines(0.2, -0.3, colours)
    assert ends.shape == (4 * (2 * CELLS_EACH_WAY + 1) * 2 * CELLS_EACH_WAY, 3)
    assert (ends[:, 1] == np.float32(-0.3)).all()
    red = (colors[:, :3] == colours.axis_x.getRgb()[:3]).all(axis=1)
    blue = (colors[:, :3] == colours.axis_z.getRgb()[:3]).all(axis=1)
    assert (ends[red][:, 2] == 0).all()
    assert (ends[blue][:, 0] == 0).all()
    assert red.sum() == blue.sum() == 4 * CELLS_EACH_WAY
    np.testing.assert_allclose(np.ptp(ends[red][:, 0]), 0.2 * 2 * CELLS_EACH_WAY, rtol=1e-5)
    radius = np.linalg.norm(ends[:, [0, 2]], axis=1)
    assert colors[radius > 0.2 * CELLS_EACH_WAY, 3].max() == 0
    assert colors[radius < 0.3, 3].min() > 200


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ((1.0, 0.83, 0.464), "1.00 × 0.83 × 0.46 m"),
        ((12.5, 0.5, 0.25), "12.50 × 0.50 × 0.25 m"),
        ((0.183, 0.05, 0.02), "18.3 × 5.0 × 2.0 cm"),
        ((0.0042, 0.001, 0.0), "4.20 × 1.00 × 0.00 mm"),
    ],
)
def test_sizes_are_told_in_the_unit_that_suits(size, text):
    assert size_text(size, ENGLISH) == text


def test_sizes_follow_the_locale():
    assert size_text((1.5, 1.0, 0.5), GERMAN) == "1,50 × 1,00 × 0,50 m"


def test_checker_squares_differ_from_their_neighbours():
    pixels = checker_pixels(squares=4, pixels_each=8).astype(int)
    assert pixels.shape == (32, 32, 3)
    for down in range(4):
        for across in range(3):
            here, next_to = pixels[down * 8 + 4, across * 8 + 4], pixels[down * 8 + 4, across * 8 + 12]
            assert abs(here.sum() - next_to.sum()) > 60


def test_a_software_renderer_is_known_by_its_name(qapp):
    assert Graphics("llvmpipe (LLVM 15.0.6, 256 bits)").software
    assert not Graphics("NVIDIA GeForce RTX 4070/PCIe/SSE2").software
    assert find_graphics().renderer
