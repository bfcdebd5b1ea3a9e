"""How much material a print takes, what it weighs and costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orfeas_desktop.engine.printing.profile import Profile
from orfeas_desktop.printers import PrintMaterial, Process


@dataclass(frozen=True)
class Use:
    """Estimates: what is printed and its supports, in cm³, grams, metres of filament, and the price's currency."""

    print_cm3: float
    support_cm3: float
    weight_g: float
    filament_m: float | None
    """None for resin."""
    cost: float | None
    """None when no price was given."""


@dataclass(frozen=True)
class Filling:
    """How full a print is, 0..1, what is printed with and its price per kilogram, 0 for none."""

    infill: float
    material: PrintMaterial
    price_per_kg: float


def estimated_use(
    volume_mm3: float, area_mm2: float, air_mm3: float, profile: Profile, filling: Filling
) -> Use:
    """Return what a body of this volume and surface takes, with `air_mm3` of air under its overhangs.

    Filament: a skin of two nozzle widths, the rest filled by the infill. Resin: the whole volume.
    """
    printed = volume_mm3
    if profile.process is Process.fdm:
        skin = min(volume_mm3, area_mm2 * 2 * profile.nozzle)
        printed = skin + filling.infill * (volume_mm3 - skin)
    supports = air_mm3 * profile.support_share
    weight = (printed + supports) / 1000 * filling.material.density_g_cm3
    thread = filling.material.diameter_mm
    return Use(
        print_cm3=printed / 1000,
        support_cm3=supports / 1000,
        weight_g=weight,
        filament_m=None if thread is None else (printed + supports) / (np.pi / 4 * thread**2) / 1000,
        cost=weight / 1000 * filling.price_per_kg if filling.price_per_kg else None,
    )
