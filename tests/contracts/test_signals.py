"""The pinned PySide6 keeps its count of references when it emits."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal


class Source(QObject):
    said = Signal(bool)


def test_emitting_does_not_lose_references():
    source = Source()
    source.said.connect(lambda _: None)
    before = sys.getrefcount(True)
    for _ in range(2000):
        source.said.emit(True)
    assert abs(sys.getrefcount(True) - before) < 50
