"""The cases of the parity suite, and one line for each in the summary."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

FOLDER = Path(os.environ.get("ORFEAS_PARITY_DIR", Path(__file__).parents[2] / "data" / "hunyuan3d_shape"))


def case_names(prefix: str) -> list[str]:
    """The cases whose names start with `prefix`, in this folder."""
    return sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and path.name.startswith(prefix))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test marked `cases(prefix)` once for every case of that name."""
    marker = metafunc.definition.get_closest_marker("cases")
    if marker is not None:
        names = case_names(marker.args[0])
        assert names, f"no case {marker.args[0]}* in {FOLDER}"
        metafunc.parametrize("case", names, indirect=True, ids=names)


@dataclass
class Ledger:
    """The worst error of every case, in shares of its bound."""

    worst: dict[str, tuple[float, float, float, str]] = field(default_factory=dict)
    checks: dict[str, int] = field(default_factory=dict)

    def add(self, case: str, key: str, error: float, bound: float) -> None:
        self.checks[case] = self.checks.get(case, 0) + 1
        share = error / bound if bound else error
        if case not in self.worst or share > self.worst[case][0]:
            self.worst[case] = (share, error, bound, key)


LEDGER = pytest.StashKey[Ledger]()


@dataclass
class Case:
    """One folder of reference numbers; `io` holds its arrays."""

    name: str
    ledger: Ledger

    @property
    def path(self) -> Path:
        return FOLDER / self.name

    @property
    def io(self) -> dict[str, np.ndarray]:
        with np.load(self.path / "io.npz") as archive:
            return {key: archive[key] for key in archive.files}

    def tensors(self) -> dict[str, torch.Tensor]:
        return {key: torch.from_numpy(value) for key, value in self.io.items()}

    def close(self, key: str, found: object, expected: object, tolerance: float, least: float = 1.0) -> None:
        """Check max abs error <= tolerance·max(1, max|expected|·least)."""
        mine = np.asarray(found, dtype=np.float64)
        theirs = np.asarray(expected, dtype=np.float64)
        assert mine.shape == theirs.shape, f"{self.name} {key}: shape {mine.shape}, not {theirs.shape}"
        bound = tolerance * max(1.0, float(np.abs(theirs).max(initial=0.0)) * least)
        error = float(np.abs(mine - theirs).max(initial=0.0))
        self.ledger.add(self.name, key, error, bound)
        assert error <= bound, f"{self.name} {key}: error {error:.3g}, bound {bound:.3g}"

    def within(self, key: str, found: float, bound: float) -> None:
        """Check a measured amount against its bound."""
        self.ledger.add(self.name, key, found, bound)
        assert found <= bound, f"{self.name} {key}: {found:.4g}, bound {bound:.4g}"


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The case that a test is run for."""
    return Case(request.param, request.config.stash.setdefault(LEDGER, Ledger()))


@pytest.fixture(autouse=True)
def _plain_numbers() -> object:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    with torch.inference_mode():
        yield
    torch.set_num_threads(threads)


class Listener:
    """Keeps what named modules of a network return; tuples as `name/0`, `name/1`."""

    def __init__(self, network: torch.nn.Module, names: set[str]) -> None:
        self.heard: dict[str, torch.Tensor] = {}
        modules = dict(network.named_modules())
        for name in names:
            modules[name].register_forward_hook(self._keep(name))

    def _keep(self, name: str):
        def hook(_module: object, _inputs: object, output: object) -> None:
            if isinstance(output, tuple):
                self.heard.update({f"{name}/{index}": part.clone() for index, part in enumerate(output)})
            else:
                self.heard[name] = output.clone()

        return hook


@pytest.fixture
def listen():
    """Listen to the modules that `act/` keys name: listen(network, keys)."""

    def start(network: torch.nn.Module, keys: object, without: tuple[str, ...] = ()) -> Listener:
        names = {re.sub(r"/\d+$", "", key.removeprefix("act/")) for key in keys if key.startswith("act/")}
        return Listener(network, {name for name in names if name not in without})

    return start


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cases(prefix): run for every parity case of that name")


def pytest_terminal_summary(terminalreporter: object, config: pytest.Config) -> None:
    ledger = config.stash.get(LEDGER, None)
    if ledger is None:
        return
    terminalreporter.section("shape parity: the check of each case that came nearest to its bound")
    for name, (share, error, bound, key) in sorted(ledger.worst.items()):
        terminalreporter.line(
            f"{name:14} max error {error:.2e} of {bound:.1e} ({share:6.1%}) in {key}; {ledger.checks[name]} checks"
        )
