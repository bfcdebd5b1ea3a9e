"""A worker whose backends are the shape engines."""

from __future__ import annotations

import sys

from orfeas_desktop.engine.backends.hunyuan3d_shape import shape_backends
from orfeas_desktop.engine.worker.main import serve
from orfeas_desktop.register import Register, Table

TABLES = {
    Table.backends: Register(Table.backends, shape_backends()),
    Table.tools: Register(Table.tools, []),
    Table.exporters: Register(Table.exporters, []),
    Table.layouts: Register(Table.layouts, []),
    Table.chores: Register(Table.chores, []),
}

if __name__ == "__main__":
    sys.exit(serve(sys.argv[-1], lambda: TABLES))
