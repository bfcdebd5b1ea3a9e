"""For printing, STL: written only when the mesh can be printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.exporters.base import MESH_IN, Contents, Exporter, ExportParams, Written
from orfeas_desktop.engine.formats.stl import facets_of, write_binary_stl
from orfeas_desktop.engine.formats.vtk_files import vtk_contents
from orfeas_desktop.engine.printing.promise import printable
from orfeas_desktop.engine.scene.flatten import flat_mesh
from orfeas_desktop.printers import PrinterParams
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.scene.scene import Scene


class PrintStlParams(ExportParams, PrinterParams):
    """Settings of the exporter `print-stl`."""


def _write(scene: Scene, path: Path, params: PrintStlParams, context: JobContext) -> Written:
    ready = printable(
        flat_mesh(scene), params, "print-stl", context, lambda share: context.progress(0.9 * share)
    )
    write_binary_stl(path, *facets_of(ready))
    return Written(Contents.of(ready, loose=False), space="z up, millimetres")


def _read_back(path: Path) -> Contents:
    from vtkmodules.vtkIOGeometry import vtkSTLReader

    reader = vtkSTLReader()
    reader.SetMerging(False)
    return Contents(**vtk_contents(reader, path))


PRINT_STL = Exporter(
    id="print-stl",
    version=1,
    title=QT_TRANSLATE_NOOP("Exporters", "For printing (STL)"),
    summary=QT_TRANSLATE_NOOP(
        "Exporters", "As “For printing (3MF)”, with the same promise, for programs that read no 3MF."
    ),
    params=PrintStlParams,
    inputs=MESH_IN,
    suffix=".stl",
    verified_by="VTK",
    unjudged="No printer was asked: how it prints, only the printer can show.",
    write=_write,
    read_back=_read_back,
)
