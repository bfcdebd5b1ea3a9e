"""fetch: one file from the hub into a `.part`, resumed and tried again, its hash checked at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import httpx2

from orfeas_desktop.engine.weights.file_table import told
from orfeas_desktop.engine.weights.hub import check_status, credentials
from orfeas_desktop.errors import DownloadFailed, WrongContent

if TYPE_CHECKING:
    from typing import BinaryIO

    from orfeas_desktop.engine.weights.hub import HubFile
    from orfeas_desktop.engine.weights.network import NetworkDoor

BLOCK = 1 << 20
ENOUGH = 64 * 1024
"""Bytes that make an attempt count as progress."""


@dataclass(frozen=True)
class Patience:
    """How long a bad line is borne. Seconds."""

    tries: int = 6
    """In a row that brought next to nothing."""
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    window_s: float = 30.0
    """In which at least `least_bytes` must arrive, or the line is taken for dead."""
    least_bytes: int = 32 * 1024


class Watch(Protocol):
    """Who hears how far it is; both may raise Cancelled, and Offline."""

    def at(self, path: str, done: int) -> None:
        """`done` bytes of the file are here."""
        ...

    def check(self) -> None:
        """Look whether to go on."""
        ...


class Stalled(Exception):
    """A line that brings too little."""


class Broken(Exception):
    """An answer that is not what was asked for; the text says how."""


def fetch(
    client: httpx2.Client, door: NetworkDoor, file: HubFile, part: Path, watch: Watch, patience: Patience
) -> None:
    """Bring the whole file to `part`, going on where an earlier attempt stopped.

    Raises WrongContent (and keeps nothing), DownloadFailed, SignInNeeded, Offline, DiskFull, PermissionDenied,
    and what `watch` raises; then `part` keeps what arrived.
    """
    for _ in range(2):
        if Fetching(client, door, file, part, watch, patience).run() == file.digest.hex:
            return
        part.unlink(missing_ok=True)
    raise WrongContent(name=file.path, problem="its hash is another one")


class Hashing:
    """Answers for the hash of the first `hashed` bytes of a file that grows."""

    def __init__(self, file: HubFile, part: Path, watch: Watch) -> None:
        self._file = file
        self._part = part
        self._watch = watch
        self._digest = file.digest.fresh(file.size)
        self._hashed = 0

    def upto(self, size: int) -> None:
        """Have hashed `size` bytes, reading from the file what is not known."""
        if size < self._hashed:
            self._digest, self._hashed = self._file.digest.fresh(self._file.size), 0
        if size == self._hashed:
            return
        with self._part.open("rb") as stream:
            stream.seek(self._hashed)
            while self._hashed < size and (block := stream.read(min(BLOCK, size - self._hashed))):
                self._watch.check()
                self.feed(block)

    def feed(self, block: bytes) -> None:
        """Take in what comes next."""
        self._digest.update(block)
        self._hashed += len(block)

    def hex(self) -> str:
        """Return the hash of the whole file."""
        self.upto(self._file.size)
        return self._digest.hexdigest()


def file_digest(path: Path, file: HubFile, watch: Watch) -> str:
    """Return the hash of the content of `path`, of the kind that the hub lists for `file`.

    Of a file that is longer it is the hash of as much as is listed: look at its size too. Raises OSError.
    """
    return Hashing(file, path, watch).hex()


@dataclass
class Fetching:
    """Answers for the bytes of one file, not for their being right; used once."""

    client: httpx2.Client
    door: NetworkDoor
    file: HubFile
    part: Path
    watch: Watch
    patience: Patience

    def __post_init__(self) -> None:
        self.hashing = Hashing(self.file, self.part, self.watch)

    def run(self) -> str:
        """Go on until `part` has the size it should have; return its hash."""
        if self.part.is_symlink():
            self.part.unlink()
        vain = 0
        while (before := self._size()) != self.file.size or not self.part.exists():
            self.watch.at(self.file.path, before)
            pause = 0.0
            try:
                self._go_on(before)
                reason = "the connection ended early"
            except httpx2.HTTPStatusError as problem:
                pause = retry_after(problem.response)
                reason = f"the server answers {problem.response.status_code}"
            except (httpx2.HTTPError, httpx2.InvalidURL, Stalled, Broken) as problem:
                reason = said(problem)
            gained = self._size() - before
            if gained >= min(ENOUGH, self.file.size - before) and gained > 0:
                vain = 0
                continue
            vain += 1
            if vain >= self.patience.tries:
                raise DownloadFailed(name=self.file.path, problem=reason)
            wait(self.watch.check, max(pause, self._pause(vain)), self.patience)
        return self.hashing.hex()

    def _pause(self, vain: int) -> float:
        return self.patience.first_pause_s * 2.0 ** (vain - 1)

    def _size(self) -> int:
        try:
            size = self.part.stat().st_size
        except FileNotFoundError:
            return 0
        if size > self.file.size:
            self.part.unlink()
            return 0
        return size

    def _go_on(self, have: int) -> None:
        headers = dict(credentials(self.door.rules))
        if have:
            headers["Range"] = f"bytes={have}-"
        with self.client.stream("GET", self.file.url, headers=headers) as response:
            if response.status_code == 416:
                self.part.unlink(missing_ok=True)
                raise Broken("the server cannot go on where it stopped")
            check_status(response, self.file.path, self.door.rules)
            start = self._start(response, have)
            try:
                self.part.parent.mkdir(parents=True, exist_ok=True)
                self.hashing.upto(start)
                with self.part.open("r+b" if start else "wb") as stream:
                    stream.seek(start)
                    self._take_in(response, stream, start)
            except OSError as problem:
                raise told(problem, self.part.parent) from problem

    def _start(self, response: httpx2.Response, have: int) -> int:
        """Where the answer's bytes belong. Raises Broken when it cannot be said."""
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Broken("the server sends it packed")
        if response.status_code == 200:
            return 0
        said = response.headers.get("Content-Range", "")
        if (
            response.status_code == 206
            and have
            and said == f"bytes {have}-{self.file.size - 1}/{self.file.size}"
        ):
            return have
        if have and response.status_code == 206:
            self.part.unlink(missing_ok=True)
        raise Broken("the server sends another piece than was asked for")

    def _take_in(self, response: httpx2.Response, stream: BinaryIO, start: int) -> None:
        done = start
        mark, marked = time.monotonic(), start
        for piece in response.iter_raw():
            if done + len(piece) > self.file.size:
                stream.truncate(0)
                raise Broken("the server sends more than the file holds")
            stream.write(piece)
            self.hashing.feed(piece)
            done += len(piece)
            self.watch.at(self.file.path, done)
            now = time.monotonic()
            if now - mark >= self.patience.window_s:
                if done - marked < self.patience.least_bytes:
                    raise Stalled
                mark, marked = now, done
        stream.flush()
        os.fsync(stream.fileno())


def said(problem: Exception) -> str:
    """Return what went wrong on the line, in plain words."""
    match problem:
        case Broken():
            return str(problem)
        case Stalled() | httpx2.ReadTimeout():
            return "the server stopped sending"
        case httpx2.ConnectTimeout() | httpx2.PoolTimeout():
            return "the server does not answer"
        case httpx2.ProxyError():
            return "the proxy refuses it"
        case httpx2.ConnectError():
            return "the server cannot be reached"
        case httpx2.TooManyRedirects():
            return "the server sends it round in circles"
        case httpx2.UnsupportedProtocol() | httpx2.InvalidURL():
            return "the server sends it to an address that is no web address"
        case _:
            return "the connection broke"


def retry_after(response: httpx2.Response) -> float:
    """Return the seconds that the server wants us to wait."""
    text = response.headers.get("Retry-After", "").strip()
    return float(text) if text.isdigit() else 0.0


def wait(check: Callable[[], None], seconds: float, patience: Patience) -> None:
    """Wait, looking all the while whether to go on."""
    end = time.monotonic() + min(seconds, patience.longest_pause_s)
    while (left := end - time.monotonic()) > 0:
        check()
        time.sleep(min(left, 0.1))
    check()
