"""Figures of the library with 10,000 assets, as one JSON object; `--data DIR` keeps the library."""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ASSETS = 10_000


def fill(folder: Path) -> int:
    """Make a library of 10,000 assets by plain SQL, in the shape that the store writes; return its project."""
    import sqlite3

    from orfeas_desktop.projects.job_text import request_text
    from orfeas_desktop.projects.open_library import FILE
    from orfeas_desktop.projects.store import ProjectStore
    from orfeas_desktop.register import Table
    from orfeas_desktop.requests import JobRequest

    store = ProjectStore.open(folder)
    project, _ = store.create_project("Ten thousand")
    store.close()
    request = request_text(JobRequest(Table.backends, "relief", 1, {"depth": 1.0, "shape": "auto"}, {}, 7))
    with sqlite3.connect(folder / FILE) as connection:
        for number in range(ASSETS):
            name = f"Asset {number} {('cup', 'chair', 'lamp', 'Größe')[number % 4]}"
            connection.execute(
                "INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (number + 1, project.id, name, name.casefold(), number, number),
            )
            digests = [hashlib.sha256(f"{number} {slot}".encode()).hexdigest() for slot in range(6)]
            connection.executemany("INSERT INTO blobs VALUES (?, 1000)", [(digest,) for digest in digests])
            for version in (1, 2):
                row = connection.execute(
                    "INSERT INTO versions (asset_id, number, created, request, app_version, weights_digest, seconds,"
                    " facts, cached) VALUES (?, ?, ?, ?, '1', '', '{\"Mask\": 0.5}', '{\"faces\": 9000}', 0)",
                    (number + 1, version, number, request),
                ).lastrowid
                for slot, kind in enumerate(("mesh", "thumbnail", "mask")):
                    connection.execute(
                        "INSERT INTO version_files VALUES (?, ?, ?, ?, ?, ?)",
                        (row, kind, slot, digests[slot + 3 * (version - 1)], kind, f"{kind}.bin"),
                    )
    connection.close()
    return project.id


def milliseconds(act: Callable[[], object], times: int) -> dict[str, float]:
    """Return the first, the median and the slowest of some runs."""
    taken: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        taken.append((time.perf_counter() - start) * 1000)
    return {
        "first": round(taken[0], 2),
        "median": round(statistics.median(taken), 2),
        "max": round(max(taken), 2),
    }


def measure(folder: Path, project_id: int) -> dict[str, object]:
    """Return the figures, each in milliseconds."""
    start = time.perf_counter()
    from orfeas_desktop.projects.store import ProjectStore

    imported = time.perf_counter()
    store = ProjectStore.open(folder)
    opened = time.perf_counter()
    page = store.assets(project_id, limit=60)
    shown = time.perf_counter()
    assert len(page) == 60
    figures: dict[str, object] = {
        "assets": store.asset_count(project_id),
        "import_ms": round((imported - start) * 1000, 1),
        "open_ms": round((opened - imported) * 1000, 1),
        "first_page_ms": round((shown - opened) * 1000, 1),
        "open_and_first_page_ms": round((shown - imported) * 1000, 1),
        "alembic_imported": "alembic" in sys.modules,
        "page_ms": milliseconds(lambda: store.assets(project_id, limit=60, offset=3000), 20),
        "search_ms": milliseconds(lambda: store.assets(project_id, text="grösse 99", limit=60), 20),
        "search_nothing_ms": milliseconds(lambda: store.assets(project_id, text="zebra", limit=60), 20),
        "count_ms": milliseconds(lambda: store.asset_count(project_id, text="cup"), 20),
        "all_assets_ms": milliseconds(lambda: store.assets(project_id), 1),
        "projects_ms": milliseconds(store.projects, 20),
        "data_version_ms": milliseconds(store.data_version, 20),
    }
    figures |= measure_writes(folder, project_id, store)
    store.close()
    return figures


def measure_writes(folder: Path, project_id: int, store: object) -> dict[str, object]:
    """Return milliseconds of keeping a file, a version and a finished job of 1 MB, and of finding it again."""
    from orfeas_desktop.assets import AssetKind, local_file
    from orfeas_desktop.projects.records import Provenance
    from orfeas_desktop.projects.store import ProjectStore
    from orfeas_desktop.register import Table
    from orfeas_desktop.requests import Destination, Job, JobRequest, JobResult, OutputFile

    assert isinstance(store, ProjectStore)
    serial = iter(range(1_000_000))
    staging = folder / "staging"
    staging.mkdir(exist_ok=True)

    def staged() -> Path:
        path = staging / f"{next(serial)}.glb"
        path.write_bytes(path.name.encode().ljust(1_000_000, b"."))
        return path

    made = Provenance(None, "1", "", {}, {}, cached=False)
    ref = store.add_blob(staged(), AssetKind.mesh, "a.glb")
    files = iter([staged() for _ in range(20)])
    results = iter(
        [JobResult((OutputFile("mesh", local_file(staged(), AssetKind.mesh)),), {}, {}) for _ in range(20)]
    )
    request = JobRequest(Table.backends, "relief", 1, {}, {})
    jobs = [Job(request, "t", Destination(project_id, "New")) for _ in range(20)]
    waiting = iter(jobs)

    def record() -> None:
        job = next(waiting)
        store.record_result(job, job.id, next(results), app_version="1")

    return {
        "add_blob_1mb_ms": milliseconds(lambda: store.add_blob(next(files), AssetKind.mesh, "a.glb"), 20),
        "add_version_ms": milliseconds(
            lambda: store.add_version(Destination(project_id, "New"), {"mesh": ref}, made), 20
        ),
        "record_result_1mb_ms": milliseconds(record, 20),
        "find_result_ms": milliseconds(lambda: store.find_result(jobs[0].id), 50),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder for the library; made when it is empty")
    folder = parser.parse_args().data or Path(tempfile.mkdtemp(prefix="orfeas-library-"))
    if not (folder / "library.sqlite").exists():
        import subprocess

        program = "import sys, pathlib, library; library.fill(pathlib.Path(sys.argv[1]))"
        subprocess.run([sys.executable, "-c", program, str(folder)], check=True, cwd=Path(__file__).parent)
    print(json.dumps(measure(folder, 1), indent=2))


if __name__ == "__main__":
    main()
