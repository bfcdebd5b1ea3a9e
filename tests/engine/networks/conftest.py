"""Tiny published folders to break."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

DATA = Path(__file__).parents[2] / "data" / "hunyuan3d_shape"


@pytest.fixture
def published(tmp_path):
    """Copy the combined folder of a case, to change it: published("e2e_mini")."""

    def copy(case: str) -> Path:
        folder = tmp_path / case
        folder.mkdir()
        for path in (DATA / case).iterdir():
            if path.name != "io.npz":
                shutil.copyfile(path, folder / path.name)
        return folder

    return copy


@pytest.fixture(autouse=True)
def _two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)
