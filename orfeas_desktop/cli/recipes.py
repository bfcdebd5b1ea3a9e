"""orfeas recipe: chains of tools, listed, shown and run on many files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from orfeas_desktop.assets import ALONG
from orfeas_desktop.cli.doors import Call, call_of
from orfeas_desktop.cli.meshes import read_in
from orfeas_desktop.cli.options import exporter_for
from orfeas_desktop.cli.running import finish
from orfeas_desktop.cli.screen import Json, WrongWords, columns, error_object, one_line, rounded
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.publish import MAIN_SLOT, publish
from orfeas_desktop.errors import FileMissing, NotAFolder, OrfeasError, PermissionDenied
from orfeas_desktop.params import Scalar
from orfeas_desktop.recipes import KnownRecipe, RecipeShelf, RecipeStep
from orfeas_desktop.register import Table
from orfeas_desktop.requests import JobInput, JobResult, OutputFile
from orfeas_desktop.studio import Studio, Work
from orfeas_desktop.studio.chains import known_steps, recipe_params

MESHES = (".glb", ".gltf", ".obj", ".stl", ".ply")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The recipe; see “orfeas recipe list”.")]


def list_recipes(context: typer.Context, as_json: AsJson = False) -> None:
    """List the recipes, the program's and your own."""
    del as_json
    call = call_of(context)
    known = _shelf(call).all()
    rows = [
        (each.id, each.recipe.title, " → ".join(step.tool for step in each.recipe.steps)) for each in known
    ]
    call.screen.give({"recipes": [_plain(each) for each in known]}, columns(rows))


def show(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Show the steps of a recipe with their settings."""
    del as_json
    call = call_of(context)
    known = _shelf(call).get(name)
    steps = known_steps(str(recipe_params(known.recipe.steps)["steps"]))
    rows = [
        (str(number), tool.title if tool else step.tool, settings_text(step))
        for number, (tool, step) in enumerate(steps, start=1)
    ]
    words = "\n".join(
        line for line in (known.recipe.title, known.recipe.summary, "", columns(rows)) if line or rows
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
    as_json: AsJson = False,
) -> int:
    """Run a recipe on every mesh; one that fails does not stop the others."""
    del as_json
    call = call_of(context)
    params = recipe_params(_shelf(call).get(name).recipe.steps)
    exporter = EXPORTERS[to]
    files = _meshes_in(meshes)
    _make_folder(out)
    items: list[dict[str, Json]] = []
    status = 0
    with call.studio() as studio:
        for source, target in zip(files, _targets(files, out, exporter.suffix), strict=True):
            try:
                item: dict[str, Json] = _one(call, studio, source, target, params, to)
            except OrfeasError as error:
                status = status or error.exit_code
                item = {"in": str(source), "error": error_object(error)}
                call.screen.note(f"{source.name}: {error.say()}")
            items.append(item)
    failed = sum("error" in item for item in items)
    said = [f"{one_line(str(item['in']))}  {_outcome(item)}" for item in items]
    payload: dict[str, Json] = {
        "recipe": name,
        "items": items,
        "done": len(items) - failed,
        "failed": failed,
        "warnings": call.screen.warnings,
    }
    call.screen.give(payload, "\n".join(said))
    return status


def _one(
    call: Call, studio: Studio, source: Path, target: Path, params: dict[str, Scalar], to: str
) -> dict[str, Json]:
    mesh, _ = read_in(call, studio, source)
    work = Work(table=Table.tools, entry="recipe", inputs={"mesh": (mesh,)}, params=params, title=source.name)
    done = finish(studio, studio.start(work), call.screen, source.name)
    files = _write(call, studio, done.result, target, to)
    facts = dict(done.result.facts)
    return {
        "in": str(source),
        "files": files,
        "faces": facts.get("faces"),
        "watertight": facts.get("watertight"),
        "facts": facts,
        "cached": done.result.cached,
        "seconds": rounded(done.result.seconds),
    }


def _write(call: Call, studio: Studio, result: JobResult, target: Path, to: str) -> list[str]:
    """Write the mesh, and what belongs to it into the same file where the format can, else beside it."""
    exporter = EXPORTERS[to]
    main, *others = result.files
    along: dict[str, tuple[JobInput, ...]] = {
        slot: tuple(output.file for output in others if output.slot == slot)
        for slot in ALONG
        if exporter.input(slot) and "levels" in exporter.params.model_fields
    }
    job = studio.export(main.file, to, target, along=along)
    written = [str(output.file.path) for output in finish(studio, job, call.screen, target.name).result.files]
    for output in others:
        if output.slot not in along:
            written += _write_beside(call, studio, output, target, Path(main.file.name).stem)
    return written


def _write_beside(call: Call, studio: Studio, output: OutputFile, target: Path, stem: str) -> list[str]:
    ending = output.file.name.removeprefix(stem)
    if output.file.kind.value != "mesh":
        place = target.with_name(target.stem + ending)
        return [str(path) for path in publish([OutputFile(MAIN_SLOT, output.file)], place)]
    place = target.with_name(target.stem + Path(ending).stem + target.suffix)
    job = studio.export(output.file, exporter_for(place).id, place)
    return [str(each.file.path) for each in finish(studio, job, call.screen, place.name).result.files]


def _meshes_in(given: list[Path]) -> list[Path]:
    """Return the files, those of folders in order. Raises FileMissing, and WrongWords when there are none."""
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            files += sorted(each for each in path.iterdir() if each.suffix.lower() in MESHES)
        elif path.exists():
            files.append(path)
        else:
            raise FileMissing(name=str(path))
    if not files:
        raise WrongWords("There is no mesh file in what was given.")
    return files


def _targets(files: list[Path], folder: Path, suffix: str) -> list[Path]:
    """Return a file of its own for each."""
    taken: set[str] = set()
    targets: list[Path] = []
    for path in files:
        name, number = path.stem, 2
        while name.casefold() in taken:
            name, number = f"{path.stem}-{number}", number + 1
        taken.add(name.casefold())
        targets.append(folder / f"{name}{suffix}")
    return targets


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise NotAFolder(name=str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise PermissionDenied(place=str(folder)) from None


def settings_text(step: RecipeStep) -> str:
    """Return a step's settings as they are given to `orfeas tool --set`."""
    return " ".join(f"{name}={json.dumps(value).strip(chr(34))}" for name, value in step.params.items())


def _shelf(call: Call) -> RecipeShelf:
    return RecipeShelf(call.doors.paths.recipes)


def _plain(known: KnownRecipe) -> dict[str, Json]:
    return {"id": known.id, "own": known.own, **known.recipe.model_dump(mode="json", exclude_defaults=True)}


def _outcome(item: dict[str, Json]) -> str:
    files = item.get("files")
    return one_line(", ".join(map(str, files))) if isinstance(files, list) else "failed"
