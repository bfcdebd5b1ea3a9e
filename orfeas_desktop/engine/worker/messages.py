"""What crosses the pipe between engine and worker: typed messages, one line of JSON each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import quote, unquote_to_bytes

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    TypeAdapter,
    ValidationError,
)

from orfeas_desktop.assets import AssetKind, LocalFile
from orfeas_desktop.params import Scalar
from orfeas_desktop.register import Table
from orfeas_desktop.requests import OutputFile

T = TypeVar("T")

MAX_LINE = 1 << 20
"""Bytes of the longest message, its newline counted."""


class BadMessage(ValueError):
    """A line that is no message, or a message too long for a line."""


def _sayable(value: object) -> object:
    """File names may hold bytes that are no text; JSON may not."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


def _read_path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if isinstance(value, str):
        return Path(os.fsdecode(unquote_to_bytes(value)))
    raise ValueError("a path is text")


def _write_path(path: Path) -> str:
    return quote(os.fsencode(path))


Text = Annotated[str, BeforeValidator(_sayable)]
Value = Annotated[Scalar, BeforeValidator(_sayable)]
WirePath = Annotated[Path, PlainValidator(_read_path), PlainSerializer(_write_path, return_type=str)]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InputFile(_Message):
    """A file the work takes; `verify`: it lies outside the library and may have changed since."""

    path: WirePath
    digest: str
    kind: AssetKind
    name: Text
    size: int
    verify: bool

    @classmethod
    def of(cls, file: LocalFile, *, verify: bool) -> InputFile:
        """Name a file for the worker."""
        return cls(
            path=file.path.absolute(),
            digest=file.digest,
            kind=file.kind,
            name=file.name,
            size=file.size,
            verify=verify,
        )


class MadeFile(_Message):
    """A file the work left in its staging folder."""

    slot: str
    path: WirePath
    digest: str
    kind: AssetKind
    name: Text
    size: int

    def output(self) -> OutputFile:
        """Return it as a file of a result."""
        return OutputFile(self.slot, LocalFile(self.path, self.digest, self.kind, self.name, self.size))


class RunJob(_Message):
    """To the worker: do this. `staging` is the job's own folder, made and emptied by the worker."""

    type: Literal["run"] = "run"
    job_id: str
    table: Table
    entry: str
    version: int
    params: dict[str, Value]
    inputs: dict[str, tuple[InputFile, ...]]
    seed: int
    staging: WirePath
    scratch: WirePath
    threads: int


class CancelJob(_Message):
    """To the worker: stop that job at its next step."""

    type: Literal["cancel"] = "cancel"
    job_id: str


class Ready(_Message):
    """The worker listens."""

    type: Literal["ready"] = "ready"
    pid: int


class Heartbeat(_Message):
    """The worker lives, though the work says nothing."""

    type: Literal["heartbeat"] = "heartbeat"
    job_id: str


class Progressed(_Message):
    """The work entered a stage or moved on in it."""

    type: Literal["progressed"] = "progressed"
    job_id: str
    stage: Text
    fraction: float | None


class Previewed(_Message):
    """The work shows something that is not final."""

    type: Literal["previewed"] = "previewed"
    job_id: str
    path: WirePath
    kind: AssetKind


class Warned(_Message):
    """The work says something that the user should know."""

    type: Literal["warned"] = "warned"
    job_id: str
    sentence: Text
    arguments: dict[str, Value]


class Done(_Message):
    """The work is done."""

    type: Literal["done"] = "done"
    job_id: str
    files: tuple[MadeFile, ...]
    facts: dict[str, Value]
    seconds: dict[str, float]


class Failed(_Message):
    """The work failed with the error of that code."""

    type: Literal["failed"] = "failed"
    job_id: str
    code: str
    arguments: dict[str, Annotated[str | int | float, BeforeValidator(_sayable)]]
    details: Text


class Stopped(_Message):
    """The work was cancelled."""

    type: Literal["stopped"] = "stopped"
    job_id: str


ToWorker = RunJob | CancelJob
Ended = Done | Failed | Stopped
Report = Heartbeat | Progressed | Previewed | Warned
FromWorker = Ready | Report | Ended

_TO_WORKER: TypeAdapter[ToWorker] = TypeAdapter(Annotated[ToWorker, Field(discriminator="type")])
_FROM_WORKER: TypeAdapter[FromWorker] = TypeAdapter(Annotated[FromWorker, Field(discriminator="type")])


def encode(message: ToWorker | FromWorker) -> bytes:
    """Return the message as one line with its newline. Raises BadMessage when it is too long."""
    line = message.model_dump_json().encode() + b"\n"
    if len(line) > MAX_LINE:
        raise BadMessage(f"a message of type {message.type} has {len(line)} bytes")
    return line


def decode_to_worker(line: bytes) -> ToWorker:
    """Read a line that the engine wrote. Raises BadMessage."""
    return _decode(_TO_WORKER, line)


def decode_from_worker(line: bytes) -> FromWorker:
    """Read a line that the worker wrote. Raises BadMessage."""
    return _decode(_FROM_WORKER, line)


def _decode(adapter: TypeAdapter[T], line: bytes) -> T:
    try:
        return adapter.validate_json(line)
    except ValidationError as problem:
        raise BadMessage(f"{problem.error_count()} faults in {line[:200]!r}") from None
