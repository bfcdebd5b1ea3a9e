"""A window is only tried where a screen answers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from orfeas_desktop.display import has_display


def test_the_screen_of_this_run_answers():
    assert has_display(os.environ)


@pytest.mark.parametrize(
    ("environment", "there"),
    [
        ({}, False),
        ({"DISPLAY": ""}, False),
        ({"DISPLAY": ":98765"}, False),
        ({"DISPLAY": ":99999999999999999999"}, False),
        ({"DISPLAY": "nonsense"}, False),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"QT_QPA_PLATFORM": "offscreen"}, True),
        ({"DISPLAY": "/private/tmp/socket:0"}, True),
    ],
    ids=str,
)
def test_names_of_screens(environment, there):
    assert has_display(environment, "linux") is there


def test_elsewhere_the_system_has_windows_of_its_own():
    assert has_display({}, "win32")
    assert has_display({}, "darwin")


def test_a_screen_may_be_another_machine(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr("orfeas_desktop.display.X_PORT", server.getsockname()[1] - 7)
        assert has_display({"DISPLAY": "127.0.0.1:7.0"}, "linux")
    assert not has_display({"DISPLAY": "127.0.0.1:7.0"}, "linux")


def test_a_dead_screen_is_one_sentence_not_an_abort(home):
    done = subprocess.run(
        [sys.executable, "-m", "orfeas_desktop"],
        env={**os.environ, "DISPLAY": ":98765", "QT_QPA_PLATFORM": "xcb"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr.startswith("error: There is no display")
