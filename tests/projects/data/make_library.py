"""How `library_v1` was made: run once, with the release that wrote it. Usage: make_library.py FOLDER."""

from __future__ import annotations

import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.errors import WorkerSilent
from orfeas_desktop.projects.open_library import FILE
from orfeas_desktop.projects.records import Provenance
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, Job, JobRequest, JobResult, JobState, OutputFile


def main(folder: Path) -> None:
    """Make the library."""
    ticks = count()
    store = ProjectStore.open(
        folder, clock=lambda: datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=next(ticks))
    )
    staging = folder / "staging"
    staging.mkdir()

    def staged(name: str, content: str) -> Path:
        path = staging / name
        path.write_text(content, "utf-8")
        return path

    old, _ = store.create_project("Old things")
    store.delete_project(old.id)
    toys, _ = store.create_project("Toys")
    imported = Provenance(None, "1.0", "", {}, {}, cached=False)
    first = store.add_blob(staged("first.glb", "a first cup"), AssetKind.mesh, "first.glb", move=True)
    cup, _ = store.add_version(Destination(toys.id, "Cup"), {"mesh": first}, imported)
    picture = store.add_blob(staged("cup.png", "a picture"), AssetKind.picture, "cup.png", move=True)
    request = JobRequest(
        Table.backends, "relief", 3, {"depth": 1.5, "shape": "auto"}, {"front": (picture,)}, seed=7
    )
    job = Job(request, "Cup", Destination(toys.id, "Cup", cup.asset_id), id="job-1")
    store.add_job(job)
    made = (
        OutputFile("mesh", local_file(staged("cup.glb", "a better cup"), AssetKind.mesh)),
        OutputFile("mask", local_file(staged("mask.png", "its mask"), AssetKind.mask)),
    )
    result = JobResult(made, {"faces": 12, "watertight": True}, {"Mask": 1.0, "Surface": 2.0})
    version, _ = store.record_result(job, "key of the cup", result, app_version="1.0", weights_digest="")
    assert version is not None
    small = store.add_blob(
        staged("cup-256.png", "a small cup"), AssetKind.thumbnail, "cup-256.png", move=True
    )
    store.set_version_file(version.id, "thumbnail", small)
    lamp, _ = store.add_version(Destination(toys.id, "Lamp"), {"mesh": first}, imported)
    store.delete_assets([lamp.asset_id])
    failed = Job(request, "Cup again", id="job-2")
    store.add_job(failed)
    store.set_job_state(failed.id, JobState.failed, error=WorkerSilent(seconds=30.0, details="last line"))
    store.close()
    staging.rmdir()
    with sqlite3.connect(folder / FILE) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
