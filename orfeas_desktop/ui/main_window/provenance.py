"""Puts the provenance of a version into words."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from orfeas_desktop.assets import COLLISION, LODS
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.chores import CHORES
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.layouts import LAYOUTS
from orfeas_desktop.engine.tools import RECIPE, TOOLS
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.recipes import steps_text
from orfeas_desktop.register import Table
from orfeas_desktop.studio.chains import bound_steps, known_steps
from orfeas_desktop.ui.main_window.change_facts import change_facts
from orfeas_desktop.ui.panels.details_panel import FactGroup, VersionLine
from orfeas_desktop.ui.panels.doctor_facts import stretch_words
from orfeas_desktop.ui.panels.fact_grid import Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orfeas_desktop.params import ParamField, Scalar
    from orfeas_desktop.projects.records import Version
    from orfeas_desktop.recipes import RecipeStep
    from orfeas_desktop.register import Entry
    from orfeas_desktop.requests import JobRequest
    from orfeas_desktop.settings import Settings

_TABLES = {
    Table.backends: BACKENDS,
    Table.tools: TOOLS,
    Table.exporters: EXPORTERS,
    Table.layouts: LAYOUTS,
    Table.chores: CHORES,
}


def tr(text: str) -> str:
    """Translate words of this page."""
    return QCoreApplication.translate("Provenance", text)


def version_lines(versions: tuple[Version, ...]) -> tuple[VersionLine, ...]:
    """Return the versions as a list offers them, newest first."""
    return tuple(
        VersionLine(
            version.id, tr("Version {number} · {when}").format(number=version.number, when=_when(version))
        )
        for version in reversed(versions)
    )


def fact_groups(version: Version) -> tuple[FactGroup, ...]:
    """Return what is known of a version: its mesh, its recipe, its seconds."""
    provenance = version.provenance
    request = provenance.request
    groups = [
        FactGroup(tr("Mesh"), _mesh_facts(provenance.facts)),
        FactGroup(tr("Scorecard"), score_facts(version.score or {})),
        FactGroup(tr("Before and after"), change_facts(provenance)),
        FactGroup(tr("Files beside the mesh"), _further_files(version)),
    ]
    if request is None:
        groups.append(FactGroup(tr("Recipe"), (Fact(tr("Made by"), tr("Imported from a file")),)))
    else:
        groups.append(FactGroup(tr("Recipe"), _recipe(request, provenance.facts)))
    seconds = tuple(
        Fact(QCoreApplication.translate("Stages", stage), _seconds(value))
        for stage, value in provenance.seconds.items()
    )
    if len(seconds) > 1:
        seconds += (Fact(tr("Together"), _seconds(sum(provenance.seconds.values()))),)
    groups.append(FactGroup(tr("Time"), seconds))
    return tuple(groups)


def entry_of(request: JobRequest) -> Entry | None:
    """Return the entry that a request names, when this program has it."""
    table = _TABLES[request.table]
    known: dict[str, Entry] = {entry.id: entry for entry in table}
    return known.get(request.entry)


def _mesh_facts(facts: object) -> tuple[Fact, ...]:
    known = dict(facts) if isinstance(facts, dict) else {}
    lines: list[Fact] = []
    for key, title in (("faces", tr("Faces")), ("vertices", tr("Vertices"))):
        if isinstance(known.get(key), int):
            lines.append(Fact(title, QLocale().toString(int(known[key]))))
    if isinstance(known.get("watertight"), bool):
        lines.append(Fact(tr("Surface"), tr("Closed") if known["watertight"] else tr("Open")))
    return tuple(lines)


def score_facts(score: Mapping[str, Scalar]) -> tuple[Fact, ...]:
    """Return how good a version is, in words."""
    locale = QLocale()
    titles: dict[str, tuple[str, Callable[[float], str]]] = {
        "silhouette_iou": (tr("Like the picture"), lambda value: f"{locale.toString(100 * value, 'f', 1)} %"),
        "components": (tr("Pieces"), lambda value: locale.toString(int(value))),
        "uv_stretch": (tr("UV stretch"), stretch_words),
        "uv_coverage": (tr("UV coverage"), lambda value: f"{locale.toString(100 * value, 'f', 0)} %"),
        "texels_per_mm": (tr("Texels a mm"), lambda value: locale.toString(value, "g", 4)),
        "texture_sharpness": (tr("Texture sharpness"), lambda value: locale.toString(value, "f", 1)),
    }
    shown: list[Fact] = []
    for name, (title, words) in titles.items():
        value = score.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            shown.append(Fact(title, words(float(value))))
    return tuple(shown)


def _further_files(version: Version) -> tuple[Fact, ...]:
    titles = {
        LODS: tr("Levels of detail"),
        COLLISION: tr("Collision shapes"),
        "parts": tr("Pieces"),
        "maps": tr("Texture maps"),
        "report": tr("Reports"),
    }
    found = {title: version.all_files(slot) for slot, title in titles.items()}
    return tuple(
        Fact(title, ", ".join(file.name for file in files)) for title, files in found.items() if files
    )


def _recipe(request: JobRequest, facts: object) -> tuple[Fact, ...]:
    del facts
    entry = entry_of(request)
    title = (
        QCoreApplication.translate(request.table.value.capitalize(), entry.title) if entry else request.entry
    )
    lines = [Fact(tr("Tool") if request.table is Table.tools else tr("Engine"), title)]
    if request.entry == RECIPE.id:
        return (*lines, *step_facts(str(request.params.get("steps", ""))))
    fields = {field.name: field for field in entry.params.fields()} if entry else {}
    for name, value in request.params.items():
        if value in {"", None}:
            continue
        lines.append(Fact(*_setting(fields.get(name), name, value)))
    lines.append(Fact(tr("Seed"), str(request.seed)))
    return tuple(lines)


def recipe_facts(steps: Sequence[RecipeStep], settings: Settings) -> tuple[Fact, ...]:
    """Return the steps as they would run now; of a recipe that cannot run, as they are written."""
    with suppress(OrfeasError):
        steps = bound_steps(steps, settings)
    return step_facts(steps_text(steps))


def step_facts(text: str) -> tuple[Fact, ...]:
    """Return the steps of a recipe, one a line, each with its settings."""
    lines: list[Fact] = []
    for number, (tool, step) in enumerate(known_steps(text), start=1):
        title = QCoreApplication.translate("Tools", tool.title) if tool else step.tool
        fields = {field.name: field for field in tool.params.fields()} if tool else {}
        settings = [_setting(fields.get(name), name, value) for name, value in step.params.items()]
        said = ", ".join(f"{name} {value}" for name, value in settings) or tr("Defaults")
        lines.append(Fact(f"{number}  {title}", said))
    return tuple(lines)


def _setting(field: ParamField | None, name: str, value: Scalar) -> tuple[str, str]:
    title = QCoreApplication.translate("Params", field.title) if field else name
    if isinstance(value, bool):
        return title, tr("Yes") if value else tr("No")
    if field and field.at_minimum and value == field.minimum:
        return title, QCoreApplication.translate("Params", field.at_minimum)
    if isinstance(value, float):
        return title, _with_unit(QLocale().toString(value, "g", 6), field)
    if isinstance(value, int):
        return title, _with_unit(QLocale().toString(value), field)
    choice = (
        next((choice.title for choice in field.choices if choice.value == value), None) if field else None
    )
    return title, QCoreApplication.translate("Params", choice) if choice else str(value)


def _with_unit(number: str, field: ParamField | None) -> str:
    return f"{number} {field.unit}" if field and field.unit else number


def _seconds(value: float) -> str:
    return tr("{seconds} s").format(seconds=QLocale().toString(value, "f", 2 if value < 10 else 1))


def _when(version: Version) -> str:
    moment = QDateTime.fromSecsSinceEpoch(int(version.created.timestamp()))
    return QLocale().toString(moment, "d MMM yyyy, HH:mm")
