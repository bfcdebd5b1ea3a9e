"""BACKENDS: what makes meshes, pictures and textures."""

from __future__ import annotations

from orfeas_desktop.engine.backends.base import Backend
from orfeas_desktop.engine.backends.hunyuan3d_shape import shape_backends
from orfeas_desktop.engine.backends.network_pool import NetworkPool
from orfeas_desktop.engine.backends.relief import RELIEF, RELIEF_MASK
from orfeas_desktop.engine.backends.text_to_image import text_to_image_backends
from orfeas_desktop.register import Register, Table


def _backends(pool: NetworkPool) -> list[Backend]:
    """All engines share the memory there is."""
    return [RELIEF, RELIEF_MASK, *shape_backends(pool), *text_to_image_backends(pool)]


BACKENDS: Register[Backend] = Register(Table.backends, _backends(NetworkPool()))
