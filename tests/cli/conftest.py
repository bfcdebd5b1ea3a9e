"""Runs the command line in this process, each test with a home of its own."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orfeas_desktop.log import take_down_log


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The one object on standard output."""
        return json.loads(self.out)

    @property
    def error(self) -> dict:
        """The error object on standard output."""
        return self.json["error"]


Orfeas = Callable[..., Outcome]


@pytest.fixture
def fresh_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The log and the crash hook of this process as they were before."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    take_down_log()
    yield
    take_down_log()
    logging.getLogger("orfeas_desktop").setLevel(logging.NOTSET)


@pytest.fixture
def orfeas(home: Path, fresh_log: None, capfd: pytest.CaptureFixture[str]) -> Orfeas:
    """Run `orfeas WORDS…` in this process."""
    from orfeas_desktop.__main__ import main

    def run(*words: str | Path) -> Outcome:
        capfd.readouterr()
        status = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return Outcome(status, out, err)

    return run


def hear_ctrl_c() -> None:
    """In a process about to begin: a test run in the background has Ctrl-C switched off, and its children with it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody can reach, for what is tried without rights."""
    folder = Path(tempfile.mkdtemp(prefix="orfeas-test-"))
    folder.chmod(0o755)
    yield folder
    for path in folder.rglob("*"):
        if path.is_dir():
            os.chmod(path, 0o700)  # noqa: PTH101
    shutil.rmtree(folder)
