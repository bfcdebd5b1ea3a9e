"""A finished job is recorded as a whole; its result is found again; old ones make room."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orfeas_desktop.assets import AssetKind, AssetRef, LocalFile, local_file
from orfeas_desktop.errors import FileChanging, FileMissing, LibraryDamaged
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.requests import Destination, FromJob, JobResult, JobState, OutputFile

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Hand


def test_a_finished_job_is_kept_by_one_road(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    picture = hand.blob("picture", AssetKind.picture, "cup.png")
    job = hand.job(Destination(project, "Cup"), front=picture)
    store.add_job(job)
    result = hand.result(mesh="a cup", mask="its mask")
    version, change = store.record_result(job, "key", result, app_version="1.2", weights_digest="w")
    assert version is not None
    assert change.jobs
    assert change.assets == {version.asset_id}
    assert {slot: file.digest for slot, file in version.files.items()} == {
        output.slot: output.file.digest for output in result.files
    }
    made = version.provenance
    assert (made.request, made.app_version, made.weights_digest, made.cached) == (
        job.request,
        "1.2",
        "w",
        False,
    )
    assert dict(made.facts) == {"faces": 12, "watertight": True}
    assert [stored.state for stored in store.jobs()] == [JobState.done]
    assert not any(output.file.path.exists() for output in result.files)
    found = store.find_result("key")
    assert found is not None
    assert found.cached
    assert found.facts == result.facts
    assert list(found.seconds) == ["Mask", "Surface"]
    mesh = found.file("mesh")
    assert mesh is not None
    assert mesh.path.read_text() == "a cup"
    assert local_file(mesh.path, mesh.kind, mesh.name) == mesh


def test_a_result_without_destination_is_only_remembered(store: ProjectStore, hand: Hand) -> None:
    assert hand.finish(hand.job(), "key", mesh="cup") is None
    assert store.find_result("key") is not None
    assert store.find_result("other") is None
    assert hand.finish(hand.job(), "", mesh="lamp") is None
    assert store.find_result("") is None


def test_files_outside_staging_are_copied(store: ProjectStore, hand: Hand) -> None:
    path = hand.file("exported by the user")
    result = JobResult((OutputFile("file", local_file(path, AssetKind.file)),), {}, {})
    store.record_result(hand.job(), "key", result, app_version="1")
    assert path.read_text() == "exported by the user"


def test_many_files_of_one_slot(store: ProjectStore, hand: Hand) -> None:
    files = tuple(OutputFile("parts", hand.staged(str(number))) for number in range(3))
    job = hand.job(Destination(hand.project(), "Cup"))
    version, _ = store.record_result(job, "key", JobResult(files, {}, {}), app_version="1")
    assert version is not None
    assert list(version.files) == ["parts", "parts-2", "parts-3"]
    found = store.find_result("key")
    assert found is not None
    assert [output.slot for output in found.files] == ["parts"] * 3


def test_telling_twice_keeps_one_version(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    job = hand.job(Destination(project, "Cup"))
    result = hand.result(mesh="cup")
    first, _ = store.record_result(job, "key", result, app_version="1")
    second, change = store.record_result(job, "key", result, app_version="1")
    assert first == second
    assert not change.assets
    assert store.asset_count(project) == 1


def test_joined_jobs_each_leave_a_version(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    result = hand.result(mesh="cup")
    for _ in range(2):
        store.record_result(hand.job(Destination(project, "Cup")), "key", result, app_version="1")
    one, two = store.assets(project)
    assert one.latest is not None
    assert two.latest is not None
    assert one.latest.files == two.latest.files


def test_a_cached_result_becomes_a_version(store: ProjectStore, hand: Hand) -> None:
    hand.finish(hand.job(), "key", mesh="cup")
    found = store.find_result("key")
    assert found is not None
    job = hand.job(Destination(hand.project(), "Cup"))
    version, _ = store.record_result(job, "key", found, app_version="1")
    assert version is not None
    assert version.provenance.cached
    assert store.blob_path(version.files["mesh"].digest).read_text() == "cup"
    assert store.usual_seconds("relief", 3) == {"Mask": 1.0, "Surface": 2.0}


def test_nothing_made_is_lost_when_its_place_is_gone(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    cup = hand.version(Destination(project, "Cup"), mesh="cup").asset_id
    store.delete_assets([cup])
    into_bin = hand.finish(hand.job(Destination(project, "Cup", cup)), "a", mesh="cup a")
    assert into_bin is not None
    assert into_bin.asset_id == cup
    store.empty_bin()
    anew = hand.finish(hand.job(Destination(project, " ", cup)), "b", mesh="cup b")
    assert anew is not None
    assert store.asset(anew.asset_id).name == "relief"
    store.delete_project(project)
    store.empty_bin()
    assert hand.finish(hand.job(Destination(project, "Cup")), "c", mesh="cup c") is None
    assert store.find_result("c") is not None


def test_a_staged_file_must_be_what_it_says(store: ProjectStore, hand: Hand) -> None:
    result = hand.result(mesh="cup")
    result.files[0].file.path.write_text("cap")
    job = hand.job(Destination(hand.project(), "Cup"))
    store.add_job(job)
    with pytest.raises(FileChanging):
        store.record_result(job, "key", result, app_version="1")
    result.files[0].file.path.unlink()
    with pytest.raises(FileMissing):
        store.record_result(job, "key", result, app_version="1")
    assert store.find_result("key") is None
    assert hand.blobs() == set()
    assert [stored.state for stored in store.jobs()] == [JobState.waiting]


def test_a_result_whose_file_is_gone_is_not_found(store: ProjectStore, hand: Hand) -> None:
    hand.finish(hand.job(), "key", mesh="cup")
    found = store.find_result("key")
    assert found is not None
    found.files[0].file.path.unlink()
    assert store.find_result("key") is None
    with pytest.raises(LibraryDamaged):
        store.record_result(hand.job(), "key", found, app_version="1")
    report = store.check()
    assert report.sound
    assert report.repaired == 1
    hand.finish(hand.job(), "key", mesh="cup")
    assert store.find_result("key") is not None


def test_the_same_key_again_replaces_the_result(store: ProjectStore, hand: Hand) -> None:
    hand.finish(hand.job(), "key", mesh="old", mask="old mask")
    hand.finish(hand.job(), "key", mesh="new")
    found = store.find_result("key")
    assert found is not None
    assert [output.file.path.read_text() for output in found.files] == ["new"]
    store.sweep()
    assert hand.blobs() == {found.files[0].file.digest}


def test_inputs_from_jobs_are_named_in_the_version(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    shape, silent = hand.job(Destination(project, "Cup")), hand.job()
    store.add_job(silent)
    made = hand.finish(shape, "shape", mesh="a shape")
    hand.finish(silent, "silent", mask="a mask")
    job = hand.job(
        Destination(project, "Painted"),
        mesh=FromJob(shape.id, "mesh"),
        mask=FromJob(silent.id, "mask"),
        front=FromJob("unknown", "file"),
    )
    painted = hand.finish(job, "painted", mesh="painted")
    assert made is not None
    assert painted is not None
    request = painted.provenance.request
    assert request is not None
    assert request.inputs["mesh"] == (made.files["mesh"],)
    assert request.inputs["front"] == (FromJob("unknown", "file"),)
    (mask,) = request.inputs["mask"]
    assert isinstance(mask, AssetRef)
    store.prune_cache(0)
    assert store.blob_path(mask.digest).read_text() == "a mask"


def test_usual_seconds_are_medians_in_running_order(store: ProjectStore, hand: Hand) -> None:
    assert store.usual_seconds("relief", 3) == {}
    for seconds in (1.0, 5.0, 2.0):
        hand.finish(hand.job(), "", seconds=seconds, mesh=str(seconds))
    assert list(store.usual_seconds("relief", 3).items()) == [("Mask", 2.0), ("Surface", 4.0)]
    assert store.usual_seconds("relief", 4) == {}
    assert store.usual_seconds("other", 3) == {}


def test_usual_seconds_forget_old_runs_and_rare_stages(store: ProjectStore, hand: Hand) -> None:
    rare = replace(hand.result(mesh="x"), seconds={"Mask": 9.0, "Download": 60.0, "Surface": 9.0})
    none = replace(hand.result(mesh="y"), seconds={})
    for result in (rare, none):
        store.record_result(hand.job(), "", result, app_version="1")
    hand.finish(hand.job(), "", mesh="1")
    assert list(store.usual_seconds("relief", 3)) == ["Mask", "Download", "Surface"]
    hand.finish(hand.job(), "", mesh="2")
    assert list(store.usual_seconds("relief", 3)) == ["Mask", "Surface"]
    for number in range(25):
        hand.finish(hand.job(), "", seconds=3.0, mesh=str(number))
    assert store.usual_seconds("relief", 3) == {"Mask": 3.0, "Surface": 6.0}


def test_the_cache_forgets_what_was_used_longest_ago(store: ProjectStore, hand: Hand) -> None:
    for key in ("a", "b", "c"):
        hand.finish(hand.job(), key, mesh=key * 100)
    kept = hand.finish(hand.job(Destination(hand.project(), "Cup")), "kept", mesh="k" * 100)
    assert store.cache_size() == 300
    assert store.find_result("a") is not None
    assert store.prune_cache(1000) == 0
    assert store.prune_cache(100) == 200
    assert store.find_result("a") is not None
    assert store.find_result("b") is None
    assert store.find_result("c") is None
    assert store.find_result("kept") is not None
    assert store.cache_size() == 100
    assert store.prune_cache(0) == 100
    assert store.cache_size() == 0
    assert kept is not None
    assert hand.blobs() == {kept.files["mesh"].digest}


def test_a_file_of_two_results_counts_once(store: ProjectStore, hand: Hand) -> None:
    for key in ("a", "b"):
        hand.finish(hand.job(), key, mesh="shared" * 10, mask=key * 10)
    assert store.cache_size() == 80
    assert store.prune_cache(70) == 10
    assert store.find_result("a") is None
    assert store.find_result("b") is not None


def test_a_local_input_that_the_library_holds_stays(store: ProjectStore, hand: Hand, library: Path) -> None:
    ref = hand.blob("picture", AssetKind.picture)
    local = LocalFile(store.blob_path(ref.digest), ref.digest, ref.kind, ref.name, ref.size)
    hand.finish(hand.job(Destination(hand.project(), "Cup"), front=local), "key", mesh="cup")
    store.close()
    later = ProjectStore.open(library)
    assert later.sweep() == 0
    assert later.blob_path(ref.digest)
    later.close()
