"""What goes to the user's folder goes whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.formats.publish import plain_stem, publish
from orfeas_desktop.errors import BadInput, DiskFull, FileMissing, NotAFile, PermissionDenied
from orfeas_desktop.requests import OutputFile
from tests.failing import failing_at

if TYPE_CHECKING:
    from collections.abc import Sequence

OBJ = "# x\nmtllib chair.mtl\no chair\nv 0 0 0\n"
MTL = "newmtl a\nmap_Kd chair_a.png\nmap_Bump -bm 1 chair_a.png\nnorm other.png\n"


@pytest.fixture
def files(tmp_path: Path) -> list[OutputFile]:
    """What the OBJ exporter leaves, under names that say nothing."""
    staged = tmp_path / "staged"
    staged.mkdir()
    made: list[OutputFile] = []
    for index, (slot, name, text) in enumerate(
        [
            ("file", "chair.obj", OBJ),
            ("parts", "chair.mtl", MTL),
            ("parts", "chair_a.png", "png"),
            ("parts", "other.png", "o"),
        ]
    ):
        path = staged / f"blob{index}"
        path.write_text(text)
        made.append(OutputFile(slot, local_file(path, AssetKind.file, name)))
    return made


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_files_keep_their_names(files: Sequence[OutputFile], out: Path) -> None:
    paths = publish(files, out / "chair.obj")
    assert [path.name for path in paths] == ["chair.obj", "chair.mtl", "chair_a.png", "other.png"]
    assert content(out) == {"chair.obj": OBJ, "chair.mtl": MTL, "chair_a.png": "png", "other.png": "o"}


def test_another_name_goes_through_every_reference(files: Sequence[OutputFile], out: Path) -> None:
    paths = publish(files, out / "Mein Stühlchen.obj")
    names = ["Mein Stühlchen.obj", "Mein_Stuhlchen.mtl", "Mein_Stuhlchen_a.png", "other.png"]
    assert [path.name for path in paths] == names
    assert content(out)["Mein Stühlchen.obj"] == OBJ.replace("chair.mtl", "Mein_Stuhlchen.mtl")
    assert content(out)["Mein_Stuhlchen.mtl"] == MTL.replace("chair_a.png", "Mein_Stuhlchen_a.png")


def test_parts_of_files_that_cannot_be_told_keep_their_names(files: Sequence[OutputFile], out: Path) -> None:
    paths = publish(files, out / "table.fbx")
    assert [path.name for path in paths] == ["table.fbx", "chair.mtl", "chair_a.png", "other.png"]


def test_what_stood_there_is_replaced(files: Sequence[OutputFile], out: Path) -> None:
    (out / "chair.obj").write_text("old")
    publish(files, out / "chair.obj")
    assert content(out)["chair.obj"] == OBJ


@pytest.mark.parametrize("call", [1, 2, 4])
@pytest.mark.parametrize("name", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EACCES, PermissionDenied),
        (errno.EROFS, PermissionDenied),
        (errno.EIO, PermissionDenied),
    ],
)
def test_trouble_leaves_nothing_behind(
    files: Sequence[OutputFile], out: Path, monkeypatch: pytest.MonkeyPatch, name: str, call: int, trouble: int, error: type[Exception]
) -> None:  # fmt: skip
    failing_at(call, trouble, monkeypatch, name)
    with pytest.raises(error):
        publish(files, out / "chair.obj")
    assert content(out) == {}


def test_a_folder_that_cannot_be_synced_is_no_trouble(
    files: Sequence[OutputFile], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_at(5, errno.EINVAL, monkeypatch, "fsync")
    publish(files, out / "chair.obj")
    assert len(content(out)) == 4


def test_targets_that_cannot_be(files: Sequence[OutputFile], out: Path) -> None:
    with pytest.raises(NotAFile):
        publish(files, out)
    with pytest.raises(FileMissing):
        publish(files, out / "no folder" / "chair.obj")
    (out / "file").write_text("")
    with pytest.raises(FileMissing):
        publish(files, out / "file" / "chair.obj")


@pytest.mark.parametrize("name", ["chair.obj", "chair.mtl"])
def test_a_pipe_or_device_is_never_replaced(files: Sequence[OutputFile], out: Path, name: str) -> None:
    os.mkfifo(out / name)
    with pytest.raises(PermissionDenied, match=name):
        publish(files, out / "chair.obj")
    assert [path.name for path in out.iterdir()] == [name]
    assert (out / name).is_fifo()


def test_a_name_that_no_disk_takes_is_told(files: Sequence[OutputFile], out: Path) -> None:
    with pytest.raises(BadInput, match="too long"):
        publish(files, out / ("n" * 300 + ".obj"))
    assert content(out) == {}


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("chair.glb", "chair"),
        ("Möbel Stück 1.glb", "Mobel_Stuck_1"),
        ("椅子.glb", "mesh"),
        ("🪑.glb", "mesh"),
        ("a\nb.glb", "a_b"),
        ("noSuffix", "noSuffix"),
        (".hidden", "hidden"),
        ("two.dots.glb", "two_dots"),
        ("x" * 200 + ".glb", "x" * 80),
        ("../../etc.glb", "etc"),
    ],
)
def test_stems_are_plain(name: str, stem: str) -> None:
    assert plain_stem(name) == stem
