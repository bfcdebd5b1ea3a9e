"""Print check: whether a mesh can be printed, where it cannot, and what the print takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.mesh import Material
from orfeas_desktop.engine.printing.check import Verdict
from orfeas_desktop.engine.printing.profile import Profile, profile_of
from orfeas_desktop.engine.printing.promise import judged
from orfeas_desktop.engine.printing.use import Filling, estimated_use
from orfeas_desktop.engine.scene.flatten import in_metres
from orfeas_desktop.engine.tools.base import MESH_OUT
from orfeas_desktop.engine.tools.workshop import PARTS_OUT, REPORT_OUT, Made, WorkshopTool, places_param
from orfeas_desktop.params import Choice, Traits, param
from orfeas_desktop.printers import PrinterParams, PrintMaterial, printer_file
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.faults import Json
    from orfeas_desktop.engine.mesh.mesh import Mesh

_ID = "print-check"
_AUTOMATIC = Choice("printer", QT_TRANSLATE_NOOP("Params", "Usual for the printer"))
_MATERIALS = (_AUTOMATIC, *(Choice(one.id, one.title) for one in printer_file().materials))
_RED, _YELLOW, _GREEN = (
    np.array(color, np.float64) for color in ((214, 40, 40), (245, 190, 65), (75, 160, 90))
)


class PrintCheckParams(PrinterParams):
    """Settings of the tool `print-check`."""

    material: str = param(
        _AUTOMATIC.value,
        QT_TRANSLATE_NOOP("Params", "Material"),
        QT_TRANSLATE_NOOP("Params", "What is printed with, for weight and length."),
        traits=Traits(choices=_MATERIALS),
    )
    infill: float = param(
        15.0,
        QT_TRANSLATE_NOOP("Params", "Infill"),
        QT_TRANSLATE_NOOP("Params", "How full the inside is; resin prints are full."),
        ge=0.0,
        le=100.0,
        traits=Traits(unit="%", step=5.0),
    )
    price_per_kg: float = param(
        0.0,
        QT_TRANSLATE_NOOP("Params", "Price per kilogram"),
        QT_TRANSLATE_NOOP("Params", "In your currency; 0 leaves the cost out."),
        ge=0.0,
        le=1_000_000.0,
        traits=Traits(step=1.0, at_minimum=QT_TRANSLATE_NOOP("Params", "Not told")),
    )
    maps: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Maps"),
        QT_TRANSLATE_NOOP(
            "Params", "Adds two coloured meshes: walls (red: too thin) and overhangs (red: needs a support)."
        ),
    )
    shown: int = places_param()


def _make(meshes: tuple[Mesh, ...], params: PrintCheckParams, context: JobContext) -> Made:
    mesh = meshes[0]
    profile = profile_of(params, _ID)
    verdict = judged(in_metres(mesh), profile, lambda share: context.progress(0.9 * share))
    told = verdict.plain(params.shown)
    material = _material(params, profile)
    if material.process is not profile.process:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "{printer} does not print with {material}."),
            printer=profile.title,
            material=material.title,
        )
    use = _use(verdict, params, profile, material)
    for name, value in {**told, **use}.items():
        if isinstance(value, str | int | float | bool):
            context.fact(name, value)
    context.fact("faults", len(verdict.faults))
    report: dict[str, Json] = {"mesh": mesh.name, **mesh_facts(mesh).plain(), **told, **use}
    report["faults"] = told["faults"]
    if verdict.stopping:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "It cannot be printed as it is; the report names the faults.")
        )
    context.progress(0.95)
    return Made(mesh, _maps(mesh, verdict) if params.maps else None, report)


def _material(params: PrintCheckParams, profile: Profile) -> PrintMaterial:
    file = printer_file()
    if params.material == _AUTOMATIC.value:
        return next(one for one in file.materials if one.process is profile.process)
    return file.material(params.material)


def _use(
    verdict: Verdict, params: PrintCheckParams, profile: Profile, material: PrintMaterial
) -> dict[str, Json]:
    """Return the estimates; the material alone where no volume is enclosed."""
    if verdict.overhangs is None or verdict.volume_mm3 <= 0:
        return {"material": material.title}
    filling = Filling(params.infill / 100, material, params.price_per_kg)
    use = estimated_use(verdict.volume_mm3, verdict.area_mm2, verdict.overhangs.volume, profile, filling)
    return {
        "material": material.title,
        "print_cm3": round(use.print_cm3, 4),
        "support_cm3": round(use.support_cm3, 4),
        "weight_g": round(use.weight_g, 3),
        "filament_m": None if use.filament_m is None else round(use.filament_m, 3),
        "cost": None if use.cost is None else round(use.cost, 2),
    }


def _maps(mesh: Mesh, verdict: Verdict) -> dict[str, Mesh]:
    if verdict.walls is None or verdict.overhangs is None:
        return {}
    limit = verdict.profile.min_wall
    walls = np.clip((verdict.walls.per_face(mesh.face_count) / limit - 1) / 2, 0.01, 1.0)
    walls[verdict.walls.faces[verdict.walls.thin]] = 0.0
    hanging = np.ones(mesh.face_count)
    hanging[verdict.overhangs.faces] = 0.0
    return {"walls": _colored(mesh, walls, "walls"), "overhangs": _colored(mesh, hanging, "overhangs")}


def _colored(mesh: Mesh, shares: NDArray[np.float64], name: str) -> Mesh:
    """Return the mesh with each vertex coloured by its worst face: 0 red, above it yellow to green."""
    worst = np.ones(mesh.vertex_count)
    for corner in range(3):
        np.minimum.at(worst, mesh.faces[:, corner], shares)
    blend = _YELLOW + (_GREEN - _YELLOW) * worst[:, None]
    colors = np.full((mesh.vertex_count, 4), 255, np.uint8)
    colors[:, :3] = np.rint(np.where(worst[:, None] == 0, _RED, blend)).astype(np.uint8)
    plain = replace(Material(name=name), roughness=1.0)
    return mesh.changed(
        uvs=(),
        tangents=None,
        colors=colors,
        materials=(plain,),
        face_materials=None,
        name=f"{mesh.name} {name}",
    )


PRINT_CHECK = WorkshopTool(
    id=_ID,
    version=2,
    title=QT_TRANSLATE_NOOP("Tools", "Print check"),
    summary=QT_TRANSLATE_NOOP(
        "Tools",
        "Says whether it can be printed: walls, overhangs, islands, size, weight and cost; changes nothing.",
    ),
    params=PrintCheckParams,
    make=_make,
    outputs=(*MESH_OUT, PARTS_OUT, REPORT_OUT),
)
