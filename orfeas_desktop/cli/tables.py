"""orfeas backends, tools, exporters, layouts and describe: what the tables hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from orfeas_desktop.cli.doors import call_of
from orfeas_desktop.cli.screen import Json, columns
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.backends.base import Backend
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.exporters.base import Exporter
from orfeas_desktop.engine.jobs.context import WorkEntry
from orfeas_desktop.engine.layouts import LAYOUTS
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.errors import UnknownEntry
from orfeas_desktop.params import ParamField
from orfeas_desktop.register import Slot, Table
from orfeas_desktop.studio import entry_of

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def _lister(table: Table, entries: Iterable[WorkEntry]) -> Callable[[typer.Context, bool], None]:
    def show(context: typer.Context, as_json: AsJson = False) -> None:
        del as_json
        found = tuple(entries)
        rows = [_row(entry) for entry in found]
        call_of(context).screen.give({table.value: [_head(entry) for entry in found]}, columns(rows))

    show.__doc__ = f"List the {table.value}."
    return show


list_backends = _lister(Table.backends, BACKENDS)
list_tools = _lister(Table.tools, TOOLS)
list_exporters = _lister(Table.exporters, EXPORTERS)
list_layouts = _lister(Table.layouts, LAYOUTS)


def describe(
    context: typer.Context,
    entry: Annotated[str, typer.Argument(metavar="TABLE/ID", help="Such as backends/relief.")],
    as_json: AsJson = False,
) -> None:
    """Show what an entry takes, gives and can be set to."""
    del as_json
    found = find_entry(entry)
    payload: dict[str, Json] = {
        **_head(found),
        "lane": found.lane.value,
        "inputs": [_slot(slot) for slot in found.inputs],
        "outputs": [_slot(slot) for slot in found.outputs],
        "params": [_field(field) for field in found.params.fields()],
    }
    call_of(context).screen.give(payload, _in_words(found))


def find_entry(words: str) -> WorkEntry:
    """Return the entry named TABLE/ID, or by its id alone. Raises UnknownEntry."""
    table, slash, entry_id = words.partition("/")
    if not slash:
        for register in (BACKENDS, TOOLS, EXPORTERS, LAYOUTS):
            if words in register:
                return register[words]
    if table not in set(Table):
        raise UnknownEntry(entry=words, table="tables", known=", ".join(f"{name.value}/ID" for name in Table))
    return entry_of(Table(table), entry_id)


def _row(entry: WorkEntry) -> tuple[str, ...]:
    task = (entry.task.value,) if isinstance(entry, Backend) else ()
    return (entry.id, *task, entry.title, entry.summary)


def _head(entry: WorkEntry) -> dict[str, Json]:
    head: dict[str, Json] = {
        "id": entry.id,
        "version": entry.version,
        "title": entry.title,
        "summary": entry.summary,
    }
    if isinstance(entry, Backend):
        head |= {"task": entry.task.value, "weights": list(entry.weights), "licence": entry.licence}
    if isinstance(entry, Exporter):
        head |= {"suffix": entry.suffix}
    return head


def _slot(slot: Slot) -> dict[str, Json]:
    return {
        "name": slot.name,
        "kind": slot.kind.value,
        "title": slot.title,
        "required": slot.required,
        "many": slot.many,
    }


def _field(field: ParamField) -> dict[str, Json]:
    return {
        "name": field.name,
        "title": field.title,
        "help": field.help,
        "kind": field.kind.value,
        "default": field.default,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "unit": field.unit,
        "choices": [choice.value for choice in field.choices],
        "advanced": field.advanced,
    }


def range_of(field: ParamField) -> str:
    """Return the values a field takes, in words."""
    if field.choices:
        return ", ".join(choice.value for choice in field.choices)
    kinds = {"boolean": "true or false", "box": "x0,y0,x1,y1"}
    unit = f" {field.unit}" if field.unit else ""
    return field.range_words() or kinds.get(field.kind.value, field.kind.value + unit)


def _in_words(entry: WorkEntry) -> str:
    lines = [f"{entry.id} – {entry.title} (version {entry.version})", entry.summary, ""]
    lines += [
        f"in   {slot.name}{'' if slot.required else ' (optional)'}: {slot.kind.value}"
        for slot in entry.inputs
    ]
    lines += [f"out  {slot.name}: {slot.kind.value}" for slot in entry.outputs]
    rows = [
        (f"  {field.name}", str(field.default), range_of(field), field.help or field.title)
        for field in entry.params.fields()
    ]
    if rows:
        lines += ["", columns([("  setting", "default", "values", ""), *rows])]
    return "\n".join(lines)
