"""cache_key: equal requests have one key, others have another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.jobs.cache import cache_key
from orfeas_desktop.engine.jobs.checking import check_slots, checked_params
from orfeas_desktop.errors import BadInput, BadParams
from orfeas_desktop.params import Params, PlainParams, Traits, param
from orfeas_desktop.register import Entry, Lane, Slot, Table
from orfeas_desktop.requests import JobRequest


class Shape(StrEnum):
    round = "round"
    soft = "soft"


class EveryParams(Params):
    gain: float = param(1.0, "Gain", ge=-10.0, le=10.0)
    count: int = param(3, "Count", ge=0, le=100)
    detail: bool = param(True, "Detail")
    shape: Shape = param(Shape.soft, "Shape")
    text: str = param("", "Text")
    preview: bool = param(False, "Preview", traits=Traits(counts=False))


ENTRY = Entry(
    id="every",
    version=3,
    title="Every",
    summary="",
    params=EveryParams,
    inputs=(
        Slot("front", AssetKind.picture, "Front"),
        Slot("more", AssetKind.picture, "More", required=False, many=True),
    ),
    outputs=(),
    lane=Lane.cpu,
)
REQUEST = JobRequest(Table.backends, "every", 3, {}, {})

settings_given = st.fixed_dictionaries(
    {},
    optional={
        "gain": st.floats(-10.0, 10.0),
        "count": st.integers(0, 100),
        "detail": st.booleans(),
        "shape": st.sampled_from([member.value for member in Shape]),
        "text": st.text(st.characters(exclude_categories=["Cs"])),
    },
)
digests_given = st.dictionaries(
    st.sampled_from(["front", "more", "left"]), st.lists(st.text("0123", min_size=1), max_size=3).map(tuple)
)


def key(params: PlainParams, digests: dict[str, tuple[str, ...]] | None = None, seed: int = 0) -> str:
    return cache_key(replace(REQUEST, params=params, seed=seed), ENTRY, digests or {})


@given(settings_given, settings_given, digests_given, digests_given, st.integers(0, 2), st.integers(0, 2))
def test_keys_are_equal_just_when_the_result_must_be(
    params: PlainParams,
    others: PlainParams,
    digests: dict[str, tuple[str, ...]],
    other_digests: dict[str, tuple[str, ...]],
    seed: int,
    other_seed: int,
) -> None:
    same = (
        EveryParams.check("every", params) == EveryParams.check("every", others)
        and {slot: given for slot, given in digests.items() if given}
        == {slot: given for slot, given in other_digests.items() if given}
        and seed == other_seed
    )
    assert (key(params, digests, seed) == key(others, other_digests, other_seed)) == same


@given(settings_given, digests_given)
def test_neither_order_nor_defaults_nor_what_does_not_count_matter(
    params: PlainParams, digests: dict[str, tuple[str, ...]]
) -> None:
    whole = EveryParams.check("every", params).plain()
    shuffled = dict(reversed(whole.items())) | {"preview": True}
    assert key(params, digests) == key(shuffled, dict(reversed(digests.items())))


@given(st.lists(st.text("01", min_size=1), min_size=2, max_size=4, unique=True).map(tuple))
def test_the_order_of_files_in_a_slot_matters(digests: tuple[str, ...]) -> None:
    assert key({}, {"more": digests}) != key({}, {"more": digests[::-1]})
    assert key({}, {"more": digests}) != key({}, {"front": digests})


def test_zero_has_one_sign() -> None:
    assert key({"gain": 0.0}) == key({"gain": -0.0}) == key({"gain": 0})


@pytest.mark.parametrize(
    ("request_", "entry", "weights"),
    [
        (replace(REQUEST, table=Table.tools), ENTRY, ""),
        (replace(REQUEST, version=4), replace(ENTRY, version=4), ""),
        (REQUEST, replace(ENTRY, id="other"), ""),
        (REQUEST, ENTRY, "abc"),
        (replace(REQUEST, seed=1), ENTRY, ""),
    ],
)
def test_everything_else_that_counts_counts(request_: JobRequest, entry: Entry, weights: str) -> None:
    assert cache_key(request_, entry, {}, weights) != cache_key(REQUEST, ENTRY, {})


def test_the_key_is_what_it_always_was() -> None:
    """Stored results stay known; a change here throws every cache away."""
    assert (
        cache_key(replace(REQUEST, params={"text": "ü", "gain": 1.5}), ENTRY, {"front": ("ab",)}, "w")
        == "e61d76e48f9bad0e8a9988ca7da668be2caf15edffa1aeaceb49f5b54cac60c2"
    )


def renamed(params: PlainParams, version: int) -> PlainParams:
    return {"text": params["words"]} if version == 1 else {"count": int(str(params["text"]))}


@dataclass(frozen=True)
class Old:
    values: PlainParams
    version: int


def test_settings_of_old_versions() -> None:
    changed = replace(ENTRY, upgrade=renamed)
    assert checked_params(changed, {"words": "old"}, 1).plain()["text"] == "old"
    assert checked_params(changed, {"text": "old"}, 3).plain()["text"] == "old"
    assert checked_params(ENTRY, {"text": "old"}, 1).plain()["text"] == "old"
    for old in (Old({}, 1), Old({"text": "x"}, 2), Old({"text": "x"}, 4)):
        with pytest.raises(BadParams, match="made for version"):
            checked_params(changed, old.values, old.version)
    with pytest.raises(BadParams):
        cache_key(replace(REQUEST, params={"gain": 11.0}), ENTRY, {})


def test_slots() -> None:
    check_slots(ENTRY, {"front": "a"})
    check_slots(ENTRY, {"front": "a", "more": "abc"})
    for bad in ({}, {"front": ""}, {"front": "ab"}, {"front": "a", "back": "b"}):
        with pytest.raises(BadInput):
            check_slots(ENTRY, bad)
