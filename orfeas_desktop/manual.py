"""Writes the reference pages of the manual from tables, settings, errors and commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.jobs.context import WorkEntry
from orfeas_desktop.engine.layouts import LAYOUTS
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.errors import Cancelled, OrfeasError, error_classes
from orfeas_desktop.params import ParamField, Params, number_words
from orfeas_desktop.paths import RESOURCES
from orfeas_desktop.settings import DELIMITER, PREFIX, SECTION_TITLES, Settings

FOLDER = RESOURCES / "manual"
NOTE = "<!-- Written by `orfeas manual --write`; changes here are lost. -->"

CommandText = tuple[str, str, str, tuple[tuple[str, str], ...]]
"""A verb's words, summary, example, and its arguments with their help."""

_TABLES: Mapping[str, tuple[str, str, Iterable[WorkEntry]]] = {
    "backends": ("Backends", "What makes meshes and pictures.", BACKENDS),
    "tools": (
        "Tools",
        "What changes or measures a mesh. Of a tree of parts it takes the finest meshes as one; the tree itself, with its levels of detail, collision pieces, cameras and lights, stays in the version before.",
        TOOLS,
    ),
    "exporters": (
        "Exporters",
        "The formats that are written; each file is read back before it is done.",
        EXPORTERS,
    ),
    "layouts": ("Layouts", "How several meshes are arranged.", LAYOUTS),
}


def manual_pages(commands: Sequence[CommandText]) -> dict[str, str]:
    """Return every reference page by file name; the same program gives the same text."""
    pages = {f"{name}.md": _table_page(*about) for name, about in _TABLES.items()}
    pages |= {
        "commands.md": _commands_page(commands),
        "settings.md": _settings_page(),
        "errors.md": _errors_page(),
    }
    return {"index.md": _index_page(pages), **pages}


def stale_pages(pages: Mapping[str, str], folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of pages in `folder` that differ, are missing or are no longer written."""
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    names = sorted(set(found) | set(pages))
    return tuple(name for name in names if found.get(name) != pages.get(name))


def write_pages(pages: Mapping[str, str], folder: Path = FOLDER) -> tuple[Path, ...]:
    """Write the pages and remove those of earlier programs; return what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return tuple(folder / name for name in pages)


def _page(title: str, *parts: str) -> str:
    return "\n\n".join((f"# {title}", NOTE, *(part for part in parts if part))) + "\n"


def _index_page(pages: Mapping[str, str]) -> str:
    lines = [f"- [{text.splitlines()[0].removeprefix('# ')}]({name})" for name, text in pages.items()]
    return _page("Manual", "\n".join(lines))


def _table_page(title: str, summary: str, entries: Iterable[WorkEntry]) -> str:
    return _page(title, summary, *(_entry(entry) for entry in entries))


def _entry(entry: WorkEntry) -> str:
    takes = ", ".join(
        f"{slot.name} ({slot.kind.value}{'' if slot.required else ', optional'})" for slot in entry.inputs
    )
    gives = ", ".join(f"{slot.name} ({slot.kind.value})" for slot in entry.outputs)
    parts = [
        f"## {entry.title}",
        entry.summary,
        f"Id `{entry.id}`, version {entry.version}. Takes {takes or 'nothing'}; gives {gives or 'nothing'}.",
        _fields(entry.params),
    ]
    return "\n\n".join(part for part in parts if part)


def _fields(params: type[Params], *, variables: str = "") -> str:
    fields = params.fields()
    if not fields:
        return ""
    rows = [("Setting", "Default", "Values", "What it does")]
    rows += [
        (
            f"`{variables}{field.name}`",
            _plain(field.default),
            _values(field),
            f"{field.title}. {field.help}".strip(),
        )
        for field in fields
    ]
    return _grid(rows)


def _grid(rows: Sequence[Sequence[str]]) -> str:
    head, *body = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body)]
    return "\n".join(lines)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number_words(value)
    return "" if value is None else str(value)


def _values(field: ParamField) -> str:
    unit = f" {field.unit}" if field.unit else ""
    if field.choices:
        return ", ".join(f"`{choice.value}` ({choice.title})" for choice in field.choices)
    kinds = {"boolean": "yes, no", "box": "`x0,y0,x1,y1`"}
    return field.range_words() or kinds.get(field.kind.value, field.kind.value) + unit


def _settings_page() -> str:
    settings = Settings()
    parts: list[str] = []
    for name, title in SECTION_TITLES.items():
        parts += [f"## {title}", _fields(type(settings.section(name)), variables=f"{name}.")]
    example = f"`{PREFIX}ENGINE{DELIMITER}THREADS=2`"
    intro = (
        "Set in the window under *Settings*, or in `settings.toml` (its place: `orfeas doctor`). "
        f"A variable such as {example} decides for one run."
    )
    return _page("Settings", intro, *parts)


def _errors_page() -> str:
    rows = [("Code", "Exit", "What it says", "What to do")]
    kinds = [kind for kind in error_classes() if kind is not OrfeasError]
    rows += [
        (f"`{kind.code}`", str(kind.exit_code), kind.sentence, kind.remedy)
        for kind in sorted(kinds, key=lambda kind: (kind.exit_code, kind.code))
    ]
    exits = [
        ("Exit", "Meaning"),
        ("0", "Done"),
        ("1", "A bug; a report was written. Also: `orfeas manual --check` found a stale page"),
        ("2", "What was given cannot be used, or the command is not one"),
        ("3", "The machine lacks something: weights, a program, memory, space, permission"),
        ("4", "The work itself failed"),
        ("5", "The library cannot do it"),
        (str(Cancelled.exit_code), "Cancelled"),
    ]
    return _page("Errors and exit codes", _grid(exits), _grid(rows))


def _commands_page(commands: Sequence[CommandText]) -> str:
    parts: list[str] = []
    for words, summary, example, parameters in commands:
        parts += [f"## {words}", summary]
        if parameters:
            parts.append(
                _grid([("Argument", "What it is"), *((f"`{name}`", text) for name, text in parameters)])
            )
        lines = [line for line in example.splitlines() if line.strip() and line.strip() != "Examples:"]
        parts.append("\n".join(("```", *(line.removeprefix("Example: ") for line in lines), "```")))
    return _page("Commands", "`orfeas` alone opens the window. Every verb has `--help`.", *parts)
