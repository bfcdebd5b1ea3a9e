"""Files between the worker and the library."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.jobs.staged import clear_after_the_dead, drop_if_empty, linked, lives

if TYPE_CHECKING:
    from pathlib import Path


def test_a_linked_file_stays_when_the_first_name_goes(tmp_path: Path) -> None:
    path = tmp_path / "mesh.glb"
    path.write_text("mesh")
    file = local_file(path, AssetKind.mesh, "Cup.glb")
    other = linked(file, tmp_path / "inputs", 0)
    assert linked(file, tmp_path / "inputs", 0) == other, "a name left over from before is replaced"
    path.unlink()
    assert other.path.read_text() == "mesh"
    assert (other.name, other.digest, other.path.suffix) == ("Cup.glb", file.digest, ".glb")
    with pytest.raises(FileNotFoundError):
        linked(file, tmp_path / "inputs", 1)


def test_where_links_cannot_be_made_the_file_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mesh.glb"
    path.write_text("mesh")

    def refuse(*_: object) -> None:
        raise PermissionError("this file system has no links")

    monkeypatch.setattr("os.link", refuse)
    other = linked(local_file(path, AssetKind.mesh), tmp_path / "inputs", 0)
    assert other.path.read_text() == "mesh"
    assert path.stat().st_nlink == 1


def test_only_empty_folders_are_dropped(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    (folder / "parts" / "deep").mkdir(parents=True)
    file = folder / "parts" / "a"
    file.touch()
    assert not drop_if_empty(folder)
    assert file.exists()
    file.unlink()
    assert drop_if_empty(folder)
    assert drop_if_empty(folder)
    assert not folder.exists()


def test_what_the_dead_left_goes_though_nobody_collected_them(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        left, ours = (tmp_path / f"of-{pid}" for pid in (ended.pid, os.getpid()))
        for folder in (left, ours):
            folder.mkdir()
        clear_after_the_dead(tmp_path)
        assert not left.exists()
        assert ours.exists()


def test_a_process_that_may_not_be_seen_counts_as_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(number: int) -> psutil.Process:
        raise psutil.AccessDenied(number)

    monkeypatch.setattr(psutil, "Process", hidden)
    assert lives(1)
