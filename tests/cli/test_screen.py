from __future__ import annotations

import json

import pytest

from orfeas_desktop.cli.progress import ProgressView
from orfeas_desktop.cli.screen import Screen, columns, error_object, one_line
from orfeas_desktop.errors import FileMissing
from orfeas_desktop.requests import JobProgressed, JobQueued, Progress


def test_words_go_out_and_notes_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.note("working")
    screen.warn("careful")
    screen.give({"a": 1}, "done")
    assert capsys.readouterr() == ("done\n", "working\nwarning: careful\n")
    assert screen.warnings == ["careful"]
    screen.give({"a": 1})
    assert capsys.readouterr() == ("", "")


def test_json_is_one_object_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(as_json=True)
    screen.note("working")
    screen.give({"name": "Größe \udcff\n", "n": None}, "done")
    out, err = capsys.readouterr()
    assert json.loads(out) == {"name": "Größe \udcff\n", "n": None}
    assert out.isascii()
    assert err == ""


def test_an_error_has_message_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    error = error_object(FileMissing(name="two\nlines", details="why"))
    Screen().fail(error)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [r"error: There is no file “two\nlines”.", str(error["remedy"])]
    Screen(as_json=True).fail(error)
    assert json.loads(capsys.readouterr().out)["error"]["details"] == "why"
    Screen().fail({**error, "remedy": ""})
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_names_stay_on_one_line() -> None:
    assert one_line("a\nb\t🪑 ü \udcff\x1b[31m") == r"a\nb\t🪑 ü \udcff\x1b[31m"


def test_columns_are_as_wide_as_their_cells() -> None:
    assert columns([("a", "one"), ("long", "x")]) == "a     one\nlong  x"
    assert columns([]) == ""


def _progress(stage: str, fraction: float | None, left: float | None) -> JobProgressed:
    return JobProgressed("1", Progress(stage, None, fraction, 1.0, left))


def test_plain_progress_names_each_stage_once(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressView(Screen(), "chair") as view:
        for event in (
            JobQueued("1"),
            _progress("Mask", 0.1, None),
            _progress("Mask", 0.2, 3),
            _progress("Height", 0.5, 1),
        ):
            view.show(event)
    assert capsys.readouterr().err == "chair: Mask\nchair: Height\n"


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with ProgressView(Screen(), "chair [1]") as view:
        view.show(_progress("Mask", None, None))
        view.show(_progress("Mask", 0.5, 3.2))
    assert "chair [1]: Mask" in capsys.readouterr().err


def test_a_failure_after_the_result_adds_no_second_object(capsys):
    screen = Screen(as_json=True)
    screen.give({"files": []})
    screen.fail({"code": "cancelled", "message": "Cancelled.", "remedy": "", "details": ""})
    said = capsys.readouterr()
    assert json.loads(said.out) == {"files": []}
    assert said.err == "error: Cancelled.\n"
