"""OBJ with its material library: the format that everything reads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.exporters.base import (
    MESH_IN,
    UNIT_TITLES,
    Contents,
    Exporter,
    ExportParams,
    Unit,
    Written,
    rows_of_text,
)
from orfeas_desktop.engine.formats.mtl import FINISH, Library, write_library
from orfeas_desktop.engine.formats.publish import plain_stem
from orfeas_desktop.engine.formats.vtk_files import vtk_contents
from orfeas_desktop.engine.mesh.polygons import whole_polygons
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.mesh.turn import UpAxis, fitted
from orfeas_desktop.engine.mesh.weld import first_of_each, welded_ids
from orfeas_desktop.engine.scene.flatten import flat_mesh
from orfeas_desktop.errors import BadMesh
from orfeas_desktop.names import distinct
from orfeas_desktop.params import Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TextIO

    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Scene

_CHUNK = 2**16


class ObjParams(ExportParams):
    """Settings of the OBJ exporter."""

    up: UpAxis = param(
        UpAxis.y,
        QT_TRANSLATE_NOOP("Params", "Up axis"),
        QT_TRANSLATE_NOOP("Params", "Most programs expect y; CAD programs expect z."),
        traits=Traits(choice_titles=("Y", "Z")),
    )
    unit: Unit = param(
        Unit.metre,
        QT_TRANSLATE_NOOP("Params", "Unit"),
        QT_TRANSLATE_NOOP("Params", "What one unit of the file means; the file itself cannot say."),
        traits=Traits(choice_titles=UNIT_TITLES),
    )
    textures: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Textures"),
        QT_TRANSLATE_NOOP("Params", "Writes the pictures beside the file."),
    )


@dataclass(frozen=True, eq=False)
class _Column:
    """Distinct rows of one kind of line, and the row (from 1) of each vertex."""

    rows: NDArray[np.float32]
    row_of: NDArray[np.int64]

    @classmethod
    def of(cls, *arrays: NDArray[np.float32]) -> _Column:
        ids = welded_ids(*arrays)
        first = first_of_each(ids)
        return cls(np.concatenate([array[first] for array in arrays], axis=1) + np.float32(0), ids + 1)


def _write(scene: Scene, path: Path, params: ObjParams, context: JobContext) -> Written:
    mesh, groups = flat_mesh(scene), _groups(scene, path.stem)
    fit = fitted(mesh, params.up, params.unit.per_metre)
    try:
        library = write_library(fit, path, textures=params.textures)
    except Broken as problem:
        raise BadMesh(name=mesh.name, problem=str(problem)) from None
    context.progress(0.3)
    with path.open("w", encoding="ascii", newline="\n") as stream:
        stream.write(
            f"# Orfeas Desktop, {params.unit.value}, {params.up.value} up\nmtllib {library.path.name}\n"
        )
        _write_lines(stream, fit, library, groups, context)
    uvs = bool(fit.uvs)
    contents = Contents.of(fit, uvs=uvs, textures=len(library.pictures), colors=fit.colors is not None)
    return Written(
        contents,
        (library.path, *library.pictures),
        space=f"{params.up.value} up, {params.unit.value}",
    )


def _groups(scene: Scene, stem: str) -> list[tuple[str, int]]:
    """Return the name of each part and where its faces end; a lone part is called as the file."""
    parts = [placed.node for placed in scene.walk() if placed.node.mesh is not None]
    if len(parts) == 1:
        return [(stem, parts[0].mesh.face_count if parts[0].mesh else 0)]
    names = distinct([plain_stem(f"{node.name}.x") for node in parts])
    ends = accumulate(node.mesh.face_count for node in parts if node.mesh is not None)
    return list(zip(names, ends, strict=True))


def _write_lines(
    stream: TextIO, mesh: Mesh, library: Library, parts: list[tuple[str, int]], context: JobContext
) -> None:
    places = [mesh.vertices]
    if mesh.colors is not None:
        places.append(mesh.colors[:, :3].astype(np.float32) / np.float32(255))
    columns = {"v": _Column.of(*places)}
    if mesh.uvs:
        uv = mesh.uvs[0]
        columns["vt"] = _Column.of(np.stack([uv[:, 0], np.float32(1) - uv[:, 1]], axis=1))
    if mesh.normals is not None:
        columns["vn"] = _Column.of(mesh.normals)
    step = _steps(mesh.face_count + sum(len(column.rows) for column in columns.values()), context)
    for key, column in columns.items():
        template = " ".join([key, *["%.7g"] * column.rows.shape[1]]) + "\n"
        _write_chunks(stream, template, column.rows, step)
    corners = np.stack([column.row_of for column in columns.values()], axis=1)
    token = "%d//%d" if list(columns) == ["v", "vn"] else "/".join(["%d"] * len(columns))
    looks = np.zeros(mesh.face_count, np.int32) if mesh.face_materials is None else mesh.face_materials
    start = 0
    for name, end in parts:
        stream.write(f"o {name}\n")
        own = looks[start:end]
        for index in np.unique(own):
            stream.write(f"usemtl {library.names[int(index)]}\n")
            for rows in _faces_of(mesh, start, end, int(index)):
                template = " ".join(["f", *[token] * rows.shape[1]]) + "\n"
                _write_chunks(stream, template, corners[rows].reshape(len(rows), -1), step)
        start = end


def _faces_of(mesh: Mesh, start: int, end: int, material: int) -> list[NDArray[np.int32]]:
    """Return the faces of a part and material, (N, corners) for each number of corners; polygons are of one part."""
    looks = np.zeros(mesh.face_count, np.int32) if mesh.face_materials is None else mesh.face_materials
    whole = whole_polygons(mesh)
    if whole is None:
        return [mesh.faces[start:end][looks[start:end] == material]]
    offsets, sizes = whole.offsets[:-1], np.diff(whole.offsets)
    mine = looks[offsets - 2 * np.arange(len(sizes))] == material
    return [
        whole.indices[offsets[mine & (sizes == size)][:, None] + np.arange(size)]
        for size in np.unique(sizes[mine]).tolist()
    ]


def _steps(total: int, context: JobContext) -> Callable[[int], None]:
    """Return what is told how many lines are about to be written, of `total` at most; it raises Cancelled."""
    written = 0

    def step(lines: int) -> None:
        nonlocal written
        context.progress(0.3 + 0.7 * written / total)
        written += lines

    return step


def _write_chunks(
    stream: TextIO, template: str, rows: NDArray[np.generic], step: Callable[[int], None]
) -> None:
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        step(len(chunk))
        stream.write(rows_of_text(template, chunk))


def _read_back(path: Path) -> Contents:
    from vtkmodules.vtkIOGeometry import vtkOBJReader

    found = vtk_contents(vtkOBJReader(), path)
    found["colors"] |= _has_colors(path)
    return Contents(**found, textures=_pictures_found(path))


def _has_colors(path: Path) -> bool:
    """Return whether places have colours behind them, which VTK forgets where texture coordinates part corners."""
    with path.open("rb") as stream:
        place = next((line.split() for line in stream if line.startswith(b"v ")), [])
    return len(place) == len(("v", *"xyz", *"rgb"))


def _pictures_found(path: Path) -> int:
    """Return how many pictures the library names that Pillow can decode."""
    from PIL import Image, UnidentifiedImageError

    with path.open("rb") as stream:
        named = next((line[7:].strip().decode() for line in stream if line.startswith(b"mtllib ")), "")
    lines = path.with_name(named).read_text("ascii").splitlines()
    names = {line.rpartition(" ")[2] for line in lines if line.startswith(("map_", "norm"))}
    found = 0
    for name in names:
        try:
            with Image.open(path.with_name(name)) as picture:
                picture.load()
            found += 1
        except (UnidentifiedImageError, OSError):
            continue
    return found


OBJ = Exporter(
    id="obj",
    version=4,
    title=QT_TRANSLATE_NOOP("Exporters", "OBJ"),
    summary=QT_TRANSLATE_NOOP(
        "Exporters", "Text with a material file and pictures beside it; read by nearly everything."
    ),
    params=ObjParams,
    inputs=MESH_IN,
    suffix=".obj",
    verified_by="VTK",
    finish=FINISH,
    write=_write,
    read_back=_read_back,
)
