"""Printers, processes and materials, read from resources/printers.json, and the choice of a printer."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from orfeas_desktop.params import Choice, Params, Traits, param
from orfeas_desktop.paths import RESOURCES
from orfeas_desktop.words import QT_TRANSLATE_NOOP

_FILE = RESOURCES / "printers.json"


class Process(StrEnum):
    """How a printer builds."""

    fdm = "fdm"
    resin = "resin"


class Source(StrEnum):
    """Where figures come from."""

    maker = "maker"
    """The maker's published specification."""
    typical = "typical"
    """What most of its kind have."""
    practice = "practice"
    """A rule of thumb of people who print."""
    user = "user"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str
    title: str
    source: Source


class ProcessRules(_Record):
    """What a process needs wherever a printer does not say otherwise."""

    layer_mm: float = Field(gt=0)
    nozzle_mm: float | None
    walls_in_nozzles: float | None
    """The thinnest wall, in widths of the nozzle."""
    min_wall_mm: float | None
    overhang_deg: float = Field(gt=0, lt=90)
    support_share: float
    """How much of the air under an overhang a support fills."""


class Printer(_Record):
    """A printer; None where the figure is not known."""

    process: Process
    bed_mm: tuple[float, float, float] | None
    """Width, depth, height of the room in which it can print."""
    layer_mm: float | None
    nozzle_mm: float | None
    pixel_mm: float | None
    min_wall_mm: float | None
    overhang_deg: float | None


class PrintMaterial(_Record):
    """What is printed with; `diameter_mm` is the filament's."""

    process: Process
    density_g_cm3: float = Field(gt=0)
    diameter_mm: float | None


class PrinterFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    note: str
    processes: tuple[ProcessRules, ...]
    printers: tuple[Printer, ...]
    materials: tuple[PrintMaterial, ...]

    def printer(self, printer_id: str) -> Printer:
        """Return the printer of that id."""
        return next(printer for printer in self.printers if printer.id == printer_id)

    def rules(self, process: Process) -> ProcessRules:
        """Return the rules of that process."""
        return next(rules for rules in self.processes if rules.id == process.value)

    def material(self, material_id: str) -> PrintMaterial:
        """Return the material of that id."""
        return next(material for material in self.materials if material.id == material_id)


@cache
def printer_file() -> PrinterFile:
    """Return what ships with the program."""
    return PrinterFile.model_validate_json(_FILE.read_bytes())


PRINTERS = tuple(Choice(printer.id, printer.title) for printer in printer_file().printers)
_OWN = QT_TRANSLATE_NOOP("Params", "Printer’s")
_BED = Traits(unit="mm", step=1.0, advanced=True)


def _or_printers(title: str, summary: str, most: float, traits: Traits) -> float:
    """Declare a figure of 0 to `most` that stands in for the printer's own; 0 takes that."""
    return param(0.0, title, summary, ge=0.0, le=most, traits=replace(traits, at_minimum=_OWN))


class PrinterParams(Params):
    """Which printer, and what differs on this one."""

    printer: str = param(
        PRINTERS[0].value,
        QT_TRANSLATE_NOOP("Params", "Printer"),
        QT_TRANSLATE_NOOP("Params", "Sets bed, layer and thinnest wall; “Another printer” takes yours."),
        traits=Traits(choices=PRINTERS),
    )
    min_wall_mm: float = _or_printers(
        QT_TRANSLATE_NOOP("Params", "Thinnest wall"),
        QT_TRANSLATE_NOOP("Params", "Walls must be at least this thick; 0 takes the printer's."),
        100.0,
        Traits(unit="mm", step=0.05),
    )
    bed_width_mm: float = _or_printers(
        QT_TRANSLATE_NOOP("Params", "Bed width"),
        QT_TRANSLATE_NOOP("Params", "From left to right; 0 takes the printer's."),
        100_000.0,
        _BED,
    )
    bed_depth_mm: float = _or_printers(
        QT_TRANSLATE_NOOP("Params", "Bed depth"),
        QT_TRANSLATE_NOOP("Params", "From front to back; 0 takes the printer's."),
        100_000.0,
        _BED,
    )
    bed_height_mm: float = _or_printers(
        QT_TRANSLATE_NOOP("Params", "Largest height"),
        QT_TRANSLATE_NOOP("Params", "How tall a print may be; 0 takes the printer's."),
        100_000.0,
        _BED,
    )
    layer_mm: float = _or_printers(
        QT_TRANSLATE_NOOP("Params", "Layer height"),
        QT_TRANSLATE_NOOP("Params", "How high one layer is; 0 takes the printer's."),
        10.0,
        Traits(unit="mm", step=0.05, advanced=True),
    )
    overhang_deg: float = _or_printers(
        QT_TRANSLATE_NOOP("Params", "Steepest overhang"),
        QT_TRANSLATE_NOOP(
            "Params", "How far a wall may lean out from upright without a support; 0 takes the printer's."
        ),
        89.0,
        Traits(unit="°", step=1.0, advanced=True),
    )
