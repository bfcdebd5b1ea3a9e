"""BACKENDS: what makes meshes, pictures and textures."""

from __future__ import annotations

from orfeas_desktop.engine.backends.base import Backend
from orfeas_desktop.engine.backends.hunyuan3d_shape import shape_backends
from orfeas_desktop.engine.backends.relief import RELIEF, RELIEF_MASK
from orfeas_desktop.register import Register, Table

BACKENDS: Register[Backend] = Register(Table.backends, [RELIEF, RELIEF_MASK, *shape_backends()])
