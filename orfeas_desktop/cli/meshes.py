"""orfeas tool, layout and export: mesh files in, files out."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from orfeas_desktop.assets import COLLISION, LODS, AssetKind, LocalFile
from orfeas_desktop.cli.doors import Call, call_of
from orfeas_desktop.cli.options import check_target, checked_settings, exporter_for
from orfeas_desktop.cli.running import finish
from orfeas_desktop.cli.screen import Json, WrongWords, one_line, rounded
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.publish import MAIN_SLOT, publish
from orfeas_desktop.engine.layouts import LAYOUTS
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.errors import BackendFailed, BadInput
from orfeas_desktop.register import Table
from orfeas_desktop.requests import JobDone, JobInput, JobResult, OutputFile
from orfeas_desktop.studio import Studio, Work
from orfeas_desktop.studio.work import pinned

Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the entry.")
]
Out = Annotated[Path, typer.Option(help="The file to write; its suffix names the format.")]
Seed = Annotated[int, typer.Option(min=0, help="Start of the random numbers.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

TOOL_EXAMPLE = """Examples:

orfeas tool place chair.glb --out placed.glb --set size_mm=450

orfeas tool analyse chair.glb --out faults.json

orfeas tool print-check chair.glb --out checked.glb --set printer=prusa-mk4 --set price_per_kg=25 --json"""

EXPORT_EXAMPLE = """Examples:

orfeas export chair.glb --to stl --out chair.stl --set unit=mm

orfeas export chair.glb --to print --out chair.3mf --set printer=prusa-mk4"""


def tool(
    context: typer.Context,
    tool_id: Annotated[str, typer.Argument(metavar="ID", help="The tool; see “orfeas tools”.")],
    meshes: Annotated[
        list[Path],
        typer.Argument(
            metavar="IN [OTHER]",
            help="A GLB, glTF, OBJ, STL or PLY file, and the other one for a tool that takes two.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="The file to write; its suffix names the format. A tool that reports writes its report alone to a .json file."
        ),
    ],
    setting: Settings = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Run a tool on a mesh file; reports and further meshes are written beside OUT. Of a tree of parts it takes the finest meshes as one."""
    del as_json
    call = call_of(context)
    params = checked_settings(TOOLS[tool_id], setting or ())
    reports = any(slot.kind is AssetKind.report for slot in TOOLS[tool_id].outputs)
    report_alone = reports and out.suffix.lower() == ".json"
    if not report_alone:
        exporter_for(out)
    check_target(out)
    with call.studio() as studio:
        slots = [slot.name for slot in TOOLS[tool_id].inputs]
        if len(meshes) > len(slots):
            raise BadInput(entry=tool_id, problem=f"it takes {len(slots)} mesh files, not {len(meshes)}")
        inputs = {slot: (read_in(call, studio, mesh)[0],) for slot, mesh in zip(slots, meshes, strict=False)}
        work = Work(table=Table.tools, entry=tool_id, inputs=inputs, params=params, seed=seed)
        done = finish(studio, studio.start(work), call.screen, meshes[0].name)
        if report_alone:
            files = _write_report(done.result, out)
        else:
            files = _write_out(call, studio, done, out) + write_beside(call, studio, done.result, out)
    _give(call, {"tool": tool_id, "seed": seed}, done.result, files)


def layout(
    context: typer.Context,
    layout_id: Annotated[str, typer.Argument(metavar="ID", help="The layout; see “orfeas layouts”.")],
    meshes: Annotated[list[Path], typer.Argument(metavar="IN...", help="GLB, glTF, OBJ, STL or PLY files.")],
    out: Out,
    setting: Settings = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Arrange mesh files as one."""
    del as_json
    call = call_of(context)
    entry = LAYOUTS[layout_id]
    params = checked_settings(entry, setting or ())
    exporter_for(out)
    check_target(out)
    with call.studio() as studio:
        taken = tuple(read_in(call, studio, mesh)[0] for mesh in meshes)
        work = Work(
            table=Table.layouts,
            entry=layout_id,
            inputs={entry.inputs[0].name: taken},
            params=params,
            seed=seed,
        )
        done = finish(studio, studio.start(work), call.screen, layout_id)
        files = _write_out(call, studio, done, out)
    _give(call, {"layout": layout_id, "seed": seed}, done.result, files)


def export(  # noqa: PLR0913  (typer: an option is an argument)
    context: typer.Context,
    mesh: Annotated[
        Path,
        typer.Argument(metavar="IN", help="A GLB, glTF, OBJ, STL or PLY file; a GLB or glTF with its tree."),
    ],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    to: Annotated[
        str, typer.Option(metavar="ID", help="The format; see “orfeas exporters”. By default OUT's suffix.")
    ] = "",
    lod: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A coarser mesh, the finest first; repeat it for each level."),
    ] = None,
    collision: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A collision piece; repeat it for each.")
    ] = None,
    setting: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Write a mesh file in another format, read back before it is called done."""
    del as_json
    call = call_of(context)
    exporter = EXPORTERS[to] if to else exporter_for(out)
    if out.suffix.lower() in {other.suffix for other in EXPORTERS} - {exporter.suffix, ""}:
        raise WrongWords(f"A {exporter.title} file cannot be called “{out.name}”: its suffix says otherwise.")
    params = checked_settings(exporter, setting or ())
    check_target(out, folder=exporter.folder)
    with call.studio() as studio:
        beside: dict[str, tuple[JobInput, ...]] = {
            slot: tuple(scene_file(call, studio, path) for path in paths)
            for slot, paths in ((LODS, lod), (COLLISION, collision))
            if paths
        }
        taken = scene_file(call, studio, mesh)
        job = studio.export(taken, exporter.id, out, params=params, along=beside)
        done = finish(studio, job, call.screen, out.name)
    files = [str(output.file.path) for output in done.result.files]
    facts = done.result.facts
    payload: dict[str, Json] = {
        "exporter": exporter.id,
        "files": files,
        "vertices": facts.get("vertices"),
        "faces": facts.get("faces"),
        "facts": facts,
        "seconds": rounded(done.result.seconds),
        "warnings": call.screen.warnings,
    }
    call.screen.give(payload, "\n".join(map(one_line, files)))


def read_in(call: Call, studio: Studio, path: Path) -> tuple[LocalFile, JobResult]:
    """Return the mesh file at `path` as the program keeps meshes. Raises BadMesh and what `pinned` raises."""
    result = finish(studio, studio.import_mesh(path), call.screen, path.name).result
    return mesh_of(result, "import"), result


def scene_file(call: Call, studio: Studio, path: Path) -> LocalFile:
    """Return what an export takes: a GLB as it is, with its tree; another file read in."""
    return pinned(path, AssetKind.mesh) if path.suffix.lower() == ".glb" else read_in(call, studio, path)[0]


def mesh_of(result: JobResult, entry: str) -> LocalFile:
    mesh = result.file("mesh")
    if mesh is None:
        raise BackendFailed(entry=entry, problem="it left no mesh")
    return mesh


def _write_out(call: Call, studio: Studio, done: JobDone, out: Path) -> list[str]:
    mesh = mesh_of(done.result, done.job.request.entry)
    exported = finish(studio, studio.export(mesh, exporter_for(out).id, out), call.screen, out.name)
    return [str(output.file.path) for output in exported.result.files]


def _write_report(result: JobResult, out: Path) -> list[str]:
    reports = [
        OutputFile(MAIN_SLOT, file.file) for file in result.files if file.file.kind is AssetKind.report
    ]
    return [str(path) for path in publish(reports, out)]


def write_beside(
    call: Call, studio: Studio, result: JobResult, out: Path, written_already: Collection[str] = ()
) -> list[str]:
    """Write what a tool left besides its mesh; return the paths. A part's name ends as the tool named it."""
    written: list[str] = []
    for output in result.files:
        ending = output.file.name.removeprefix(Path(result.files[0].file.name).stem)
        if output.slot in written_already:
            continue
        if output.file.kind is not AssetKind.mesh:
            target = out.with_name(out.stem + ending)
            written.extend(str(path) for path in publish([OutputFile(MAIN_SLOT, output.file)], target))
        elif output.slot != "mesh":
            target = out.with_name(out.stem + Path(ending).stem + out.suffix)
            exported = finish(
                studio, studio.export(output.file, exporter_for(out).id, target), call.screen, target.name
            )
            written.extend(str(file.file.path) for file in exported.result.files)
    return written


def _give(call: Call, head: dict[str, Json], result: JobResult, files: list[str]) -> None:
    facts = dict(result.facts)
    payload: dict[str, Json] = {
        **head,
        "files": files,
        "vertices": facts.get("vertices"),
        "faces": facts.get("faces"),
        "watertight": facts.get("watertight"),
        "facts": facts,
        "cached": result.cached,
        "seconds": rounded(result.seconds),
        "warnings": call.screen.warnings,
    }
    said = "".join(f"\n  {name}: {value}" for name, value in facts.items())
    call.screen.give(payload, one_line(", ".join(files)) + said)
