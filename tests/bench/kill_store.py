"""Kill -9 a writer of the library at random moments; print as JSON what was lost or torn (nothing should be)."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import tempfile
import time
from pathlib import Path

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, Job, JobRequest, JobResult, OutputFile

SIZE = 200_000


def write(folder: Path, confirmed: Path, round_number: int) -> None:
    """Keep pictures, jobs and results without end; note each version in `confirmed` once the library has it."""
    notes = os.open(confirmed, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    store = ProjectStore.open(folder)
    store.adopt_orphan_jobs()
    project, _ = store.create_project(f"Round {round_number}")
    for number in range(1_000_000):
        name = f"{round_number}-{number}"
        place = folder / "staging" / name
        place.mkdir(parents=True)
        picture, mesh = place / "picture.png", place / "mesh.glb"
        picture.write_bytes(f"picture {number % 3}".encode().ljust(SIZE, b"."))
        mesh.write_bytes(f"mesh {name}".encode().ljust(SIZE, b"."))
        ref = store.add_blob(picture, AssetKind.picture, "picture.png")
        request = JobRequest(Table.backends, "relief", 1, {"number": number}, {"front": (ref,)}, round_number)
        job = Job(request, name, Destination(project.id, name))
        store.add_job(job)
        made = OutputFile("mesh", local_file(mesh, AssetKind.mesh))
        version, _ = store.record_result(
            job, name, JobResult((made,), {"faces": number}, {"a": 0.1}), app_version="1"
        )
        assert version is not None
        os.write(notes, f"{version.id} {made.file.digest}\n".encode())
        if number % 4 == 3:
            store.delete_assets([version.asset_id])
            store.prune_cache(10 * SIZE)


def faults(folder: Path, confirmed: Path) -> dict[str, int]:
    """Open the library as the next start of the program would, and count what is not as it should be."""
    store = ProjectStore.open(folder)
    lines = confirmed.read_text().splitlines() if confirmed.exists() else []
    lost = 0
    for line in lines:
        number, digest = line.split()
        lost += store.version(int(number)).files["mesh"].digest != digest
    report = store.check(digests=True)
    found = {
        "confirmed": len(lines),
        "lost": lost + len(report.missing),
        "torn": len(report.damaged) + len(report.problems),
        "unlisted": report.unlisted,
        "repaired": report.repaired,
        "jobs_offered_again": report.orphan_jobs,
    }
    store.close()
    return found


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    methods = multiprocessing.get_all_start_methods()
    start = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
    totals = {"kills": 0, "lost": 0, "torn": 0, "unlisted": 0, "repaired": 0}
    with tempfile.TemporaryDirectory(prefix="orfeas-kill-", ignore_cleanup_errors=True) as place:
        folder, confirmed = Path(place) / "library", Path(place) / "confirmed"
        last: dict[str, int] = {}
        for number in range(options.times):
            writer = start.Process(target=write, args=(folder, confirmed, number))
            writer.start()
            time.sleep(moments.uniform(0.0, 0.4))
            writer.kill()
            writer.join()
            last = faults(folder, confirmed)
            totals["kills"] += 1
            for name in ("lost", "torn", "unlisted"):
                totals[name] = max(totals[name], last[name])
            totals["repaired"] += last["repaired"]
    print(json.dumps(totals | {name: last[name] for name in ("confirmed", "jobs_offered_again")}, indent=2))


if __name__ == "__main__":
    main()
