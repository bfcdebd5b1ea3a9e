"""One virtual screen for the whole run, and a home of its own for every test."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

SCREEN = "1600x1000x24"

settings.register_profile(
    "house",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("explore", settings.get_profile("house"), derandomize=False, max_examples=400)
settings.load_profile("house")


def _start_xvfb() -> subprocess.Popen[bytes]:
    program = shutil.which("Xvfb")
    if program is None:
        raise pytest.UsageError("Xvfb is missing: apt-get install -y xvfb (see README, Tests)")
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [program, "-displayfd", str(writer), "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"],
        pass_fds=(writer,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as answer:
        number = answer.readline().strip()
    if not number:
        process.kill()
        raise pytest.UsageError("Xvfb did not start")
    os.environ["DISPLAY"] = f":{number}"
    return process


def _only_numbers(config: pytest.Config) -> bool:
    """Whether only the parity suites were asked for, which open no window."""
    here = Path(__file__).parent
    asked = [(config.invocation_params.dir / each.partition("::")[0]).resolve() for each in config.args]
    return all(path.is_relative_to(here / "parity") for path in asked)


def pytest_configure(config: pytest.Config) -> None:
    """Give the run, or each process of a parallel one, a screen: its own Xvfb on Linux, the system's display elsewhere."""
    directs_others = bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")
    if sys.platform == "linux" and not directs_others:
        config.stash[_XVFB] = _start_xvfb()
        os.environ["QT_QPA_PLATFORM"] = "xcb"
        os.environ.pop("WAYLAND_DISPLAY", None)
    os.environ["QT_API"] = os.environ["PYTEST_QT_API"] = "pyside6"
    os.environ["LC_ALL"] = "C.UTF-8"  # how numbers are written is not up to who runs them
    os.environ.setdefault("OMP_NUM_THREADS", "2")


_XVFB: pytest.StashKey[subprocess.Popen[bytes]] = pytest.StashKey()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close what is left and take the screen away."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is not None and widgets.QApplication.instance() is not None:
        widgets.QApplication.closeAllWindows()
    gc.collect()
    server = config.stash.get(_XVFB, None)
    if server is not None:
        server.terminate()
        server.wait()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep captured text sendable between the processes of a run: a lone surrogate becomes a question mark."""
    report = yield
    report.sections = [(title, text.encode("utf-8", "replace").decode()) for title, text in report.sections]
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests left as user properties (heading, (subject, weight, words)): a subject's heaviest words."""
    told: dict[str, dict[str, tuple[float, str]]] = {}
    for report in terminalreporter.getreports(""):
        for heading, (subject, *said) in report.user_properties if report.when == "teardown" else ():
            lines = told.setdefault(heading, {})
            lines[subject] = max(lines.get(subject, (-1.0, "")), tuple(said))
    for heading, lines in told.items():
        terminalreporter.section(heading)
        for subject, (_, words) in sorted(lines.items()):
            terminalreporter.line(f"{subject:14} {words}")


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """The one application; as beside it in the program, garbage is collected on this thread alone: after each test."""
    gc.disable()
    return qapp


def pytest_runtest_teardown() -> None:
    """Collect what a test left, where Python does not do it by itself."""
    if not gc.isenabled():
        from orfeas_desktop.ui.garbage import collect_due

        collect_due()


@pytest.fixture
def qtbot(qtbot: QtBot) -> QtBot:
    """The bot, whose waits end early only where they are told to."""
    for name in ("waitSignal", "waitSignals", "waitUntil", "waitCallback", "waitActive", "waitExposed"):
        setattr(qtbot, name, partial(getattr(qtbot, name), timeout=int(PATIENCE_S * 1000)))
    return qtbot


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ORFEAS_HOME, for this process and those it starts."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("ORFEAS_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_pipelines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a text-to-image pipeline of random numbers and a LoRA for every base."""
    from tests.tiny_pipelines import save_all

    return save_all(tmp_path_factory.mktemp("tiny"))
