"""One asset on its way out: made of a picture where it is one, its recipe run, every format written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4
from zipfile import ZIP_DEFLATED, ZipFile

from orfeas_desktop.assets import ALONG, AssetRef, LocalFile
from orfeas_desktop.cli.doors import Call
from orfeas_desktop.cli.meshes import read_in, scene_file
from orfeas_desktop.cli.running import finish
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.publish_folder import LISTING
from orfeas_desktop.errors import BackendFailed, FileMissing
from orfeas_desktop.params import Scalar
from orfeas_desktop.presets import Preset, distinct
from orfeas_desktop.recipes import RecipeShelf
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Job, JobInput, JobResult
from orfeas_desktop.studio import Studio, Work
from orfeas_desktop.studio.chains import recipe_params

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
MESHES = (".glb", ".gltf", ".obj", ".stl", ".ply")


@dataclass(frozen=True)
class Source:
    """Where an asset comes from: a file, or files of the library by slot."""

    name: str
    path: Path | None = None
    files: tuple[tuple[str, tuple[AssetRef, ...]], ...] = ()

    @property
    def told(self) -> str:
        """What people know it as."""
        return str(self.path) if self.path else self.name


class Delivery:
    """Takes assets through one preset, waiting for each step."""

    def __init__(self, call: Call, studio: Studio, preset: Preset, backend: str = "relief") -> None:
        """Check the preset. Raises UnknownEntry and BadParams for what it names."""
        self._call, self._studio, self._preset, self._backend = call, studio, preset, backend
        self._steps: dict[str, Scalar] | None = None
        if preset.recipe:
            shelf = RecipeShelf(call.doors.paths.recipes)
            self._steps = recipe_params(shelf.get(preset.recipe).recipe.steps)
        for part in preset.exports:
            EXPORTERS[part.to].params.check(part.to, part.params)

    def of_project(self, name: str) -> list[Source]:
        """Return every asset of a project that has a mesh. Raises NoSuchProject."""
        project = self._studio.project_named(name)
        standing = [
            (asset.name, asset.latest)
            for asset in self._studio.assets(project.id)
            if asset.latest is not None and "mesh" in asset.latest.files
        ]
        names = distinct([_FORBIDDEN.sub("_", name) for name, _ in standing])
        return [
            Source(name, files=tuple((slot, version.all_files(slot)) for slot in ("mesh", *ALONG)))
            for name, (_, version) in zip(names, standing, strict=True)
        ]

    def deliver(self, source: Source, out: Path) -> list[Path]:
        """Return the files written to `out`. Raises OrfeasError."""
        given = dict(source.files) or {"mesh": (self._mesh_of_file(source),)}
        if self._steps is not None:
            given = self._cooked(given["mesh"][0], source)
        written: list[Path] = []
        for part in self._preset.exports:
            exporter = EXPORTERS[part.to]
            target = out / (
                f"{source.name}-{part.to}" if exporter.folder else f"{source.name}{exporter.suffix}"
            )
            along = {slot: given[slot] for slot in ALONG if given.get(slot) and exporter.input(slot)}
            job = self._studio.export(given["mesh"][0], part.to, target, params=part.params, along=along)
            written += [output.file.path for output in self._finished(job, target.name).files]
        return written

    def _mesh_of_file(self, source: Source) -> JobInput:
        path = source.path or Path(source.name)
        if path.suffix.lower() in MESHES:
            whole = self._steps is None
            return (
                scene_file(self._call, self._studio, path)
                if whole
                else read_in(self._call, self._studio, path)[0]
            )
        picture = self._studio.picture_file(path)
        job = self._studio.generate(self._backend, {"front": (picture,)}, title=source.name)
        return _mesh(self._finished(job, path.name), self._backend)

    def _cooked(self, mesh: JobInput, source: Source) -> dict[str, tuple[JobInput, ...]]:
        work = Work(
            table=Table.tools,
            entry="recipe",
            inputs={"mesh": (mesh,)},
            params=self._steps or {},
            title=source.name,
        )
        result = self._finished(self._studio.start(work), source.name)
        along = {slot: tuple(each.file for each in result.files if each.slot == slot) for slot in ALONG}
        return {"mesh": (_mesh(result, "recipe"),), **along}

    def _finished(self, job: Job, label: str) -> JobResult:
        return finish(self._studio, job, self._call.screen, label).result


def _mesh(result: JobResult, entry: str) -> LocalFile:
    mesh = result.file("mesh")
    if mesh is None:
        raise BackendFailed(entry=entry, problem="it left no mesh")
    return mesh


def mesh_files(given: Sequence[Path]) -> list[Source]:
    """Return the mesh files, those of folders in order, each under a name of its own. Raises FileMissing."""
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            files += sorted(each for each in path.iterdir() if each.suffix.lower() in MESHES)
        elif path.exists():
            files.append(path)
        else:
            raise FileMissing(name=str(path))
    return [
        Source(name, path) for name, path in zip(distinct([path.stem for path in files]), files, strict=True)
    ]


def packed(files: Sequence[Path], out: Path, name: str) -> Path:
    """Move files that lie below `out` into the ZIP `out/name.zip`, which appears whole; return it."""
    target = out / f"{name}.zip"
    temporary = out / f".{uuid4().hex}.part"
    try:
        with ZipFile(temporary, "w", ZIP_DEFLATED) as package:
            for file in files:
                package.write(file, file.relative_to(out))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    for file in files:
        file.unlink()
        for folder in file.relative_to(out).parents[:-1]:
            _remove_emptied(out / folder)
    return target


def _remove_emptied(folder: Path) -> None:
    """Remove a folder in which nothing is left but the program's own listing."""
    if {path.name for path in folder.iterdir()} <= {LISTING}:
        (folder / LISTING).unlink(missing_ok=True)
        folder.rmdir()
