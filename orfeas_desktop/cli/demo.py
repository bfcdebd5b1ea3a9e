"""orfeas demo and sample: the main job on pictures that ship with the program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orfeas_desktop.assets import LocalFile
from orfeas_desktop.cli.doors import Call, call_of
from orfeas_desktop.cli.options import check_target
from orfeas_desktop.cli.running import finish, finish_background
from orfeas_desktop.cli.screen import Json, rounded
from orfeas_desktop.engine.formats.publish import MAIN_SLOT, publish
from orfeas_desktop.errors import BackendFailed, FolderMissing, PermissionDenied
from orfeas_desktop.register import Table
from orfeas_desktop.requests import JobResult, OutputFile
from orfeas_desktop.studio import Studio, Work, ensure_sample_project
from orfeas_desktop.studio.samples import BACKEND, sample_picture

PREVIEW_SIDE = 1024

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The folder to write into; it is made when missing.")] = Path(
        "out"
    ),
    picture: Annotated[Path | None, typer.Option(help="Another picture than the sample.")] = None,
    as_json: AsJson = False,
) -> None:
    """Build a mesh from a sample picture, write it and a rendered preview, and say what was measured."""
    del as_json
    call = call_of(context)
    source = picture or sample_picture()
    mesh_path, preview_path = out / f"{source.stem}.glb", out / f"{source.stem}.png"
    _make_folder(out)
    for target in (mesh_path, preview_path):
        check_target(target)
    with call.studio() as studio:
        job = studio.generate(BACKEND, {"front": [studio.picture_file(source)]})
        done = finish(studio, job, call.screen, source.name)
        mesh = _file(done.result, "mesh")
        exported = studio.export(mesh, "glb", mesh_path)
        finish(studio, exported, call.screen, mesh_path.name)
        drawn = _draw(call, studio, mesh)
        publish([OutputFile(MAIN_SLOT, _file(drawn, "thumbnail"))], preview_path)
    facts = done.result.facts
    payload: dict[str, Json] = {
        "mesh": str(mesh_path),
        "preview": str(preview_path),
        "facts": dict(facts),
        "cached": done.result.cached,
        "seconds": rounded({**done.result.seconds, "preview": sum(drawn.seconds.values())}),
    }
    call.screen.give(payload, _words(mesh_path, preview_path, done.result))


def sample(context: typer.Context, as_json: AsJson = False) -> None:
    """Make the sample project: two finished assets from pictures that ship with the program."""
    del as_json
    call = call_of(context)
    with call.studio() as studio:
        project, jobs = ensure_sample_project(studio)
        for job in jobs:
            finish(studio, job, call.screen, job.title)
        finish_background(studio)
        assets = studio.assets(project.id)
    names = [asset.name for asset in assets]
    call.screen.give({"project": project.name, "assets": names}, f"{project.name}: {', '.join(names)}")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except PermissionError:
        raise PermissionDenied(place=str(folder)) from None
    except OSError:
        raise FolderMissing(place=str(folder)) from None


def _draw(call: Call, studio: Studio, mesh: LocalFile) -> JobResult:
    work = Work(
        table=Table.chores,
        entry="thumbnail",
        inputs={"mesh": (mesh,)},
        params={"size": PREVIEW_SIDE, "background": "dark"},
    )
    return finish(studio, studio.start(work), call.screen, "preview").result


def _file(result: JobResult, slot: str) -> LocalFile:
    file = result.file(slot)
    if file is None:
        raise BackendFailed(entry="demo", problem=f"no {slot} was left")
    return file


def _words(mesh: Path, preview: Path, result: JobResult) -> str:
    facts = result.facts
    closed = "closed" if facts.get("watertight") else "open"
    known = ", known before" if result.cached else ""
    stages = "".join(f"\n  {stage}: {seconds:.2f} s" for stage, seconds in result.seconds.items())
    total = sum(result.seconds.values())
    return (
        f"mesh     {mesh}\npreview  {preview}\n"
        f"{facts.get('vertices')} vertices, {facts.get('faces')} faces, {closed}\n"
        f"built in {total:.2f} s{known}{stages}"
    )
