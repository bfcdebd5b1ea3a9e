"""The cases of the parity suite, and a line for each in the summary."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

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
class Check:
    """How near a number of a case came to its bound."""

    key: str
    error: float
    bound: float

    @property
    def share(self) -> float:
        return self.error / self.bound if self.bound else self.error


@dataclass
class Case:
    """One folder of reference numbers; `io` holds its arrays."""

    name: str
    checks: list[Check] = field(default_factory=list)

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
        self.checks.append(Check(key, error, bound))
        assert error <= bound, f"{self.name} {key}: error {error:.3g}, bound {bound:.3g}"

    def within(self, key: str, found: float, bound: float) -> None:
        """Check a measured amount against its bound."""
        self.checks.append(Check(key, found, bound))
        assert found <= bound, f"{self.name} {key}: {found:.4g}, bound {bound:.4g}"


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    """The case that a test is run for; what came nearest to its bound is told in the run's summary."""
    case = Case(request.param)
    yield case
    if case.checks:
        worst = max(case.checks, key=lambda check: check.share)
        words = f"max error {worst.error:.2e} of {worst.bound:.1e} ({worst.share:6.1%}) in {worst.key}"
        told = (case.name, worst.share, words)
        request.node.user_properties.append(
            ("shape parity: the check of each case nearest to its bound", told)
        )


@pytest.fixture(autouse=True)
def _plain_numbers() -> object:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
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
