"""Verifying, removing and moving sets; whatever breaks off, nothing of the user's is lost."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest
import torch

from orfeas_desktop.engine.weights import move as move_module
from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.download import download_set
from orfeas_desktop.engine.weights.linking import add_weights
from orfeas_desktop.engine.weights.move import MARK, finish_move, move_weights
from orfeas_desktop.engine.weights.own_pictures import OwnPictures
from orfeas_desktop.engine.weights.store import How, WeightStore
from orfeas_desktop.engine.weights.torch_file import as_safetensors
from orfeas_desktop.engine.weights.upkeep import Verdict, plan_removal, remove_set, verify_set
from orfeas_desktop.errors import (
    BadInput,
    Cancelled,
    DownloadFailed,
    PermissionDenied,
    SpaceMissing,
    UnknownEntry,
    WeightsBusy,
    WeightsMissing,
    WrongContent,
)
from tests.engine.weights.loopback_hub import LARGE, SET, SMALL, Trouble
from tests.engine.weights.test_picture_base import stripped

PLACE = Path("Hunyuan3D-2mini/hunyuan3d-vae-v2-mini-turbo")


@pytest.fixture
def store(around, make_context, hub) -> WeightStore:
    """A store with one downloaded set."""
    download_set(SET, around, make_context())
    return around.store


def put_own(folder: Path) -> Path:
    """A decoder of the user's own, as another program keeps it."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("target: x.ShapeVAE\nparams: {geo_decoder_downsample_ratio: 2}\n")
    header = b'{"geo_decoder.x": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}'
    (folder / "model.fp16.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"ab")
    return folder


def test_a_whole_set_is_right(store, job_context) -> None:
    found = verify_set(SET, store, job_context)
    assert [each.verdict for each in found] == [Verdict.right, Verdict.right]
    assert job_context.fractions[-1][1] == 1.0


@pytest.mark.parametrize("name", [LARGE, SMALL])
def test_a_damaged_file_is_set_aside_and_fetched_again(store, around, make_context, name) -> None:
    path = store.folder / PLACE / name
    rotten = bytearray(path.read_bytes())
    rotten[-1] ^= 1
    path.write_bytes(rotten)
    verdicts = {each.path.name: each.verdict for each in verify_set(SET, store, make_context())}
    assert verdicts[name] is Verdict.wrong
    assert store.find(SET) is None
    assert store.shelf.find(SET) is None
    assert path.with_name(name + ".damaged").read_bytes() == rotten
    download_set(SET, around, make_context())
    assert [each.verdict for each in verify_set(SET, store, make_context())] == [Verdict.right] * 2


def test_a_missing_file_is_told(store, make_context) -> None:
    (store.folder / PLACE / LARGE).unlink()
    verdicts = [each.verdict for each in verify_set(SET, store, make_context())]
    assert verdicts == [Verdict.missing, Verdict.right]
    assert store.find(SET) is None
    with pytest.raises(WeightsMissing):
        verify_set("hunyuan3d-2", store, make_context())


def test_a_verification_can_be_cancelled(store, make_context) -> None:
    with pytest.raises(Cancelled):
        verify_set(SET, store, make_context(cancel_at=2))
    assert store.find(SET)


def test_the_users_own_set_is_read_and_never_touched(tmp_path, around, make_context) -> None:
    own = put_own(tmp_path / "comfy" / "hunyuan3d-vae-v2-0-turbo")
    store = around.store
    add_weights(store, own / "model.fp16.safetensors")
    assert store.standing(weight_set("hunyuan3d-2-vae-turbo")).how is How.found
    found = verify_set("hunyuan3d-2-vae-turbo", store, make_context())
    assert {each.verdict for each in found} == {Verdict.unknown}
    plan = plan_removal("hunyuan3d-2-vae-turbo", store)
    assert (plan.files, plan.forgotten, plan.freed) == ((), own, 0)
    remove_set("hunyuan3d-2-vae-turbo", store)
    assert store.find("hunyuan3d-2-vae-turbo") is None
    assert len(list(own.iterdir())) == 2


def test_removing_takes_along_what_a_pickle_of_the_set_was_converted_into(tmp_path) -> None:
    own = put_own(tmp_path / "mine" / "hunyuan3d-vae-v2-0-turbo")
    (own / "model.fp16.safetensors").unlink()
    torch.save({"vae.geo_decoder.x": torch.ones(2)}, own / "model.fp16.ckpt")
    store = WeightStore(tmp_path / "weights")
    store.shelf.folder.mkdir()
    (store.shelf.folder / "folders.json").write_text(json.dumps({"hunyuan3d-2-vae-turbo": str(own)}))
    copy = as_safetensors(own / "model.fp16.ckpt", store.shelf.converted)
    plan = plan_removal("hunyuan3d-2-vae-turbo", store)
    assert (plan.files, plan.forgotten, plan.freed) == ((copy,), own, copy.stat().st_size)
    remove_set("hunyuan3d-2-vae-turbo", store)
    assert not copy.exists()
    assert (own / "model.fp16.ckpt").exists()


def test_removing_deletes_what_the_table_lists_and_nothing_else(store, job_context) -> None:
    foreign = store.folder / PLACE / "notes.txt"
    foreign.write_text("mine")
    plan = plan_removal(SET, store)
    assert {path.name for path in plan.files} == {LARGE, SMALL}
    assert plan.freed == sum(path.stat().st_size for path in plan.files)
    assert store.find(SET)
    remove_set(SET, store)
    assert store.find(SET) is None
    assert foreign.read_text() == "mine"
    assert [path.name for path in foreign.parent.iterdir()] == ["notes.txt"]
    assert remove_set(SET, store).files == ()
    with pytest.raises(UnknownEntry):
        remove_set("nothing", store)


def test_removing_the_last_file_removes_empty_folders(store) -> None:
    remove_set(SET, store)
    assert not (store.folder / PLACE.parts[0]).exists()
    assert store.folder.is_dir()


def test_removing_a_paused_download_frees_its_parts(hub, around, make_context) -> None:
    hub.trouble.extend([Trouble("cut", 100_000)] + [Trouble("status", 500)] * 4)
    with pytest.raises(DownloadFailed):
        download_set(SET, around, make_context())
    assert plan_removal(SET, around.store).freed > 0
    remove_set(SET, around.store)
    assert not list(around.store.parts.rglob("*.part"))


def test_a_set_that_somebody_works_on_is_left_alone(store, make_context) -> None:
    with store.lock(SET):
        for work in (lambda: remove_set(SET, store), lambda: verify_set(SET, store, make_context())):
            with pytest.raises(WeightsBusy):
                work()
    assert store.find(SET)


def test_removing_where_nothing_may_be_deleted(store, monkeypatch) -> None:
    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "no", str(self))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(PermissionDenied):
        remove_set(SET, store)
    monkeypatch.undo()
    assert store.find(SET)


class Crash(BaseException):
    """The power goes."""


def snapshot(folder: Path) -> dict[str, bytes]:
    rows = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in rows}


ACTS = ((os, "link"), (Path, "unlink"), (Path, "replace"), (Path, "mkdir"), (Path, "rmdir"), (os, "fsync"))


class Power:
    """Goes at the chosen act on the disk, counted from 0."""

    def __init__(self, goes_at: int) -> None:
        self.left = goes_at

    def counted(self, real):
        def act(*args, **kwargs):
            self.left -= 1
            if self.left == -1:
                raise Crash
            return real(*args, **kwargs)

        return act


def other_disk(*_: object) -> None:
    raise OSError(18, "another disk")


@pytest.mark.parametrize("same_disk", [True, False])
def test_a_move_that_breaks_off_anywhere_loses_nothing(
    tmp_path, hub, make_around, make_context, monkeypatch, same_disk
) -> None:
    own = put_own(tmp_path / "comfy" / "hunyuan3d-vae-v2-0-turbo")
    for goes_at in range(200):
        old, new = WeightStore(tmp_path / f"old {goes_at}"), tmp_path / f"new {goes_at}"
        download_set(SET, make_around(store=old), make_context())
        add_weights(old, own)
        put_own(old.folder / "Hunyuan3D-2" / "hunyuan3d-vae-v2-0")
        (old.folder / "foreign.txt").write_text("mine")
        (old.folder / "converted").mkdir()
        (old.folder / "converted" / "x.safetensors").write_bytes(b"converted")
        before = {name: data for name, data in snapshot(old.folder).items() if "safetensors" in name}
        chosen = [old.folder]
        power = Power(goes_at)
        with monkeypatch.context() as patch, contextlib.suppress(Crash):
            if not same_disk:
                patch.setattr(os, "link", other_disk)
            for place, name in ACTS if same_disk else ACTS[1:]:
                patch.setattr(place, name, power.counted(getattr(place, name)))
            move_weights(old, new, chosen.append, lambda _: None)
        assert WeightStore(chosen[-1]).find(SET), goes_at
        if chosen[-1] == old.folder:
            move_weights(old, new, chosen.append, lambda _: None)
        store = WeightStore(new)
        finish_move(store)
        assert store.find(SET) == new / PLACE
        assert store.find("hunyuan3d-2-vae-turbo") == own
        assert store.find("hunyuan3d-2-vae") == old.folder / "Hunyuan3D-2" / "hunyuan3d-vae-v2-0"
        after = snapshot(old.folder) | snapshot(new)
        assert {name: after[name] for name in before} == before
        assert (old.folder / "foreign.txt").read_text() == "mine"
        assert not (old.folder / PLACE).exists()
        assert not (new / MARK).exists()
        if power.left >= 0:
            break
    assert 8 < goes_at < 199


def test_where_weights_cannot_go(tmp_path, store, monkeypatch) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    for target in (
        store.folder,
        store.folder / "in",
        store.folder.parent,
        tmp_path / "full",
        tmp_path / "full" / "x",
    ):
        with pytest.raises(BadInput):
            move_weights(store, target, pytest.fail, lambda _: None)
    monkeypatch.setattr(WeightStore, "free_bytes", lambda self: 1)
    with pytest.raises(SpaceMissing):
        move_weights(store, tmp_path / "new", pytest.fail, lambda _: None)


def test_a_move_can_be_cancelled_and_taken_up_again(tmp_path, store) -> None:
    def stop(fraction: float) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        move_weights(store, tmp_path / "new", pytest.fail, stop)
    assert store.find(SET)
    chosen: list[Path] = []
    moved = move_weights(store, tmp_path / "new", chosen.append, lambda _: None)
    assert chosen == [tmp_path / "new"]
    assert (moved.files, moved.folder) == (2, tmp_path / "new")


def test_a_copy_that_reads_back_otherwise_is_not_taken(tmp_path, store, monkeypatch) -> None:
    monkeypatch.setattr(os, "link", other_disk)
    monkeypatch.setattr(move_module, "_digest", lambda path: "0")
    with pytest.raises(WrongContent):
        move_weights(store, tmp_path / "new", pytest.fail, lambda _: None)
    assert store.find(SET)


def test_what_is_known_of_the_users_own_pipelines_moves_along(tmp_path, store) -> None:
    file = stripped(tmp_path / "flow.safetensors", {"double_blocks.0.img_attn.qkv.weight": (6, 2)})
    own = OwnPictures(store.folder).add(file)
    pinned = store.pinned(SET)
    move_weights(store, tmp_path / "new", lambda _: None, lambda _: None)
    assert OwnPictures(tmp_path / "new").all() == (own,)
    assert WeightStore(tmp_path / "new").pinned(SET) == pinned != {}


def test_links_move_as_links(tmp_path, store) -> None:
    real = tmp_path / "elsewhere.safetensors"
    path = store.folder / PLACE / LARGE
    path.replace(real)
    path.symlink_to(real)
    move_weights(store, tmp_path / "new", lambda _: None, lambda _: None)
    moved = tmp_path / "new" / PLACE / LARGE
    assert moved.is_symlink()
    assert moved.samefile(real)
    new = WeightStore(tmp_path / "new")
    assert new.find(SET)
    assert plan_removal(SET, new).freed == (tmp_path / "new" / PLACE / SMALL).stat().st_size
    remove_set(SET, new)
    assert real.exists()


def test_a_set_among_which_are_files_of_the_users_own_stays(tmp_path, hub, around, make_context) -> None:
    target = around.store.folder / PLACE / LARGE
    target.parent.mkdir(parents=True)
    target.write_bytes(hub.files[f"{hub.folder}/{LARGE}"])
    download_set(SET, around, make_context())
    move_weights(around.store, tmp_path / "new", lambda _: None, lambda _: None)
    assert WeightStore(tmp_path / "new").find(SET) == target.parent
    assert target.exists()
