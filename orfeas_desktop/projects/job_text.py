"""Jobs and requests as JSON text, and back exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, cast

from orfeas_desktop.assets import AssetKind, AssetRef, LocalFile
from orfeas_desktop.params import Scalar
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, FromJob, Job, JobInput, JobRequest

InputText = dict[str, str | int]


class RequestText(TypedDict):
    """The JSON shape of a request."""

    table: str
    entry: str
    version: int
    params: dict[str, Scalar]
    inputs: dict[str, list[InputText]]
    seed: int


class JobText(TypedDict):
    """The JSON shape of a job; `destination` is [project id, name, asset id or null, ids of jobs before it]."""

    id: str
    title: str
    priority: int
    destination: tuple[int, str, int | None] | tuple[int, str, int | None, tuple[str, ...]] | None
    request: RequestText


def request_text(request: JobRequest) -> str:
    """Write a request as one line of ASCII JSON."""
    return json.dumps(_plain_request(request))


def request_from(text: str) -> JobRequest:
    """Read what `request_text` wrote. Raises ValueError for anything else, such as a newer program's."""
    try:
        return _request(cast("RequestText", json.loads(text)))
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"not a request: {problem}") from problem


def job_text(job: Job) -> str:
    """Write a job as one line of ASCII JSON."""
    goal = job.destination
    return json.dumps(
        JobText(
            id=job.id,
            title=job.title,
            priority=job.priority,
            destination=None if goal is None else _plain_destination(goal),
            request=_plain_request(job.request),
        )
    )


def job_from(text: str) -> Job:
    """Read what `job_text` wrote. Raises ValueError for anything else, such as a newer program's."""
    try:
        plain = cast("JobText", json.loads(text))
        goal = plain["destination"]
        return Job(
            request=_request(plain["request"]),
            title=plain["title"],
            destination=Destination(*goal[:3], tuple(*goal[3:])) if goal else None,
            priority=plain["priority"],
            id=plain["id"],
        )
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"not a job: {problem}") from problem


def scalars_text(values: Mapping[str, Scalar] | Mapping[str, float]) -> str:
    """Write named scalars as one line of ASCII JSON, in their order."""
    return json.dumps(dict(values))


def scalars_from(text: str) -> dict[str, Scalar]:
    """Read what `scalars_text` wrote."""
    return cast("dict[str, Scalar]", json.loads(text))


def seconds_from(text: str) -> dict[str, float]:
    """Read seconds by stage that `scalars_text` wrote."""
    return cast("dict[str, float]", json.loads(text))


def _plain_destination(
    goal: Destination,
) -> tuple[int, str, int | None] | tuple[int, str, int | None, tuple[str, ...]]:
    """Leave out what an earlier program did not know, where it says nothing."""
    if goal.after:
        return goal.project_id, goal.name, goal.asset_id, goal.after
    return goal.project_id, goal.name, goal.asset_id


def _plain_request(request: JobRequest) -> RequestText:
    return RequestText(
        table=request.table.value,
        entry=request.entry,
        version=request.version,
        params=dict(request.params),
        inputs={slot: [_plain_input(item) for item in items] for slot, items in request.inputs.items()},
        seed=request.seed,
    )


def _request(plain: RequestText) -> JobRequest:
    return JobRequest(
        table=Table(plain["table"]),
        entry=plain["entry"],
        version=plain["version"],
        params=plain["params"],
        inputs={slot: tuple(_input(item) for item in items) for slot, items in plain["inputs"].items()},
        seed=plain["seed"],
    )


def _plain_input(item: JobInput) -> InputText:
    match item:
        case FromJob(job_id, slot):
            return {"job": job_id, "slot": slot}
        case AssetRef(digest, kind, name, size):
            return {"digest": digest, "kind": kind.value, "name": name, "size": size}
        case LocalFile(path, digest, kind, name, size):
            return {"path": str(path), "digest": digest, "kind": kind.value, "name": name, "size": size}


def _input(plain: InputText) -> JobInput:
    if "job" in plain:
        return FromJob(str(plain["job"]), str(plain["slot"]))
    digest, kind, name = str(plain["digest"]), AssetKind(plain["kind"]), str(plain["name"])
    size = int(plain["size"])
    if "path" in plain:
        return LocalFile(Path(str(plain["path"])), digest, kind, name, size)
    return AssetRef(digest, kind, name, size)
