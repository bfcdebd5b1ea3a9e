"""The probe tells what is there and never fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pynvml
import pytest

from orfeas_desktop.engine.hardware.probe import Gpu, Probe, disk_free


def test_it_tells_of_this_machine(tmp_path: Path) -> None:
    probe = Probe()
    machine = probe.look(tmp_path / "not" / "there" / "yet")
    assert machine.system
    assert machine.cores >= 1
    assert 0.0 <= machine.cpu_load <= 1.0
    assert 0 < machine.ram_used < machine.ram_total
    assert machine.disk_free is not None
    assert machine.disk_free > 0
    assert machine.gpus == probe.gpus() or machine.gpus
    probe.close()
    probe.close()


def test_a_disk_that_cannot_be_asked_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("shutil.disk_usage", refuse)
    assert disk_free(Path("/")) is None


@dataclass
class Memory:
    total: int = 80
    used: int = 20


@dataclass
class Rates:
    gpu: int = 25


class Driver:
    """Stands in for the driver's library, which machines without a card lack."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.started = self.stopped = 0
        self.replace = monkeypatch.setattr
        answers = {
            "nvmlInit": self.start,
            "nvmlShutdown": self.stop,
            "nvmlSystemGetDriverVersion": lambda: b"575.1",
            "nvmlDeviceGetCount": lambda: 2,
            "nvmlDeviceGetHandleByIndex": lambda index: index,
            "nvmlDeviceGetMemoryInfo": lambda handle: Memory(),
            "nvmlDeviceGetName": lambda handle: f"Card {handle}",
            "nvmlDeviceGetUtilizationRates": lambda handle: Rates(),
        }
        for name, answer in answers.items():
            self.replace(pynvml, name, answer)

    def start(self) -> None:
        self.started += 1

    def stop(self) -> None:
        self.stopped += 1


def fail(*_: object) -> None:
    raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)


def test_cards_are_told_by_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    driver, probe = Driver(monkeypatch), Probe()
    assert probe.gpus() == tuple(Gpu(f"Card {index}", "575.1", 80, 20, 0.25) for index in range(2))
    driver.replace(pynvml, "nvmlDeviceGetUtilizationRates", fail)
    assert {gpu.load for gpu in probe.gpus()} == {None}
    assert (driver.started, driver.stopped) == (1, 0)
    probe.close()
    assert driver.stopped == 1
    probe.gpus()
    assert driver.started == 2


def test_no_driver_means_no_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    driver, probe = Driver(monkeypatch), Probe()
    driver.replace(pynvml, "nvmlInit", fail)
    assert probe.gpus() == ()
    probe.close()
    assert driver.stopped == 0
