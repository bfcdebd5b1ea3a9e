"""What the doctor measured, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLocale

from orfeas_desktop.ui.panels.fact_grid import Fact, number_words
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.params import Scalar
    from orfeas_desktop.ui.state.diagnosis import Diagnosis

_MUCH = 10
"""A stretch beyond this says no more than that it is much: a few folded faces make it boundless."""


def doctor_facts(diagnosis: Diagnosis) -> tuple[Fact, ...]:
    """Return what was measured, in words."""
    known = diagnosis.facts
    return tuple(
        Fact(_tr(title), words)
        for name, title, say in _TOLD
        if (words := say(known[name]) if known.get(name) is not None else "")
    )


def _yes_or_no(yes: str, no: str) -> Callable[[Scalar], str]:
    return lambda value: _tr(yes if value else no) if isinstance(value, bool) else ""


def _number(template: str, times: float = 1.0, digits: int = 4) -> Callable[[Scalar], str]:
    def say(value: Scalar) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return ""
        whole = isinstance(value, int) and times == 1.0
        return template.format(QLocale().toString(value) if whole else number_words(value * times, digits))

    return say


def stretch_words(value: Scalar) -> str:
    """Return how much a texture layout stretches, in words."""
    if not isinstance(value, int | float):
        return ""
    if value > _MUCH:
        return _tr("more than {most}").format(most=_MUCH)
    return QLocale().toString(float(value), "f", 2)


def _weight(value: Scalar) -> str:
    if not isinstance(value, int | float):
        return ""
    heavy = value >= 1000
    return f"{number_words(value / 1000 if heavy else value, 3)} {'kg' if heavy else 'g'}"


def _percent(value: Scalar) -> str:
    return f"{QLocale().toString(100.0 * value, 'f', 0)} %" if isinstance(value, int | float) else ""


def _tr(text: str) -> str:
    return QCoreApplication.translate("DoctorPanel", text)


_TOLD: tuple[tuple[str, str, Callable[[Scalar], str]], ...] = (
    ("printer", QT_TRANSLATE_NOOP("DoctorPanel", "Printer"), str),
    ("thinnest_wall_mm", QT_TRANSLATE_NOOP("DoctorPanel", "Thinnest wall"), _number("{} mm", digits=3)),
    (
        "supports_needed",
        QT_TRANSLATE_NOOP("DoctorPanel", "Supports"),
        _yes_or_no(QT_TRANSLATE_NOOP("DoctorPanel", "Needed"), QT_TRANSLATE_NOOP("DoctorPanel", "None")),
    ),
    ("weight_g", QT_TRANSLATE_NOOP("DoctorPanel", "Weight"), _weight),
    ("filament_m", QT_TRANSLATE_NOOP("DoctorPanel", "Filament"), _number("{} m", digits=3)),
    ("material", QT_TRANSLATE_NOOP("DoctorPanel", "Material"), str),
    ("cost", QT_TRANSLATE_NOOP("DoctorPanel", "Cost"), _number("{}", digits=3)),
    ("faces", QT_TRANSLATE_NOOP("DoctorPanel", "Faces"), _number("{}")),
    ("vertices", QT_TRANSLATE_NOOP("DoctorPanel", "Vertices"), _number("{}")),
    ("components", QT_TRANSLATE_NOOP("DoctorPanel", "Pieces"), _number("{}")),
    ("boundary_loops", QT_TRANSLATE_NOOP("DoctorPanel", "Holes"), _number("{}")),
    ("self_intersections", QT_TRANSLATE_NOOP("DoctorPanel", "Crossing pairs"), _number("{}")),
    ("uv_charts", QT_TRANSLATE_NOOP("DoctorPanel", "UV charts"), _number("{}")),
    ("uv_coverage", QT_TRANSLATE_NOOP("DoctorPanel", "UV coverage"), _percent),
    ("uv_stretch", QT_TRANSLATE_NOOP("DoctorPanel", "UV stretch"), stretch_words),
    ("texels_per_mm", QT_TRANSLATE_NOOP("DoctorPanel", "Texels a mm"), _number("{}", digits=3)),
    (
        "watertight",
        QT_TRANSLATE_NOOP("DoctorPanel", "Surface"),
        _yes_or_no(QT_TRANSLATE_NOOP("DoctorPanel", "Closed"), QT_TRANSLATE_NOOP("DoctorPanel", "Open")),
    ),
    ("volume_m3", QT_TRANSLATE_NOOP("DoctorPanel", "Volume"), _number("{} cm³", times=1e6)),
)
"""What is told below the faults, where it is known: the fact, its title, and how its value is said."""
