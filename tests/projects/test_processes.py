"""Several processes on one library: all writes are kept, each is noticed, and no sweep takes what another adopts."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.errors import LibraryLocked
from orfeas_desktop.projects.files import Files
from orfeas_desktop.projects.open_library import FILE
from orfeas_desktop.projects.processes import ProcessName
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.requests import Destination
from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Hand

BENCH = Path(__file__).parents[1] / "bench"
WRITER = """
import sys
from pathlib import Path
from orfeas_desktop.assets import AssetKind
from orfeas_desktop.projects.records import Provenance
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.requests import Destination

folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store = ProjectStore.open(folder, busy_timeout_s=float(sys.argv[4]))
sys.stdin.readline()
project, _ = store.create_project(name)
asset = None
for number in range(count):
    path = folder.parent / f"{name}{number % 5}"
    path.write_text(f"shared {number % 5}")
    ref = store.add_blob(path, AssetKind.mesh, path.name)
    made = Provenance(None, "1", "", {}, {"number": number}, cached=False)
    version, _ = store.add_version(Destination(project.id, name, asset), {"mesh": ref}, made)
    asset = version.asset_id if number % 10 else None
    if number % 7 == 0:
        store.sweep()
store.close()
"""


def test_two_processes_write_hundreds_of_rows(store: ProjectStore, library: Path) -> None:
    before = store.data_version()
    count = 150
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(library), name, str(count), str(PATIENCE_S)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, said = writer.communicate(timeout=PATIENCE_S)
        assert writer.returncode == 0, said
    assert store.data_version() != before
    for name in ("one", "two"):
        assets = store.assets(store.project_named(name).id)
        numbers = [
            version.provenance.facts["number"] for asset in assets for version in store.versions(asset.id)
        ]
        assert sorted(numbers, key=int) == list(range(count))
    report = store.check(digests=True)
    assert report.sound
    assert report.unlisted == 0
    assert report.blobs == 5


def test_only_writes_of_others_change_the_data_version(
    store: ProjectStore, hand: Hand, library: Path
) -> None:
    before = store.data_version()
    hand.version(Destination(hand.project(), "Cup"), mesh="cup")
    store.projects()
    assert store.data_version() == before
    other = ProjectStore.open(library)
    other.create_project("Theirs")
    other.close()
    assert store.data_version() != before


def test_the_data_version_never_waits_for_a_write(store: ProjectStore) -> None:
    before = store.data_version()
    with store._database.write():
        seen: list[int] = []
        reader = threading.Thread(target=lambda: seen.append(store.data_version()))
        reader.start()
        reader.join(PATIENCE_S)
        assert seen == [before]


def test_who_waits_too_long_is_told(library: Path, store: ProjectStore) -> None:
    hasty = ProjectStore.open(library, busy_timeout_s=0.05)
    with closing(sqlite3.connect(library / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryLocked):
            hasty.create_project("Mine")
        assert hasty.projects() == ()
        other.execute("ROLLBACK")
    hasty.create_project("Mine")
    hasty.close()


class Interrupted(Files):
    """Lets somebody else act just before or just after a blob is put in its place."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[], object] = lambda: None

    def rename(self, source: Path, target: Path) -> None:
        self.meanwhile()
        super().rename(source, target)
        self.meanwhile()


def test_no_sweep_takes_what_another_store_adopts(
    library: Path, hand_of: Callable[[ProjectStore, Path], Hand]
) -> None:
    sweeper = ProjectStore.open(library)
    files = Interrupted()
    store = ProjectStore.open(library, files=files)
    hand = hand_of(store, library)
    files.meanwhile = sweeper.sweep
    project = hand.project()
    cup = hand.version(Destination(project, "Cup"), mesh="cup")
    lamp = hand.finish(hand.job(Destination(project, "Lamp")), "key", mesh="lamp")
    assert lamp is not None
    sweeper.sweep()
    for version in (cup, lamp):
        assert store.blob_path(version.files["mesh"].digest)
    assert sweeper.check().sound
    store.close()
    sweeper.close()


def test_a_claim_lasts_until_its_store_is_closed(store: ProjectStore, hand: Hand, library: Path) -> None:
    picture = hand.blob("picture", AssetKind.picture)
    other = ProjectStore.open(library)
    assert other.sweep() == 0
    assert store.blob_path(picture.digest)
    store.close()
    assert other.sweep() == picture.size
    other.close()


def test_what_a_dead_process_left_unfinished_is_removed(
    store: ProjectStore, hand: Hand, library: Path
) -> None:
    store._process = ProcessName(2**22 + 1, "long gone")
    picture = hand.blob("picture", AssetKind.picture)
    final = store.blob_path(picture.digest)
    part = final.with_name(f"{final.name}.{store._holder}.part")
    final.rename(part)
    foreign = part.with_name(f"{final.name}.somebody.part")
    foreign.write_text("not ours")
    other = ProjectStore.open(library)
    assert not part.exists()
    assert foreign.exists()
    other.sweep()
    report = other.check()
    assert report.blobs == 0
    assert report.unlisted == 1
    assert report.sound
    other.close()


def test_threads_read_while_one_writes(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    hand.finish(hand.job(), "key", mesh="found")
    mesh = hand.blob("mesh")
    stop = threading.Event()
    problems: list[BaseException] = []

    def read() -> None:
        try:
            while not stop.is_set():
                assets = store.assets(project, limit=20)
                assert all(asset.latest and asset.latest.files for asset in assets)
                assert store.find_result("key") is not None
                assert store.usual_seconds("relief", 3)
        except BaseException as problem:
            problems.append(problem)
            raise

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(40):
        store.add_version(Destination(project, f"{number}"), {"mesh": mesh}, hand.imported())
    stop.set()
    for reader in readers:
        reader.join(PATIENCE_S)
    assert not problems
    assert store.asset_count(project) == 40


def test_two_threads_write_at_once(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()

    def write(name: str) -> None:
        for number in range(15):
            hand.version(Destination(project, f"{name}{number}"), mesh=f"{number}")

    writers = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(PATIENCE_S)
    assert store.asset_count(project) == 30
    assert store.check(digests=True).sound


def test_a_writer_killed_at_any_moment_loses_nothing() -> None:
    command = [sys.executable, str(BENCH / "kill_store.py"), "--times", "6"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S).stdout)
    assert found["kills"] == 6
    assert (found["lost"], found["torn"], found["unlisted"]) == (0, 0, 0)
