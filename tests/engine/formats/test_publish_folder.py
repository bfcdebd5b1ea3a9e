"""A folder goes to the user's disk whole, and the old one stays when that fails."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.formats.publish_folder import LISTING, check_folder_replaceable, publish_folder
from orfeas_desktop.errors import (
    BackendFailed,
    BadInput,
    DiskFull,
    FileMissing,
    FolderInUse,
    NotAFolder,
    PermissionDenied,
)
from orfeas_desktop.requests import OutputFile
from tests.failing import failing_at

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("chair.fbx", "Textures/wood.png", "Textures/wood.png.meta")


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., list[OutputFile]]:
    def make(text: str = "new", names: tuple[str, ...] = NAMES) -> list[OutputFile]:
        staged = tmp_path / "staged"
        staged.mkdir(exist_ok=True)
        made: list[OutputFile] = []
        for number, name in enumerate(names):
            path = staged / f"{text}{number}"
            path.write_text(f"{text} {name}")
            made.append(OutputFile("parts" if number else "file", local_file(path, AssetKind.file, name)))
        return made

    return make


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "Chair"


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != LISTING
    }


def test_every_file_comes_to_its_place(files: Callable[..., list[OutputFile]], out: Path) -> None:
    paths = publish_folder(files(), out)
    assert [path.relative_to(out).as_posix() for path in paths] == list(NAMES)
    assert content(out) == {name: f"new {name}" for name in NAMES}
    assert json.loads((out / LISTING).read_text())["files"] == sorted(NAMES)
    assert [path.name for path in out.parent.iterdir()] == ["Chair"]


def test_a_folder_of_ours_is_replaced_and_what_others_put_in_stays(
    files: Callable[..., list[OutputFile]], out: Path
) -> None:
    publish_folder(files("old", (*NAMES, "gone.txt")), out)
    (out / "Textures" / "wood.png.import").write_text("of the engine")
    (out / "chair.fbx").write_text("changed by hand")
    publish_folder(files(), out)
    kept = {"Textures/wood.png.import": "of the engine"}
    assert content(out) == {name: f"new {name}" for name in NAMES} | kept
    (out / LISTING).write_text("torn")
    publish_folder(files("third"), out)
    assert content(out) == {name: f"third {name}" for name in NAMES} | kept


def test_an_empty_folder_is_taken_and_another_ones_is_not(
    files: Callable[..., list[OutputFile]], out: Path
) -> None:
    out.mkdir()
    publish_folder(files(), out)
    (out / LISTING).unlink()
    with pytest.raises(FolderInUse, match="Chair"):
        publish_folder(files("other"), out)
    assert content(out) == {name: f"new {name}" for name in NAMES}


@pytest.mark.parametrize(("name", "call"), [("fsync", 1), ("fsync", 3), ("rename", 1), ("rename", 2)])
@pytest.mark.parametrize(
    ("trouble", "error"),
    [(errno.ENOSPC, DiskFull), (errno.EACCES, PermissionDenied), (errno.EIO, PermissionDenied)],
)
def test_the_old_folder_stays_when_the_new_one_fails(
    files: Callable[..., list[OutputFile]], out: Path, monkeypatch: pytest.MonkeyPatch, name: str, call: int,
    trouble: int, error: type[Exception],
) -> None:  # fmt: skip
    publish_folder(files("old"), out)
    failing_at(call, trouble, monkeypatch, name)
    with pytest.raises(error):
        publish_folder(files(), out)
    monkeypatch.undo()
    assert content(out) == {name: f"old {name}" for name in NAMES}
    assert [path.name for path in out.parent.iterdir()] == ["Chair"]


def test_targets_that_cannot_be(files: Callable[..., list[OutputFile]], out: Path) -> None:
    out.write_text("a file")
    with pytest.raises(NotAFolder):
        publish_folder(files(), out)
    with pytest.raises(FileMissing):
        publish_folder(files(), out.parent / "gone" / "Chair")
    with pytest.raises(BadInput, match="too long"):
        check_folder_replaceable(out.parent / ("n" * 300))
    with pytest.raises(BackendFailed):
        publish_folder(files("new", ("../evil",)), out.parent / "Other")
    assert out.read_text() == "a file"


def test_a_folder_that_cannot_be_looked_into_is_told(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out.mkdir()
    failing_at(1, errno.EACCES, monkeypatch, "iterdir")
    with pytest.raises(PermissionDenied):
        check_folder_replaceable(out)
