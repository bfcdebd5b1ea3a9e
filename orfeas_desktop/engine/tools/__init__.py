"""TOOLS: what changes a mesh."""

from __future__ import annotations

from orfeas_desktop.engine.jobs.context import WorkEntry
from orfeas_desktop.engine.tools.analyse import ANALYSE
from orfeas_desktop.engine.tools.boolean import BOOLEAN
from orfeas_desktop.engine.tools.collision import COLLISION
from orfeas_desktop.engine.tools.cut import CUT
from orfeas_desktop.engine.tools.decimate import DECIMATE
from orfeas_desktop.engine.tools.lod import LOD
from orfeas_desktop.engine.tools.mirror import MIRROR
from orfeas_desktop.engine.tools.place import PLACE
from orfeas_desktop.engine.tools.print_check import PRINT_CHECK
from orfeas_desktop.engine.tools.rebuild import REBUILD
from orfeas_desktop.engine.tools.repair import REPAIR
from orfeas_desktop.engine.tools.smooth import SMOOTH
from orfeas_desktop.engine.tools.split import SPLIT
from orfeas_desktop.engine.tools.unwrap import UNWRAP
from orfeas_desktop.register import Register, Table

TOOLS: Register[WorkEntry] = Register(
    Table.tools,
    [
        PLACE,
        SMOOTH,
        MIRROR,
        ANALYSE,
        REPAIR,
        REBUILD,
        DECIMATE,
        LOD,
        SPLIT,
        CUT,
        BOOLEAN,
        UNWRAP,
        COLLISION,
        PRINT_CHECK,
    ],
)
