"""One asset on its way out: made of a picture where it is one, its recipe run, every format written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from orfeas_desktop.assets import ALONG, MESH_SUFFIXES, AssetRef
from orfeas_desktop.cli.doors import Call
from orfeas_desktop.cli.meshes import mesh_of, read_in, scene_file, write_beside
from orfeas_desktop.cli.options import Part, settings_of_parts
from orfeas_desktop.cli.running import finish
from orfeas_desktop.cli.screen import Json, Screen, WrongWords, error_object, one_line, rounded
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.publish_zip import publish_zip
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.errors import FileMissing, OrfeasError
from orfeas_desktop.names import distinct, file_stem
from orfeas_desktop.params import Scalar
from orfeas_desktop.presets import Preset, PresetExport
from orfeas_desktop.printers import PrinterParams
from orfeas_desktop.recipes import RecipeShelf, RecipeStep, steps_text
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Job, JobInput, JobResult
from orfeas_desktop.studio import Studio, Work
from orfeas_desktop.studio.chains import bound_steps
from orfeas_desktop.studio.targets import targets

Told = TypeVar("Told", RecipeStep, PresetExport)


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


@dataclass(frozen=True)
class Delivered:
    """What came of one asset: the files written, and what its recipe left, if one ran."""

    files: tuple[Path, ...]
    cooked: JobResult | None


class Delivery:
    """Takes assets through one preset, waiting for each step."""

    def __init__(
        self,
        call: Call,
        studio: Studio,
        preset: Preset,
        given: Sequence[str] = (),
        backend: str = "relief",
        *,
        beside: bool = False,
    ) -> None:
        """Check the preset, changed by the `key=value` words `given` for its steps and formats.

        `beside` also writes what the recipe leaves and no format takes. Raises UnknownEntry and BadParams for what
        the preset or a word names.
        """
        self._call, self._studio, self._backend = call, studio, backend
        self._beside = beside
        steps: tuple[RecipeStep, ...] = ()
        if preset.recipe:
            shelf = RecipeShelf(call.doors.paths.recipes)
            steps = bound_steps(shelf.get(preset.recipe).document.steps, studio.settings)
        parts = [Part(TOOLS[step.tool], step.params) for step in steps]
        parts += [Part(EXPORTERS[part.to], part.params) for part in preset.exports]
        told = settings_of_parts(parts, given)
        steps = _told(steps, told[: len(steps)])
        self._steps: dict[str, Scalar] | None = {"steps": steps_text(steps)} if steps else None
        self._preset = preset.model_copy(update={"exports": _told(preset.exports, told[len(steps) :])})
        for part in self._preset.exports:
            EXPORTERS[part.to].params.check(part.to, part.params)

    def of_project(self, name: str) -> list[Source]:
        """Return every asset of a project that has a mesh. Raises NoSuchProject."""
        project = self._studio.project_named(name)
        standing = [
            (asset.name, asset.latest)
            for asset in self._studio.assets(project.id)
            if asset.latest is not None and "mesh" in asset.latest.files
        ]
        names = distinct([file_stem(name) for name, _ in standing], "-")
        return [
            Source(name, files=tuple((slot, version.all_files(slot)) for slot in ("mesh", *ALONG)))
            for name, (_, version) in zip(names, standing, strict=True)
        ]

    def item(self, source: Source, out: Path, *, zipped: bool = False) -> Item:
        """Deliver one asset, which may fail: the item says how it fared."""
        try:
            delivered = self._deliver(source, out)
            files = (publish_zip(delivered.files, out, source.name),) if zipped else delivered.files
            return Item.done(source.told, files, delivered.cooked)
        except OrfeasError as error:
            self._call.screen.note(f"{source.told}: {error.say()}")
            return Item.failed(source.told, error)

    def _deliver(self, source: Source, out: Path) -> Delivered:
        given = dict(source.files) or {"mesh": (self._mesh_of_file(source),)}
        cooked = None if self._steps is None else self._cooked(given["mesh"][0], source)
        if cooked is not None:
            given = {slot: tuple(each.file for each in cooked.files if each.slot == slot) for slot in ALONG}
            given["mesh"] = (mesh_of(cooked, "recipe"),)
        written: list[Path] = []
        taken = {"mesh"}
        for part, target in targets(self._preset, out, source.name):
            exporter = EXPORTERS[part.to]
            held = exporter.held(exporter.params.check(part.to, part.params))
            along = {slot: given[slot] for slot in ALONG if slot in held and given.get(slot)}
            taken |= set(along)
            job = self._studio.export(given["mesh"][0], part.to, target, params=part.params, along=along)
            written += [output.file.path for output in self._finished(job, target.name).files]
        if cooked is not None and self._beside:
            place = out / f"{source.name}{_suffix_beside(self._preset.exports[0].to)}"
            written += map(Path, write_beside(self._call, self._studio, cooked, place, taken))
        return Delivered(tuple(written), cooked)

    def _mesh_of_file(self, source: Source) -> JobInput:
        path = source.path or Path(source.name)
        if path.suffix.lower() in MESH_SUFFIXES:
            whole = self._steps is None
            return (
                scene_file(self._call, self._studio, path)
                if whole
                else read_in(self._call, self._studio, path)[0]
            )
        picture = self._studio.picture_file(path)
        job = self._studio.generate(self._backend, {"front": (picture,)}, title=source.name)
        return mesh_of(self._finished(job, path.name), self._backend)

    def _cooked(self, mesh: JobInput, source: Source) -> JobResult:
        work = Work(
            table=Table.tools,
            entry="recipe",
            inputs={"mesh": (mesh,)},
            params=self._steps or {},
            title=source.name,
        )
        return self._finished(self._studio.start(work), source.name)

    def _finished(self, job: Job, label: str) -> JobResult:
        return finish(self._studio, job, self._call.screen, label).result


def _told(parts: Sequence[Told], params: Sequence[dict[str, Scalar]]) -> tuple[Told, ...]:
    return tuple(part.model_copy(update={"params": own}) for part, own in zip(parts, params, strict=True))


def _suffix_beside(exporter_id: str) -> str:
    """Return the suffix of meshes beside an export: for printing only what was judged is written, so they are GLB."""
    exporter = EXPORTERS[exporter_id]
    promised = issubclass(exporter.params, PrinterParams)
    return ".glb" if promised else exporter.suffix or ".glb"


@dataclass(frozen=True)
class Item:
    """How one asset fared, for the answer of a command on many."""

    status: int
    told: dict[str, Json]
    words: str

    @classmethod
    def done(cls, name: str, files: Sequence[Path], cooked: JobResult | None) -> Item:
        """Say what was written and what a recipe found."""
        paths = [str(file) for file in files]
        told: dict[str, Json] = {"in": name, "files": paths}
        if cooked is not None:
            facts = dict(cooked.facts)
            told |= {
                "faces": facts.get("faces"),
                "watertight": facts.get("watertight"),
                "facts": facts,
                "cached": cooked.cached,
                "seconds": rounded(cooked.seconds),
            }
        return cls(0, told, f"{one_line(name)}  {one_line(', '.join(paths))}")

    @classmethod
    def failed(cls, name: str, error: OrfeasError) -> Item:
        """Say why nothing was written."""
        told: dict[str, Json] = {"in": name, "error": error_object(error)}
        return cls(error.exit_code, told, f"{one_line(name)}  {error.say()}")


def give_items(screen: Screen, items: Sequence[Item], **head: Json) -> int:
    """Print how the assets of one command fared; return its exit status, that of the first that failed."""
    failed = sum(bool(each.status) for each in items)
    payload: dict[str, Json] = {
        **head,
        "items": [each.told for each in items],
        "done": len(items) - failed,
        "failed": failed,
        "warnings": screen.warnings,
    }
    screen.give(payload, "\n".join(each.words for each in items))
    return next((each.status for each in items if each.status), 0)


def mesh_files(given: Sequence[Path]) -> list[Source]:
    """Return the mesh files, those of folders in order, each under a name of its own.

    Raises FileMissing, and WrongWords when there are none.
    """
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            files += sorted(each for each in path.iterdir() if each.suffix.lower() in MESH_SUFFIXES)
        elif path.exists():
            files.append(path)
        else:
            raise FileMissing(name=str(path))
    if not files:
        raise WrongWords("There is no mesh file in what was given.")
    names = distinct([path.stem for path in files], "-")
    return [Source(name, path) for name, path in zip(names, files, strict=True)]
