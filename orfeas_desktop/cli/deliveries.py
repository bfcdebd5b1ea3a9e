"""orfeas preset, batch and watch: many assets, several formats, unattended."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orfeas_desktop.cli.delivery import Delivery, Item, Source, give_items, mesh_files
from orfeas_desktop.cli.doors import Call, call_of
from orfeas_desktop.cli.options import SharedSettings, make_folder
from orfeas_desktop.cli.screen import Json, WrongWords, columns
from orfeas_desktop.cli.watching import Watched, alone, asset_name, settled_files
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.errors import FolderMissing, NotAFolder
from orfeas_desktop.presets import Preset, PresetExport, PresetShelf
from orfeas_desktop.shelf import Known

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The preset; see “orfeas preset list”.")]
Out = Annotated[Path, typer.Option(metavar="DIR", help="The folder to write to; made when it is not there.")]


def list_presets(context: typer.Context, as_json: AsJson = False) -> None:
    """List the presets, the program's and your own."""
    del as_json
    call = call_of(context)
    known = _shelf(call).all()
    rows = [
        (each.id, each.document.title, ", ".join(part.to for part in each.document.exports)) for each in known
    ]
    call.screen.give({"presets": [_plain(each) for each in known]}, columns(rows))


def show_preset(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Show what a preset does and writes."""
    del as_json
    call = call_of(context)
    known = _shelf(call).get(name)
    rows = [("recipe", known.document.recipe or "none")]
    for part in known.document.exports:
        rows.append(("to", " ".join([part.to, *(f"{key}={value}" for key, value in part.params.items())])))
    words = f"{known.document.title}\n{known.document.summary}\n\n{columns(rows)}"
    call.screen.give(_plain(known), words)


def batch(  # noqa: PLR0913  (typer: an option is an argument)
    context: typer.Context,
    out: Out,
    meshes: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[IN...]", help="GLB, OBJ, STL or PLY files, or folders of them."),
    ] = None,
    project: Annotated[
        str, typer.Option(metavar="NAME", help="Export every asset of a project instead.")
    ] = "",
    preset: Annotated[
        str, typer.Option(metavar="NAME", help="What to do and write; see “orfeas preset list”.")
    ] = "",
    to: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A format instead of a preset; repeat it for several."),
    ] = None,
    setting: SharedSettings = None,
    zipped: Annotated[
        bool, typer.Option("--zip", help="Put what belongs to an asset into one ZIP file.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Export many assets in one or several formats; one that fails does not stop the others."""
    del as_json
    call = call_of(context)
    chosen = _chosen(call, preset, to)
    if bool(meshes) == bool(project):
        raise WrongWords("Name mesh files, or a project with --project.")
    with call.studio() as studio:
        delivery = Delivery(call, studio, chosen, setting or ())
        sources = delivery.of_project(project) if project else mesh_files(meshes or [])
        if not sources:
            raise WrongWords("No asset of this project has a mesh.")
        make_folder(out)
        items = [delivery.item(source, out, zipped=zipped) for source in sources]
    return give_items(call.screen, items, preset=preset or None)


def watch(  # noqa: PLR0913  (typer: an option is an argument)
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to watch for pictures and meshes.")
    ],
    preset: Annotated[
        str, typer.Option(metavar="NAME", help="What to do and write; see “orfeas preset list”.")
    ],
    out: Out,
    backend: Annotated[str, typer.Option(metavar="ID", help="What makes meshes of pictures.")] = "relief",
    setting: SharedSettings = None,
    once: Annotated[bool, typer.Option("--once", help="End when everything that is there is done.")] = False,
    as_json: AsJson = False,
) -> int:
    """Make assets of every picture and mesh that comes into a folder, until Ctrl-C."""
    del as_json
    call = call_of(context)
    chosen = _chosen(call, preset, None)
    BACKENDS[backend]
    if not folder.is_dir():
        raise NotAFolder(name=str(folder)) if folder.exists() else FolderMissing(place=str(folder))
    if out.resolve() == folder.resolve():
        raise WrongWords("The folder to write to must be another one than the watched one.")
    make_folder(out)
    items: list[Item] = []
    with alone(out), call.studio() as studio:
        known = Watched.read(out)
        delivery = Delivery(call, studio, chosen, setting or (), backend)
        call.screen.note(f"Watching {folder}. Ctrl-C ends it.")
        for path in settled_files(folder, known, once=once):
            item = delivery.item(Source(asset_name(path), path), out)
            known.done(path)
            items.append(item)
            call.screen.note(item.words)
    return give_items(call.screen, items, preset=preset)


def _chosen(call: Call, preset: str, to: list[str] | None) -> Preset:
    if bool(preset) == bool(to):
        raise WrongWords("Name one preset with --preset, or formats with --to.")
    if preset:
        return _shelf(call).get(preset).document.named()
    return Preset(title="formats", exports=tuple(PresetExport(to=each) for each in to or ()))


def _shelf(call: Call) -> PresetShelf:
    return PresetShelf(call.doors.paths.presets)


def _plain(known: Known[Preset]) -> dict[str, Json]:
    return {"id": known.id, "own": known.own, **known.document.model_dump(mode="json", exclude_defaults=True)}
