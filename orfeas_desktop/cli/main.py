"""The one way in: verbs, exit codes, and what is printed when a command fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from orfeas_desktop import __version__
from orfeas_desktop.cli import (
    deliveries,
    demo,
    doctor,
    generate,
    loras,
    meshes,
    pictures,
    projects,
    recipes,
    tables,
    upkeep,
    weights,
)
from orfeas_desktop.cli.doors import Call, Doors
from orfeas_desktop.cli.screen import Json, Screen, WrongWords, error_object, settle_streams
from orfeas_desktop.errors import Cancelled, OrfeasError

USAGE = 2

app = typer.Typer(
    name="orfeas",
    help="Turn pictures into 3D assets. Without a verb the window opens.",
    epilog="Example: orfeas generate chair.jpg --out chair.glb",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
project_app = typer.Typer(
    help="List, make and change projects.",
    epilog="Example: orfeas project list",
    no_args_is_help=True,
    rich_markup_mode=None,
)

recipe_app = typer.Typer(
    help="Run chains of tools on one mesh or many.",
    epilog="Example: orfeas recipe run game-prop-10k raw.glb --out out",
    no_args_is_help=True,
    rich_markup_mode=None,
)

preset_app = typer.Typer(
    help="List what can be done and written at once for another program.",
    epilog="Example: orfeas preset list",
    no_args_is_help=True,
    rich_markup_mode=None,
)

weights_app = typer.Typer(
    help="Get, check and remove the weights that engines need.",
    epilog="Example: orfeas weights list",
    no_args_is_help=True,
    rich_markup_mode=None,
)

lora_app = typer.Typer(
    help="List, add and change LoRAs: small files that change how pictures look.",
    epilog="Example: orfeas weights lora list",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"orfeas {__version__}")
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    del version


for _name, _verb, _example in (
    ("generate", generate.generate, generate.EXAMPLE),
    ("picture", pictures.picture, pictures.EXAMPLE),
    ("backends", tables.list_backends, "Example: orfeas backends --json"),
    ("tools", tables.list_tools, "Example: orfeas tools"),
    ("exporters", tables.list_exporters, "Example: orfeas exporters"),
    ("layouts", tables.list_layouts, "Example: orfeas layouts"),
    ("describe", tables.describe, "Example: orfeas describe backends/relief"),
    ("tool", meshes.tool, meshes.TOOL_EXAMPLE),
    ("layout", meshes.layout, "Example: orfeas layout row chair.glb table.glb --out room.glb"),
    ("export", meshes.export, meshes.EXPORT_EXAMPLE),
    ("batch", deliveries.batch, "Example: orfeas batch scans --preset godot-4 --out out --zip"),
    ("watch", deliveries.watch, "Example: orfeas watch incoming --preset web-ar --out out"),
    ("import", projects.import_files, "Example: orfeas import chair.obj --project Furniture"),
    ("doctor", doctor.doctor, "Example: orfeas doctor"),
    ("manual", upkeep.manual, "Example: orfeas manual --check"),
    ("sample", demo.sample, "Example: orfeas sample"),
    ("demo", demo.demo, "Example: orfeas demo --out out"),
):
    app.command(_name, epilog=_example)(_verb)

for _name, _verb, _example in (
    ("list", projects.list_projects, "Example: orfeas project list --json"),
    ("new", projects.new_project, "Example: orfeas project new Furniture"),
    ("show", projects.show_project, "Example: orfeas project show Furniture"),
    ("rename", projects.rename_project, "Example: orfeas project rename Furniture Chairs"),
    ("delete", projects.delete_project, "Example: orfeas project delete Furniture"),
    ("restore", projects.restore_project, "Example: orfeas project restore Furniture"),
):
    project_app.command(_name, epilog=_example)(_verb)

for _name, _verb, _example in (
    ("list", weights.list_sets, "Example: orfeas weights list --json"),
    ("show", weights.show, "Example: orfeas weights show hunyuan3d-2mini-turbo"),
    (
        "add",
        weights.add,
        "Example: orfeas weights add ~/ComfyUI/models/hunyuan3d-dit-v2-mini-turbo.safetensors",
    ),
    ("licence", weights.licence, "Example: orfeas weights licence hunyuan3d-2mini-turbo --accept"),
    ("download", weights.download, "Example: orfeas weights download hunyuan3d-2mini-turbo"),
    ("verify", weights.verify, "Example: orfeas weights verify hunyuan3d-2mini-turbo --json"),
    ("remove", weights.remove, "Example: orfeas weights remove hunyuan3d-2mini-turbo --yes"),
    ("where", weights.where, "Example: orfeas weights where"),
    ("sign-in", weights.sign_in, "Example: orfeas weights sign-in"),
    ("sign-out", weights.sign_out, "Example: orfeas weights sign-out"),
    ("move", weights.move, "Example: orfeas weights move /mnt/large/weights"),
):
    weights_app.command(_name, epilog=_example)(_verb)

for _name, _verb, _example in (
    ("list", loras.list_loras, "Example: orfeas weights lora list"),
    ("add", loras.add, "Example: orfeas weights lora add clay.safetensors --trigger “clay figure”"),
    ("change", loras.change, "Example: orfeas weights lora change clay --weight 0.7"),
    ("remove", loras.remove, "Example: orfeas weights lora remove clay"),
):
    lora_app.command(_name, epilog=_example)(_verb)

for _name, _verb, _example in (
    ("list", recipes.list_recipes, "Example: orfeas recipe list"),
    ("show", recipes.show, "Example: orfeas recipe show game-prop-10k"),
    ("run", recipes.run, "Example: orfeas recipe run game-prop-10k raw.glb scans --out out --json"),
):
    recipe_app.command(_name, epilog=_example)(_verb)

for _name, _verb, _example in (
    ("list", deliveries.list_presets, "Example: orfeas preset list"),
    ("show", deliveries.show_preset, "Example: orfeas preset show web-ar"),
):
    preset_app.command(_name, epilog=_example)(_verb)

app.add_typer(project_app, name="project")
app.add_typer(recipe_app, name="recipe")
app.add_typer(preset_app, name="preset")
weights_app.add_typer(lora_app, name="lora")
app.add_typer(weights_app, name="weights")


def main(words: Sequence[str], doors: Doors) -> int:
    """Run one command and return its exit status; every known failure is told, none raised."""
    settle_streams()
    screen = Screen(as_json="--json" in words)
    try:
        return _run(words, Call(doors, screen), screen)
    except (BrokenPipeError, SystemExit):
        # Nobody reads any more (typer turns that into SystemExit): let the last flush go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(words: Sequence[str], call: Call, screen: Screen) -> int:
    command = typer.main.get_command(app)
    try:
        status = command.main(list(words), prog_name="orfeas", standalone_mode=False, obj=call)
    except OrfeasError as error:
        screen.fail(error_object(error))
        return error.exit_code
    except (WrongWords, typer.TyperException) as problem:
        told = str(problem) if isinstance(problem, WrongWords) else problem.format_message()
        spoken, verbs = _meant(words, command)
        if verbs and len(spoken) == len(words):
            screen.explain(told)  # the words lead to verbs and name none: what is told is the list of them
        else:
            screen.fail(_plain("usage", told, f"See “{' '.join(('orfeas', *spoken))} --help”."))
        return USAGE
    except (Cancelled, KeyboardInterrupt, typer.Abort):
        return _cancelled(screen)
    if status == Cancelled.exit_code:
        return _cancelled(screen)
    sys.stdout.flush()
    return status if isinstance(status, int) else 0


def _meant(words: Sequence[str], command: object) -> tuple[list[str], Mapping[str, object]]:
    """Return the words that name the verb, as far as there is one, and the verbs that could follow."""
    spoken: list[str] = []
    verbs: Mapping[str, object] = getattr(command, "commands", {})
    for word in words:
        if word not in verbs:
            break
        spoken.append(word)
        verbs = getattr(verbs[word], "commands", {})
    return spoken, verbs


def _cancelled(screen: Screen) -> int:
    screen.fail(_plain("cancelled", "Cancelled.", ""))
    return Cancelled.exit_code


def _plain(code: str, message: str, remedy: str) -> dict[str, Json]:
    return {"code": code, "message": message, "remedy": remedy, "details": ""}


@dataclass(frozen=True)
class CommandPage:
    """What the manual says of one verb."""

    words: str
    summary: str
    example: str
    parameters: tuple[tuple[str, str], ...]


def command_pages() -> tuple[CommandPage, ...]:
    """Return every verb in order, its arguments and options with their help."""
    return tuple(_pages(typer.main.get_command(app), "orfeas"))


def _pages(command: object, words: str) -> list[CommandPage]:
    found: list[CommandPage] = []
    for name, child in getattr(command, "commands", {}).items():
        if hasattr(child, "commands"):
            found += _pages(child, f"{words} {name}")
        else:
            found.append(_page(child, f"{words} {name}"))
    return found


def _page(command: object, words: str) -> CommandPage:
    params: list[tuple[str, str]] = []
    for param in getattr(command, "params", ()):
        metavar = getattr(param, "metavar", None)
        if param.param_type_name == "argument":
            name = metavar or str(param.name).upper()
        else:
            name = " ".join(part for part in (", ".join(param.opts), metavar) if part)
        params.append((name, str(param.help or "")))
    return CommandPage(
        words, str(getattr(command, "help", "")), str(getattr(command, "epilog", "")), tuple(params)
    )
