"""A home with tiny published weights, and a context to run a backend in."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from PIL import Image

from orfeas_desktop.assets import AssetKind, LocalFile, local_file
from orfeas_desktop.engine.weights.shelf import WeightShelf
from orfeas_desktop.engine.worker.messages import RunJob
from orfeas_desktop.engine.worker.running import WorkerContext
from orfeas_desktop.paths import Paths
from orfeas_desktop.register import Table

DATA = Path(__file__).parents[2] / "data" / "hunyuan3d_shape"

FOLDERS = {
    "hunyuan3d-dit-v2-0": "e2e_v20",
    "hunyuan3d-dit-v2-0-turbo": "e2e_turbo",
    "hunyuan3d-dit-v2-mini": "e2e_mini",
    "hunyuan3d-dit-v2-mv": "e2e_mv",
    "hunyuan3d-dit-v2-1": "e2e_v21",
    "hunyuan3d-vae-v2-0-turbo": "vae_turbo",
}


@pytest.fixture
def weights_home(tmp_path, monkeypatch) -> Path:
    """A home whose shelf knows a tiny folder of every layout."""
    monkeypatch.setenv("ORFEAS_HOME", str(tmp_path / "home"))
    place = tmp_path / "models"
    for name, case in FOLDERS.items():
        (place / name).mkdir(parents=True)
        for path in (DATA / case).iterdir():
            if path.name == "config.yaml" or path.name.startswith("model"):
                shutil.copyfile(path, place / name / path.name)
    WeightShelf(Paths.of().weights).add(place)
    return place


@pytest.fixture
def picture(tmp_path) -> LocalFile:
    """A shaded disc on a transparent ground."""
    rows, columns = np.mgrid[:96, :96]
    pixels = np.zeros((96, 96, 4), np.uint8)
    pixels[..., :3] = (rows + columns)[..., None]
    pixels[..., 3] = np.where((rows - 48) ** 2 + (columns - 48) ** 2 < 1400, 255, 0)
    path = tmp_path / "disc.png"
    Image.fromarray(pixels).save(path)
    return local_file(path, AssetKind.picture)


@pytest.fixture
def context_of(tmp_path):
    """Make a context: context_of(entry, sent=[], stop=Event())."""

    def make(entry: str, sent: list | None = None, stop: Event | None = None) -> WorkerContext:
        staging = tmp_path / f"staging {len(list(tmp_path.iterdir()))}"
        staging.mkdir()
        job = RunJob(
            job_id="job",
            table=Table.backends,
            entry=entry,
            version=1,
            params={},
            inputs={},
            seed=7,
            staging=staging,
            scratch=tmp_path / "scratch",
            threads=2,
        )
        messages = [] if sent is None else sent
        ticks = iter(range(10**9))
        return WorkerContext(job, messages.append, stop or Event(), lambda: float(next(ticks)))

    return make


@pytest.fixture(autouse=True)
def _threads():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
