"""run_job: one job from its message to the message that it ended, whatever the work does."""

from __future__ import annotations

import errno
import shutil
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from orfeas_desktop.assets import LocalFile, digest_of
from orfeas_desktop.engine.jobs.checking import check_slots, checked_params
from orfeas_desktop.engine.worker.messages import BadMessage, Done, Failed, MadeFile, Stopped, encode
from orfeas_desktop.engine.worker.running import WorkerContext
from orfeas_desktop.errors import (
    BackendFailed,
    BadInput,
    Cancelled,
    DiskFull,
    FileMissing,
    InputError,
    NotAFile,
    OrfeasError,
    OutOfMemory,
    PermissionDenied,
    ResourceError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from orfeas_desktop.engine.jobs.context import Output, WorkEntry
    from orfeas_desktop.engine.worker.messages import Ended, FromWorker, InputFile, RunJob
    from orfeas_desktop.engine.worker.tables import Tables

_DETAILS = 20_000
"""Characters of the longest details."""


def run_job(job: RunJob, tables: Tables, send: Callable[[FromWorker], None], cancelled: Event) -> Ended:
    """Do the work in its staging folder and say how it ended; nothing but what it made stays there."""
    context = WorkerContext(job, send, cancelled, time.monotonic)
    try:
        ended = _work(job, tables, context)
        encode(ended)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (the job loop outlives whatever the work raises)
        shutil.rmtree(job.staging, ignore_errors=True)
        return _failure(job, context, error, stopped=cancelled.is_set())
    return ended


def _work(job: RunJob, tables: Tables, context: WorkerContext) -> Done:
    entry = tables[job.table][job.entry]
    params = checked_params(entry, job.params, job.version)
    check_slots(entry, job.inputs)
    inputs = {
        slot: tuple(_checked_file(file, job.entry) for file in files)
        for slot, files in job.inputs.items()
        if files
    }
    shutil.rmtree(job.staging, ignore_errors=True)
    job.staging.mkdir(parents=True)
    context.check_cancelled()
    outputs = entry.run(inputs, params, context)
    _check_outputs(entry, outputs)
    files = tuple(_made_file(entry.id, output, job.staging) for output in outputs)
    _throw_away_others(job.staging, {file.path for file in files})
    return Done(job_id=job.job_id, files=files, facts=context.facts, seconds=context.seconds)


def _checked_file(file: InputFile, entry: str) -> LocalFile:
    """Raises FileMissing, NotAFile, BadInput when the file is not what was asked for."""
    if not file.path.exists():
        raise FileMissing(name=file.name)
    if not file.path.is_file():
        raise NotAFile(name=file.name)
    if file.verify:
        with file.path.open("rb") as stream:
            if digest_of(stream) != file.digest:
                raise BadInput(entry=entry, problem=f"“{file.name}” was changed while the job waited")
    return LocalFile(file.path, file.digest, file.kind, file.name, file.size)


def _check_outputs(entry: WorkEntry, outputs: tuple[Output, ...]) -> None:
    for slot in entry.outputs:
        count = sum(output.slot == slot.name for output in outputs)
        if slot.required and not count:
            raise BackendFailed(entry=entry.id, problem=f"it left no file for “{slot.name}”")
        if count > 1 and not slot.many:
            raise BackendFailed(entry=entry.id, problem=f"it left {count} files for “{slot.name}”")
    known = {slot.name for slot in entry.outputs}
    for output in outputs:
        if output.slot not in known:
            raise BackendFailed(
                entry=entry.id, problem=f"it left a file for “{output.slot}”, which it has not"
            )


def _made_file(entry: str, output: Output, staging: Path) -> MadeFile:
    place = staging.resolve()
    path = output.path.resolve()
    if not path.is_relative_to(place) or not path.is_file():
        raise BackendFailed(entry=entry, problem=f"“{output.name}” is no file of its staging folder")
    with path.open("rb") as stream:
        digest = digest_of(stream)
        size = stream.tell()
    own = staging / path.relative_to(place)
    return MadeFile(slot=output.slot, path=own, digest=digest, kind=output.kind, name=output.name, size=size)


def _throw_away_others(staging: Path, kept: set[Path]) -> None:
    for path in sorted(staging.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in kept:
            path.unlink()


def _failure(job: RunJob, context: WorkerContext, error: BaseException, *, stopped: bool) -> Failed | Stopped:
    if stopped or isinstance(error, Cancelled):
        return Stopped(job_id=job.job_id)
    told = error if isinstance(error, OrfeasError) else _told(job, context, error)
    details = told.details or _details(told, error)
    return Failed(
        job_id=job.job_id, code=told.code, arguments=dict(told.arguments), details=details[-_DETAILS:]
    )


def _details(told: OrfeasError, error: BaseException) -> str:
    """Tell where the program broke; what was given or what the machine lacks needs no trace."""
    if isinstance(told, InputError | ResourceError):
        return "" if told is error else str(error)
    return "".join(traceback.format_exception(error))


def _told(job: RunJob, context: WorkerContext, error: BaseException) -> OrfeasError:
    if _is_memory(error):
        return OutOfMemory(stage=context.stage_title or job.entry)
    if isinstance(error, OSError):
        name = _text(error.filename)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return DiskFull(place=name or str(job.staging))
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return PermissionDenied(place=name or str(job.staging))
        if isinstance(error, FileNotFoundError):
            given = (file for files in job.inputs.values() for file in files)
            missing = next((file for file in given if Path(name) == file.path), None)
            if missing is not None:
                return FileMissing(name=missing.name)
    if isinstance(error, BadMessage):
        return BackendFailed(entry=job.entry, problem="it said more than a message holds")
    said = next(iter(str(error).splitlines()), "")[:300]
    return BackendFailed(
        entry=job.entry, problem=f"{type(error).__name__}: {said}" if said else type(error).__name__
    )


def _text(name: object) -> str:
    return name if isinstance(name, str) else str(name) if isinstance(name, Path) else ""


def _is_memory(error: BaseException) -> bool:
    """Python's own, torch's and OpenCV's ways to say that memory ran out."""
    if isinstance(error, MemoryError):
        return True
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    if "torch.OutOfMemoryError" in names:
        return True
    return "cv2.error" in names and "Insufficient memory" in str(error)
