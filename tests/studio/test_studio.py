"""The studio with a real library and real workers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orfeas_desktop.app import open_studio
from orfeas_desktop.assets import AssetKind, AssetRef
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.errors import (
    BadInput,
    BadParams,
    FileMissing,
    NoSuchAsset,
    NotAFile,
    OrfeasError,
    PermissionDenied,
    PictureTooLarge,
    UnknownEntry,
    WeightsMissing,
)
from orfeas_desktop.paths import Paths
from orfeas_desktop.projects.records import Change
from orfeas_desktop.register import Table
from orfeas_desktop.requests import (
    Destination,
    FromJob,
    Job,
    JobCancelled,
    JobDone,
    JobEvent,
    JobFailed,
    JobProgressed,
    JobQueued,
    JobState,
)
from orfeas_desktop.settings import Settings
from orfeas_desktop.studio import Studio, Work, ensure_sample_project, entry_of
from orfeas_desktop.studio.work import mesh_of, pinned
from tests.bad_inputs import cut_out
from tests.patience import PATIENCE_S

FAST = {"resolution": 64}


@pytest.fixture
def studio(home: Path) -> Iterator[Studio]:
    with open_studio(Paths.of(), Settings()) as opened:
        yield opened


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "disc.png"
    cut_out().save(path)
    return path


def play(studio: Studio, *jobs: Job) -> tuple[list[JobEvent], Change]:
    """Poll and record until these jobs have ended and nothing is left to do."""
    events: list[JobEvent] = []
    change = Change()
    open_jobs = {job.id for job in jobs}
    deadline = time.monotonic() + PATIENCE_S
    while open_jobs or studio.busy():
        assert time.monotonic() < deadline, events
        event = studio.poll(0.2)
        if event is None:
            continue
        events.append(event)
        change |= studio.record(event) or Change()
        match event:
            case JobDone(job=job):
                open_jobs.discard(job.id)
            case JobFailed(job_id=job_id) | JobCancelled(job_id=job_id):
                open_jobs.discard(job_id)
            case _:
                pass
    return events, change


def done_of(events: list[JobEvent], job: Job) -> JobDone:
    return next(event for event in events if isinstance(event, JobDone) and event.job.id == job.id)


def test_a_generation_becomes_an_asset_with_a_thumbnail(studio: Studio, picture: Path) -> None:
    project, _ = studio.create_project("Things")
    given = studio.add_picture(picture)
    picture.unlink()
    job = studio.generate(
        "relief", {"front": [given]}, params=FAST, seed=5, destination=Destination(project.id, "Disc")
    )
    assert [stored.state for stored in studio.jobs()] == [JobState.waiting]
    events, change = play(studio, job)
    assert any(isinstance(event, JobQueued) for event in events)
    assert any(isinstance(event, JobProgressed) for event in events)
    (asset,) = studio.assets(project.id)
    assert asset.id in change.assets
    version = studio.version(asset.latest.id)
    assert set(version.files) >= {"mesh", "mask", "thumbnail"}
    assert studio.blob_path(version.files["mesh"].digest).read_bytes()[:4] == b"glTF"
    assert studio.blob_path(version.files["thumbnail"].digest).read_bytes()[1:4] == b"PNG"
    provenance = version.provenance
    assert provenance.request is not None
    assert (provenance.request.seed, provenance.request.params["resolution"]) == (5, 64)
    assert provenance.facts["watertight"] is True
    assert version.score is not None
    assert version.score["closed"] is True
    assert 0.9 < float(version.score["silhouette_iou"] or 0) <= 1
    assert [stored.state for stored in studio.jobs()] == [JobState.done]
    located = studio.located(done_of(events, job).result)
    assert all(output.file.path.exists() for output in located.files)


def test_tools_add_versions_and_exports_leave_files(studio: Studio, picture: Path, tmp_path: Path) -> None:
    project, _ = studio.create_project("Things")
    job = studio.generate(
        "relief",
        {"front": [studio.add_picture(picture)]},
        params=FAST,
        destination=Destination(project.id, "Disc"),
    )
    play(studio, job)
    (asset,) = studio.assets(project.id)
    tool = studio.run_tool("mirror", asset.latest.id)
    play(studio, tool)
    first, second = studio.versions(asset.id)
    assert (first.number, second.number) == (1, 2)
    assert second.provenance.request.entry == "mirror"
    target = tmp_path / "out.obj"
    export = studio.export_version(second.id, "obj", target)
    events, change = play(studio, export)
    files = [output.file.path for output in done_of(events, export).result.files]
    assert files[0] == target
    assert {path.suffix for path in files} >= {".obj", ".mtl"}
    assert all(path.parent == tmp_path and path.exists() for path in files)
    assert not change.assets
    assert not [path for path in Paths.of().staging.rglob("*") if path.is_file()]
    target.unlink()
    again = studio.export_version(second.id, "obj", target)
    events, _ = play(studio, again)
    assert done_of(events, again).result.cached
    assert target.exists()
    display = studio.make_display(second.id)
    events, _ = play(studio, display)
    shown = studio.located(done_of(events, display).result)
    assert shown.file("manifest").path.exists()
    again = studio.make_display(second.id)
    events, _ = play(studio, again)
    assert done_of(events, again).result.cached


def test_levels_and_collision_shapes_stay_with_the_mesh_they_belong_to(
    studio: Studio, tmp_path: Path
) -> None:
    project, _ = studio.create_project("Things")
    path = tmp_path / "crate.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")
    play(studio, studio.import_mesh(path, Destination(project.id, "Crate")))
    (asset,) = studio.assets(project.id)
    for tool in ("lod", "collision", "mirror"):
        play(studio, studio.run_tool(tool, studio.versions(asset.id)[-1].id))
    _, levels, both, mirrored = studio.versions(asset.id)
    assert [file.name for file in levels.all_files("lods")] == [
        f"crate-lod{number}.glb" for number in (1, 2, 3)
    ]
    assert both.all_files("lods") == levels.all_files("lods")
    assert [file.name for file in both.all_files("collision")] == ["crate-collision1.glb"]
    assert both.files["mesh"].digest == levels.files["mesh"].digest
    assert not mirrored.all_files("lods")
    assert not mirrored.all_files("collision")


def test_an_export_that_cannot_be_published_fails(studio: Studio, tmp_path: Path) -> None:
    source = tmp_path / "corner.obj"
    source.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    taken = studio.import_mesh(source)
    events, _ = play(studio, taken)
    mesh = studio.located(done_of(events, taken).result).file("mesh")
    assert mesh is not None
    target = tmp_path / "gone" / "out.stl"
    target.parent.mkdir()
    export = studio.export(mesh, "stl", target)
    target.parent.rmdir()
    events, _ = play(studio, export)
    failed = [event for event in events if isinstance(event, JobFailed)]
    assert [event.job_id for event in failed] == [export.id]
    assert isinstance(failed[0].error, OrfeasError)
    target.parent.mkdir()
    again = studio.retry(export)
    events, _ = play(studio, again)
    assert done_of(events, again).result.file("file").path == target
    assert target.exists()


def test_a_failure_is_recorded_and_can_be_tried_again(studio: Studio, picture: Path) -> None:
    project, _ = studio.create_project("Things")
    file = studio.picture_file(picture)
    content = picture.read_bytes()
    picture.unlink()
    job = studio.generate(
        "relief", {"front": [file]}, params=FAST, destination=Destination(project.id, "Disc")
    )
    play(studio, job)
    (stored,) = studio.jobs()
    assert (stored.state, stored.error_code) == (JobState.failed, "file-missing")
    picture.write_bytes(content)
    play(studio, studio.retry(job))
    assert [asset.name for asset in studio.assets(project.id)] == ["Disc"]
    studio.forget_jobs()
    assert studio.jobs() == ()


def test_trying_again_what_waited_for_a_job_that_failed_tries_that_again_first(
    studio: Studio, tmp_path: Path
) -> None:
    project, _ = studio.create_project("Things")
    path = tmp_path / "corner.obj"
    content = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
    path.write_text(content)
    file = pinned(path, AssetKind.file)
    path.unlink()
    first = studio.start(Work(table=Table.chores, entry="import", inputs={"file": (file,)}, title="in"))
    taking = {"mesh": (FromJob(first.id, "mesh"),)}
    second = studio.start(
        Work(
            table=Table.tools,
            entry="mirror",
            inputs=taking,
            title="out",
            destination=Destination(project.id, "Corner"),
        )
    )
    events, _ = play(studio, first, second)
    assert not [event for event in events if isinstance(event, JobDone)]
    path.write_text(content)
    again = studio.retry(second)
    events, _ = play(studio, again)
    done = [event.job for event in events if isinstance(event, JobDone)]
    assert [job.request.entry for job in done[:2]] == ["import", "mirror"]
    assert done[0].id != first.id
    assert done[1].id == again.id
    assert [asset.name for asset in studio.assets(project.id)] == ["Corner"]
    last = studio.retry(again)
    events, _ = play(studio, last)
    entries = [event.job.request.entry for event in events if isinstance(event, JobDone)]
    assert "mirror" in entries
    assert "import" not in entries


def test_jobs_are_cancelled_one_by_one_or_together(studio: Studio, picture: Path) -> None:
    project, _ = studio.create_project("Things")
    file = studio.picture_file(picture)
    jobs = [
        studio.generate(
            "relief",
            {"front": [file]},
            params={"resolution": 64 + number},
            destination=Destination(project.id, f"Disc {number}"),
        )
        for number in range(4)
    ]
    studio.reorder([jobs[3].id, jobs[2].id])
    studio.cancel(jobs[1].id)
    studio.cancel_waiting()
    studio.cancel_all()
    events, _ = play(studio, *jobs)
    assert {event.job_id for event in events if isinstance(event, JobCancelled)} == {job.id for job in jobs}
    assert {stored.state for stored in studio.jobs()} == {JobState.cancelled}
    assert not any(isinstance(event, JobDone) for event in events)


BEFORE_DEATH = """
import sys, os, pathlib
from orfeas_desktop.app import open_studio
from orfeas_desktop.paths import Paths
from orfeas_desktop.settings import Settings
from orfeas_desktop.requests import Destination
studio = open_studio(Paths.of(), Settings())
project, _ = studio.create_project('Things')
picture = studio.add_picture(pathlib.Path(sys.argv[1]))
"""


def dies_after(picture: Path, work: str) -> None:
    """Do `work` with a `studio`, a `project` and a `picture` in a process that ends without a word."""
    program = f"{BEFORE_DEATH}{work}os._exit(9)\n"
    assert subprocess.run([sys.executable, "-c", program, str(picture)], check=False).returncode == 9


def test_what_waited_in_a_dead_process_is_taken_up(home: Path, picture: Path) -> None:
    dies_after(
        picture,
        "studio.generate('relief', {'front': [picture]}, params={'resolution': 64},\n"
        "                destination=Destination(project.id, 'Disc'))\n",
    )
    with open_studio(Paths.of(), Settings()) as studio:
        jobs = studio.resume_waiting_jobs()
        assert [job.title for job in jobs] == ["Disc"]
        play(studio, *jobs)
        assert [asset.name for asset in studio.assets(studio.project_named("Things").id)] == ["Disc"]
        assert studio.resume_waiting_jobs() == ()


CHAIN = """
import sys, os, pathlib
from orfeas_desktop.app import open_studio
from orfeas_desktop.assets import AssetKind
from orfeas_desktop.paths import Paths
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, FromJob, JobDone, JobFailed
from orfeas_desktop.settings import Settings
from orfeas_desktop.studio import Work
from orfeas_desktop.studio.work import pinned
path, until = pathlib.Path(sys.argv[1]), sys.argv[2]
studio = open_studio(Paths.of(), Settings())
project, _ = studio.create_project("Things")
file = pinned(path, AssetKind.file)
if until == "failed":
    path.unlink()
studio.hold(until == "made")
first = studio.start(Work(table=Table.chores, entry="import", inputs={"file": (file,)}, title="first"))
taking = {"mesh": (FromJob(first.id, "mesh"),)}
goal = Destination(project.id, "Corner")
second = studio.start(Work(table=Table.tools, entry="mirror", inputs=taking, title="second", destination=goal))
awaited = {"waiting": set(), "made": {first.id}, "failed": {first.id, second.id}}[until]
while awaited:
    event = studio.poll(0.2)
    if event is not None:
        studio.record(event)
    if isinstance(event, JobDone):
        awaited.discard(event.job.id)
    if isinstance(event, JobFailed):
        awaited.discard(event.job_id)
os._exit(9)
"""


@pytest.mark.parametrize("until", ["waiting", "made", "failed"])
def test_what_waited_for_another_job_in_a_dead_process_goes_on_or_is_tried_again(
    home: Path, tmp_path: Path, until: str
) -> None:
    path, content = tmp_path / "corner.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
    path.write_text(content)
    assert subprocess.run([sys.executable, "-c", CHAIN, str(path), until], check=False).returncode == 9
    path.write_text(content)
    with open_studio(Paths.of(), Settings()) as studio:
        jobs = studio.resume_waiting_jobs()
        if until == "failed":
            assert jobs == ()
            (failed,) = (stored.job for stored in studio.jobs() if stored.job.title == "second")
            jobs = (studio.retry(failed),)
        else:
            assert [job.title for job in jobs] == {"waiting": ["first", "second"], "made": ["second"]}[until]
        play(studio, *jobs)
        assert [asset.name for asset in studio.assets(studio.project_named("Things").id)] == ["Corner"]


def test_another_order_of_the_queue_outlives_the_process(home: Path, picture: Path) -> None:
    dies_after(
        picture,
        "jobs = [studio.generate('relief', {'front': [picture]}, params={'resolution': 64 + number},\n"
        "                        destination=Destination(project.id, name)) for number, name in enumerate('ABCD')]\n"
        "studio.reorder([jobs[place].id for place in (2, 3, 0, 1)])\n",
    )
    with open_studio(Paths.of(), Settings()) as studio:
        jobs = studio.resume_waiting_jobs()
        assert [job.title for job in jobs] == ["C", "D", "A", "B"]
        assert [job.priority for job in jobs] == [4, 3, 2, 1]
        events, _ = play(studio, *jobs)
        made = [event.job.title for event in events if isinstance(event, JobDone) and event.job in jobs]
        assert made == ["C", "D", "A", "B"]


def test_what_is_begun_together_becomes_versions_of_one_asset(studio: Studio, picture: Path) -> None:
    project, _ = studio.create_project("Things")
    given = studio.add_picture(picture)
    goal, before = Destination(project.id, "Disc"), list[str]()
    jobs: list[Job] = []
    for seed in range(3):
        place = replace(goal, after=tuple(before))
        jobs.append(studio.generate("relief", {"front": [given]}, params=FAST, seed=seed, destination=place))
        before.append(jobs[-1].id)
    studio.cancel(jobs[0].id)
    play(studio, *jobs)
    (asset,) = studio.assets(project.id)
    assert (asset.name, asset.version_count) == ("Disc", 2)
    studio.delete_assets((asset.id,))
    late = studio.generate(
        "relief", {"front": [given]}, params=FAST, seed=9, destination=replace(goal, after=tuple(before))
    )
    play(studio, late)
    (fresh,) = studio.assets(project.id)
    assert (fresh.id != asset.id, fresh.version_count) == (True, 1)


def test_a_second_generation_is_known_and_the_cache_is_pruned(home: Path, picture: Path) -> None:
    tiny = Settings().changed("library", {"cache_limit_gb": 0.0}).changed("engine", {"threads": 1})
    with open_studio(Paths.of(), Settings()) as studio:
        file = studio.picture_file(picture)
        job = studio.generate("relief", {"front": [file]}, params=FAST)
        play(studio, job)
        again = studio.generate("relief", {"front": [file]}, params=FAST)
        events, _ = play(studio, again)
        assert done_of(events, again).result.cached
        assert studio.cache_size() > 0
        assert studio.check_library(digests=True).sound
        assert sum(studio.usual_seconds("relief", BACKENDS["relief"].version).values()) > 0
        assert studio.data_version() >= 0
    with open_studio(Paths.of(), tiny) as studio:
        other = studio.generate("relief", {"front": [file]}, params=FAST, seed=1)
        play(studio, other)
        assert studio.cache_size() == 0


def test_the_library_is_changed_through_the_studio(studio: Studio, tmp_path: Path) -> None:
    project, _ = studio.create_project("One")
    assert project.id in studio.rename_project(project.id, "Two").projects
    source = tmp_path / "corner.ply"
    source.write_text(
        "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
        "element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"
    )
    play(studio, studio.import_mesh(source, Destination(project.id, "Corner")))
    (asset,) = studio.assets(project.id, text="corn")
    assert studio.asset(asset.id).name == "Corner"
    assert studio.asset_count(project.id) == 1
    studio.rename_asset(asset.id, "Edge")
    studio.delete_assets([asset.id])
    assert studio.assets(project.id) == ()
    studio.restore_assets([asset.id])
    assert [found.name for found in studio.assets(project.id)] == ["Edge"]
    studio.delete_project(project.id)
    assert studio.projects() == ()
    assert [found.name for found in studio.projects(deleted=True)] == ["Two"]
    studio.restore_project(project.id)
    studio.delete_project(project.id)
    studio.empty_bin()
    assert studio.projects(deleted=True) == ()
    assert studio.writable


def test_a_kept_result_can_be_made_again_when_its_picture_is_gone(studio: Studio, picture: Path) -> None:
    project, _ = studio.create_project("Things")
    destination = Destination(project.id, "Disc")
    job = studio.generate(
        "relief", {"front": [studio.picture_file(picture)]}, params=FAST, destination=destination
    )
    play(studio, job)
    picture.unlink()
    (asset,) = studio.assets(project.id)
    assert asset.latest is not None
    inputs = asset.latest.provenance.request.inputs
    assert all(isinstance(given, AssetRef) for files in inputs.values() for given in files)
    play(studio, studio.generate("relief", inputs, params={**FAST, "depth": 1.3}, destination=destination))
    assert studio.asset_count(project.id) == 2


def test_a_picture_that_changed_is_not_kept_in_place_of_the_one_meant(studio: Studio, picture: Path) -> None:
    project, _ = studio.create_project("Things")
    file = studio.picture_file(picture)
    cut_out(side=97).save(picture)
    job = studio.generate(
        "relief", {"front": [file]}, params=FAST, destination=Destination(project.id, "Disc")
    )
    play(studio, job)
    assert studio.jobs()[0].error_code == "bad-input"
    assert studio.assets(project.id) == ()


def test_work_is_checked_before_it_is_queued(studio: Studio, picture: Path, tmp_path: Path) -> None:
    file = studio.picture_file(picture)
    with pytest.raises(UnknownEntry):
        studio.generate("magic", {"front": [file]})
    with pytest.raises(BadParams):
        studio.generate("relief", {"front": [file]}, params={"resolution": 1e9})
    with pytest.raises(BadInput):
        studio.generate("relief", {"back": [file]})
    with pytest.raises(UnknownEntry):
        studio.export(file, "magic", tmp_path / "x.magic")
    assert not studio.busy()
    checked = studio.check(
        Work(table=Table.backends, entry="relief", inputs={"front": (file,)}, params={"depth": 1.2})
    )
    assert set(checked.params) == set(BACKENDS["relief"].params().plain())
    reason = studio.unavailable(BACKENDS["hunyuan3d-2mini"])
    assert isinstance(reason, WeightsMissing)
    assert "Hunyuan3D 2mini" in reason.say()
    assert studio.unavailable(BACKENDS["relief"]) is None
    small = Settings().changed("library", {"max_megapixels": 1.0})
    studio.settings = small
    huge = tmp_path / "huge.png"
    cut_out(side=1100).save(huge)
    with pytest.raises(PictureTooLarge):
        studio.add_picture(huge)


def test_every_table_has_its_entries() -> None:
    for table, entry in (
        (Table.backends, "relief"),
        (Table.tools, "mirror"),
        (Table.exporters, "glb"),
        (Table.layouts, "row"),
        (Table.chores, "thumbnail"),
    ):
        assert entry_of(table, entry).id == entry


def test_files_are_pinned_or_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        pinned(tmp_path / "nothing", AssetKind.file)
    with pytest.raises(NotAFile):
        pinned(tmp_path, AssetKind.file)
    with pytest.raises(NotAFile):
        pinned(Path("/dev/zero"), AssetKind.file)
    with pytest.raises(FileMissing):
        pinned(tmp_path / "nul\0", AssetKind.file)


def test_a_file_without_permission_is_refused(open_place: Path) -> None:
    from tests.bad_inputs import as_nobody

    path = open_place / "secret.glb"
    path.write_bytes(b"x")
    path.chmod(0)
    with as_nobody(), pytest.raises(PermissionDenied):
        pinned(path, AssetKind.file)


@pytest.fixture
def open_place() -> Iterator[Path]:
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="orfeas-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_version_without_a_mesh_has_none_to_give(studio: Studio, picture: Path) -> None:
    project, _ = studio.create_project("Things")
    job = studio.generate(
        "relief",
        {"front": [studio.add_picture(picture)]},
        params=FAST,
        destination=Destination(project.id, "Disc"),
    )
    play(studio, job)
    version = studio.assets(project.id)[0].latest
    with pytest.raises(NoSuchAsset):
        mesh_of(replace(version, files={}))


def test_the_samples_are_offered_once(studio: Studio) -> None:
    project, jobs = ensure_sample_project(studio)
    assert len(jobs) == 2
    assert ensure_sample_project(studio) == (project, ())
    studio.cancel_all()
    play(studio, *jobs)


def test_closing_ends_the_workers(home: Path, picture: Path) -> None:
    import psutil

    before = set(psutil.Process().children(recursive=True))
    with open_studio(Paths.of(), Settings()) as studio:
        studio.generate("relief", {"front": [studio.picture_file(picture)]})
        deadline = time.monotonic() + PATIENCE_S
        while not set(psutil.Process().children(recursive=True)) - before:
            assert time.monotonic() < deadline
            studio.poll(0.1)
    assert set(psutil.Process().children(recursive=True)) <= before
