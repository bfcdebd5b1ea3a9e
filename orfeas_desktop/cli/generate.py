"""orfeas generate: pictures in, meshes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from orfeas_desktop.cli.doors import Call, call_of
from orfeas_desktop.cli.options import (
    check_target,
    checked_settings,
    exporter_for,
    files_by_slot,
    make_folder,
    project_for,
)
from orfeas_desktop.cli.pictures import (
    Loras,
    Negative,
    OwnName,
    Painter,
    PictureBackend,
    StyleName,
    Words,
    painter_for,
)
from orfeas_desktop.cli.running import finish, finish_background
from orfeas_desktop.cli.screen import Json, WrongWords, error_object, one_line, rounded
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.backends.base import Backend, Task
from orfeas_desktop.engine.backends.text_to_image import picture_name
from orfeas_desktop.errors import (
    BackendFailed,
    OrfeasError,
    UnknownEntry,
)
from orfeas_desktop.names import distinct
from orfeas_desktop.params import Scalar
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, FromJob, JobDone, JobInput, JobResult
from orfeas_desktop.studio import Studio

DEFAULT_BACKEND = "relief"
LOW_CONFIDENCE = 0.6

EXAMPLE = """Examples:

orfeas generate chair.jpg --out chair.glb

orfeas generate --view front=f.png --view back=b.png --out figure.obj --json

orfeas generate a.png b.png c.png --out meshes/ --set resolution=160

orfeas generate --prompt "a red cup" --out cup.glb --json"""


@dataclass(frozen=True)
class Order:
    """What one mesh is made of and where it goes."""

    name: str
    pictures: dict[str, Path]
    target: Path | None
    painter: Painter | None = None
    """Makes the front picture from words first."""


def generate(  # noqa: PLR0913  (typer: an option is an argument)
    context: typer.Context,
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PICTURE...", help="Pictures; each becomes a mesh of its own."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The mesh file; its suffix names the format. A folder when there are several pictures."
        ),
    ] = None,
    backend: Annotated[str, typer.Option(help="Which backend builds the mesh.")] = DEFAULT_BACKEND,
    view: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="One view of the same object: front, left, back, right."),
    ] = None,
    mask: Annotated[Path | None, typer.Option(help="A picture that is white where the object is.")] = None,
    box: Annotated[str, typer.Option(metavar="X0,Y0,X1,Y1", help="A box around the object, in pixels.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Start of the random numbers.")] = 0,
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the backend.")
    ] = None,
    prompt: Annotated[
        str, typer.Option(metavar="WORDS", help="Make the picture from these words first.")
    ] = "",
    negative: Negative = "",
    style: StyleName = "",
    lora: Loras = None,
    picture_backend: PictureBackend = "",
    pipeline: OwnName = "",
    picture_setting: Annotated[
        list[str] | None,
        typer.Option(
            "--picture-set", metavar="KEY=VALUE", help="A setting of the engine that makes the picture."
        ),
    ] = None,
    project: Annotated[
        str, typer.Option(help="Keep the result in this project; it is made when missing.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Build a mesh from a picture, or from words."""
    del as_json
    call = call_of(context)
    entry = mesh_backend(backend)
    params = checked_settings(entry, setting or (), **({"box": box} if box else {}))
    words = Words(
        prompt, negative, style, tuple(lora or ()), picture_backend, pipeline, tuple(picture_setting or ())
    )
    orders = (
        [_words_order(words, pictures or [], view or (), mask, out)]
        if prompt
        else _orders(pictures or [], files_by_slot(entry, view or ()), mask, out)
    )
    if not prompt and words != Words(""):
        raise WrongWords("These options belong to --prompt, which is not given.")
    if out is None and not project:
        raise WrongWords("Neither --out nor --project says where the mesh goes.")
    maker = _Maker(call, entry, params, seed, project)
    with call.studio() as studio:
        if prompt:
            orders = [replace(orders[0], painter=painter_for(call, studio, words))]
        status = maker.make_all(studio, orders)
        finish_background(studio)
    return status


def mesh_backend(backend: str) -> Backend:
    """Return a backend that makes meshes from pictures. Raises UnknownEntry."""
    makers = {entry.id: entry for entry in BACKENDS if entry.task is Task.image_to_mesh}
    if backend not in makers:
        raise UnknownEntry(entry=backend, table=Table.backends.value, known=", ".join(makers))
    return makers[backend]


def _orders(
    pictures: Sequence[Path], views: Mapping[str, Path], mask: Path | None, out: Path | None
) -> list[Order]:
    extra = dict(views) if mask is None else {**views, "mask": mask}
    if len(pictures) > 1 and extra:
        raise WrongWords("Views and a mask belong to one picture, not to several.")
    if pictures and "front" in views:
        raise WrongWords("The front view is given twice.")
    if len(pictures) > 1:
        if out is not None:
            make_folder(out)
        names = distinct([picture.stem for picture in pictures], "-")
        return [
            Order(name, {"front": picture}, out / f"{name}.glb" if out else None)
            for name, picture in zip(names, pictures, strict=True)
        ]
    front = pictures[0] if pictures else views.get("front")
    if front is None:
        raise WrongWords("No picture is given.")
    if out is not None:
        exporter_for(out)
        check_target(out)
    return [Order(front.stem, {"front": front, **extra}, out)]


def _words_order(
    words: Words, pictures: Sequence[Path], views: Sequence[str], mask: Path | None, out: Path | None
) -> Order:
    """What is made from words alone; the picture comes from them."""
    if pictures or views or mask is not None:
        raise WrongWords("A prompt makes the picture itself: give words or pictures, not both.")
    if out is not None:
        exporter_for(out)
        check_target(out)
    return Order(picture_name(words.prompt), {}, out)


@dataclass(frozen=True)
class _Maker:
    """Makes the ordered meshes one after the other and reports on all of them."""

    call: Call
    entry: Backend
    params: dict[str, Scalar]
    seed: int
    project: str

    def make_all(self, studio: Studio, orders: Sequence[Order]) -> int:
        if len(orders) == 1:
            self._give(self._make(studio, orders[0]))
            return 0
        status, reports = 0, list[dict[str, Json]]()
        for order in orders:
            try:
                reports.append(self._make(studio, order))
            except OrfeasError as error:
                status = status or error.exit_code
                self.call.screen.note(f"{order.name}: {error.say()} {error.advise()}")
                reports.append({"name": order.name, "error": error_object(error)})
        words = "\n".join(_words(report) for report in reports if "error" not in report)
        self.call.screen.give({"results": reports}, words)
        return status

    def _give(self, report: dict[str, Json]) -> None:
        self.call.screen.give(report, _words(report))

    def _make(self, studio: Studio, order: Order) -> dict[str, Json]:
        screen = self.call.screen
        before = len(screen.warnings)
        if order.target is not None:
            check_target(order.target)
        inputs: dict[str, list[JobInput]] = {
            slot: [studio.add_picture(path) if self.project else studio.picture_file(path)]
            for slot, path in order.pictures.items()
        }
        painted = None
        if order.painter is not None:
            painted = order.painter.start(studio, self.seed)
            inputs["front"] = [FromJob(painted.id, "pictures")]
        job = studio.generate(
            self.entry.id,
            inputs,
            params=self.params,
            seed=self.seed,
            destination=self._destination(studio, order),
            title=order.name,
        )
        before_it = finish(studio, painted, screen, order.name).result if painted else None
        done = finish(studio, job, screen, order.name)
        self._warn_of_mask(order, done.result, len(screen.warnings) > before)
        files = [str(path) for path in self._export(studio, done, order)]
        report = self._report(order, done.result, files, screen.warnings[before:])
        if order.painter is not None and before_it is not None:
            report["picture"] = {
                "prompt": order.painter.prompt,
                "backend": order.painter.entry.id,
                "cached": before_it.cached,
                "seconds": rounded(before_it.seconds),
            }
        return report

    def _destination(self, studio: Studio, order: Order) -> Destination | None:
        if not self.project:
            return None
        found, made = project_for(studio, self.project)
        if made:
            self.call.screen.note(f"made the project “{found.name}”")
        return Destination(found.id, order.name)

    def _export(self, studio: Studio, done: JobDone, order: Order) -> tuple[Path, ...]:
        if order.target is None:
            return ()
        mesh = done.result.file("mesh")
        if mesh is None:
            raise BackendFailed(entry=self.entry.id, problem="it left no mesh")
        exporter = exporter_for(order.target)
        job = studio.export(mesh, exporter.id, order.target)
        exported = finish(studio, job, self.call.screen, order.target.name)
        return tuple(output.file.path for output in exported.result.files)

    def _warn_of_mask(self, order: Order, result: JobResult, warned: bool) -> None:
        confidence = result.facts.get("mask_confidence")
        if not isinstance(confidence, int | float) or confidence >= LOW_CONFIDENCE:
            return
        if not warned:
            self.call.screen.warn(
                f"The outline in “{order.name}” may be wrong (confidence {confidence:.2f})."
            )
        self.call.screen.note("Give --box x0,y0,x1,y1 or --mask FILE to settle it.")

    def _report(
        self, order: Order, result: JobResult, files: list[str], warnings: list[str]
    ) -> dict[str, Json]:
        facts = result.facts
        return {
            "name": order.name,
            "files": files,
            "vertices": facts.get("vertices"),
            "faces": facts.get("faces"),
            "watertight": facts.get("watertight"),
            "backend": self.entry.id,
            "seed": self.seed,
            "cached": result.cached,
            "mask": {"how": facts.get("mask_how"), "confidence": facts.get("mask_confidence")},
            "seconds": rounded(result.seconds),
            "project": self.project or None,
            "warnings": warnings,
        }


def _words(report: dict[str, Json]) -> str:
    files = report["files"]
    place = ", ".join(str(path) for path in files) if isinstance(files, list) and files else report["project"]
    closed = "closed" if report["watertight"] else "open"
    how = " (known before)" if report["cached"] else ""
    return f"{one_line(str(place))}: {report['vertices']} vertices, {report['faces']} faces, {closed}{how}"
