"""TOOLS: what changes a mesh."""

from __future__ import annotations

from typing import Any

from orfeas_desktop.engine.tools.base import MeshTool
from orfeas_desktop.engine.tools.mirror import MIRROR
from orfeas_desktop.engine.tools.place import PLACE
from orfeas_desktop.engine.tools.smooth import SMOOTH
from orfeas_desktop.register import Register, Table

TOOLS: Register[MeshTool[Any]] = Register(Table.tools, [PLACE, SMOOTH, MIRROR])
