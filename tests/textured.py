"""A mesh given what tools for textures cannot do without."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from orfeas_desktop.engine.mesh.box_charts import box_layout
from orfeas_desktop.engine.mesh.mesh import Material, Texture
from orfeas_desktop.engine.mesh.pick import with_vertices
from orfeas_desktop.engine.mesh.textures import textures_of

if TYPE_CHECKING:
    from orfeas_desktop.engine.mesh.mesh import Mesh

NEED_TEXTURES = {"bake", "material", "upscale"}
"""Tools that refuse a mesh without a layout or a texture."""


def textured(mesh: Mesh) -> Mesh:
    """The mesh, with UVs and a base colour texture where it had none."""
    if not mesh.uvs:
        layout = box_layout(mesh.vertices, mesh.faces, 128, 2)
        mesh = with_vertices(mesh, layout.rows).changed(faces=layout.faces, uvs=(layout.uv,))
    if not any(textures_of(material) for material in mesh.materials):
        out = io.BytesIO()
        pixels = np.random.default_rng(0).integers(0, 255, (16, 16, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(out, "PNG")
        mesh = mesh.changed(materials=(Material(base_color_texture=Texture(out.getvalue(), "image/png")),))
    return mesh
