"""Engines as the window offers them: with the reason where one cannot run, and how long it takes here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from orfeas_desktop.register import Lane
from orfeas_desktop.ui.dialogs.error_box import translated
from orfeas_desktop.ui.panels.generate_panel import EngineChoice
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orfeas_desktop.engine.backends.base import Backend
    from orfeas_desktop.ui.state.session import Session

_CPU = QT_TRANSLATE_NOOP("Engines", "CPU")
_GPU = QT_TRANSLATE_NOOP("Engines", "GPU")


def why_unavailable(session: Session, backend: Backend) -> str:
    """Return why the engine cannot run on this machine, or nothing."""
    problem = session.studio.unavailable(backend) if session.studio else None
    return "" if problem is None else problem.say(translated)


def engine_choices(
    session: Session, backends: Iterable[Backend], hidden: frozenset[str]
) -> list[EngineChoice]:
    """Return the engines to offer; `hidden` are settings that are made elsewhere than in the form."""
    return [
        EngineChoice(
            backend.id,
            backend.title,
            backend.summary,
            backend.params,
            why_unavailable(session, backend),
            hidden=hidden,
        )
        for backend in backends
    ]


def place_of(backend: Backend) -> str:
    """Return where the engine works, for people."""
    return QCoreApplication.translate("Engines", _GPU if backend.lane is Lane.gpu else _CPU)


def amount_of(seconds: float) -> str:
    """Return seconds as an estimate shows them: with tenths below ten."""
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"
