"""The printer that was chosen, with what the user set otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from orfeas_desktop.errors import BadParams
from orfeas_desktop.printers import PrinterParams, Process, ProcessRules, printer_file


@dataclass(frozen=True)
class Profile:
    """What is known of the chosen printer, in millimetres and degrees."""

    title: str
    process: Process
    bed: tuple[float, float, float]
    """Width, depth, height."""
    layer: float
    min_wall: float
    overhang_deg: float
    nozzle: float
    support_share: float


def profile_of(params: PrinterParams, entry: str) -> Profile:
    """Return the profile. Raises BadParams when the printer's bed is not known and was not given."""
    file = printer_file()
    printer = file.printer(params.printer)
    rules = file.rules(printer.process)
    own = printer.bed_mm or (0.0, 0.0, 0.0)
    given = (params.bed_width_mm, params.bed_depth_mm, params.bed_height_mm)
    width, depth, height = (one or other for one, other in zip(given, own, strict=True))
    if not (width and depth and height):
        raise BadParams(
            entry=entry,
            problem=f"the bed of “{printer.title}” is not known; set bed_width_mm, bed_depth_mm and bed_height_mm",
        )
    nozzle = printer.nozzle_mm or rules.nozzle_mm or 0.0
    return Profile(
        title=printer.title,
        process=printer.process,
        bed=(width, depth, height),
        layer=params.layer_mm or printer.layer_mm or rules.layer_mm,
        min_wall=params.min_wall_mm or printer.min_wall_mm or _wall(rules, nozzle),
        overhang_deg=params.overhang_deg or printer.overhang_deg or rules.overhang_deg,
        nozzle=nozzle,
        support_share=rules.support_share,
    )


def _wall(rules: ProcessRules, nozzle: float) -> float:
    if rules.min_wall_mm:
        return rules.min_wall_mm
    return round((rules.walls_in_nozzles or 1.0) * nozzle, 4)
