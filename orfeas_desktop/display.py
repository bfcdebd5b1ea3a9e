"""Whether a window can be opened here; asked before Qt is loaded, which ends the program when it cannot."""

from __future__ import annotations

import re
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE_S = 3.0
X_PORT = 6000


def has_display(environment: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Return whether the screen that `environment` names answers; where windows are the system's own, True."""
    if platform != "linux" or environment.get("WAYLAND_DISPLAY"):
        return True
    if environment.get("QT_QPA_PLATFORM", "xcb").split(":")[0] not in ("", "xcb"):
        return True
    return _x_server_answers(environment.get("DISPLAY", ""))


def _x_server_answers(display: str) -> bool:
    """Try the addresses of an X display name, `[host]:number[.screen]` (X(7), Display names)."""
    named = re.fullmatch(r"(?P<host>[^:/]*)(?:/unix)?:(?P<number>\d+)(?:\.\d+)?", display)
    if named is None:
        return display.startswith("/")
    host, number = named["host"], int(named["number"])
    if host in ("", "unix"):
        path = f"/tmp/.X11-unix/X{number}"  # nosec B108  # the X server's own address
        return any(_answers(socket.AF_UNIX, address) for address in (f"\0{path}", path))
    return _answers(socket.AF_INET, (host, X_PORT + number))


def _answers(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    with socket.socket(family) as probe:
        probe.settimeout(PATIENCE_S)
        try:
            probe.connect(address)
        except (OSError, OverflowError):
            return False
        return True
