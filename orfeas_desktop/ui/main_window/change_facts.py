"""Puts what a tool changed into words: before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLocale

from orfeas_desktop.ui.panels.fact_grid import Fact, number_words

if TYPE_CHECKING:
    from orfeas_desktop.params import Scalar
    from orfeas_desktop.projects.records import Provenance


def _tr(text: str) -> str:
    return QCoreApplication.translate("Provenance", text)


def change_facts(provenance: Provenance) -> tuple[Fact, ...]:
    """Return what a version has in place of what it was made from; nothing for one that no tool made."""
    facts = provenance.facts
    titles = {
        "faces": _tr("Faces"),
        "vertices": _tr("Vertices"),
        "components": _tr("Pieces"),
        "watertight": _tr("Closed"),
        "boundary_edges": _tr("Open edges"),
        "volume_m3": _tr("Volume"),
        "area_m2": _tr("Area"),
    }
    shown = [
        Fact(title, _arrow(name, facts[f"{name}_before"], facts.get(name)))
        for name, title in titles.items()
        if f"{name}_before" in facts
    ]
    mean, largest = facts.get("distance_mean_mm"), facts.get("distance_max_mm")
    if isinstance(mean, int | float) and isinstance(largest, int | float):
        words = _tr("{mean} mm on average, {most} mm at most") if largest else _tr("Nothing")
        shown.append(
            Fact(_tr("Moved"), words.format(mean=number_words(mean, 3), most=number_words(largest, 3)))
        )
    return tuple(shown)


def _arrow(name: str, before: Scalar, after: Scalar) -> str:
    old, new = _said(name, before), _said(name, after)
    return old if old == new else f"{old} → {new}"


def _said(name: str, value: Scalar) -> str:
    if isinstance(value, bool):
        return _tr("Yes") if value else _tr("No")
    if not isinstance(value, int | float):
        return "–"
    if name == "volume_m3":
        return f"{number_words(value * 1e6)} cm³"
    if name == "area_m2":
        return f"{number_words(value * 1e4)} cm²"
    return QLocale().toString(int(value))
