"""Orient: the way up that needs the least support and height."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.pick import without_loose
from orfeas_desktop.engine.mesh.transform import transformed
from orfeas_desktop.engine.printing.orientation import Facets, best_standing, turn_down
from orfeas_desktop.engine.printing.profile import profile_of
from orfeas_desktop.engine.tools.base import MeshTool
from orfeas_desktop.params import Traits, param
from orfeas_desktop.printers import PrinterParams
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


class Aim(StrEnum):
    """What counts most."""

    balanced = "balanced"
    support = "support"
    height = "height"


_WEIGHTS = {Aim.balanced: (0.7, 0.3), Aim.support: (1.0, 0.02), Aim.height: (0.02, 1.0)}
_DOWN = np.array([0.0, -1.0, 0.0])


class OrientParams(PrinterParams):
    """Settings of the tool `orient`."""

    aim: Aim = param(
        Aim.balanced,
        QT_TRANSLATE_NOOP("Params", "Aim for"),
        QT_TRANSLATE_NOOP("Params", "Supports cost material and leave marks; height costs time."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Both"),
                QT_TRANSLATE_NOOP("Params", "Least support"),
                QT_TRANSLATE_NOOP("Params", "Least height"),
            )
        ),
    )


def _apply(mesh: Mesh, params: OrientParams, context: JobContext) -> Mesh:
    mesh = without_loose(mesh)
    profile = profile_of(params, "orient")
    unit_mm = mesh.metres_per_unit * 1000
    limits = (profile.overhang_deg, profile.layer / unit_mm)
    facets = Facets.of(mesh)
    now, best = best_standing(
        facets, _DOWN, _WEIGHTS[params.aim], limits, lambda share: context.progress(0.9 * share)
    )
    for when, one in (("before", now), ("after", best)):
        context.fact(f"overhang_area_mm2_{when}", round(one.overhang * unit_mm**2, 4))
        context.fact(f"support_air_cm3_{when}", round(one.air * unit_mm**3 / 1000, 6))
        context.fact(f"height_mm_{when}", round(one.height * unit_mm, 4))
    matrix = np.eye(4)
    matrix[:3, :3] = turn_down(np.array(best.down))
    turned = mesh.vertices.astype(np.float64) @ matrix[:3, :3].T
    low, high = turned.min(axis=0), turned.max(axis=0)
    matrix[:3, 3] = -(low + high) / 2
    matrix[1, 3] = -low[1]
    return transformed(mesh, matrix)


ORIENT = MeshTool(
    id="orient",
    version=2,
    title=QT_TRANSLATE_NOOP("Tools", "Orient"),
    summary=QT_TRANSLATE_NOOP("Tools", "Finds the way up that prints with the least support and height."),
    params=OrientParams,
    apply=_apply,
    moves=True,
)
