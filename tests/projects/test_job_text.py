"""Jobs survive the way into the library's file and back exactly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orfeas_desktop.assets import AssetKind, AssetRef, LocalFile
from orfeas_desktop.projects.job_text import (
    job_from,
    job_text,
    request_from,
    request_text,
    scalars_from,
    scalars_text,
)
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, FromJob, Job, JobRequest

# Names of files may hold bytes that are no UTF-8: Python shows them as lone surrogates.
words = st.text(st.characters(max_codepoint=0x1FFFF))
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words
kinds = st.sampled_from(AssetKind)
sizes = st.integers(0, 2**60)
inputs = (
    st.builds(AssetRef, digests, kinds, words, sizes)
    | st.builds(LocalFile, words.map(Path), digests, kinds, words, sizes)
    | st.builds(FromJob, words, words)
)
requests = st.builds(
    JobRequest,
    table=st.sampled_from(Table),
    entry=words,
    version=st.integers(),
    params=st.dictionaries(words, scalars, max_size=4),
    inputs=st.dictionaries(words, st.lists(inputs, max_size=3).map(tuple), max_size=3),
    seed=st.integers(),
)
destinations = st.none() | st.builds(
    Destination, project_id=st.integers(), name=words, asset_id=st.none() | st.integers()
)
jobs = st.builds(
    Job, request=requests, title=words, destination=destinations, priority=st.integers(), id=words
)


@given(jobs)
def test_a_job_comes_back_exactly(job: Job) -> None:
    text = job_text(job)
    back = job_from(text)
    assert back == job
    assert {name: type(value) for name, value in back.request.params.items()} == {
        name: type(value) for name, value in job.request.params.items()
    }
    assert text.isascii()
    assert "\n" not in text


@given(requests)
def test_a_request_comes_back_with_its_orders(request: JobRequest) -> None:
    back = request_from(request_text(request))
    assert list(back.params.items()) == list(request.params.items())
    assert list(back.inputs.items()) == list(request.inputs.items())


@given(st.dictionaries(words, scalars))
def test_facts_come_back(facts: dict[str, str | int | float | bool | None]) -> None:
    assert scalars_from(scalars_text(facts)) == facts


BROKEN = ["", "{}", "[]", "null", "3", '{"table": "backends"}', '{"request": {}}', "{"]


@pytest.mark.parametrize("text", BROKEN)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a|Expecting"):
        request_from(text)
    with pytest.raises(ValueError, match=r"not a|Expecting"):
        job_from(text)


def test_a_table_of_a_newer_program_is_refused() -> None:
    request = JobRequest(Table.chores, "thumbnail", 1, {}, {})
    newer = json.loads(request_text(request)) | {"table": "scenes"}
    with pytest.raises(ValueError, match="scenes"):
        request_from(json.dumps(newer))
