"""For printing, 3MF: written only when the mesh can be printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.exporters.base import MESH_IN, Exporter, ExportParams, Written
from orfeas_desktop.engine.exporters.threemf_file import coloring_param, read_back_threemf, write_threemf
from orfeas_desktop.engine.formats.threemf import Coloring, Wanted
from orfeas_desktop.engine.printing.profile import profile_of
from orfeas_desktop.engine.printing.promise import printable
from orfeas_desktop.engine.scene.flatten import flat_mesh
from orfeas_desktop.printers import PrinterParams
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.scene.scene import Scene


class PrintParams(ExportParams, PrinterParams):
    """Settings of the exporter `print`."""

    coloring: Coloring = coloring_param()


def _write(scene: Scene, path: Path, params: PrintParams, context: JobContext) -> Written:
    ready = printable(flat_mesh(scene), params, "print", context, lambda share: context.progress(0.7 * share))
    width, depth, _ = profile_of(params, "print").bed
    wanted = Wanted(params.coloring, place=(width / 2, depth / 2))
    return write_threemf((ready,), path, wanted, lambda share: context.progress(0.7 + 0.3 * share))


PRINT = Exporter(
    id="print",
    version=1,
    title=QT_TRANSLATE_NOOP("Exporters", "For printing (3MF)"),
    summary=QT_TRANSLATE_NOOP(
        "Exporters",
        "Written only if it is one closed solid, its walls thick enough, inside the printer's bed; "
        "otherwise every fault is named.",
    ),
    params=PrintParams,
    inputs=MESH_IN,
    suffix=".3mf",
    verified_by="Expat",
    unjudged="No printer was asked: how it prints, only the printer can show.",
    write=_write,
    read_back=read_back_threemf,
)
