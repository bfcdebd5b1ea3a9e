"""PLY: a point and triangle list with colours, for scanning and measuring programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.exporters.base import (
    ENCODING_TITLES,
    MESH_IN,
    Contents,
    Encoding,
    Exporter,
    ExportParams,
    Written,
    rows_of_text,
)
from orfeas_desktop.engine.formats.vtk_files import vtk_contents
from orfeas_desktop.engine.mesh.sample import surface_colors
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.mesh.turn import UpAxis, fitted
from orfeas_desktop.engine.scene.flatten import flat_mesh
from orfeas_desktop.errors import BadMesh
from orfeas_desktop.params import Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Scene

_CHUNK = 2**16
_FORMATS = {Encoding.binary: "binary_little_endian", Encoding.text: "ascii"}


class PlyParams(ExportParams):
    """Settings of the PLY exporter."""

    encoding: Encoding = param(
        Encoding.binary,
        QT_TRANSLATE_NOOP("Params", "Encoding"),
        QT_TRANSLATE_NOOP("Params", "Binary files are smaller; text can be read with an editor."),
        traits=Traits(choice_titles=ENCODING_TITLES),
    )
    colors: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Colours"),
        QT_TRANSLATE_NOOP("Params", "A colour per vertex, taken from the texture when there is one."),
    )


def _write(scene: Scene, path: Path, params: PlyParams, context: JobContext) -> Written:
    mesh = flat_mesh(scene)
    fit = fitted(mesh, UpAxis.y, 1.0)
    try:
        colors = surface_colors(fit) if params.colors else None
    except Broken as problem:
        raise BadMesh(name=mesh.name, problem=str(problem)) from None
    context.progress(0.4)
    with path.open("wb") as stream:
        stream.write(_header(fit, params.encoding, colored=colors is not None))
        if params.encoding is Encoding.binary:
            _write_binary(stream, fit, colors)
        else:
            _write_text(stream, fit, colors, context)
    return Written(Contents.of(fit, colors=colors is not None))


def _header(mesh: Mesh, encoding: Encoding, *, colored: bool) -> bytes:
    columns = [f"float {axis}" for axis in ("x", "y", "z")]
    if mesh.normals is not None:
        columns += [f"float {axis}" for axis in ("nx", "ny", "nz")]
    if colored:
        columns += [f"uchar {channel}" for channel in ("red", "green", "blue", "alpha")]
    lines = [
        "ply",
        f"format {_FORMATS[encoding]} 1.0",
        "comment Orfeas Desktop, metres, y up",
        f"element vertex {mesh.vertex_count}",
        *(f"property {column}" for column in columns),
        f"element face {mesh.face_count}",
        "property list uchar int vertex_indices",
        "end_header",
    ]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _write_binary(stream: BinaryIO, mesh: Mesh, colors: NDArray[np.uint8] | None) -> None:
    fields: list[tuple[str, str, int]] = [("place", "<f4", 3)]
    fields += [("normal", "<f4", 3)] if mesh.normals is not None else []
    fields += [("color", "u1", 4)] if colors is not None else []
    rows = np.zeros(mesh.vertex_count, np.dtype(fields))
    rows["place"] = mesh.vertices
    if mesh.normals is not None:
        rows["normal"] = mesh.normals
    if colors is not None:
        rows["color"] = colors
    faces = np.zeros(mesh.face_count, np.dtype([("count", "u1"), ("corners", "<i4", 3)]))
    faces["count"] = 3
    faces["corners"] = mesh.faces
    stream.write(rows.data)
    stream.write(faces.data)


def _write_text(stream: BinaryIO, mesh: Mesh, colors: NDArray[np.uint8] | None, context: JobContext) -> None:
    columns: list[NDArray[np.generic]] = [mesh.vertices + np.float32(0)]
    words = ["%.7g"] * 3
    if mesh.normals is not None:
        columns.append(mesh.normals + np.float32(0))
        words += ["%.6g"] * 3
    if colors is not None:
        columns.append(colors)
        words += ["%d"] * 4
    total = mesh.vertex_count + mesh.face_count
    for start in range(0, mesh.vertex_count, _CHUNK):
        context.progress(0.4 + 0.6 * start / total)
        rows = np.concatenate(
            [column[start : start + _CHUNK].astype(np.float64) for column in columns], axis=1
        )
        stream.write(rows_of_text(" ".join(words) + "\n", rows).encode("ascii"))
    for start in range(0, mesh.face_count, _CHUNK):
        context.progress(0.4 + 0.6 * (mesh.vertex_count + start) / total)
        stream.write(rows_of_text("3 %d %d %d\n", mesh.faces[start : start + _CHUNK]).encode("ascii"))


def _read_back(path: Path) -> Contents:
    from vtkmodules.vtkIOPLY import vtkPLYReader

    return Contents(**vtk_contents(vtkPLYReader(), path))


PLY = Exporter(
    id="ply",
    version=2,
    title=QT_TRANSLATE_NOOP("Exporters", "PLY"),
    summary=QT_TRANSLATE_NOOP("Exporters", "Triangles with a colour per vertex, for scanning programs."),
    params=PlyParams,
    inputs=MESH_IN,
    suffix=".ply",
    verified_by="VTK",
    write=_write,
    read_back=_read_back,
)
