"""A worker whose entries misbehave in every way the engine must survive."""

from __future__ import annotations

import atexit
import ctypes
import errno
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.backends.base import Backend, Task
from orfeas_desktop.engine.jobs.context import Inputs, JobContext, Output, WorkEntry
from orfeas_desktop.errors import FileMissing, NoObjectFound, OrfeasError
from orfeas_desktop.params import Params, param
from orfeas_desktop.register import Lane, Register, Slot, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class NaughtyParams(Params):
    text: str = param("", "Text")
    amount: float = param(1.0, "Amount", ge=0.0, le=1000.0)


@dataclass(frozen=True, kw_only=True)
class NaughtyEntry(WorkEntry):
    work: Callable[[Inputs, NaughtyParams, JobContext], Iterable[Output]]

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        assert isinstance(params, NaughtyParams)
        return tuple(self.work(inputs, params, context))


@dataclass(frozen=True, kw_only=True)
class NaughtyBackend(Backend, NaughtyEntry):
    def unload(self) -> None:
        Path(os.environ["ORFEAS_TEST_UNLOADED"]).write_text("unloaded")


def made(context: JobContext, text: str, name: str = "made.txt", slot: str = "file") -> Output:
    path = context.staging / name
    path.write_text(text)
    return Output(slot, path, AssetKind.file, name)


def write(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    """What it was given, as JSON; also one scrap that must not stay."""
    with context.stage("Read"):
        given = {slot: [file.path.read_text() for file in files] for slot, files in inputs.items()}
        context.progress(1.0)
    with context.stage("Write"):
        (context.staging / "scrap" / "deep").mkdir(parents=True)
        (context.staging / "scrap" / "deep" / "scrap.bin").write_bytes(b"scrap")
        context.fact("seed", context.seed)
        context.fact("threads", context.threads)
        context.fact("omp", os.environ.get("OMP_NUM_THREADS"))
        context.fact("nice", os.nice(0))
        return [made(context, json.dumps({"text": params.text, "given": given}, sort_keys=True))]


def several(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    (context.staging / "parts").mkdir()
    return [made(context, "main"), *(made(context, part, f"parts/{part}.txt", "parts") for part in "ab")]


def bulky(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    """Write `amount` MB in steps, what depends on the seed alone."""
    path = context.staging / "bulky.bin"
    with context.stage("Write"), path.open("wb") as stream:
        for step in range(int(params.amount * 16)):
            stream.write(hashlib.sha256(f"{context.seed} {step}".encode()).digest() * 2048)
            context.progress(step / (params.amount * 16))
    return [Output("file", path, AssetKind.file, "bulky.bin")]


def loud(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    """Print by every road there is, whole lines and halves, before, between and after reports."""
    library = ctypes.CDLL(None)
    for number in range(20):
        print('{"type":"done"} from python', flush=True)
        sys.stdout.write("half a line")
        sys.__stdout__.buffer.write(b"\xff\xfe raw")
        os.write(1, b"written to descriptor 1\n")
        library.puts(b"put by C")
        library.fflush(None)
        subprocess.run(
            [sys.executable, "-c", "print('printed by a child')"], check=True
        ) if number == 0 else None
        context.warn("Loud {number}", number=number)
    return [made(context, f"heard {input_or_nothing()!r}")]


def input_or_nothing() -> str:
    try:
        return input()
    except EOFError:
        return ""


def flood(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    for _ in range(200):
        os.write(2, b"x" * 50_000)
    return [made(context, "flooded")]


def stay(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    """Work in small steps for `amount` seconds, or until the file named by `text` appears."""
    return steps(params, context, heed=True)


def deaf(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    return steps(params, context, heed=False)


def steps(params: NaughtyParams, context: JobContext, *, heed: bool) -> list[Output]:
    with context.stage("Stay"):
        context.fact("half", 0.5)
        end = time.monotonic() + params.amount
        context.warn("pid", pid=os.getpid())
        while time.monotonic() < end and not (params.text and Path(params.text).exists()):
            if heed:
                context.progress(1.0 - (end - time.monotonic()) / max(params.amount, 1e-9))
            time.sleep(0.005)
    return [made(context, "stayed")]


def brood(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    """Start a child that outlives its parent, then do as `text` says."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    context.warn("child", pid=child.pid)
    return deaf(inputs, params, context)


def desert(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    """Start a child and be done without waiting for it."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    context.warn("child", pid=child.pid)
    return write(inputs, params, context)


def linger(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    """Be done, but leave something that takes `amount` seconds when the process ends."""
    atexit.register(time.sleep, params.amount)
    return write(inputs, params, context)


def hold_the_line(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    """Die while a forked child still holds every descriptor."""
    child = os.fork()
    if child == 0:
        time.sleep(600)
        os._exit(0)
    context.warn("child", pid=child)
    os._exit(7)


def die(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    with context.stage("Die"):
        print("about to die", file=sys.stderr, flush=True)
        match params.text:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "segfault":
                ctypes.string_at(0)
            case "stop":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "hang up":
                os.closerange(3, 64)
                time.sleep(600)
            case status:
                os._exit(int(status))
    return []


def babble(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    """Write to every pipe beyond the standard ones: one of them is the message line."""
    for descriptor in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                os.write(descriptor, params.text.encode() * int(params.amount) + b"\n")
        except OSError:
            continue
    time.sleep(600)
    return []


def fail(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    (context.staging / "half.bin").write_bytes(b"half")
    with context.stage("Fail"):
        FAILURES.get(params.text, lambda inputs, context: raised(RuntimeError(params.text)))(inputs, context)
    return [made(context, "not failed")]


def raised(problem: BaseException) -> None:
    raise problem


def fail_in_opencv(inputs: Inputs, context: JobContext) -> None:
    import cv2

    raise cv2.error("OpenCV: (-4:Insufficient memory) Failed to allocate 9 bytes")


def fail_in_torch(inputs: Inputs, context: JobContext) -> None:
    import torch

    raise torch.OutOfMemoryError("CUDA out of memory")


def read_what_vanished(inputs: Inputs, context: JobContext) -> None:
    inputs["one"][0].path.unlink()
    inputs["one"][0].path.read_text()


def wrap_the_cancellation(inputs: Inputs, context: JobContext) -> None:
    while True:
        try:
            context.check_cancelled()
        except Exception as problem:
            raise RuntimeError("wrapped by a library") from problem
        time.sleep(0.005)


def raise_what_the_engine_never_heard_of(inputs: Inputs, context: JobContext) -> None:
    class UnheardOf(OrfeasError):
        code = "unheard-of"

    raise UnheardOf


FAILURES: dict[str, Callable[[Inputs, JobContext], object]] = {
    "object": lambda inputs, context: raised(NoObjectFound(name="cup.png", details="why")),
    "missing": lambda inputs, context: raised(FileMissing(name="cup.png")),
    "memory": lambda inputs, context: raised(MemoryError()),
    "opencv": fail_in_opencv,
    "torch": fail_in_torch,
    "disk": lambda inputs, context: raised(OSError(errno.ENOSPC, "No space left", "/somewhere/out.bin")),
    "permission": lambda inputs, context: raised(PermissionError(errno.EACCES, "Permission denied")),
    "vanished": read_what_vanished,
    "file": lambda inputs, context: (context.staging / "nothing").read_text(),
    "exit": lambda inputs, context: sys.exit("enough"),
    "talk": lambda inputs, context: context.fact("all", "x" * 2_000_000),
    "surrogate": lambda inputs, context: raised(ValueError("caf\udce9")),
    "unheard": raise_what_the_engine_never_heard_of,
    "empty": lambda inputs, context: raised(AssertionError()),
    "preview": lambda inputs, context: context.preview(Path(__file__), AssetKind.picture),
    "late": wrap_the_cancellation,
}


def return_wrong(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    match params.text:
        case "outside":
            outside = context.scratch / "outside.txt"
            outside.write_text("outside")
            return [Output("file", outside, AssetKind.file, "outside.txt")]
        case "link":
            (context.staging / "link").symlink_to(__file__)
            return [Output("file", context.staging / "link", AssetKind.file, "link")]
        case "folder":
            return [Output("file", context.staging, AssetKind.file, "folder")]
        case "nothing":
            return []
        case "twice":
            return [made(context, "a", "a"), made(context, "b", "b")]
        case slot:
            return [made(context, "main"), made(context, "other", "other", slot)]


def preview(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    context.preview(made(context, "draft", "draft.txt").path, AssetKind.picture)
    return [made(context, "final")]


def run_away(inputs: Inputs, params: NaughtyParams, context: JobContext) -> list[Output]:
    raise MemoryError


ONE = (
    Slot("one", AssetKind.file, "One", required=False),
    Slot("many", AssetKind.file, "Many", required=False, many=True),
)
FILE = (
    Slot("file", AssetKind.file, "File"),
    Slot("parts", AssetKind.file, "Parts", required=False, many=True),
)


def entry(
    work: Callable[[Inputs, NaughtyParams, JobContext], Iterable[Output]],
    lane: Lane = Lane.cpu,
    **more: object,
) -> NaughtyEntry:
    fields: dict[str, object] = {"id": work.__name__.replace("_", "-"), "version": 1, "inputs": ONE} | more
    return NaughtyEntry(
        title="Naughty", summary="", params=NaughtyParams, outputs=FILE, lane=lane, work=work, **fields
    )


def renamed(params: dict[str, object], version: int) -> dict[str, object]:
    return {"text": params["words"]} if version == 1 else params


TOOLS = Register(
    Table.tools,
    [
        entry(write),
        entry(write, id="write-gpu", lane=Lane.gpu),
        entry(write, id="write-network", lane=Lane.network),
        entry(write, id="write-again", version=2, upgrade=renamed),
        entry(write, id="write-needy", inputs=(Slot("one", AssetKind.file, "One"),)),
        *map(
            entry,
            (
                several,
                bulky,
                loud,
                flood,
                stay,
                deaf,
                brood,
                desert,
                linger,
                hold_the_line,
                die,
                babble,
                fail,
                return_wrong,
                preview,
            ),
        ),
        entry(stay, id="stay-gpu", lane=Lane.gpu),
    ],
)
RUN_AWAY = NaughtyBackend(
    id="run-away",
    version=1,
    title="",
    summary="",
    params=NaughtyParams,
    inputs=(),
    outputs=FILE,
    lane=Lane.cpu,
    task=Task.image_to_mesh,
    work=run_away,
)
KEEPER = replace(RUN_AWAY, id="keeper", work=write)
TABLES = {
    Table.backends: Register(Table.backends, [RUN_AWAY, KEEPER]),
    Table.tools: TOOLS,
    **{table: Register[WorkEntry](table, []) for table in (Table.exporters, Table.layouts, Table.chores)},
}

if __name__ == "__main__":
    from orfeas_desktop.engine.worker.main import serve

    raise SystemExit(serve(sys.argv[1], lambda: TABLES))
