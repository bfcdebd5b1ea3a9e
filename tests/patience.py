"""How tests wait: for the condition itself, and longer than any machine takes on which it does come true."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 240.0
"""Less than a test may take in all, so that one that waits in vain says for what."""


def wait_until(condition: Callable[[], object], what: str = "it") -> None:
    """Look now and then until it has come true."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"{what} never came true"
        time.sleep(0.01)
