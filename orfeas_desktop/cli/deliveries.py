"""orfeas preset, batch and watch: many assets, several formats, unattended."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orfeas_desktop.cli.delivery import Delivery, Source, mesh_files, packed
from orfeas_desktop.cli.doors import Call, call_of
from orfeas_desktop.cli.screen import Json, Screen, WrongWords, columns, error_object, one_line
from orfeas_desktop.cli.watching import Watched, settled_files
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.errors import NotAFolder, OrfeasError, PermissionDenied
from orfeas_desktop.presets import KnownPreset, Preset, PresetExport, PresetShelf

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The preset; see “orfeas preset list”.")]
Out = Annotated[Path, typer.Option(metavar="DIR", help="The folder to write to; made when it is not there.")]


def list_presets(context: typer.Context, as_json: AsJson = False) -> None:
    """List the presets, the program's and your own."""
    del as_json
    call = call_of(context)
    known = _shelf(call).all()
    rows = [
        (each.id, each.preset.title, ", ".join(part.to for part in each.preset.exports)) for each in known
    ]
    call.screen.give({"presets": [_plain(each) for each in known]}, columns(rows))


def show_preset(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Show what a preset does and writes."""
    del as_json
    call = call_of(context)
    known = _shelf(call).get(name)
    rows = [("recipe", known.preset.recipe or "none")]
    for part in known.preset.exports:
        rows.append(("to", " ".join([part.to, *(f"{key}={value}" for key, value in part.params.items())])))
    words = f"{known.preset.title}\n{known.preset.summary}\n\n{columns(rows)}"
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
    _make_folder(out)
    with call.studio() as studio:
        delivery = Delivery(call, studio, chosen)
        sources = delivery.of_project(project) if project else mesh_files(meshes or [])
        if not sources:
            raise WrongWords("There is no mesh in what was given.")
        items = [_delivered(call.screen, delivery, source, out, zipped=zipped) for source in sources]
    status = next((each.status for each in items if each.status), 0)
    failed = sum(bool(each.status) for each in items)
    payload: dict[str, Json] = {
        "preset": preset or None,
        "items": [each.told for each in items],
        "done": len(items) - failed,
        "failed": failed,
        "warnings": call.screen.warnings,
    }
    call.screen.give(payload, "\n".join(each.words for each in items))
    return status


def watch(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to watch for pictures and meshes.")
    ],
    preset: Annotated[
        str, typer.Option(metavar="NAME", help="What to do and write; see “orfeas preset list”.")
    ],
    out: Out,
    backend: Annotated[str, typer.Option(metavar="ID", help="What makes meshes of pictures.")] = "relief",
    once: Annotated[bool, typer.Option("--once", help="End when everything that is there is done.")] = False,
    as_json: AsJson = False,
) -> int:
    """Make assets of every picture and mesh that comes into a folder, until Ctrl-C."""
    del as_json
    call = call_of(context)
    chosen = _chosen(call, preset, None)
    BACKENDS[backend]
    if not folder.is_dir():
        raise NotAFolder(name=str(folder))
    if out.resolve() == folder.resolve():
        raise WrongWords("The folder to write to must be another one than the watched one.")
    _make_folder(out)
    known = Watched.read(out)
    items: list[_Item] = []
    with call.studio() as studio:
        delivery = Delivery(call, studio, chosen, backend)
        call.screen.note(f"Watching {folder}. Ctrl-C ends it.")
        for path in settled_files(folder, known, once=once):
            item = _delivered(call.screen, delivery, Source(path.stem, path), out, zipped=False)
            known.done(path)
            items.append(item)
            call.screen.note(item.words)
    failed = sum(bool(each.status) for each in items)
    told: list[Json] = [each.told for each in items]
    call.screen.give({"items": told, "done": len(items) - failed, "failed": failed}, f"{len(items)} done")
    return next((each.status for each in items if each.status), 0)


class _Item:
    """How one asset fared."""

    def __init__(self, name: str, files: list[str], error: OrfeasError | None = None) -> None:
        self.status = error.exit_code if error else 0
        self.told: dict[str, Json] = {"in": name}
        self.told |= {"error": error_object(error)} if error else {"files": list[Json](files)}
        self.words = f"{one_line(name)}  " + (error.say() if error else one_line(", ".join(files)))


def _delivered(screen: Screen, delivery: Delivery, source: Source, out: Path, *, zipped: bool) -> _Item:
    try:
        files = delivery.deliver(source, out)
        return _Item(
            source.told, [str(packed(files, out, source.name))] if zipped else [str(file) for file in files]
        )
    except OrfeasError as error:
        screen.note(f"{source.told}: {error.say()}")
        return _Item(source.told, [], error)


def _chosen(call: Call, preset: str, to: list[str] | None) -> Preset:
    if bool(preset) == bool(to):
        raise WrongWords("Name one preset with --preset, or formats with --to.")
    if preset:
        return _shelf(call).get(preset).preset
    return Preset(title="formats", exports=tuple(PresetExport(to=each) for each in to or ()))


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise NotAFolder(name=str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise PermissionDenied(place=str(folder)) from None


def _shelf(call: Call) -> PresetShelf:
    return PresetShelf(call.doors.paths.presets)


def _plain(known: KnownPreset) -> dict[str, Json]:
    return {"id": known.id, "own": known.own, **known.preset.model_dump(mode="json", exclude_defaults=True)}
