"""The printer that was chosen, with what the user set otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from orfeas_desktop.engine.printing.printers import Process, ProcessRules, printer_file
from orfeas_desktop.errors import BadParams
from orfeas_desktop.params import Choice, Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

PRINTERS = tuple(Choice(printer.id, printer.title) for printer in printer_file().printers)
_OWN = QT_TRANSLATE_NOOP("Params", "Printer’s")
_MM = Traits(unit="mm", step=1.0, advanced=True, at_minimum=_OWN)
_FINE_MM = Traits(unit="mm", step=0.05, at_minimum=_OWN)


class PrinterParams(Params):
    """Which printer, and what differs on this one."""

    printer: str = param(
        PRINTERS[0].value,
        QT_TRANSLATE_NOOP("Params", "Printer"),
        QT_TRANSLATE_NOOP("Params", "Sets bed, layer and thinnest wall; “Another printer” takes yours."),
        traits=Traits(choices=PRINTERS),
    )
    min_wall_mm: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Thinnest wall"),
        QT_TRANSLATE_NOOP("Params", "Walls must be at least this thick; 0 takes the printer's."),
        ge=0.0,
        le=100.0,
        traits=_FINE_MM,
    )
    bed_width_mm: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Bed width"),
        QT_TRANSLATE_NOOP("Params", "From left to right; 0 takes the printer's."),
        ge=0.0,
        le=100_000.0,
        traits=_MM,
    )
    bed_depth_mm: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Bed depth"),
        QT_TRANSLATE_NOOP("Params", "From front to back; 0 takes the printer's."),
        ge=0.0,
        le=100_000.0,
        traits=_MM,
    )
    bed_height_mm: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Largest height"),
        QT_TRANSLATE_NOOP("Params", "How tall a print may be; 0 takes the printer's."),
        ge=0.0,
        le=100_000.0,
        traits=_MM,
    )
    layer_mm: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Layer height"),
        QT_TRANSLATE_NOOP("Params", "How high one layer is; 0 takes the printer's."),
        ge=0.0,
        le=10.0,
        traits=Traits(unit="mm", step=0.05, advanced=True, at_minimum=_OWN),
    )
    overhang_deg: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Steepest overhang"),
        QT_TRANSLATE_NOOP(
            "Params", "How far a wall may lean out from upright without a support; 0 takes the printer's."
        ),
        ge=0.0,
        le=89.0,
        traits=Traits(unit="°", step=1.0, advanced=True, at_minimum=_OWN),
    )


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
