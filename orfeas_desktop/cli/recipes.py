"""orfeas recipe: chains of tools, listed, shown and run on many files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from orfeas_desktop.cli.delivery import Delivery, give_items, mesh_files
from orfeas_desktop.cli.doors import Call, call_of
from orfeas_desktop.cli.options import SharedSettings, make_folder
from orfeas_desktop.cli.screen import Json, columns
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.presets import Preset, PresetExport
from orfeas_desktop.recipes import Recipe, RecipeShelf, RecipeStep
from orfeas_desktop.shelf import Known
from orfeas_desktop.studio.chains import bound_steps

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The recipe; see “orfeas recipe list”.")]


def list_recipes(context: typer.Context, as_json: AsJson = False) -> None:
    """List the recipes, the program's and your own."""
    del as_json
    call = call_of(context)
    known = _shelf(call).all()
    rows = [
        (each.id, each.document.title, " → ".join(step.tool for step in each.document.steps))
        for each in known
    ]
    call.screen.give({"recipes": [_plain(each) for each in known]}, columns(rows))


def show(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Show the steps of a recipe with their settings."""
    del as_json
    call = call_of(context)
    known = _shelf(call).get(name)
    steps = bound_steps(known.document.steps, call.doors.load_settings())
    rows = [
        (str(number), TOOLS[step.tool].title, settings_text(step))
        for number, step in enumerate(steps, start=1)
    ]
    words = "\n".join(
        line for line in (known.document.title, known.document.summary, "", columns(rows)) if line or rows
    )
    call.screen.give(_plain(known), words)


def run(
    context: typer.Context,
    name: Name,
    meshes: Annotated[
        list[Path], typer.Argument(metavar="IN...", help="GLB, OBJ, STL or PLY files, or folders of them.")
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder to write to; made when it is not there.")
    ],
    to: Annotated[str, typer.Option(metavar="ID", help="The format; see “orfeas exporters”.")] = "glb",
    setting: SharedSettings = None,
    as_json: AsJson = False,
) -> int:
    """Run a recipe on every mesh; one that fails does not stop the others.

    Levels of detail and collision shapes go into the file where the format holds them (GLB: levels as MSFT_lod;
    FBX and engine folders: both), else into files of their own beside it, NAME-lod1 … and NAME-collision1 …, as do
    baked maps and reports; --json lists every file.
    """
    del as_json
    call = call_of(context)
    chosen = Preset(
        title=name, recipe=name, exports=(PresetExport(to=to, params={"origin": f"Recipe “{name}”"}),)
    )
    sources = mesh_files(meshes)
    with call.studio() as studio:
        delivery = Delivery(call, studio, chosen, setting or (), beside=True)
        make_folder(out)
        items = [delivery.item(source, out) for source in sources]
    return give_items(call.screen, items, recipe=name)


def settings_text(step: RecipeStep) -> str:
    """Return a step's settings as they are given to `orfeas tool --set`."""
    return " ".join(f"{name}={json.dumps(value).strip(chr(34))}" for name, value in step.params.items())


def _shelf(call: Call) -> RecipeShelf:
    return RecipeShelf(call.doors.paths.recipes)


def _plain(known: Known[Recipe]) -> dict[str, Json]:
    return {"id": known.id, "own": known.own, **known.document.model_dump(mode="json", exclude_defaults=True)}
