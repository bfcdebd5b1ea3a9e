"""A hub on loopback that speaks the real one's addresses and misbehaves on demand."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.fetch import Patience

SET = "hunyuan3d-2mini-vae-turbo"
COMMIT = "c0ffee" + "0" * 34
SMALL, LARGE = "config.yaml", "model.fp16.safetensors"
HASTE = Patience(tries=4, first_pause_s=0.01, longest_pause_s=0.05, window_s=0.3, least_bytes=2000)


@dataclass
class Zeros:
    """A file of that many zero bytes."""

    size: int

    def __len__(self) -> int:
        return self.size

    def digest(self) -> str:
        whole, block = hashlib.sha256(), bytes(1 << 20)
        for at in range(0, self.size, len(block)):
            whole.update(block[: min(len(block), self.size - at)])
        return whole.hexdigest()


@dataclass
class Trouble:
    """What goes wrong with the next request for a large file."""

    kind: str
    amount: int = 0
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """One request that came in."""

    path: str
    range: str
    authorization: str

    @property
    def start(self) -> int:
        """The byte from which on it asked; how many came before a cut is up to the network."""
        return int(self.range.removeprefix("bytes=").partition("-")[0] or 0)


class Hub:
    """Answers for one repository; `other` is a second host to which it may send people on."""

    def __init__(self, repository: str, folder: str) -> None:
        self.repository = repository
        self.folder = folder
        self.files: dict[str, bytes | Zeros] = {}
        self.listing_trouble: deque[Trouble] = deque()
        self.trouble: deque[Trouble] = deque()
        self.asked: list[Asked] = []
        self.listed: bytes | None = None
        self.lies: dict[str, str] = {}
        self.gate = ""
        """The token without which nothing is given."""
        self.leaving = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.hub = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self.leaving.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def gets(self, name: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path.endswith(name)]

    def put(self, name: str, content: bytes | Zeros) -> None:
        self.files[f"{self.folder}/{name}" if self.folder else name] = content

    def listing(self) -> bytes:
        if self.listed is not None:
            return self.listed
        siblings = []
        for name, content in self.files.items():
            row: dict[str, object] = {"rfilename": name, "size": len(content)}
            if isinstance(content, bytes) and len(content) < 10_000:
                row["blobId"] = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            else:
                true = content.digest() if isinstance(content, Zeros) else hashlib.sha256(content).hexdigest()
                row["blobId"] = "0" * 40
                row["lfs"] = {"sha256": self.lies.get(name, true), "size": len(content), "pointerSize": 135}
            siblings.append(row)
        return json.dumps({"id": self.repository, "sha": COMMIT, "siblings": siblings}).encode()


@contextmanager
def hub_of_one_set(large: bytes = bytes(range(256)) * 1000) -> Iterator[Hub]:
    """A hub that holds one small set of two files."""
    weights = weight_set(SET)
    hub = Hub(weights.repository, weights.folder)
    hub.put(SMALL, b"target: hy3dgen.ShapeVAE\nparams: {}\n")
    hub.put(LARGE, large)
    try:
        yield hub
    finally:
        hub.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    hub: Hub

    def handle_error(self, *_: object) -> None:
        return


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        self.server.hub.asked.append(
            Asked(self.path, self.headers.get("Range", ""), self.headers.get("Authorization", ""))
        )
        gate = self.server.hub.gate
        if gate and self.headers.get("Authorization", "") != f"Bearer {gate}":
            return self._plain(401, {"X-Error-Code": "GatedRepo"})
        if self.path.startswith("/api/"):
            return self._list()
        name = self.path.split(f"/resolve/{COMMIT}/", 1)[-1]
        if name not in self.server.hub.files:
            return self._plain(404, {"X-Error-Code": "EntryNotFound"})
        content = self.server.hub.files[name]
        trouble = (
            self.server.hub.trouble.popleft()
            if self.server.hub.trouble and len(content) > 10_000
            else Trouble("none")
        )
        return self._send(content, trouble)

    def _list(self) -> None:
        trouble = (
            self.server.hub.listing_trouble.popleft() if self.server.hub.listing_trouble else Trouble("none")
        )
        if trouble.kind == "status":
            return self._plain(trouble.amount, trouble.headers)
        if trouble.kind == "cut":
            return self._cut(self.server.hub.listing(), 10)
        if self.path != f"/api/models/{self.server.hub.repository}/revision/main?blobs=true":
            return self._plain(404, {"X-Error-Code": "RepoNotFound"})
        return self._plain(200, {}, self.server.hub.listing())

    def _plain(self, code: int, headers: dict[str, str], body: bytes = b"no") -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _cut(self, body: bytes, after: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:after])
        self._reset()

    def _reset(self) -> None:
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _send(self, content: bytes | Zeros, trouble: Trouble) -> None:
        size = len(content)
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        match trouble.kind:
            case "status":
                return self._plain(trouble.amount, trouble.headers)
            case "redirect":
                return self._plain(302, {"Location": trouble.headers["to"] + self.path})
            case "packed":
                return self._plain(200, {"Content-Encoding": "gzip"}, b"x" * 50)
            case "no range":
                start = 0
            case _:
                pass
        if start >= size > 0:
            return self._plain(416, {"Content-Range": f"bytes */{size}"})
        partial = start > 0 or (asked and trouble.kind != "no range")
        self.send_response(206 if partial else 200)
        said = start + trouble.amount if trouble.kind == "other piece" else start
        if partial:
            self.send_header("Content-Range", f"bytes {said}-{size - 1}/{size}")
        more = trouble.amount if trouble.kind == "too long" else 0
        self.send_header("Content-Length", str(size - start + more))
        self.send_header("ETag", '"x"')
        self.end_headers()
        return self._body(content, start, trouble, more)

    def _body(self, content: bytes | Zeros, start: int, trouble: Trouble, more: int) -> None:
        end = len(content)
        if trouble.kind == "cut":
            end = min(start + trouble.amount, end)
        if trouble.kind == "slow":
            for at in range(start, end):
                if self.server.hub.leaving.is_set():
                    return
                self.wfile.write(bytes(1) if isinstance(content, Zeros) else content[at : at + 1])
                time.sleep(0.02)
            return
        if isinstance(content, Zeros):
            block = bytes(1 << 20)
            for at in range(start, end, len(block)):
                self.wfile.write(block[: min(len(block), end - at)])
        elif trouble.kind == "wrong":
            self.wfile.write(bytes(byte ^ 1 for byte in content[start:]))
        else:
            self.wfile.write(content[start:end] + b"m" * more)
        if trouble.kind == "cut":
            self._reset()
