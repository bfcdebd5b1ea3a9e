"""STL: bare triangles for printing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.exporters.base import (
    ENCODING_TITLES,
    MESH_IN,
    UNIT_TITLES,
    Contents,
    Encoding,
    Exporter,
    ExportParams,
    Unit,
    Written,
    rows_of_text,
)
from orfeas_desktop.engine.exporters.closed import tell_if_open
from orfeas_desktop.engine.formats.stl import facets_of, write_binary_stl
from orfeas_desktop.engine.formats.vtk_files import vtk_contents
from orfeas_desktop.engine.mesh.turn import UpAxis, fitted
from orfeas_desktop.engine.scene.flatten import flat_mesh
from orfeas_desktop.params import Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.scene.scene import Scene

_CHUNK = 2**16
_FACET_TEXT = (
    "facet normal %.6g %.6g %.6g\n outer loop\n"
    "  vertex %.7g %.7g %.7g\n  vertex %.7g %.7g %.7g\n  vertex %.7g %.7g %.7g\n"
    " endloop\nendfacet\n"
)


class StlParams(ExportParams):
    """Settings of the STL exporter."""

    encoding: Encoding = param(
        Encoding.binary,
        QT_TRANSLATE_NOOP("Params", "Encoding"),
        QT_TRANSLATE_NOOP("Params", "Binary files are a fifth of the size."),
        traits=Traits(choice_titles=ENCODING_TITLES),
    )
    unit: Unit = param(
        Unit.millimetre,
        QT_TRANSLATE_NOOP("Params", "Unit"),
        QT_TRANSLATE_NOOP("Params", "Printing programs expect millimetres."),
        traits=Traits(choice_titles=UNIT_TITLES),
    )
    up: UpAxis = param(
        UpAxis.z,
        QT_TRANSLATE_NOOP("Params", "Up axis"),
        QT_TRANSLATE_NOOP("Params", "Printing programs expect z."),
        traits=Traits(choice_titles=("Y", "Z")),
    )
    floor: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Drop to floor"),
        QT_TRANSLATE_NOOP("Params", "Moves the lowest point to height 0."),
    )


def _write(scene: Scene, path: Path, params: StlParams, context: JobContext) -> Written:
    mesh = flat_mesh(scene)
    tell_if_open([mesh], context)
    context.progress(0.3)
    fit = fitted(mesh, params.up, params.unit.per_metre, floor=params.floor)
    normals, corners = facets_of(fit)
    context.progress(0.5)
    if params.encoding is Encoding.binary:
        write_binary_stl(path, normals, corners)
    else:
        _write_text(path, normals, corners, context)
    return Written(Contents.of(fit, loose=False), space=f"{params.up.value} up, {params.unit.value}")


def _write_text(
    path: Path, normals: NDArray[np.float32], corners: NDArray[np.float32], context: JobContext
) -> None:
    rows = np.concatenate([normals, corners.reshape(-1, 9)], axis=1) + np.float32(0)
    with path.open("w", encoding="ascii", newline="\n") as stream:
        stream.write("solid mesh\n")
        for start in range(0, len(rows), _CHUNK):
            context.progress(0.5 + 0.5 * start / len(rows))
            stream.write(rows_of_text(_FACET_TEXT, rows[start : start + _CHUNK]))
        stream.write("endsolid mesh\n")


def _read_back(path: Path) -> Contents:
    from vtkmodules.vtkIOGeometry import vtkSTLReader

    reader = vtkSTLReader()
    reader.SetMerging(False)
    return Contents(**vtk_contents(reader, path))


STL = Exporter(
    id="stl",
    version=3,
    title=QT_TRANSLATE_NOOP("Exporters", "STL"),
    summary=QT_TRANSLATE_NOOP("Exporters", "Bare triangles for 3D printing."),
    params=StlParams,
    inputs=MESH_IN,
    suffix=".stl",
    verified_by="VTK",
    write=_write,
    read_back=_read_back,
)
