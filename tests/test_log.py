from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from orfeas_desktop.log import job_in_log, set_up_log, take_down_log, write_crash_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOG = logging.getLogger("orfeas_desktop.somewhere")


@pytest.fixture(autouse=True)
def clean_log() -> Iterator[None]:
    take_down_log()
    yield
    take_down_log()
    logging.getLogger("orfeas_desktop").setLevel(logging.NOTSET)


def test_records_name_their_job(tmp_path: Path) -> None:
    file = tmp_path / "state" / "orfeas.log"
    set_up_log(file)
    set_up_log(tmp_path / "other.log")
    LOG.info("before")
    with job_in_log("0123456789abcdef"):
        LOG.info("inside \udcff")
    LOG.info("after")
    before, inside, after = file.read_text().splitlines()
    assert "[01234567] inside" in inside
    assert before.endswith("somewhere before")
    assert after.endswith("somewhere after")
    assert not (tmp_path / "other.log").exists()


def test_the_log_is_rotated(tmp_path: Path) -> None:
    file = tmp_path / "orfeas.log"
    set_up_log(file)
    for _ in range(25):
        LOG.info("x" * 100_000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["orfeas.log", "orfeas.log.1"]


def test_without_a_place_for_it_there_is_no_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    set_up_log(tmp_path / "file" / "orfeas.log")
    LOG.warning("nobody reads this")
    assert capfd.readouterr() == ("", "")


def _crash() -> BaseException:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    return caught.value


def test_a_crash_report_holds_what_is_needed(tmp_path: Path) -> None:
    report = write_crash_report(tmp_path / "crashes", _crash(), version="1.2.3")
    assert report is not None
    text = report.read_text()
    for part in ("Orfeas Desktop 1.2.3", "platform", "python", "in _crash", "ZeroDivisionError: division"):
        assert part in text


def test_a_crash_report_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert write_crash_report(tmp_path / "file" / "crashes", _crash(), version="1") is None
