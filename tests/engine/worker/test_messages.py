"""Messages come out of the line as they went in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.worker.line import MessageLine, read_lines, write_all
from orfeas_desktop.engine.worker.messages import (
    MAX_LINE,
    BadMessage,
    CancelJob,
    Done,
    Failed,
    FromWorker,
    InputFile,
    MadeFile,
    Previewed,
    Ready,
    RunJob,
    ToWorker,
    Warned,
    decode_from_worker,
    decode_to_worker,
    encode,
)
from orfeas_desktop.register import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.params import Scalar

text = st.text(st.characters(exclude_categories=["Cs"]))
names = st.binary(min_size=1, max_size=20).filter(lambda raw: not set(raw) & {0, ord("/")}).map(os.fsdecode)
paths = names.map(lambda name: Path("/tmp") / name)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
kinds = st.sampled_from(AssetKind)
inputs = st.builds(
    InputFile, path=paths, digest=digests, kind=kinds, name=text, size=st.integers(0), verify=st.booleans()
)
runs = st.builds(
    RunJob,
    job_id=text,
    table=st.sampled_from(Table),
    entry=text,
    version=st.integers(0),
    params=st.dictionaries(text, scalars),
    inputs=st.dictionaries(text, st.lists(inputs, max_size=2).map(tuple), max_size=2),
    seed=st.integers(),
    staging=paths,
    scratch=paths,
    threads=st.integers(1, 64),
)
files = st.builds(MadeFile, slot=text, path=paths, digest=digests, kind=kinds, name=text, size=st.integers(0))
from_worker = st.one_of(
    st.builds(
        Done,
        job_id=text,
        files=st.lists(files, max_size=2).map(tuple),
        facts=st.dictionaries(text, scalars),
        seconds=st.dictionaries(text, st.floats(0, 1e9)),
    ),
    st.builds(
        Failed,
        job_id=text,
        code=text,
        arguments=st.dictionaries(
            text, text | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        ),
        details=text,
    ),
    st.builds(Previewed, job_id=text, path=paths, kind=kinds),
    st.builds(Warned, job_id=text, sentence=text, arguments=st.dictionaries(text, scalars)),
)


def same(value: Scalar, other: Scalar) -> bool:
    return type(value) is type(other) and value == other


@given(st.one_of(runs, st.builds(CancelJob, job_id=text)))
def test_what_goes_to_the_worker_arrives(message: ToWorker) -> None:
    line = encode(message)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    heard = decode_to_worker(line)
    assert heard == message
    if isinstance(message, RunJob) and isinstance(heard, RunJob):
        assert all(same(heard.params[name], value) for name, value in message.params.items())


@given(from_worker)
def test_what_the_worker_says_arrives(message: FromWorker) -> None:
    assert decode_from_worker(encode(message)) == message


@given(st.binary(max_size=200))
def test_anything_else_is_refused(line: bytes) -> None:
    for decode in (decode_to_worker, decode_from_worker):
        with pytest.raises(BadMessage):
            decode(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"done"}',
        b'{"type":"nothing","job_id":"a"}',
        b'{"type":"stopped","job_id":"a","more":1}',
        b'{"type":"previewed","job_id":"a","path":1,"kind":"mesh"}',
        b'{"type":"progressed","job_id":"a","stage":"s","fraction":"x"}',
    ],
)
def test_half_right_is_refused(line: bytes) -> None:
    with pytest.raises(BadMessage):
        decode_from_worker(line)


def test_every_message_has_a_tag_of_its_own() -> None:
    for union in (ToWorker, FromWorker):
        tags = [kind.model_fields["type"].default for kind in get_args(union)]
        assert len(set(tags)) == len(tags)


def test_text_that_is_no_text_can_still_be_said() -> None:
    said = Warned(job_id="a", sentence="caf\udce9", arguments={"name": "\udcff"})
    heard = decode_from_worker(encode(said))
    assert heard == said
    assert isinstance(heard, Warned)
    assert heard.sentence == "caf?"


def test_a_message_fits_a_line() -> None:
    with pytest.raises(BadMessage):
        encode(Warned(job_id="a", sentence="x" * MAX_LINE, arguments={}))


def pipe(write: Callable[[int], None]) -> list[bytes]:
    reading, writing = os.pipe()
    write(writing)
    os.close(writing)
    lines = list(read_lines(reading))
    os.close(reading)
    return lines


def test_lines_are_found_wherever_reading_breaks_them() -> None:
    assert pipe(lambda writing: write_all(writing, b"one\n\ntwo\nthree")) == [b"one", b"", b"two", b"three"]
    assert pipe(lambda writing: None) == []


def test_a_line_is_sent_whole() -> None:
    line: list[bytes] = pipe(lambda writing: MessageLine(0, writing).send(Ready(pid=3)))
    assert [decode_from_worker(one) for one in line] == [Ready(pid=3)]
