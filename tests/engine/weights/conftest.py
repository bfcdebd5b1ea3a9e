"""What a download works with, its hub on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.download import Surroundings
from orfeas_desktop.engine.weights.licences import Licences
from orfeas_desktop.engine.weights.network import NetworkDoor, NetworkRules
from orfeas_desktop.engine.weights.store import WeightStore
from tests.engine.weights.loopback_hub import HASTE, SET, Hub, hub_of_one_set
from tests.patience import PATIENCE_S


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub that holds one small set of two files."""
    with hub_of_one_set(np.random.default_rng(1).bytes(300_000)) as made:
        yield made


@pytest.fixture
def other_hub(hub: Hub) -> Iterator[Hub]:
    """A second host with the same files."""
    made = Hub(hub.repository, hub.folder)
    made.files = hub.files
    yield made
    made.close()


@dataclass
class Outside:
    """The network as the program sees it in a test; the rules may change while it works."""

    rules: NetworkRules
    log: Path

    def lines(self) -> list[dict]:
        return (
            [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]
            if self.log.exists()
            else []
        )


@pytest.fixture
def outside(hub: Hub, tmp_path: Path) -> Outside:
    return Outside(NetworkRules(endpoint=hub.url), tmp_path / "network.log")


@pytest.fixture
def make_around(tmp_path: Path, outside: Outside) -> Callable[..., Surroundings]:
    """Make what a download works with; the licence is accepted."""

    def make(**changes: object) -> Surroundings:
        licences = Licences(tmp_path / "licences.json")
        licences.accept(weight_set(SET).terms, "test")
        values: dict[str, object] = {
            "store": WeightStore(tmp_path / "weights"),
            "licences": licences,
            "door": NetworkDoor(lambda: outside.rules, outside.log, read_s=PATIENCE_S),
            "patience": HASTE,
        }
        return Surroundings(**{**values, **changes})

    return make


@pytest.fixture
def around(make_around: Callable[..., Surroundings]) -> Surroundings:
    return make_around()


def everything(folder: Path) -> dict[str, bytes]:
    """The files below a folder that an engine could take for weights."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in {".part", ".lock", ".json"}:
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


@pytest.fixture(scope="session")
def usable_files() -> Callable[[Path], dict[str, bytes]]:
    return everything
