"""NetworkDoor: the one way out to the network, with its log, its switch and its proxy."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from orfeas_desktop import __version__
from orfeas_desktop.errors import BadParams, Offline
from orfeas_desktop.paths import Paths
from orfeas_desktop.settings import load_settings

HUB = "https://huggingface.co"
CONNECT_S = 15.0


@dataclass(frozen=True)
class NetworkRules:
    """What the user allows."""

    offline: bool = False
    endpoint: str = HUB
    proxy: str = ""
    """Nothing means the system's."""
    token: str = ""
    """For files that are given only to people who are signed in."""


def rules_of(paths: Paths, token: str = "") -> NetworkRules:
    """Return the rules in force now, from settings and environment, for who has that token. Raises BadParams."""
    chosen = load_settings(paths.settings_file).weights
    endpoint = (chosen.endpoint.strip() or os.environ.get("HF_ENDPOINT", "").strip() or HUB).rstrip("/")
    if urlsplit(endpoint).scheme not in {"http", "https"} or not urlsplit(endpoint).hostname:
        raise BadParams(entry="weights", problem=f"the server “{endpoint}” is no web address")
    proxy = chosen.proxy.strip()
    if proxy and urlsplit(proxy).scheme not in {"http", "https", "socks5"}:
        raise BadParams(entry="weights", problem=f"the proxy “{proxy}” is no web address")
    return NetworkRules(chosen.offline, endpoint, proxy, token)


class NetworkDoor:
    """Answers for every network call of the program.

    rules  asked anew for every call, so that the switch holds at once
    log    gets one JSON line for each call, refused ones too; never what follows a question mark, no secrets
    """

    def __init__(self, rules: Callable[[], NetworkRules], log: Path, read_s: float = 30.0) -> None:
        self._rules = rules
        self._log = log
        self._read_s = read_s

    @property
    def rules(self) -> NetworkRules:
        """What the user allows now."""
        return self._rules()

    def client(self, purpose: str) -> httpx2.Client:
        """Return a client whose every call, redirects included, goes through this door. Raises BadParams."""
        timeout = httpx2.Timeout(CONNECT_S, read=self._read_s)
        headers = {"User-Agent": f"orfeas-desktop/{__version__}", "Accept-Encoding": "identity"}
        return httpx2.Client(
            transport=_Logged(self, purpose, self.rules.proxy),
            follow_redirects=True,
            max_redirects=5,
            timeout=timeout,
            headers=headers,
            trust_env=False,
        )

    def check(self, url: str) -> None:
        """Raise Offline when the user wants no network."""
        if self.rules.offline:
            raise Offline(host=urlsplit(url).hostname or "")

    def note(self, purpose: str, request: httpx2.Request, outcome: int | str, seconds: float) -> None:
        """Write one line of the log; a log that cannot be written stops nothing."""
        url = request.url
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "purpose": purpose,
            "method": request.method,
            "url": f"{url.scheme}://{url.netloc.decode()}{url.path}",
            "outcome": outcome,
            "seconds": round(seconds, 3),
        }
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError:
            return


class _Logged(httpx2.BaseTransport):
    """Sends requests on, directly or by the proxy, and tells the door of each."""

    def __init__(self, door: NetworkDoor, purpose: str, proxy: str) -> None:
        self._door = door
        self._purpose = purpose
        self._proxy = proxy
        self._ways: dict[str, httpx2.HTTPTransport] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises Offline, and httpx2's errors."""
        started = time.monotonic()
        outcome: int | str = "refused: offline"
        try:
            self._door.check(str(request.url))
            outcome = "failed"
            response = self._way(request.url).handle_request(request)
            outcome = response.status_code
        except httpx2.HTTPError as problem:
            outcome = type(problem).__name__
            raise
        finally:
            self._door.note(self._purpose, request, outcome, time.monotonic() - started)
        return response

    def close(self) -> None:
        """Close every connection."""
        for way in self._ways.values():
            way.close()

    def _way(self, url: httpx2.URL) -> httpx2.HTTPTransport:
        proxy = self._proxy
        if not proxy and not urllib.request.proxy_bypass(url.host):
            proxy = urllib.request.getproxies().get(url.scheme, "")
        if proxy not in self._ways:
            self._ways[proxy] = httpx2.HTTPTransport(proxy=proxy or None)
        return self._ways[proxy]
