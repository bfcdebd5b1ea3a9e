"""What the catalogue says, and what was accepted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest

from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.weights.catalog import (
    COMMUNITY_20,
    COMMUNITY_21,
    TERRITORY,
    WEIGHT_SETS,
    catalog,
    weight_set,
)
from orfeas_desktop.engine.weights.file_table import only_here, read_table
from orfeas_desktop.engine.weights.hub import is_safe
from orfeas_desktop.engine.weights.licences import Licences, notices
from orfeas_desktop.engine.weights.network import NetworkDoor, rules_of
from orfeas_desktop.engine.weights.store import OwnedTable, WeightStore
from orfeas_desktop.errors import (
    BadParams,
    LicenceNotAccepted,
    UnknownEntry,
    WeightsBusy,
)
from orfeas_desktop.paths import Paths


@pytest.mark.parametrize("weights", catalog(), ids=lambda weights: weights.id)
def test_every_set_is_told_whole(weights) -> None:
    assert weights.title
    assert weights.files
    assert weights.terms.name
    assert weights.terms.url.startswith("https://")
    for file in weights.files:
        assert is_safe(file.path)
        assert weights.wants(file.path)
        assert file.sha256 is None or len(file.sha256) == 64
        assert (file.size is None and file.sha256 is None) or file.source
    assert all(gb > 0 for gb in weights.vram_gb.values())
    assert bool(weights.vram_gb) == bool(weights.vram_source)
    assert not weights.wants("modules.py")
    assert is_safe(weights.place)


def test_ids_and_places_are_unique() -> None:
    assert len({weights.id for weights in catalog()}) == len(catalog())
    places = [PurePosixPath(weights.place) for weights in catalog()]
    assert len(set(places)) == len(places)
    assert not any(one in other.parents for one in places for other in places)


def test_what_backends_need_is_listed() -> None:
    wanted = {set_id for backend in BACKENDS for set_id in backend.weights}
    pictures = {weights.id for weights in catalog() if weights.purpose == "text-to-image"}
    assert wanted <= {weights.id for weights in WEIGHT_SETS} | pictures


def test_the_territory_is_said_first() -> None:
    for set_id, name in (("hunyuan3d-2", COMMUNITY_20), ("hunyuan3d-2-1", COMMUNITY_21)):
        weights = weight_set(set_id)
        assert weights.licence == name
        assert weights.terms.text.startswith(TERRITORY)
        assert weights.territory == TERRITORY
    assert weight_set("triposr").territory == ""


def test_unknown_sets_are_named() -> None:
    with pytest.raises(UnknownEntry) as caught:
        weight_set("x")
    assert "hunyuan3d-2" in str(caught.value.arguments["known"])


def test_consent_is_kept_with_date_and_wording(tmp_path) -> None:
    when = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    licences = Licences(tmp_path / "deep" / "licences.json", clock=lambda: when)
    weights = weight_set("hunyuan3d-2-1")
    with pytest.raises(LicenceNotAccepted):
        licences.need_all(["triposr", "hunyuan3d-2-1"])
    given = licences.accept(weights.terms, "0.1")
    assert (given.accepted_at, given.text_sha256, given.program) == (when, weights.terms.digest, "0.1")
    assert Licences(tmp_path / "deep" / "licences.json").accepted(weights.terms) == given
    licences.need_all(["hunyuan3d-2-1", "hunyuan3d-2-1-vae", "triposr"])
    assert licences.lacking(weight_set("hunyuan3d-2"))
    licences.withdraw(weights.terms)
    assert licences.lacking(weights)


def test_other_words_need_another_consent(tmp_path) -> None:
    file = tmp_path / "licences.json"
    terms = weight_set("hunyuan3d-2").terms
    Licences(file).accept(terms, "0.1")
    changed = terms.model_copy(update={"consent": terms.consent + " And more."})
    assert Licences(file).accepted(terms)
    assert Licences(file).accepted(changed) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"accepted": 3}'])
def test_a_broken_table_means_no_consent(tmp_path, content) -> None:
    file = tmp_path / "licences.json"
    file.write_text(content)
    assert Licences(file).accepted(weight_set("hunyuan3d-2").terms) is None
    assert read_table(file, OwnedTable).sets == {}


def test_notices_go_along_once() -> None:
    (notice,) = notices(["hunyuan3d-2", "hunyuan3d-2mini", "triposr"])
    assert "Copyright © 2025 Tencent" in notice


def test_a_lock_keeps_others_out(tmp_path) -> None:
    lock = tmp_path / "x.lock"
    with only_here(lock, "x"), pytest.raises(WeightsBusy), only_here(lock, "x", wait_s=0.05):
        pytest.fail("two are in")
    with only_here(lock, "x"):
        pass


def test_the_folder_is_what_the_settings_say(home, monkeypatch, tmp_path) -> None:
    assert WeightStore.of().folder == Paths.of().weights
    monkeypatch.setenv("ORFEAS_WEIGHTS__FOLDER", str(tmp_path / "there"))
    assert WeightStore.of().folder == tmp_path / "there"
    assert WeightStore.of().free_bytes() > 0


def test_rules_come_from_settings_and_environment(home, monkeypatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert rules_of(Paths.of()).endpoint == "https://huggingface.co"
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror/")
    monkeypatch.setenv("ORFEAS_WEIGHTS__OFFLINE", "true")
    rules = rules_of(Paths.of(), "t")
    assert (rules.endpoint, rules.token, rules.offline) == ("http://mirror", "t", True)
    monkeypatch.setenv("ORFEAS_WEIGHTS__ENDPOINT", "ftp://x")
    with pytest.raises(BadParams):
        rules_of(Paths.of())
    monkeypatch.setenv("ORFEAS_WEIGHTS__ENDPOINT", "https://x")
    monkeypatch.setenv("ORFEAS_WEIGHTS__PROXY", "nonsense")
    with pytest.raises(BadParams):
        rules_of(Paths.of())


def test_calls_go_through_the_proxy_that_is_named(hub, outside, monkeypatch) -> None:
    from dataclasses import replace

    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    outside.rules = replace(outside.rules, proxy=hub.url)
    with NetworkDoor(lambda: outside.rules, outside.log).client("test") as client:
        client.get("http://example.invalid/api/x")
    assert hub.asked[-1].path == "http://example.invalid/api/x"
    outside.rules = replace(outside.rules, proxy="")
    monkeypatch.setenv("http_proxy", hub.url)
    with NetworkDoor(lambda: outside.rules, outside.log).client("test") as client:
        client.get("http://example.invalid/api/y?secret=1")
    assert hub.asked[-1].path == "http://example.invalid/api/y?secret=1"
    assert [line["url"] for line in outside.lines()] == [
        "http://example.invalid/api/x",
        "http://example.invalid/api/y",
    ]


def test_the_table_survives_what_is_written_by_hand(tmp_path) -> None:
    store = WeightStore(tmp_path)
    (tmp_path / "owned.json").write_text(json.dumps({"sets": {"hunyuan3d-2": {"files": 3}}}))
    assert store.owned().sets == {}
    assert store.find("hunyuan3d-2") is None
