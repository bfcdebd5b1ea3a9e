"""Files are kept by content; versions are added and never overwritten; sweeping takes only what nothing names."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orfeas_desktop.assets import AssetKind, AssetRef
from orfeas_desktop.errors import (
    FileChanging,
    FileMissing,
    LibraryDamaged,
    LibraryGone,
    NoSuchAsset,
    NoSuchProject,
    NotAFile,
    PermissionDenied,
)
from orfeas_desktop.projects.files import Files
from orfeas_desktop.projects.records import Provenance
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.requests import Destination

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Hand


def test_a_file_is_kept_under_its_digest(store: ProjectStore, hand: Hand, library: Path) -> None:
    path = hand.file("a cup", "Tasse.glb")
    ref = store.add_blob(path, AssetKind.mesh, path.name)
    assert ref == AssetRef(hashlib.sha256(b"a cup").hexdigest(), AssetKind.mesh, "Tasse.glb", 5)
    kept = store.blob_path(ref.digest)
    assert kept == library / "blobs" / ref.digest[:2] / ref.digest[2:4] / ref.digest
    assert kept.read_text() == "a cup"
    assert path.exists()
    assert store.add_blob(path, AssetKind.mesh, path.name) == ref
    assert hand.blobs() == {ref.digest}


def test_a_moved_file_leaves_its_place(store: ProjectStore, hand: Hand) -> None:
    first, second = hand.file("a cup"), hand.file("a cup")
    ref = store.add_blob(first, AssetKind.mesh, "cup", move=True)
    assert store.add_blob(second, AssetKind.mesh, "cup", move=True) == ref
    assert not first.exists()
    assert not second.exists()
    store.add_blob(store.blob_path(ref.digest), AssetKind.mesh, "cup", move=True)
    assert store.blob_path(ref.digest).read_text() == "a cup"


def test_an_empty_file_is_kept_too(store: ProjectStore, hand: Hand) -> None:
    ref = hand.blob("")
    assert ref.size == 0
    assert store.blob_path(ref.digest).read_bytes() == b""


def test_what_cannot_be_read_is_said(store: ProjectStore, hand: Hand, tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        store.add_blob(tmp_path / "nothing", AssetKind.file, "nothing")
    with pytest.raises(NotAFile):
        store.add_blob(tmp_path, AssetKind.file, "folder")
    assert hand.blobs() == set()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows moves no folder with an open file")
def test_a_library_that_is_moved_away_takes_nothing_until_it_is_back(
    store: ProjectStore, hand: Hand, library: Path, tmp_path: Path
) -> None:
    project = hand.project()
    library.rename(tmp_path / "away")
    for attempt in (
        lambda: store.rename_project(project, "Lost"),
        lambda: store.add_blob(hand.file("new"), AssetKind.mesh, "new.glb"),
    ):
        with pytest.raises(LibraryGone):
            attempt()
    assert not library.exists()
    (tmp_path / "away").rename(library)
    assert store.rename_project(project, "Back")
    assert [each.name for each in store.projects()] == ["Back"]


def test_a_pipe_and_a_device_are_refused_at_once(store: ProjectStore, hand: Hand, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for endless in (pipe, Path("/dev/zero")):
        with pytest.raises(NotAFile):
            store.add_blob(endless, AssetKind.file, "endless")
    assert hand.blobs() == set()


def test_a_name_that_is_no_digest_leads_nowhere(store: ProjectStore) -> None:
    for name in ("", "../../etc/passwd", "A" * 64, "a" * 63):
        with pytest.raises(LibraryDamaged):
            store.blob_path(name)
    with pytest.raises(LibraryDamaged):
        store.blob_path("a" * 64)


def test_a_torn_blob_is_mended_by_adding_it_again(store: ProjectStore, hand: Hand) -> None:
    path = hand.file("a whole cup")
    ref = store.add_blob(path, AssetKind.mesh, "cup")
    store.blob_path(ref.digest).write_text("a wh")
    store.add_blob(path, AssetKind.mesh, "cup")
    assert store.blob_path(ref.digest).read_text() == "a whole cup"


class Shifting(Files):
    """Somebody writes to the file between two readings, some times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def copy(self, source: Path, target: Path) -> str:
        if self.times:
            self.times -= 1
            source.write_text(source.read_text() + "+")
        return super().copy(source, target)


@pytest.mark.parametrize("times", [1, 2, 9])
def test_a_file_that_changes_while_it_is_read(
    times: int, library: Path, hand_of: Callable[[ProjectStore, Path], Hand]
) -> None:
    store = ProjectStore.open(library, files=Shifting(times))
    hand = hand_of(store, library)
    if times < 3:
        ref = hand.blob("cup")
        assert store.blob_path(ref.digest).read_text() == "cup" + "+" * times
        assert hand.blobs() == {ref.digest}
    else:
        with pytest.raises(FileChanging):
            hand.blob("cup")
        assert hand.blobs() == set()
    store.close()


class Unreadable(Files):
    def measure(self, path: Path) -> tuple[str, int]:
        raise PermissionError(13, "Permission denied", str(path))


def test_a_file_that_may_not_be_read(library: Path, hand_of: Callable[[ProjectStore, Path], Hand]) -> None:
    store = ProjectStore.open(library, files=Unreadable())
    with pytest.raises(PermissionDenied):
        hand_of(store, library).blob("cup")
    store.close()


class NoRename(Files):
    """Staging lies on another disk."""

    def rename(self, source: Path, target: Path) -> None:
        if source.suffix != ".part":
            raise OSError(18, "Invalid cross-device link")
        super().rename(source, target)


def test_a_move_from_another_disk_is_a_copy(
    library: Path, hand_of: Callable[[ProjectStore, Path], Hand]
) -> None:
    store = ProjectStore.open(library, files=NoRename())
    path = hand_of(store, library).file("cup")
    ref = store.add_blob(path, AssetKind.mesh, "cup", move=True)
    assert store.blob_path(ref.digest).read_text() == "cup"
    assert not path.exists()
    store.close()


def test_provenance_comes_back_whole(store: ProjectStore, hand: Hand) -> None:
    picture = hand.blob("picture", AssetKind.picture, "cup.png")
    provenance = Provenance(
        hand.request({"front": (picture,)}),
        "1.2",
        "w" * 64,
        {"Mask": 0.5, "Atlas": 1.25},
        {"faces": 9},
        cached=True,
    )
    mesh = hand.blob("mesh")
    version, change = store.add_version(Destination(hand.project(), "Cup"), {"mesh": mesh}, provenance)
    assert version.provenance == provenance
    assert list(version.provenance.seconds) == ["Mask", "Atlas"]
    assert change.assets == {version.asset_id}
    assert store.version(version.id) == version


def test_a_version_needs_a_place_and_its_files(store: ProjectStore, hand: Hand) -> None:
    mesh = hand.blob("mesh")
    project = hand.project()
    with pytest.raises(NoSuchProject):
        store.add_version(Destination(99, "Cup"), {"mesh": mesh}, hand.imported())
    with pytest.raises(NoSuchAsset):
        store.add_version(Destination(project, "Cup", 99), {"mesh": mesh}, hand.imported())
    gone = AssetRef("0" * 64, AssetKind.mesh, "gone", 3)
    with pytest.raises(LibraryDamaged):
        store.add_version(Destination(project, "Cup"), {"mesh": gone}, hand.imported())
    assert store.assets(project) == ()


def test_a_thumbnail_comes_later_and_may_be_replaced(store: ProjectStore, hand: Hand) -> None:
    version = hand.version(Destination(hand.project(), "Cup"), mesh="cup")
    small, better = (hand.blob(text, AssetKind.thumbnail, "t.png") for text in ("small", "better"))
    before = store.asset(version.asset_id).changed
    change = store.set_version_file(version.id, "thumbnail", small)
    assert change.assets == {version.asset_id}
    store.set_version_file(version.id, "thumbnail", better)
    store.set_version_file(version.id, "mesh", version.files["mesh"])
    shown = store.version(version.id)
    assert shown.files == {"mesh": version.files["mesh"], "thumbnail": better}
    assert store.asset(version.asset_id).changed == before
    with pytest.raises(ValueError, match="already has a mesh"):
        store.set_version_file(version.id, "mesh", small)
    with pytest.raises(NoSuchAsset):
        store.set_version_file(99, "thumbnail", small)
    store.sweep()
    assert small.digest not in hand.blobs()


def test_a_sweep_takes_only_what_nothing_names(store: ProjectStore, hand: Hand, library: Path) -> None:
    picture = hand.blob("a picture that the window still shows", AssetKind.picture)
    waiting = hand.blob("the input of a waiting job", AssetKind.picture)
    job = hand.job(front=waiting)
    store.add_job(job)
    kept = hand.version(Destination(hand.project(), "Cup"), mesh="cup")
    foreign = store.blob_path(kept.files["mesh"].digest).with_name("holiday.jpg")
    foreign.write_text("not ours")
    lookalike = library / "blobs" / "ab" / "cd" / ("abcd" + "0" * 60)
    lookalike.parent.mkdir(parents=True)
    lookalike.write_text("not listed")
    assert store.sweep() == 0
    store.close()
    later = ProjectStore.open(library)
    assert later.sweep() == picture.size
    assert foreign.read_text() == "not ours"
    assert lookalike.exists()
    assert later.check().unlisted == 2
    assert later.check().sound
    assert later.blob_path(waiting.digest)
    assert later.blob_path(kept.files["mesh"].digest)
    later.close()


def test_inputs_stay_for_making_again(store: ProjectStore, hand: Hand, library: Path) -> None:
    picture = hand.blob("picture", AssetKind.picture)
    request = hand.request({"front": (picture,)})
    made = Provenance(request, "1", "", {}, {}, cached=False)
    version, _ = store.add_version(Destination(hand.project(), "Cup"), {"mesh": hand.blob("cup")}, made)
    store.close()
    later = ProjectStore.open(library)
    assert later.sweep() == 0
    assert later.blob_path(picture.digest)
    later.delete_assets([version.asset_id])
    later.empty_bin()
    assert hand.blobs() == set()
    later.close()


def test_a_sweep_leaves_what_the_system_holds_open(
    library: Path, hand_of: Callable[[ProjectStore, Path], Hand]
) -> None:
    held: set[Path] = set()

    class Held(Files):
        def remove(self, path: Path) -> None:
            if path in held:
                raise PermissionError(13, "open in another program", str(path))
            super().remove(path)

    store = ProjectStore.open(library, files=Held())
    hand = hand_of(store, library)
    version = hand.version(Destination(hand.project(), "Cup"), mesh="cup", thumbnail="small")
    held.add(store.blob_path(version.files["mesh"].digest))
    store.delete_assets([version.asset_id])
    store.empty_bin()
    assert hand.blobs() == {version.files["mesh"].digest}
    held.clear()
    assert store.sweep() == 3
    assert hand.blobs() == set()
    store.close()


def test_an_asset_can_stand_at_an_earlier_version(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    first = hand.version(Destination(project, "Cup"), mesh="one")
    second = hand.version(Destination(project, "Cup", first.asset_id), mesh="two")
    change = store.stand_at(first.id)
    assert change.assets == {first.asset_id}
    asset = store.asset(first.asset_id)
    assert (asset.latest, asset.version_count) == (store.version(first.id), 2)
    store.stand_at(second.id)
    assert store.asset(first.asset_id).latest == second
    store.stand_at(first.id)
    third = hand.version(Destination(project, "Cup", first.asset_id), mesh="three")
    assert third.number == 3
    assert store.asset(first.asset_id).latest == third
    with pytest.raises(NoSuchAsset):
        store.stand_at(99)


def test_a_score_stays_with_its_version(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    first = hand.version(Destination(project, "Cup"), mesh="one")
    assert first.score is None
    store.set_score(first.id, {"closed": True, "silhouette_iou": 0.9})
    assert store.set_score(first.id, {"closed": False}).assets == {first.asset_id}
    assert store.version(first.id).score == {"closed": False}
    latest = store.asset(first.asset_id).latest
    assert latest is not None
    assert latest.score == {"closed": False}
    with pytest.raises(NoSuchAsset):
        store.set_score(99, {})
    store.delete_assets([first.asset_id])
    store.empty_bin()
    assert store.assets(project) == ()
