"""TOOLS: what changes a mesh."""

from __future__ import annotations

from orfeas_desktop.engine.jobs.context import WorkEntry
from orfeas_desktop.engine.tools.analyse import ANALYSE
from orfeas_desktop.engine.tools.bake import BAKE
from orfeas_desktop.engine.tools.boolean import BOOLEAN
from orfeas_desktop.engine.tools.collision import COLLISION
from orfeas_desktop.engine.tools.cut import CUT
from orfeas_desktop.engine.tools.decimate import DECIMATE
from orfeas_desktop.engine.tools.hollow import HOLLOW
from orfeas_desktop.engine.tools.lay_on_bed import LAY_ON_BED
from orfeas_desktop.engine.tools.lod import LOD
from orfeas_desktop.engine.tools.material import MATERIAL
from orfeas_desktop.engine.tools.merge import MERGE
from orfeas_desktop.engine.tools.mirror import MIRROR
from orfeas_desktop.engine.tools.orient import ORIENT
from orfeas_desktop.engine.tools.place import PLACE
from orfeas_desktop.engine.tools.print_check import PRINT_CHECK
from orfeas_desktop.engine.tools.rebuild import REBUILD
from orfeas_desktop.engine.tools.recipe import recipe_tool
from orfeas_desktop.engine.tools.remesh import REMESH
from orfeas_desktop.engine.tools.repair import REPAIR
from orfeas_desktop.engine.tools.smooth import SMOOTH
from orfeas_desktop.engine.tools.split import SPLIT
from orfeas_desktop.engine.tools.subdivide import SUBDIVIDE
from orfeas_desktop.engine.tools.thicken import THICKEN
from orfeas_desktop.engine.tools.unwrap import UNWRAP
from orfeas_desktop.engine.tools.upscale import UPSCALE
from orfeas_desktop.register import Register, Table
from orfeas_desktop.words import QT_TRANSLATE_NOOP

_ALONE: list[WorkEntry] = [
    PLACE,
    SMOOTH,
    MIRROR,
    ANALYSE,
    REPAIR,
    REBUILD,
    REMESH,
    SUBDIVIDE,
    DECIMATE,
    LOD,
    SPLIT,
    MERGE,
    CUT,
    BOOLEAN,
    UNWRAP,
    BAKE,
    MATERIAL,
    UPSCALE,
    COLLISION,
    PRINT_CHECK,
    THICKEN,
    HOLLOW,
    ORIENT,
    LAY_ON_BED,
]
RECIPE = recipe_tool(_ALONE)
TOOLS: Register[WorkEntry] = Register(Table.tools, [*_ALONE, RECIPE])

_GROUPS = {
    QT_TRANSLATE_NOOP("Tools", "Look and mend"): ("analyse", "repair", "rebuild"),
    QT_TRANSLATE_NOOP("Tools", "Faces"): ("decimate", "lod", "remesh", "retopologise", "subdivide", "smooth"),
    QT_TRANSLATE_NOOP("Tools", "Shape"): (
        "cut",
        "boolean",
        "split",
        "merge",
        "mirror",
        "place",
    ),
    QT_TRANSLATE_NOOP("Tools", "Texture"): ("unwrap", "bake", "material", "upscale"),
    QT_TRANSLATE_NOOP("Tools", "Games"): ("collision",),
    QT_TRANSLATE_NOOP("Tools", "Printing"): ("print-check", "orient", "lay-on-bed", "thicken", "hollow"),
}
MORE = QT_TRANSLATE_NOOP("Tools", "More")


def group_of(tool_id: str) -> str:
    """Return the marked title of the group that a tool is shown in."""
    return next((title for title, ids in _GROUPS.items() if tool_id in ids), MORE)


def in_groups() -> tuple[WorkEntry, ...]:
    """Return every tool but the one for recipes in the order it is shown."""
    places = {tool_id: place for place, tool_id in enumerate(i for ids in _GROUPS.values() for i in ids)}
    return tuple(sorted(_ALONE, key=lambda tool: places.get(tool.id, len(places))))
