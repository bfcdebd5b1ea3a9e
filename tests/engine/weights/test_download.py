"""Downloads from a hub on loopback that does everything a bad line and a bad server can do."""

from __future__ import annotations

import hashlib
import json
import random
import resource
import signal
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orfeas_desktop.engine.weights import download as download_module
from orfeas_desktop.engine.weights.download import download_set
from orfeas_desktop.engine.weights.hub import is_safe
from orfeas_desktop.engine.weights.network import NetworkDoor
from orfeas_desktop.engine.weights.store import How, WeightStore
from orfeas_desktop.engine.weights.transfers import TransferState, transfer, transfer_file, unfinished
from orfeas_desktop.engine.weights.upkeep import remove_set
from orfeas_desktop.errors import (
    Cancelled,
    DiskFull,
    DownloadFailed,
    LicenceNotAccepted,
    Offline,
    PathTooLong,
    PermissionDenied,
    SignInNeeded,
    SpaceMissing,
    UnknownEntry,
    WeightsBusy,
    WrongContent,
)
from tests.engine.weights.loopback_hub import COMMIT, LARGE, SET, SMALL, Hub, Trouble, Zeros
from tests.patience import PATIENCE_S

PLACE = "Hunyuan3D-2mini/hunyuan3d-vae-v2-mini-turbo"


def content(hub, name=LARGE) -> bytes:
    return hub.files[f"{hub.folder}/{name}"]


def assert_whole(hub, around, usable_files) -> None:
    store = around.store
    assert store.find(SET) == store.folder / PLACE
    assert usable_files(store.folder) == {
        f"{PLACE}/{SMALL}": content(hub, SMALL),
        f"{PLACE}/{LARGE}": content(hub),
    }
    assert not list(store.parts.rglob("*.part"))
    assert transfer(store, SET).state is TransferState.none


def assert_nothing_usable(around, usable_files) -> None:
    assert around.store.find(SET) is None
    assert usable_files(around.store.folder) == {}


def test_a_set_arrives_whole_and_is_known(hub, around, job_context, usable_files, outside) -> None:
    owned = download_set(SET, around, job_context)
    assert_whole(hub, around, usable_files)
    assert owned.complete
    assert owned.commit == COMMIT
    assert {file.sha256 for file in owned.files} == {
        hashlib.sha256(content(hub, name)).hexdigest() for name in (SMALL, LARGE)
    }
    assert job_context.stages == ["Asking the hub", "Downloading", "Putting in place"]
    assert job_context.fractions[-1][1] == 1.0
    standing = around.store.standing(download_module.weight_set(SET))
    assert (standing.how, standing.size) == (How.downloaded, 300_000 + len(content(hub, SMALL)))
    assert [line["outcome"] for line in outside.lines()] == [200, 200, 200]
    assert all("?" not in line["url"] and line["purpose"] == f"weights {SET}" for line in outside.lines())


def test_a_second_download_fetches_nothing(hub, around, job_context) -> None:
    download_set(SET, around, job_context)
    before = len(hub.asked)
    download_set(SET, around, job_context)
    assert len(hub.asked) == before + 1


def test_a_hash_that_third_parties_quote_otherwise_is_said(hub, around, job_context) -> None:
    download_set(SET, around, job_context)
    assert any("is not the file this program was told of" in said for said in job_context.warnings)


def test_a_file_that_changed_since_the_first_time_is_said(hub, around, make_context) -> None:
    download_set(SET, around, make_context())
    remove_set(SET, around.store)
    same = make_context()
    download_set(SET, around, same)
    assert not any("the first time" in said for said in same.warnings)
    remove_set(SET, around.store)
    hub.put(LARGE, content(hub)[::-1])
    other = make_context()
    download_set(SET, around, other)
    assert f"“{LARGE}” is another file than the one that was fetched the first time." in other.warnings


def test_connections_broken_at_random_bytes_are_gone_on_from(hub, around, job_context, usable_files) -> None:
    dice = random.Random(5)
    hub.trouble.extend(Trouble("cut", dice.randrange(20_000, 90_000)) for _ in range(4))
    hub.trouble.append(Trouble("cut", 0))
    download_set(SET, around, job_context)
    assert_whole(hub, around, usable_files)
    ranges = [asked.range for asked in hub.gets(LARGE)]
    assert ranges[0] == ""
    assert all(asked.startswith("bytes=") for asked in ranges[1:])
    starts = [int(asked[6:-1]) for asked in ranges[1:]]
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("troubles", "told"),
    [
        ([Trouble("status", 500)], None),
        ([Trouble("status", 503, {"Retry-After": "1"}), Trouble("status", 429, {"Retry-After": "x"})], None),
        ([Trouble("cut", 100_000), Trouble("no range")], None),
        ([Trouble("cut", 100_000), Trouble("other piece", 7)], None),
        ([Trouble("cut", 100_000), Trouble("status", 416)], None),
        ([Trouble("too long", 9)], None),
        ([Trouble("packed")], None),
        ([Trouble("wrong")], None),
        ([Trouble("cut", 100_000), Trouble("wrong")], None),
        ([Trouble("slow")], None),
        ([Trouble("status", 500)] * 4, "the server answers 500"),
        ([Trouble("status", 429, {"Retry-After": "3600"})] * 4, "the server answers 429"),
        ([Trouble("cut", 0)] * 4, "the connection broke"),
        ([Trouble("slow")] * 4, "the server stopped sending"),
        ([Trouble("too long", 9)] * 4, "the server sends more than the file holds"),
        ([Trouble("packed")] * 4, "the server sends it packed"),
        ([Trouble("status", 404)], "the hub does not have it"),
        ([Trouble("status", 410)], "the hub does not have it"),
        ([Trouble("status", 451)], "the hub refuses it (451)"),
    ],
    ids=lambda value: "-".join(f"{t.kind}{t.amount}" for t in value) if isinstance(value, list) else value,
)
def test_trouble_is_overcome_or_told(hub, around, job_context, usable_files, troubles, told) -> None:
    hub.trouble.extend(troubles)
    if told is None:
        download_set(SET, around, job_context)
        assert_whole(hub, around, usable_files)
        return
    with pytest.raises(DownloadFailed) as caught:
        download_set(SET, around, job_context)
    assert caught.value.arguments["problem"] == told
    assert_nothing_usable(around, usable_files)
    assert transfer(around.store, SET).state is TransferState.failed
    hub.trouble.clear()
    download_set(SET, around, job_context)
    assert_whole(hub, around, usable_files)


def test_wrong_bytes_again_and_again_are_never_kept(hub, around, job_context, usable_files) -> None:
    hub.trouble.extend([Trouble("wrong"), Trouble("wrong")])
    with pytest.raises(WrongContent):
        download_set(SET, around, job_context)
    assert_nothing_usable(around, usable_files)
    assert not list(around.store.parts.rglob("*.part"))
    download_set(SET, around, job_context)
    assert_whole(hub, around, usable_files)


def test_a_part_that_rotted_meanwhile_is_fetched_anew(hub, around, make_context, usable_files) -> None:
    hub.trouble.extend([Trouble("cut", 150_000)] + [Trouble("status", 500)] * 4)
    with pytest.raises(DownloadFailed):
        download_set(SET, around, make_context())
    (part,) = around.store.parts.rglob("*.part")
    rotten = bytearray(part.read_bytes())
    assert 0 < len(rotten) <= 150_000
    rotten[10] ^= 1
    part.write_bytes(rotten)
    download_set(SET, around, make_context())
    assert_whole(hub, around, usable_files)


def test_a_lying_listing_gives_nothing(hub, around, job_context, usable_files) -> None:
    hub.lies[f"{hub.folder}/{LARGE}"] = "0" * 64
    with pytest.raises(WrongContent):
        download_set(SET, around, job_context)
    assert_nothing_usable(around, usable_files)


@pytest.mark.parametrize(
    "listed",
    [
        b"",
        b"<html>captive portal</html>",
        b"[]",
        b'{"sha": 1}',
        b'{"sha": "main", "siblings": []}',
        json.dumps({"sha": COMMIT, "siblings": []}).encode(),
        json.dumps(
            {"sha": COMMIT, "siblings": [{"rfilename": f"hunyuan3d-vae-v2-mini-turbo/{LARGE}"}]}
        ).encode(),
        b"x" * 21_000_000,
    ],
    ids=["empty", "html", "list", "number", "no commit", "no files", "no size", "endless"],
)
def test_an_answer_that_is_no_list_is_told(hub, around, job_context, usable_files, listed) -> None:
    hub.listed = listed
    with pytest.raises(DownloadFailed):
        download_set(SET, around, job_context)
    assert_nothing_usable(around, usable_files)


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/x", "a/../b", "a\\b", "c:x", "", ".", "a\n", "x.part", "a" * 500, "a/con.", "a /b"],
)
def test_a_path_that_leaves_its_folder_is_refused(path) -> None:
    assert not is_safe(path)


@given(st.text(max_size=40))
def test_a_safe_path_stays_inside(tmp_path_factory, path) -> None:
    if is_safe(path):
        top = tmp_path_factory.getbasetemp()
        assert (top / path).resolve().is_relative_to(top.resolve())


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Trouble("status", 401, {"X-Error-Code": "GatedRepo"}), SignInNeeded),
        (Trouble("status", 403), SignInNeeded),
        (Trouble("status", 401, {"X-Error-Code": "RepoNotFound"}), DownloadFailed),
        (Trouble("status", 404), DownloadFailed),
        (Trouble("status", 400), DownloadFailed),
    ],
)
def test_what_trying_again_cannot_mend_is_told_at_once(hub, around, job_context, trouble, error) -> None:
    hub.listing_trouble.append(trouble)
    with pytest.raises(error):
        download_set(SET, around, job_context)
    assert len(hub.asked) == 1


def test_a_list_is_asked_for_again_when_the_line_is_bad(hub, around, job_context, usable_files) -> None:
    hub.listing_trouble.extend([Trouble("status", 502), Trouble("cut"), Trouble("status", 429)])
    download_set(SET, around, job_context)
    assert_whole(hub, around, usable_files)
    hub.listing_trouble.extend([Trouble("status", 502)] * 4)
    with pytest.raises(DownloadFailed, match="502"):
        download_set(SET, around, job_context)


def test_a_second_host_gets_no_token(hub, other_hub, around, job_context, usable_files, outside) -> None:
    outside.rules = replace(outside.rules, token="hf_secret")
    there = other_hub.url.replace("127.0.0.1", "localhost")
    hub.trouble.append(Trouble("redirect", headers={"to": there}))
    download_set(SET, around, job_context)
    assert_whole(hub, around, usable_files)
    assert {asked.authorization for asked in hub.asked} == {"Bearer hf_secret"}
    assert [asked.authorization for asked in other_hub.asked] == [""]
    assert "secret" not in outside.log.read_text()
    assert any("localhost" in line["url"] for line in outside.lines())


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_second_host_that_refuses_is_tried_again(
    hub, other_hub, around, job_context, usable_files, code
) -> None:
    there = other_hub.url.replace("127.0.0.1", "localhost")
    other_hub.trouble.append(Trouble("status", code))
    hub.trouble.append(Trouble("redirect", headers={"to": there}))
    download_set(SET, around, job_context)
    assert_whole(hub, around, usable_files)


@pytest.mark.parametrize("to", ["file:///etc", "ftp://127.0.0.1", "http://127.0.0.1:1"])
def test_a_redirect_to_nowhere_is_told(hub, around, job_context, usable_files, to) -> None:
    hub.trouble.extend([Trouble("redirect", headers={"to": to})] * 4)
    with pytest.raises(DownloadFailed):
        download_set(SET, around, job_context)
    assert_nothing_usable(around, usable_files)


def test_offline_calls_nobody(hub, around, job_context, outside) -> None:
    outside.rules = replace(outside.rules, offline=True)
    with pytest.raises(Offline):
        download_set(SET, around, job_context)
    assert hub.asked == []
    assert [line["outcome"] for line in outside.lines()] == ["refused: offline"]


def test_going_offline_stops_a_running_download(hub, around, job_context, outside, usable_files) -> None:
    hub.trouble.append(Trouble("cut", 100_000))

    def look(fraction: float | None) -> None:
        if len(hub.gets(LARGE)) == 1:
            outside.rules = replace(outside.rules, offline=True)

    job_context.progress = look
    with pytest.raises(Offline):
        download_set(SET, around, job_context)
    assert len(hub.gets(LARGE)) == 1
    assert_nothing_usable(around, usable_files)


def test_a_pause_keeps_what_arrived_and_goes_on(hub, around, make_context, usable_files) -> None:
    paused = make_context()

    def look(fraction: float | None) -> None:
        if fraction is not None and 0.3 < fraction < 1:
            raise Cancelled

    paused.progress = look
    with pytest.raises(Cancelled):
        download_set(SET, around, paused)
    now = transfer(around.store, SET)
    assert now.state is TransferState.paused
    assert 0.3 < now.fraction < 1
    assert now.seconds_left is None
    assert_nothing_usable(around, usable_files)
    download_set(SET, around, make_context())
    assert_whole(hub, around, usable_files)
    assert hub.gets(LARGE)[-1].range.startswith("bytes=")


def test_what_a_dead_process_left_is_found_and_gone_on_with(hub, around, make_context, usable_files) -> None:
    hub.trouble.extend([Trouble("cut", 100_000)] + [Trouble("status", 500)] * 4)
    with pytest.raises(DownloadFailed):
        download_set(SET, around, make_context())
    assert unfinished(around.store) == ()
    file = transfer_file(around.store, SET)
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "state": "running", "pid": 2**22 + 1}))
    assert transfer(around.store, SET).state is TransferState.paused
    assert unfinished(around.store) == (SET,)
    download_set(SET, around, make_context())
    assert_whole(hub, around, usable_files)
    assert hub.gets(LARGE)[-1].range.startswith("bytes=")


def test_two_downloads_of_one_set(hub, around, make_context) -> None:
    entered, leave = threading.Event(), threading.Event()
    first = make_context()

    def look(fraction: float | None) -> None:
        entered.set()
        assert leave.wait(PATIENCE_S)

    first.progress = look
    thread = threading.Thread(target=download_set, args=(SET, around, first))
    thread.start()
    assert entered.wait(PATIENCE_S)
    with pytest.raises(WeightsBusy):
        download_set(SET, around, make_context())
    leave.set()
    thread.join()
    assert around.store.find(SET)


def test_no_licence_no_download(hub, around, job_context) -> None:
    around.licences.withdraw(download_module.weight_set(SET).terms)
    with pytest.raises(LicenceNotAccepted):
        download_set(SET, around, job_context)
    with pytest.raises(UnknownEntry):
        download_set("nothing", around, job_context)
    assert hub.asked == []


def test_a_disk_with_too_little_room_is_told_before(hub, around, job_context, monkeypatch) -> None:
    monkeypatch.setattr(type(around.store), "free_bytes", lambda self: 200_100_000)
    with pytest.raises(SpaceMissing):
        download_set(SET, around, job_context)
    assert hub.gets(LARGE) == []


def test_a_disk_that_fills_up_leaves_nothing_usable(hub, around, make_context, usable_files) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, before[1]))
    try:
        with pytest.raises(DiskFull):
            download_set(SET, around, make_context())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, heard)
    assert_nothing_usable(around, usable_files)
    assert transfer(around.store, SET).state is TransferState.failed
    download_set(SET, around, make_context())
    assert_whole(hub, around, usable_files)


def test_a_folder_that_cannot_be_made_is_told(tmp_path, make_around, job_context) -> None:
    (tmp_path / "file").write_text("")
    around = make_around(store=WeightStore(tmp_path / "file" / "weights"))
    with pytest.raises(PermissionDenied):
        download_set(SET, around, job_context)


def test_a_path_that_this_system_cannot_name_is_told_before(
    hub, make_around, job_context, usable_files
) -> None:
    around = make_around(longest_path=40)
    with pytest.raises(PathTooLong, match="40 at most"):
        download_set(SET, around, job_context)
    assert usable_files(around.store.folder) == {}
    assert not hub.gets(LARGE)


def test_a_file_of_the_users_own_is_never_overwritten(hub, around, job_context) -> None:
    target = around.store.folder / PLACE / LARGE
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    with pytest.raises(DownloadFailed, match="another file lies in its place"):
        download_set(SET, around, job_context)
    assert target.read_bytes() == b"mine"


def test_the_users_own_copy_in_place_is_taken_as_it_is(hub, around, job_context) -> None:
    target = around.store.folder / PLACE / LARGE
    target.parent.mkdir(parents=True)
    target.write_bytes(content(hub))
    owned = download_set(SET, around, job_context)
    assert {file.path.rpartition("/")[2]: file.how for file in owned.files} == {
        LARGE: "found",
        SMALL: "downloaded",
    }
    assert hub.gets(LARGE) == []


def test_the_cache_of_other_programs_is_linked_not_copied(
    hub, make_around, make_context, tmp_path, usable_files
) -> None:
    cache = tmp_path / "hub"
    blobs = cache / "models--tencent--Hunyuan3D-2mini" / "blobs"
    blobs.mkdir(parents=True)
    blob = blobs / hashlib.sha256(content(hub)).hexdigest()
    blob.write_bytes(content(hub))
    around = make_around(hub_cache=cache)
    owned = download_set(SET, around, make_context())
    assert_whole(hub, around, usable_files)
    assert (around.store.folder / PLACE / LARGE).samefile(blob)
    assert hub.gets(LARGE) == []
    assert [file.how for file in owned.files] == ["linked", "downloaded"]


def test_a_rotten_cache_is_not_linked(hub, make_around, make_context, tmp_path, usable_files) -> None:
    cache = tmp_path / "hub"
    blobs = cache / "models--tencent--Hunyuan3D-2mini" / "blobs"
    blobs.mkdir(parents=True)
    blob = blobs / hashlib.sha256(content(hub)).hexdigest()
    blob.write_bytes(bytes(len(content(hub))))
    around = make_around(hub_cache=cache)
    download_set(SET, around, make_context())
    assert_whole(hub, around, usable_files)
    assert blob.read_bytes() == bytes(len(content(hub)))


def test_a_file_of_200_mb_arrives(hub, around, job_context) -> None:
    hub.put(LARGE, Zeros(200_000_000))
    hub.trouble.append(Trouble("cut", 90_000_000))
    hub.listed = hub.listing()
    download_set(SET, around, job_context)
    assert (around.store.folder / PLACE / LARGE).stat().st_size == 200_000_000
    assert len(hub.gets(LARGE)) == 2


def test_two_files_of_equal_content_both_arrive(make_around, job_context, outside, tmp_path) -> None:
    weights = download_module.weight_set("sdxl-turbo")
    hub = Hub(weights.repository, weights.folder)
    try:
        for name in ("model_index.json", "tokenizer/merges.txt", "tokenizer_2/merges.txt"):
            hub.put(name, b"the same")
        hub.put("unet/diffusion_pytorch_model.fp16.safetensors", b"w" * 20_000)
        hub.put("unet/diffusion_pytorch_model.safetensors", b"W" * 20_000)
        outside.rules = replace(outside.rules, endpoint=hub.url)
        around = make_around()
        around.licences.accept(weights.terms, "test")
        owned = download_set("sdxl-turbo", around, job_context)
    finally:
        hub.close()
    assert len(owned.files) == 4
    assert all((around.store.folder / file.path).is_file() for file in owned.files)
    assert around.store.find("sdxl-turbo") == around.store.folder / "sdxl-turbo"


def test_a_log_that_cannot_be_written_stops_nothing(hub, make_around, job_context, outside, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    door = NetworkDoor(lambda: outside.rules, tmp_path / "file" / "log")
    download_set(SET, make_around(door=door), job_context)
