"""Acts on the disk that fail at a chosen time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def failing_at(call: int, trouble: int, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the `call`th use of `os.fsync`, or of that method of paths, fail with the error number `trouble`."""
    count = 0
    owner: object = os if name == "fsync" else Path
    real = getattr(owner, name)

    def wrapped(*arguments: object, **named: object) -> object:
        nonlocal count
        count += 1
        if count == call:
            raise OSError(trouble, "no")
        return real(*arguments, **named)

    monkeypatch.setattr(owner, name, wrapped)
