"""orfeas weights from the command line, with a hub on loopback and a real worker."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from orfeas_desktop.engine.weights.store import WeightStore
from orfeas_desktop.engine.weights.transfers import TransferState, transfer
from tests.cli.conftest import hear_ctrl_c
from tests.engine.weights.loopback_hub import LARGE, SET, Hub, Trouble, hub_of_one_set
from tests.patience import PATIENCE_S, wait_until


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with hub_of_one_set() as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        yield made


def test_from_nothing_to_a_set_and_back(orfeas, hub, home, tmp_path) -> None:
    assert orfeas("weights", "show", SET, "--json").json["state"] == "not here"
    refused = orfeas("weights", "download", SET, "--json")
    assert (refused.status, refused.error["code"]) == (3, "licence-not-accepted")
    assert hub.asked == []

    read = orfeas("weights", "licence", SET)
    assert read.out.startswith("The licence does not cover the European Union")
    assert read.out.rstrip().endswith("Not accepted.")
    accepted = orfeas("weights", "licence", SET, "--accept", "--json").json
    assert accepted["accepted_at"]

    done = orfeas("weights", "download", SET, "--json")
    assert done.status == 0, done
    (report,) = done.json["downloaded"]
    folder = Path(report["folder"])
    assert (folder / LARGE).read_bytes() == bytes(range(256)) * 1000
    assert report["bytes"] == 256_036
    assert orfeas("weights", "show", SET, "--json").json["state"] == "here"
    assert (home / "state" / "network.log").read_text().count(hub.url) == 3

    verified = orfeas("weights", "verify", SET, "--json")
    assert [file["verdict"] for file in verified.json["files"]] == ["right", "right"]
    (folder / LARGE).write_bytes(bytes(256_000))
    damaged = orfeas("weights", "verify", SET, "--json")
    assert (damaged.status, damaged.error["code"]) == (3, "wrong-content")
    assert orfeas("weights", "show", SET, "--json").json["state"] == "not here"

    again = orfeas("weights", "download", SET)
    assert again.status == 0
    assert "Downloading" in again.err
    moved = orfeas("weights", "move", tmp_path / "large disk", "--json").json
    assert moved["files"] == 2
    where = orfeas("weights", "where", "--json").json
    assert where["folder"] == str(tmp_path / "large disk")
    assert where["used_bytes"] == 256_036

    asked = orfeas("weights", "remove", SET)
    assert "would delete" in asked.out
    assert orfeas("weights", "show", SET, "--json").json["state"] == "here"
    removed = orfeas("weights", "remove", SET, "--yes", "--json").json
    assert (removed["freed_bytes"], removed["still_in"]) == (256_036, None)
    assert orfeas("weights", "remove", SET).out == "nothing of this set is here\n"


def test_a_failed_download_says_how_far_it_is(orfeas, hub) -> None:
    orfeas("weights", "licence", SET, "--accept")
    hub.trouble.extend([Trouble("cut", 200_000), Trouble("status", 404)])
    failed = orfeas("weights", "download", SET)
    assert failed.status == 3
    assert "could not be downloaded" in failed.err
    assert orfeas("weights", "show", SET, "--json").json["state"].startswith("failed at 0.")


def test_offline_and_other_refusals(orfeas, hub, monkeypatch, tmp_path) -> None:
    orfeas("weights", "licence", SET, "--accept")
    monkeypatch.setenv("ORFEAS_WEIGHTS__OFFLINE", "true")
    refused = orfeas("weights", "download", SET, "--json")
    assert (refused.status, refused.error["code"]) == (3, "offline")
    assert hub.asked == []
    assert orfeas("weights", "licence", SET, "--accept", "--withdraw").status == 2
    assert "Not accepted" in orfeas("weights", "licence", SET, "--withdraw").out
    assert orfeas("weights", "show", "nothing").status == 2
    monkeypatch.setenv("ORFEAS_WEIGHTS__FOLDER", str(tmp_path / "w"))
    assert orfeas("weights", "move", tmp_path / "x").status == 2


def test_a_folder_of_ones_own(orfeas, tmp_path) -> None:
    own = tmp_path / "comfy" / "hunyuan3d-vae-v2-0-turbo"
    own.mkdir(parents=True)
    (own / "config.yaml").write_text("target: x.ShapeVAE\nparams: {geo_decoder_downsample_ratio: 2}\n")
    header = b'{"geo_decoder.x": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}'
    (own / LARGE).write_bytes(len(header).to_bytes(8, "little") + header + b"ab")
    assert orfeas("weights", "add", tmp_path / "nothing").status == 3
    assert orfeas("weights", "add", tmp_path / "comfy").out.split() == ["hunyuan3d-2-vae-turbo", str(own)]
    shown = orfeas("weights", "show", "hunyuan3d-2-vae-turbo")
    assert f"here, your own files in {own}" in shown.out
    assert "forgotten" in orfeas("weights", "remove", "hunyuan3d-2-vae-turbo", "--yes").out
    listed = orfeas("weights", "list")
    assert "FLUX.1 schnell" in listed.out
    assert len(orfeas("weights", "list", "--json").json["sets"]) == len(listed.out.splitlines()) - 1
    assert "GB free" in orfeas("weights", "where").out


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_download_that_is_stopped_goes_on_where_it_was(orfeas, hub, home, how) -> None:
    orfeas("weights", "licence", SET, "--accept")
    hub.trouble.extend([Trouble("cut", 100_000), Trouble("slow")])
    command = [sys.executable, "-m", "orfeas_desktop", "weights", "download", SET]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, preexec_fn=hear_ctrl_c, **pipes) as process:
        wait_until(lambda: len(hub.gets(LARGE)) >= 2 or process.poll() is not None)
        process.send_signal(how)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == (130 if how is signal.SIGINT else -signal.SIGKILL)
    wait_until(lambda: transfer(WeightStore.of(), SET).state is not TransferState.running)
    shown = orfeas("weights", "show", SET, "--json").json
    assert shown["state"].startswith("paused at 0."), shown["state"]
    assert shown["folder"] is None
    kept = hub.gets(LARGE)[1].start
    assert orfeas("weights", "download", SET).status == 0
    assert hub.gets(LARGE)[-1].start >= kept, (
        "of what a cut connection brought before, some was fetched again"
    )


def test_a_set_behind_a_gate_wants_a_token_and_nobody_writes_it_down(orfeas, hub, home, monkeypatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setattr(keyring, "get_keyring", NoKeyring)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    hub.gate = "hf_secret123"
    orfeas("weights", "licence", SET, "--accept")
    refused = orfeas("weights", "download", SET, "--json")
    assert (refused.status, refused.error["code"]) == (3, "sign-in-needed")
    assert "orfeas weights sign-in" in refused.error["remedy"]
    assert orfeas("weights", "where", "--json").json["token"] == "nowhere"
    monkeypatch.setattr(sys, "stdin", io.StringIO("hf_wrong\n"))
    assert orfeas("weights", "sign-in").out == "kept in a file that only you can read\n"
    assert orfeas("weights", "download", SET, "--json").error["code"] == "sign-in-needed"
    monkeypatch.setattr(sys, "stdin", io.StringIO("hf_secret123\n"))
    assert orfeas("weights", "sign-in", "--json").json == {"token": "file"}
    assert orfeas("weights", "download", SET).status == 0
    written = [path for path in home.rglob("*") if path.is_file() and b"hf_secret123" in path.read_bytes()]
    assert written == [home / "config" / "hub_token"]
    assert orfeas("weights", "sign-out", "--json").json == {"token": "nowhere"}
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert orfeas("weights", "sign-in", "--json").error["code"] == "bad-input"


def test_a_repository_that_is_unknown_is_told(orfeas, hub, monkeypatch) -> None:
    hub.repository = "somebody/else"
    orfeas("weights", "licence", SET, "--accept")
    refused = orfeas("weights", "download", SET, "--json")
    assert (refused.status, refused.error["code"]) == (3, "download-failed")
    assert refused.error["message"].endswith("could not be downloaded: the hub does not have it.")
