"""Exported files become one ZIP, or stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from orfeas_desktop.engine.formats.publish_folder import LISTING
from orfeas_desktop.engine.formats.publish_zip import publish_zip
from orfeas_desktop.errors import FileMissing, NotAFile

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_named_twice_goes_in_once_and_emptied_folders_go(tmp_path: Path) -> None:
    inner = tmp_path / "chair-unity" / "Textures"
    inner.mkdir(parents=True)
    files = [tmp_path / "chair.glb", tmp_path / "chair-NOTICE.txt", inner / "wood.png"]
    for number, file in enumerate(files):
        file.write_text(str(number))
    (inner.parent / LISTING).write_text("{}")
    (tmp_path / "chair.zip").write_text("old")
    (tmp_path / "other.txt").write_text("stays")
    made = publish_zip([*files, files[1]], tmp_path, "chair")
    with ZipFile(made) as package:
        assert package.namelist() == ["chair.glb", "chair-NOTICE.txt", "chair-unity/Textures/wood.png"]
        assert package.testzip() is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chair.zip", "other.txt"]


def test_what_cannot_be_packed_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.glb"
    file.write_text("a")
    (tmp_path / "a.zip").write_text("old")
    with pytest.raises(FileMissing):
        publish_zip([file, tmp_path / "gone.txt"], tmp_path, "a")
    (tmp_path / "b.zip").mkdir()
    with pytest.raises(NotAFile):
        publish_zip([file], tmp_path, "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.glb", "a.zip", "b.zip"]
    assert (tmp_path / "a.zip").read_text() == "old"
