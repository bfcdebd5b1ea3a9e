"""Exporter: a mesh goes in, files for another program come out, read back before they count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar, cast

import numpy as np

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.formats.publish import MAIN_SLOT, plain_stem
from orfeas_desktop.engine.jobs.context import Inputs, JobContext, Output, WorkEntry
from orfeas_desktop.engine.jobs.recipe import NOTICE
from orfeas_desktop.engine.mesh.files import read_mesh_file
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.errors import ExportNotVerified
from orfeas_desktop.params import Params
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

P = TypeVar("P", bound=Params)

MESH_IN = (Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh")),)
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


@dataclass(frozen=True)
class Contents:
    """What a file holds, or should hold: bounds in the file's own units; `textures` are uses by materials."""

    faces: int
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    uvs: bool = False
    textures: int = 0
    colors: bool = False

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
    """What an exporter wrote: what the main file should hold, and the files beside it."""

    contents: Contents
    parts: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Exporter(WorkEntry, Generic[P]):
    """An exporter writes with `write`, then `read_back` looks at the file with another library.

    `write(mesh, path, params, context)` names what it writes beside `path` after `path.stem`.
    """

    suffix: str
    verified_by: str
    """The library that reads back."""
    write: Callable[[Mesh, Path, P, JobContext], Written]
    read_back: Callable[[Path], Contents]
    inputs: tuple[Slot, ...] = MESH_IN
    outputs: tuple[Slot, ...] = FILES_OUT
    lane: Lane = Lane.cpu

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Write and read back. Raises BadMesh, and ExportNotVerified when the two differ."""
        given = inputs["mesh"][0]
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Read")):
            mesh = read_mesh_file(given)
            context.progress(1.0)
        path = context.staging / f"{plain_stem(given.name)}{self.suffix}"
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Write")):
            written = self.write(mesh, path, cast("P", params), context)
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Check")):
            verify(self.title, written.contents, self.read_back(path))
            context.progress(1.0)
        self._tell(mesh, written, path, context)
        main = Output(MAIN_SLOT, path, AssetKind.file, f"{_stem(given.name)}{self.suffix}")
        parts = (*written.parts, *_notice_beside(mesh, path))
        return (main, *(Output("parts", part, AssetKind.file, part.name) for part in parts))

    def _tell(self, mesh: Mesh, written: Written, path: Path, context: JobContext) -> None:
        context.fact("bytes", sum(part.stat().st_size for part in (path, *written.parts)))
        context.fact("faces", written.contents.faces)
        for name, side in zip(("width_mm", "height_mm", "depth_mm"), mesh.size_m, strict=True):
            context.fact(name, round(side * 1000, 4))
        context.fact("verified_by", self.verified_by)


def _notice_beside(mesh: Mesh, path: Path) -> tuple[Path, ...]:
    """Write what the licence of the weights wants to go along, where there is such a thing."""
    notice = mesh.extras.get(NOTICE)
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
        "its size or place differs": not moved <= 1e-5 * max(size, reach) + 1e-12,
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
