"""Whatever act on the disk fails, or is the last before the power goes, nothing kept is lost or torn."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import event

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.errors import DiskFull
from orfeas_desktop.projects.files import Files
from orfeas_desktop.projects.processes import ProcessName
from orfeas_desktop.projects.records import Provenance, Version
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, Job, JobRequest, JobResult, OutputFile

DEAD = ProcessName(2**22 + 1, "long gone")
IMPORTED = Provenance(None, "1", "", {}, {}, cached=False)
REQUEST = JobRequest(Table.backends, "relief", 1, {}, {})


class PowerLoss(BaseException):
    """The machine stops here."""


class CountedFiles(Files):
    """Counts acts; the one of number `last` does not happen, but raises."""

    def __init__(self, last: int, fault: Callable[[], BaseException]) -> None:
        self.count = 0
        self.last = last
        self.fault = fault
        self.names: list[str] = []

    def step(self, name: str) -> None:
        self.count += 1
        self.names.append(name)
        if self.count == self.last:
            raise self.fault()

    def write(self, stream: BinaryIO, chunk: bytes) -> None:
        self.step("write")
        super().write(stream, chunk)

    def flush(self, stream: BinaryIO) -> None:
        self.step("flush")
        super().flush(stream)

    def sync(self, path: Path) -> None:
        self.step("sync")
        super().sync(path)

    def rename(self, source: Path, target: Path) -> None:
        self.step("rename")
        super().rename(source, target)

    def sync_folder(self, folder: Path) -> None:
        self.step("sync_folder")
        super().sync_folder(folder)

    def make_folder(self, folder: Path) -> None:
        self.step("make_folder")
        super().make_folder(folder)

    def remove(self, path: Path) -> None:
        self.step("remove")
        super().remove(path)


class ForgetfulFiles(CountedFiles):
    """A disk that keeps only what was synced: `lose_power` undoes all the rest, the worst that can happen."""

    def __init__(self, last: int, aside: Path) -> None:
        super().__init__(last, PowerLoss)
        self.aside = aside
        self.loose: set[int] = set()
        """Inodes whose content is not on the disk."""
        self.names_of: dict[Path, list[Callable[[], None]]] = {}
        """How to undo what happened to the names in a folder, in order."""

    def write(self, stream: BinaryIO, chunk: bytes) -> None:
        super().write(stream, chunk)
        self.loose.add(os.fstat(stream.fileno()).st_ino)

    def flush(self, stream: BinaryIO) -> None:
        super().flush(stream)
        self.loose.discard(os.fstat(stream.fileno()).st_ino)

    def sync(self, path: Path) -> None:
        super().sync(path)
        self.loose.discard(path.stat().st_ino)

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        self._note(target.parent, lambda: target.replace(source) if target.exists() else None)

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        self.names_of.pop(folder, None)

    def make_folder(self, folder: Path) -> None:
        made = [place for place in (folder, *folder.parents) if not place.exists()]
        super().make_folder(folder)
        for place in made:
            self._note(place.parent, lambda place=place: shutil.rmtree(place, ignore_errors=True))

    def remove(self, path: Path) -> None:
        copy = self.aside / f"{self.count}"
        if path.exists():
            shutil.copy(path, copy)
        super().remove(path)
        if copy.exists():
            self._note(path.parent, lambda: None if path.exists() else copy.replace(path) and None)

    def _note(self, folder: Path, undo: Callable[[], object]) -> None:
        self.names_of.setdefault(folder, []).append(lambda: undo() and None)

    def staged(self, path: Path) -> None:
        """A worker wrote this file and synced nothing."""
        self.loose.add(path.stat().st_ino)

    def lose_power(self, folder: Path) -> None:
        for path in [path for path in folder.rglob("*") if path.is_file()]:
            if path.stat().st_ino in self.loose:
                path.write_bytes(b"")
        for undos in self.names_of.values():
            for undo in reversed(undos):
                undo()


class Day:
    """A small day of work; what the library confirmed stands in `kept` and `gone`."""

    def __init__(self, folder: Path, files: CountedFiles) -> None:
        self.folder = folder
        self.files = files
        self.kept: dict[int, Version] = {}
        self.gone: set[int] = set()
        self.unsure: set[int] = set()

    @contextmanager
    def opened(self) -> Iterator[ProjectStore]:
        store = ProjectStore.open(self.folder, files=self.files)
        store._process = DEAD
        event.listen(store._database._writer, "commit", lambda _: self.files.step("commit"))
        try:
            yield store
        finally:
            store._database.close()

    def source(self, name: str) -> Path:
        path = self.folder / "staging" / name / f"{name}.glb"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"content of {name}")
        if isinstance(self.files, ForgetfulFiles):
            self.files.staged(path)
        return path

    def work(self, store: ProjectStore) -> None:
        project, _ = store.create_project(f"Day {len(store.projects())}")
        picture = store.add_blob(self.source("picture"), AssetKind.picture, "picture.png")
        self._keep(store.add_version(Destination(project.id, "Import"), {"mesh": picture}, IMPORTED)[0])
        made = (self.source("mesh"), self.source("mask"))
        result = JobResult(
            tuple(OutputFile(path.stem, local_file(path, AssetKind.mesh)) for path in made),
            {"faces": 3},
            {"a": 1.0},
        )
        job = Job(REQUEST, "Cup", Destination(project.id, "Cup"))
        store.add_job(job)
        version, _ = store.record_result(job, "key", result, app_version="1")
        assert version is not None
        self._keep(version)
        store.set_version_file(
            version.id, "thumbnail", store.add_blob(self.source("t"), AssetKind.thumbnail, "t")
        )
        other = store.add_blob(self.source("other"), AssetKind.mesh, "other.glb", move=True)
        lost, _ = store.add_version(Destination(project.id, "Lost"), {"mesh": other}, IMPORTED)
        self._keep(lost)
        self.unsure.add(lost.asset_id)
        store.delete_assets([lost.asset_id])
        store.empty_bin()
        self.gone.add(lost.asset_id)
        store.prune_cache(0)

    def _keep(self, version: Version) -> None:
        self.kept[version.asset_id] = version

    def check(self) -> None:
        """All that was confirmed is there, whole; nothing is half there; the next day is a day like any other."""
        self.files = CountedFiles(0, PowerLoss)
        with self.opened() as store:
            report = store.check(digests=True)
            assert report.sound, report
            assert report.unlisted == 0
            present = {asset.id: asset for project in store.projects() for asset in store.assets(project.id)}
            for number, version in self.kept.items():
                if number in self.gone:
                    assert number not in present
                elif number in present or number not in self.unsure:
                    assert present[number].latest is not None
                    assert set(version.files) <= set(present[number].latest.files)
            for asset in present.values():
                assert asset.latest is not None
                for file in asset.latest.files.values():
                    assert store.blob_path(file.digest).stat().st_size == file.size
            self.work(store)
            store._database.close()
        with self.opened() as store:
            store.sweep()
            report = store.check(digests=True)
            assert report.sound
            assert report.unlisted == 0
            files = [path for path in (self.folder / "blobs").rglob("*") if path.is_file()]
            assert len(files) == report.blobs


def acts_of_a_day(folder: Path) -> int:
    day = Day(folder, CountedFiles(0, PowerLoss))
    with day.opened() as store:
        day.work(store)
    assert set(day.files.names) == {
        "write", "flush", "sync", "rename", "sync_folder", "make_folder", "remove", "commit",
    }  # fmt: skip
    return day.files.count


def test_killed_before_any_act(tmp_path: Path) -> None:
    for last in range(1, acts_of_a_day(tmp_path / "whole") + 1):
        day = Day(tmp_path / str(last), CountedFiles(last, PowerLoss))
        with pytest.raises(PowerLoss), day.opened() as store:
            day.work(store)
        day.check()


def test_power_lost_before_any_act(tmp_path: Path) -> None:
    for last in range(1, acts_of_a_day(tmp_path / "whole") + 1):
        folder, aside = tmp_path / str(last), tmp_path / f"{last} removed"
        aside.mkdir()
        files = ForgetfulFiles(last, aside)
        day = Day(folder, files)
        with pytest.raises(PowerLoss), day.opened() as store:
            day.work(store)
        files.lose_power(folder)
        day.check()


def full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_disk_is_full_at_any_act(tmp_path: Path) -> None:
    for last in range(1, acts_of_a_day(tmp_path / "whole") + 1):
        day = Day(tmp_path / str(last), CountedFiles(last, full))
        with suppress(DiskFull), day.opened() as store:
            day.work(store)
        day.check()
