"""Circle: around a middle, looking out or in."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING

from orfeas_desktop.engine.layouts.base import Footprint, Layout
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orfeas_desktop.engine.scene.scene import Transform


class Facing(StrEnum):
    """Where the fronts look."""

    outward = "outward"
    inward = "inward"
    same = "same"


class CircleParams(Params):
    """Settings of the layout `circle`."""

    radius_mm: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Radius"),
        QT_TRANSLATE_NOOP(
            "Params", "From the middle to each mesh; 0 takes the smallest that leaves the gap."
        ),
        ge=0.0,
        le=1_000_000.0,
        traits=Traits(unit="mm", step=10.0),
    )
    gap_mm: float = param(
        50.0,
        QT_TRANSLATE_NOOP("Params", "Gap"),
        QT_TRANSLATE_NOOP("Params", "Free space between neighbours."),
        ge=0.0,
        le=100_000.0,
        traits=Traits(unit="mm", step=10.0),
    )
    facing: Facing = param(
        Facing.outward,
        QT_TRANSLATE_NOOP("Params", "Facing"),
        QT_TRANSLATE_NOOP("Params", "Where the fronts look."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Outward"),
                QT_TRANSLATE_NOOP("Params", "Inward"),
                QT_TRANSLATE_NOOP("Params", "All the same way"),
            )
        ),
    )


def _arrange(footprints: Sequence[Footprint], params: CircleParams) -> list[Transform]:
    count = len(footprints)
    radius = params.radius_mm / 1000 or _smallest_radius(footprints, params.gap_mm / 1000)
    places: list[Transform] = []
    for index, each in enumerate(footprints):
        angle = 2 * math.pi * index / count
        turn = {Facing.outward: angle, Facing.inward: angle + math.pi, Facing.same: 0.0}[params.facing]
        places.append(each.at(radius * math.sin(angle), radius * math.cos(angle), turn))
    return places


def _smallest_radius(footprints: Sequence[Footprint], gap: float) -> float:
    """Return the radius at which circles around the meshes, all as large as the largest, keep the gap."""
    if len(footprints) < 2:
        return 0.0
    room = max(math.hypot(each.width, each.depth) for each in footprints) + gap
    return room / (2 * math.sin(math.pi / len(footprints)))


CIRCLE = Layout(
    id="circle",
    version=1,
    title=QT_TRANSLATE_NOOP("Layouts", "Circle"),
    summary=QT_TRANSLATE_NOOP("Layouts", "Around a middle, looking out or in."),
    params=CircleParams,
    arrange=_arrange,
)
