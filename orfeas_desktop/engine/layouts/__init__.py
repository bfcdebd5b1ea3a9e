"""LAYOUTS: what arranges several meshes."""

from __future__ import annotations

from typing import Any

from orfeas_desktop.engine.layouts.base import Layout
from orfeas_desktop.engine.layouts.circle import CIRCLE
from orfeas_desktop.engine.layouts.grid import GRID
from orfeas_desktop.engine.layouts.row import ROW
from orfeas_desktop.register import Register, Table

LAYOUTS: Register[Layout[Any]] = Register(Table.layouts, [ROW, GRID, CIRCLE])
