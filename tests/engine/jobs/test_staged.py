"""Files between the worker and the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.jobs.staged import drop_if_empty, linked

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
