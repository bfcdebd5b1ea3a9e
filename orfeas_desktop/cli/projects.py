"""orfeas project and import: the library from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orfeas_desktop.cli.doors import call_of
from orfeas_desktop.cli.options import project_for
from orfeas_desktop.cli.running import finish, finish_background
from orfeas_desktop.cli.screen import Json, columns, error_object, one_line
from orfeas_desktop.errors import NoSuchProject, OrfeasError
from orfeas_desktop.projects.names import given_name
from orfeas_desktop.projects.records import Asset, Project
from orfeas_desktop.requests import Destination

Name = Annotated[str, typer.Argument(help="The project's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def list_projects(
    context: typer.Context,
    deleted: Annotated[bool, typer.Option("--deleted", help="List the recycle bin instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the projects."""
    del as_json
    call = call_of(context)
    with call.studio() as studio:
        found = studio.projects(deleted=deleted)
    rows = [(one_line(project.name), f"{project.asset_count} assets") for project in found]
    call.screen.give({"projects": [_project(project) for project in found]}, columns(rows) or "no projects")


def new_project(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Make an empty project."""
    del as_json
    call = call_of(context)
    with call.studio() as studio:
        project, _ = studio.create_project(name)
    call.screen.give({"project": _project(project)}, one_line(project.name))


def show_project(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """List the assets of a project."""
    del as_json
    call = call_of(context)
    with call.studio() as studio:
        project = studio.project_named(name)
        assets = studio.assets(project.id)
    rows = [
        (one_line(asset.name), f"{asset.version_count} versions", f"{asset.changed:%Y-%m-%d %H:%M} UTC")
        for asset in assets
    ]
    payload: dict[str, Json] = {"project": _project(project), "assets": [_asset(asset) for asset in assets]}
    call.screen.give(payload, columns(rows) or "no assets")


def rename_project(
    context: typer.Context,
    name: Name,
    to: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")],
    as_json: AsJson = False,
) -> None:
    """Give a project another name."""
    del as_json
    call = call_of(context)
    with call.studio() as studio:
        studio.rename_project(studio.project_named(name).id, to)
        project = studio.project_named(to.strip())
    call.screen.give({"project": _project(project)}, one_line(project.name))


def delete_project(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Put a project into the recycle bin."""
    del as_json
    call = call_of(context)
    with call.studio() as studio:
        project = studio.project_named(name)
        studio.delete_project(project.id)
    call.screen.give({"deleted": _project(project)}, f"“{one_line(project.name)}” lies in the recycle bin")


def restore_project(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Take a project out of the recycle bin, the one deleted last when several had the name."""
    del as_json
    call = call_of(context)
    with call.studio() as studio:
        found = [project for project in studio.projects(deleted=True) if project.name == given_name(name)]
        if not found:
            raise NoSuchProject(name=name)
        last = max(found, key=lambda project: (project.deleted or project.changed, project.id))
        studio.restore_project(last.id)
        project = studio.project_named(name)
    call.screen.give({"project": _project(project)}, one_line(project.name))


def import_files(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="GLB, glTF, OBJ, STL or PLY files.")],
    project: Annotated[str, typer.Option(help="The project; it is made when missing.")],
    as_json: AsJson = False,
) -> int:
    """Bring mesh files into a project. GLB and glTF keep their tree, levels of detail, collision pieces, cameras and lights."""
    del as_json
    call = call_of(context)
    reports: list[dict[str, Json]] = []
    status = 0
    with call.studio() as studio:
        target, _ = project_for(studio, project)
        for path in files:
            try:
                job = studio.import_mesh(path, Destination(target.id, path.stem or path.name))
                result = finish(studio, job, call.screen, path.name).result
            except OrfeasError as error:
                if len(files) == 1:
                    raise
                status = status or error.exit_code
                call.screen.note(f"{path.name}: {error.say()} {error.advise()}")
                reports.append({"file": str(path), "error": error_object(error)})
                continue
            facts = result.facts
            reports.append(
                {"file": str(path), "vertices": facts.get("vertices"), "faces": facts.get("faces")}
            )
        finish_background(studio)
    words = "\n".join(one_line(str(report["file"])) for report in reports if "error" not in report)
    call.screen.give({"project": target.name, "imported": reports}, words)
    return status


def _project(project: Project) -> dict[str, Json]:
    return {
        "id": project.id,
        "name": project.name,
        "assets": project.asset_count,
        "created": project.created.isoformat(),
        "changed": project.changed.isoformat(),
        "deleted": project.deleted.isoformat() if project.deleted else None,
    }


def _asset(asset: Asset) -> dict[str, Json]:
    latest = asset.latest
    return {
        "id": asset.id,
        "name": asset.name,
        "versions": asset.version_count,
        "changed": asset.changed.isoformat(),
        "facts": dict(latest.provenance.facts) if latest else {},
    }
