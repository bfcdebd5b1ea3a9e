"""Exporter: a scene goes in, files for another program come out, read back before they count."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar, cast

import numpy as np
from pydantic import field_validator

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.exporters.hearing import Hearing
from orfeas_desktop.engine.exporters.report import Exported, write_report
from orfeas_desktop.engine.formats.publish import MAIN_SLOT, plain_stem
from orfeas_desktop.engine.formats.reread import Reread
from orfeas_desktop.engine.formats.second_readers import readers_here
from orfeas_desktop.engine.jobs.context import Inputs, JobContext, Output, WorkEntry
from orfeas_desktop.engine.jobs.recipe import NOTICE
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.textures import LargestSide
from orfeas_desktop.engine.scene.flatten import bounds_of
from orfeas_desktop.engine.scene.reading import scene_of_inputs
from orfeas_desktop.engine.scene.scene import Scene
from orfeas_desktop.errors import ExportNotVerified
from orfeas_desktop.params import Params, PlainParams, Traits, param
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NAME = re.compile(r"[A-Za-z0-9_-]{0,80}")


class ExportParams(Params):
    """What every exporter can be told."""

    name: str = param(
        "",
        QT_TRANSLATE_NOOP("Params", "Name"),
        QT_TRANSLATE_NOOP(
            "Params", "What the asset is called in the files: letters, digits, - and _; empty: as the file."
        ),
        traits=Traits(advanced=True),
    )

    report: bool = param(
        False,
        QT_TRANSLATE_NOOP("Params", "Report"),
        QT_TRANSLATE_NOOP("Params", "Writes a page and a JSON file of what was checked, and by whom."),
    )

    origin: str = param(
        "",
        QT_TRANSLATE_NOOP("Params", "Origin"),
        QT_TRANSLATE_NOOP(
            "Params", "What led to the export, told in its report; presets and recipes name themselves here."
        ),
        traits=Traits(advanced=True, counts=False),
    )

    def counting(self) -> PlainParams:
        """Return the values that the result depends on: a report, also on who can be asked on this machine."""
        told = super().counting()
        if not self.report:
            return told
        return {**told, "readers": ", ".join(readers_here()), "origin": self.origin}

    def refused(self) -> frozenset[str]:
        """Return the input slots that these settings keep out of the files."""
        return frozenset()

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError("at most 80 letters, digits, - and _")
        return name


P = TypeVar("P", bound=ExportParams)

MESH_IN = (Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh")),)
"""For a format that holds neither levels of detail nor collision pieces."""

SCENE_IN = (
    *MESH_IN,
    Slot("lods", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Levels of detail"), required=False, many=True),
    Slot(
        "collision",
        AssetKind.mesh,
        QT_TRANSLATE_NOOP("Slots", "Collision pieces"),
        required=False,
        many=True,
    ),
)
FILES_OUT = (
    Slot(MAIN_SLOT, AssetKind.file, QT_TRANSLATE_NOOP("Slots", "File")),
    Slot(
        "parts",
        AssetKind.file,
        QT_TRANSLATE_NOOP("Slots", "Files that belong to it"),
        required=False,
        many=True,
    ),
)


class Unit(StrEnum):
    """What one unit of a file means."""

    metre = "m"
    centimetre = "cm"
    millimetre = "mm"

    @property
    def per_metre(self) -> float:
        """How many make a metre."""
        return {"m": 1.0, "cm": 100.0, "mm": 1000.0}[self.value]


UNIT_TITLES = (
    QT_TRANSLATE_NOOP("Params", "Metres"),
    QT_TRANSLATE_NOOP("Params", "Centimetres"),
    QT_TRANSLATE_NOOP("Params", "Millimetres"),
)


class Encoding(StrEnum):
    """How numbers are stored."""

    binary = "binary"
    text = "text"


ENCODING_TITLES = (QT_TRANSLATE_NOOP("Params", "Binary"), QT_TRANSLATE_NOOP("Params", "Text"))


def largest_side_param() -> LargestSide:
    """Declare the setting of how large textures may be."""
    return param(
        LargestSide.keep,
        QT_TRANSLATE_NOOP("Params", "Largest texture"),
        QT_TRANSLATE_NOOP("Params", "Larger textures are scaled down to this many pixels."),
        traits=Traits(
            unit="px",
            choice_titles=(QT_TRANSLATE_NOOP("Params", "As they are"), "4096", "2048", "1024", "512"),
        ),
    )


@dataclass(frozen=True)
class Contents:
    """What a file holds, or should hold: bounds in the file's own units; `textures` are uses by materials."""

    faces: int
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    uvs: bool = False
    textures: int = 0
    colors: bool = False
    rounding: float = 1e-5
    """How far places may lie apart, as a share of the size."""

    @classmethod
    def of(
        cls, mesh: Mesh, *, uvs: bool = False, textures: int = 0, colors: bool = False, loose: bool = True
    ) -> Contents:
        """Return what a file of `mesh` should hold; without `loose`, vertices of no face do not count."""
        places = mesh.vertices if loose else mesh.vertices[np.unique(mesh.faces)]
        low, high = places.min(axis=0), places.max(axis=0)
        return cls(mesh.face_count, corner(low), corner(high), uvs, textures, colors)


def corner(values: NDArray[np.floating]) -> tuple[float, float, float]:
    """Return three numbers as a tuple."""
    x, y, z = values.tolist()
    return x, y, z


@dataclass(frozen=True)
class Written:
    """What an exporter wrote: what the main file should hold, and the files beside it.

    An exporter of folders names as `main` the file in the folder that people open; `parts` are found.
    """

    contents: Contents
    parts: tuple[Path, ...] = ()
    main: Path | None = None
    found: Contents | None = None
    """What was read back already, where `Exporter.read_back` cannot."""
    verified_by: str = ""
    """Who did that, when it was not the exporter's usual reader."""
    reread: Reread | None = None
    """What was read back as a mesh already; else it is read for the report."""
    space: str = "y up, metres"
    """Which axis is up, what a unit is; told in the report."""


@dataclass(frozen=True, kw_only=True)
class Exporter(WorkEntry, Generic[P]):
    """An exporter writes with `write`, then `read_back` looks at the file with another library.

    `write(scene, path, params, context)` names what it writes beside `path` after `path.stem`. An exporter of
    folders finds an empty folder at `path`, named as the asset, and fills it; `read_back` is handed the folder.
    Meshes of the scene are in metres. Files of folders are outputs named by their path in it.
    """

    suffix: str
    """Empty for an exporter of folders."""
    verified_by: str
    """The library that reads back."""
    write: Callable[[Scene, Path, P, JobContext], Written]
    read_back: Callable[[Path], Contents]
    folder: bool = False
    finish: frozenset[str] | None = None
    """The parts of `Finish` that the format is given; None for formats without materials."""
    program: str = ""
    """Another program that the user must have installed."""
    unjudged: str = ""
    """What no reader here can say of the files; told in the report."""
    inputs: tuple[Slot, ...] = SCENE_IN
    outputs: tuple[Slot, ...] = FILES_OUT
    lane: Lane = Lane.cpu

    def held(self, params: P) -> frozenset[str]:
        """Return the input slots that come into the files with these settings."""
        return frozenset(slot.name for slot in self.inputs) - params.refused()

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Write and read back. Raises BadMesh, and ExportNotVerified when the two differ."""
        given, chosen, context = inputs["mesh"][0], cast("P", params), Hearing(context)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Read")):
            scene = scene_of_inputs(inputs)
            context.progress(1.0)
        title = chosen.name or _stem(given.name)
        path = context.staging / f"{plain_stem(f'{title}.x')}{self.suffix}"
        if self.folder:
            path.mkdir()
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Write")):
            written = self.write(scene, path, chosen, context)
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Check")):
            verify(self.title, written.contents, written.found or self._found(path))
            context.progress(1.0)
        lost = self._lost(scene)
        if lost:
            context.warn(
                QT_TRANSLATE_NOOP("Warnings", "These properties of surfaces were left out: {names}."),
                names=", ".join(lost),
            )
        main, *parts = self._files(scene, path, written)
        if chosen.report:
            with context.stage(QT_TRANSLATE_NOOP("Stages", "Report")):
                parts += self._report(scene, path, (main, *parts), chosen, written, context)
                context.progress(1.0)
        _tell(scene, (main, *parts), context)
        context.fact("verified_by", written.verified_by or self.verified_by)
        name = _inside(main, path) if self.folder else f"{title}{self.suffix}"
        return (
            Output(MAIN_SLOT, main, AssetKind.file, name),
            *(
                Output("parts", part, AssetKind.file, _inside(part, path) if self.folder else part.name)
                for part in parts
            ),
        )

    def _found(self, path: Path) -> Contents:
        """Return what the reader finds; whatever a library throws over a file is that file's fault."""
        try:
            return self.read_back(path)
        except (OSError, ValueError, LookupError, TypeError, RuntimeError, struct.error) as problem:
            told = " ".join(str(problem).split())[:200]
            raise ExportNotVerified(format=self.title, problem=f"reading it failed ({told})") from problem

    def _report(
        self,
        scene: Scene,
        path: Path,
        files: tuple[Path, ...],
        params: ExportParams,
        written: Written,
        context: Hearing,
    ) -> tuple[Path, ...]:
        """Write the report beside the file, or into the folder, and return its files."""
        names = [_inside(file, path) if self.folder else file.name for file in files]
        exported = Exported(
            title=self.title,
            exporter=f"{self.id} {self.version}",
            verified_by=written.verified_by or self.verified_by,
            params=params,
            origin=params.origin,
            space=written.space,
            reread=written.reread,
            notes=tuple(context.heard),
            unjudged=self.unjudged,
            files=tuple(zip(names, files, strict=True)),
            left_out=self._lost(scene),
        )
        return write_report(
            exported,
            scene,
            path / path.name if self.folder else path.with_name(f"{path.stem}-{self.id}"),
            context,
        )

    def _lost(self, scene: Scene) -> tuple[str, ...]:
        """Return what of the surfaces' finish the format is not given."""
        if self.finish is None:
            return ()
        used = {name for mesh in scene.meshes() for each in mesh.materials for name in each.finish.used()}
        return tuple(sorted(used - self.finish))

    def _files(self, scene: Scene, path: Path, written: Written) -> list[Path]:
        """Return every file of the export, the main one first."""
        if not self.folder:
            return [path, *written.parts, *_notice_beside(scene, path)]
        _notice_beside(scene, path / path.name)
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return sorted(files, key=lambda file: file != written.main)


def _tell(scene: Scene, files: tuple[Path, ...], context: JobContext) -> None:
    levels = scene.levels()
    context.fact("bytes", sum(file.stat().st_size for file in files))
    context.fact("vertices", sum(mesh.vertex_count for mesh in _finest(scene)))
    context.fact("faces", levels[0])
    for level, faces in enumerate(levels[1:], 1):
        context.fact(f"faces_lod{level}", faces)
    if scene.pieces():
        context.fact("collision_pieces", scene.pieces())
    low, high = bounds_of(scene)
    for name, side in zip(("width_mm", "height_mm", "depth_mm"), (high - low).tolist(), strict=True):
        context.fact(name, round(side * 1000, 4))


def _finest(scene: Scene) -> list[Mesh]:
    return [placed.node.mesh for placed in scene.walk() if placed.node.mesh is not None]


def _inside(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _notice_beside(scene: Scene, path: Path) -> tuple[Path, ...]:
    """Write what the licence of the weights wants to go along, where there is such a thing."""
    notice = scene.extras.get(NOTICE)
    if not notice:
        return ()
    file = path.with_name(f"{path.stem}-NOTICE.txt")
    file.write_text(f"{notice}\n", "utf-8")
    return (file,)


def _stem(name: str) -> str:
    return Path(name).stem or "mesh"


def verify(title: str, expected: Contents, found: Contents) -> None:
    """Raise ExportNotVerified unless the file holds what was written; places may differ by rounding."""
    size = float(np.linalg.norm(np.subtract(expected.high, expected.low)))
    reach = float(np.abs([expected.low, expected.high]).max())
    moved = float(np.abs(np.subtract([*expected.low, *expected.high], [*found.low, *found.high])).max())
    problems = {
        f"it has {found.faces} faces instead of {expected.faces}": found.faces != expected.faces,
        "its size or place differs": not moved <= expected.rounding * max(size, reach) + 1e-12,
        "its texture coordinates were lost": expected.uvs and not found.uvs,
        f"it has {found.textures} textures instead of {expected.textures}": found.textures
        != expected.textures,
        "its vertex colours were lost": expected.colors and not found.colors,
    }
    for problem, wrong in problems.items():
        if wrong:
            raise ExportNotVerified(format=title, problem=problem)


def rows_of_text(template: str, rows: NDArray[np.generic]) -> str:
    """Return `template`, ended by a line feed, filled with each row of the (N, n) array."""
    return (template * len(rows)) % tuple(rows.reshape(-1).tolist())
