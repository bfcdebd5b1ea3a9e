"""The library's file is made, carried forward, opened for reading only or refused; never destroyed."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.errors import (
    DiskFull,
    LibraryDamaged,
    LibraryLocked,
    LibraryReadOnly,
    LibraryTooNew,
    LibraryUnreadable,
    OrfeasError,
)
from orfeas_desktop.projects import database, migrations
from orfeas_desktop.projects.files import Files, library_error
from orfeas_desktop.projects.migrations import SCRIPTS, Scripts
from orfeas_desktop.projects.open_library import FILE
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.requests import Destination, JobState
from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Hand

DATA = Path(__file__).parent / "data"
NEXT = """
from alembic import op

revision = "{number:04d}"
down_revision = "{before:04d}"


def upgrade() -> None:
    op.execute("ALTER TABLE assets ADD COLUMN note TEXT NOT NULL DEFAULT 'none'")
    op.execute("{statement}")
"""


def scripts_of_tomorrow(
    folder: Path, statement: str = "UPDATE assets SET note = name", minimum_reader: int = 1
) -> Scripts:
    """The migrations of this program and one more."""
    shutil.copytree(SCRIPTS.folder, folder)
    number = SCRIPTS.current + 1
    text = NEXT.format(number=number, before=SCRIPTS.current, statement=statement)
    (folder / "versions" / f"m{number:04d}_note.py").write_text(text)
    return Scripts(number, minimum_reader, folder)


def schema_of(file: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall()
    return sorted((kind, name, "".join(sql.split())) for kind, name, sql in rows)


def pragma(file: Path, name: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def test_a_new_library_is_made(store: ProjectStore, library: Path) -> None:
    assert store.writable
    assert store.projects() == ()
    assert pragma(library / FILE, "user_version") == SCRIPTS.current
    assert pragma(library / FILE, "application_id") == database.APPLICATION
    with store._database.write() as session:
        settings = {
            name: session.connection().exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous")
        }
    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}
    with store._database.read() as session, pytest.raises(DBAPIError, match="readonly"):
        session.connection().exec_driver_sql("DELETE FROM projects")


def test_a_library_opens_without_alembic(library: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from orfeas_desktop.projects.store import ProjectStore;"
        "ProjectStore.open(Path(sys.argv[1])).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(library)], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False"


def test_the_steps_lead_to_the_tables_of_a_new_library(
    store: ProjectStore, library: Path, tmp_path: Path
) -> None:
    file = tmp_path / "stepwise.sqlite"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        migrations.upgrade(connection)
    engine.dispose()
    assert schema_of(file) == schema_of(library / FILE)
    assert pragma(file, "user_version") == SCRIPTS.current


def test_the_number_is_the_last_step() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS.folder))
    assert ScriptDirectory.from_config(config).get_current_head() == f"{SCRIPTS.current:04d}"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A copy of a library that the first release wrote."""
    folder = tmp_path / "kept"
    shutil.copytree(DATA / "library_v1", folder)
    return folder


def look_at(store: ProjectStore) -> None:
    """What the kept library holds; see SOURCES.md beside it."""
    toys = store.project_named("Toys")
    (cup,) = store.assets(toys.id)
    assert (cup.name, cup.version_count) == ("Cup", 2)
    assert cup.latest is not None
    assert set(cup.latest.files) == {"mesh", "mask", "thumbnail"}
    request = cup.latest.provenance.request
    assert request is not None
    assert request.params == {"depth": 1.5, "shape": "auto"}
    assert [asset.name for asset in store.assets(toys.id, deleted=True)] == ["Lamp"]
    assert [stored.state for stored in store.jobs()] == [JobState.failed, JobState.done]
    found = store.find_result("key of the cup")
    assert found is not None
    assert found.file("mesh") is not None
    assert store.usual_seconds("relief", 3) == {"Mask": 1.0, "Surface": 2.0}
    assert [project.name for project in store.projects(deleted=True)] == ["Old things"]


def test_a_library_of_the_first_release_opens(kept: Path) -> None:
    store = ProjectStore.open(kept)
    look_at(store)
    assert store.check(digests=True).sound
    store.create_project("More")
    store.close()


def test_an_older_file_is_carried_forward_and_a_copy_set_aside(kept: Path, tmp_path: Path) -> None:
    scripts = scripts_of_tomorrow(tmp_path / "scripts")
    store = ProjectStore.open(kept, scripts=scripts)
    assert store.writable
    look_at(store)
    with closing(sqlite3.connect(kept / FILE)) as connection:
        notes = connection.execute("SELECT note FROM assets ORDER BY id").fetchall()
    assert notes == [("Cup",), ("Lamp",)]
    assert pragma(kept / FILE, "user_version") == scripts.current
    (copy,) = kept.glob("library-v1-*.sqlite")
    assert pragma(copy, "user_version") == 1
    assert schema_of(copy) == schema_of(DATA / "library_v1" / FILE)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM versions").fetchone() == (3,)
    assert not list(kept.glob("*.part"))
    store.close()
    ProjectStore.open(kept, scripts=scripts).close()
    assert len(list(kept.glob("library-v1-*.sqlite"))) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE nothing SET x = 1",
        "UPDATE assets SET project_id = 99",
        "UPDATE library SET minimum_reader = NULL",
    ],
)
def test_a_step_that_fails_changes_nothing(kept: Path, tmp_path: Path, statement: str) -> None:
    before = schema_of(kept / FILE)
    with pytest.raises(LibraryDamaged):
        ProjectStore.open(kept, scripts=scripts_of_tomorrow(tmp_path / "scripts", statement))
    assert schema_of(kept / FILE) == before
    store = ProjectStore.open(kept)
    look_at(store)
    store.close()


def test_a_copy_that_fits_on_no_disk_stops_the_step(kept: Path, tmp_path: Path) -> None:
    class Full(Files):
        def sync(self, path: Path) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull):
        ProjectStore.open(kept, files=Full(), scripts=scripts_of_tomorrow(tmp_path / "scripts"))
    store = ProjectStore.open(kept)
    look_at(store)
    store.close()


def test_a_new_library_of_tomorrow_is_made_at_once(library: Path, tmp_path: Path) -> None:
    scripts = scripts_of_tomorrow(tmp_path / "scripts")
    store = ProjectStore.open(library, scripts=scripts)
    store.create_project("Toys")
    store.close()
    assert pragma(library / FILE, "user_version") == scripts.current
    assert not list(library.glob("library-v*"))


def test_a_newer_file_is_open_for_reading_only(kept: Path, tmp_path: Path) -> None:
    ProjectStore.open(kept, scripts=scripts_of_tomorrow(tmp_path / "scripts")).close()
    store = ProjectStore.open(kept)
    assert not store.writable
    look_at(store)
    report = store.check(digests=True)
    assert report.sound
    for write in (
        lambda: store.create_project("More"),
        lambda: store.add_blob(DATA / "SOURCES.md", AssetKind.file, "x"),
        store.sweep,
        store.empty_bin,
    ):
        with pytest.raises(LibraryTooNew):
            write()
    store.close()


def test_a_file_too_new_to_be_read_is_refused(kept: Path, tmp_path: Path) -> None:
    ProjectStore.open(
        kept, scripts=scripts_of_tomorrow(tmp_path / "scripts", minimum_reader=SCRIPTS.current + 1)
    ).close()
    with pytest.raises(LibraryUnreadable):
        ProjectStore.open(kept)


BAD = {
    "text": b"this is not a database at all, whatever its name says",
    "noise": bytes(range(256)) * 40,
    "header": b"SQLite format 3\x00" + b"\xff" * 5000,
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
def test_a_damaged_file_is_refused_and_left_as_it_is(library: Path, content: bytes) -> None:
    library.mkdir()
    (library / FILE).write_bytes(content)
    with pytest.raises(LibraryDamaged) as caught:
        ProjectStore.open(library)
    assert caught.value.details
    assert (library / FILE).read_bytes() == content


def test_copies_that_were_set_aside_are_named(kept: Path, tmp_path: Path) -> None:
    ProjectStore.open(kept, scripts=scripts_of_tomorrow(tmp_path / "scripts")).close()
    (kept / FILE).write_bytes(BAD["text"])
    with pytest.raises(LibraryDamaged) as caught:
        ProjectStore.open(kept)
    (copy,) = kept.glob("library-v1-*.sqlite")
    assert str(copy) in caught.value.details


def test_the_database_of_another_program_is_refused(library: Path) -> None:
    library.mkdir()
    with closing(sqlite3.connect(library / FILE)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = (library / FILE).read_bytes()
    with pytest.raises(LibraryDamaged, match="not a library"):
        ProjectStore.open(library)
    assert (library / FILE).read_bytes() == before


def test_damage_inside_is_reported(store: ProjectStore, hand: Hand, library: Path) -> None:
    project = hand.project()
    for number in range(300):
        store.create_project(f"{number} {'x' * 200}")
    version = hand.version(Destination(project, "Cup"), mesh="cup", mask="its mask")
    store.close()
    file = library / FILE
    pages = file.stat().st_size // 4096
    with file.open("r+b") as stream:
        stream.seek(4096 * (pages - 4))
        stream.write(b"\xa5" * 4096 * 3)
    damaged = ProjectStore.open(library)
    try:
        assert damaged.check().problems
    except LibraryDamaged:
        pass
    finally:
        damaged.close()
    assert version


def test_missing_and_changed_files_are_reported(store: ProjectStore, hand: Hand) -> None:
    version = hand.version(Destination(hand.project(), "Cup"), mesh="cup", mask="its mask")
    mesh, mask = version.files["mesh"].digest, version.files["mask"].digest
    store.blob_path(mask).write_text("ITS MASK")
    store.blob_path(mesh).unlink()
    quick, whole = store.check(), store.check(digests=True)
    assert quick.missing == whole.missing == (mesh,)
    assert quick.damaged == ()
    assert whole.damaged == (mask,)
    assert not quick.sound
    assert (whole.projects, whole.assets, whole.blobs, whole.size_bytes) == (1, 1, 2, 11)


def test_an_unreadable_blob_counts_as_damaged(
    library: Path, hand_of: Callable[[ProjectStore, Path], Hand]
) -> None:
    class Broken(Files):
        def measure(self, path: Path) -> tuple[str, int]:
            if path.is_relative_to(library):
                raise OSError(errno.EIO, "Input/output error")
            return super().measure(path)

    store = ProjectStore.open(library, files=Broken())
    hand = hand_of(store, library)
    version = hand.version(Destination(hand.project(), "Cup"), mesh="cup")
    assert store.check(digests=True).damaged == (version.files["mesh"].digest,)
    store.close()


def test_reading_only_on_request(store: ProjectStore, hand: Hand, library: Path, tmp_path: Path) -> None:
    hand.version(Destination(hand.project(), "Cup"), mesh="cup")
    reader = ProjectStore.open(library, read_only=True)
    assert not reader.writable
    before = reader.data_version()
    with pytest.raises(LibraryReadOnly):
        reader.create_project("More")
    store.create_project("More")
    assert len(reader.projects()) == 2
    assert reader.data_version() != before
    reader.close()
    with pytest.raises(LibraryReadOnly):
        ProjectStore.open(tmp_path / "nowhere", read_only=True)
    assert not (tmp_path / "nowhere").exists()


def test_an_old_file_that_cannot_be_carried_forward_is_refused(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(LibraryReadOnly):
        ProjectStore.open(kept, read_only=True, scripts=scripts_of_tomorrow(tmp_path / "scripts"))


UNPRIVILEGED = """
import os, sys, tempfile
from pathlib import Path
from orfeas_desktop.errors import LibraryReadOnly
from orfeas_desktop.projects.store import ProjectStore
with tempfile.TemporaryDirectory() as warm:
    store = ProjectStore.open(Path(warm))
    store.create_project("All is imported now")
    store.close()
if os.geteuid() == 0:
    os.setuid(65534)
store = ProjectStore.open(Path(sys.argv[1]))
print(store.writable, [project.name for project in store.projects()])
for write in (lambda: store.create_project("More"), store.sweep):
    try:
        write()
    except LibraryReadOnly as problem:
        print(problem.code)
store.close()
try:
    ProjectStore.open(Path(sys.argv[1]) / "new")
except LibraryReadOnly as problem:
    print(problem.code)
"""


def open_everything(path: Path, mode: int) -> None:
    for place in (path, *path.rglob("*")):
        place.chmod(mode if place.is_dir() else mode & 0o666)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_folder_without_permission_is_open_for_reading_only(kept: Path, tmp_path: Path) -> None:
    ProjectStore.open(kept).close()
    for folder in takewhile(lambda path: path != Path(tempfile.gettempdir()), (tmp_path, *tmp_path.parents)):
        folder.chmod(0o755)
    open_everything(kept, 0o555)
    program = [sys.executable, "-c", UNPRIVILEGED, str(kept)]
    try:
        done = subprocess.run(program, capture_output=True, text=True, timeout=PATIENCE_S)
    finally:
        open_everything(kept, 0o755)
    assert done.stdout.split("\n")[:4] == [
        "False ['Toys']", "library-read-only", "library-read-only", "library-read-only",
    ], done.stderr  # fmt: skip


def test_a_full_disk_is_said_and_nothing_is_half_written(store: ProjectStore, hand: Hand) -> None:
    hand.project()
    pages = store._database._main.execute("PRAGMA page_count").fetchone()[0]
    store._database._main.execute(f"PRAGMA max_page_count = {pages}")
    made: list[str] = []

    def fill() -> None:
        for number in range(1000):
            made.append(store.create_project(f"{number} {'x' * 3000}")[0].name)

    with pytest.raises(DiskFull):
        fill()
    assert len(store.projects()) == len(made) + 1
    store._database._main.execute("PRAGMA max_page_count = 100000")
    store.create_project("Room again")


def test_two_programs_make_the_same_new_library(library: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from orfeas_desktop.projects.store import ProjectStore;"
        "sys.stdin.readline(); store = ProjectStore.open(Path(sys.argv[1]), busy_timeout_s=float(sys.argv[3]));"
        "store.create_project(sys.argv[2]); store.close()"
    )
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(library), name, str(PATIENCE_S)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("go\n")
        maker.stdin.flush()
    for maker in makers:
        _, said = maker.communicate(timeout=PATIENCE_S)
        assert maker.returncode == 0, said
    store = ProjectStore.open(library)
    assert {project.name for project in store.projects()} == {"one", "two"}
    store.close()


def test_a_lock_on_a_new_file_is_waited_for_and_said(library: Path) -> None:
    library.mkdir()
    with closing(sqlite3.connect(library / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LibraryLocked):
            ProjectStore.open(library, busy_timeout_s=0.1)
        other.execute("ROLLBACK")
    ProjectStore.open(library).close()


def test_a_disk_that_fails_while_opening_closes_everything(library: Path) -> None:
    class Failing(Files):
        def make_folder(self, folder: Path) -> None:
            if folder.name == "blobs":
                raise OSError(errno.EIO, "Input/output error")
            super().make_folder(folder)

    with pytest.raises(LibraryDamaged):
        ProjectStore.open(library, files=Failing())
    store = ProjectStore.open(library)
    store.close()
    store.close()


CODES = [
    (sqlite3.SQLITE_BUSY, LibraryLocked),
    (sqlite3.SQLITE_LOCKED, LibraryLocked),
    (sqlite3.SQLITE_BUSY | 2 << 8, LibraryLocked),
    (sqlite3.SQLITE_READONLY, LibraryReadOnly),
    (sqlite3.SQLITE_CANTOPEN, LibraryReadOnly),
    (sqlite3.SQLITE_FULL, DiskFull),
    (sqlite3.SQLITE_CORRUPT, LibraryDamaged),
    (sqlite3.SQLITE_NOTADB, LibraryDamaged),
    (sqlite3.SQLITE_IOERR, LibraryDamaged),
]


@pytest.mark.parametrize(("code", "kind"), CODES)
def test_errors_of_sqlite_are_said_in_our_words(code: int, kind: type[OrfeasError], tmp_path: Path) -> None:
    problem = sqlite3.OperationalError("said by SQLite")
    problem.sqlite_errorcode = code
    found = database.error_of(problem, tmp_path)
    assert type(found) is kind
    assert "said by SQLite" in found.details


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EACCES, LibraryReadOnly),
        (errno.EROFS, LibraryReadOnly),
        (errno.ENOTDIR, LibraryReadOnly),
        (errno.EIO, LibraryDamaged),
    ],
)
def test_errors_of_the_disk_are_said_in_our_words(
    number: int, kind: type[OrfeasError], tmp_path: Path
) -> None:
    assert type(library_error(OSError(number, "said by the disk"), tmp_path)) is kind


def test_a_mistake_of_ours_is_not_hidden(store: ProjectStore) -> None:
    with store._database.read() as session:
        listened: list[str] = []
        event.listen(session.connection(), "before_cursor_execute", lambda *said: listened.append(said[2]))
    with pytest.raises(KeyError), store._database.write():
        raise KeyError("ours")
    store.create_project("Still works")
