"""Estimate: honest fractions and times."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orfeas_desktop.engine.jobs.estimate import Estimate

USUAL = {"Mask": 1.0, "Volume": 6.0, "Texture": 3.0}


def test_without_history_nothing_is_promised() -> None:
    estimate = Estimate({}, 10.0)
    estimate.advance("Mask", 0.5, 11.0)
    progress = estimate.progress(12.0)
    assert (progress.stage, progress.stage_fraction, progress.fraction, progress.seconds) == (
        "Mask",
        0.5,
        None,
        2.0,
    )
    assert progress.seconds_left is None


def test_stages_weigh_what_they_usually_take() -> None:
    estimate = Estimate(USUAL, 0.0)
    assert estimate.progress(0.0).fraction == 0.0
    assert estimate.progress(0.0).seconds_left == pytest.approx(10.0)
    estimate.advance("Mask", None, 0.0)
    estimate.advance("Mask", 0.5, 0.5)
    assert estimate.progress(0.5).fraction == pytest.approx(0.05)
    estimate.advance("Volume", None, 1.0)
    assert estimate.progress(1.0).fraction == pytest.approx(0.1)
    estimate.advance("Volume", 0.5, 4.0)
    assert estimate.progress(4.0).fraction == pytest.approx(0.4)
    assert estimate.progress(4.0).seconds_left == pytest.approx(6.0)


def test_a_slow_run_is_expected_to_stay_slow() -> None:
    estimate = Estimate(USUAL, 0.0)
    estimate.advance("Mask", None, 0.0)
    estimate.advance("Volume", None, 2.0)
    assert estimate.progress(2.0).seconds_left == pytest.approx(18.0)
    assert estimate.progress(14.0).seconds_left == pytest.approx(6.0)
    assert estimate.progress(60.0).seconds_left == pytest.approx(6.0), "overdue: only what is ahead is known"


def test_stages_that_are_skipped_or_new_or_come_again_spoil_nothing() -> None:
    estimate = Estimate(USUAL, 0.0)
    estimate.advance("Texture", 0.5, 1.0)
    assert estimate.progress(1.0).fraction == pytest.approx(0.85)
    estimate.advance("New", 0.9, 2.0)
    assert estimate.progress(2.0).fraction == pytest.approx(0.85)
    estimate.advance("Mask", 0.5, 3.0)
    assert estimate.progress(3.0).fraction == pytest.approx(0.85)


stages = st.sampled_from([*USUAL, "New"])
moves = st.lists(st.tuples(stages, st.none() | st.floats(-0.5, 1.5), st.floats(0.0, 5.0)), max_size=30)


@example({"Mask": 5e-324}, [("Mask", None, 0.0)])
@given(st.dictionaries(stages, st.floats(-1.0, 100.0)), moves)
def test_the_fraction_never_falls_and_the_rest_is_never_negative(
    usual: dict[str, float], moves: list[tuple[str, float | None, float]]
) -> None:
    estimate, now, reached = Estimate(usual, 0.0), 0.0, 0.0
    for stage, fraction, pause in moves:
        now += pause
        estimate.advance(stage, fraction, now)
        progress = estimate.progress(now)
        assert progress.seconds == now
        assert progress.stage_fraction is None or 0.0 <= progress.stage_fraction <= 1.0
        if progress.fraction is not None:
            assert reached <= progress.fraction <= 1.0
            reached = progress.fraction
            assert progress.seconds_left is not None
            assert progress.seconds_left >= 0.0
