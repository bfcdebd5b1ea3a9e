"""Colours of the surface at the vertices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.color import encoded_bytes, linear_of
from orfeas_desktop.engine.mesh.textures import pixels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Material, Mesh


def surface_colors(mesh: Mesh) -> NDArray[np.uint8] | None:
    """Return (V, 4) sRGB bytes with linear alpha: base colour × texture × vertex colour; None when all are plain.

    A vertex of several materials takes the last one's. Raises Broken for a damaged texture.
    """
    plain = (1.0, 1.0, 1.0, 1.0)
    if mesh.colors is None and all(
        m.base_color == plain and m.base_color_texture is None for m in mesh.materials
    ):
        return None
    light = np.ones((mesh.vertex_count, 4), np.float32)
    for index, material in enumerate(mesh.materials):
        groups = mesh.face_materials
        faces = mesh.faces if groups is None else mesh.faces[groups == index]
        if len(faces) and (groups is not None or index == 0):
            vertices = np.unique(faces)
            light[vertices] = _base_color(mesh, material, vertices)
    if mesh.colors is not None:
        light *= _linear(mesh.colors)
    return encoded_bytes(light)


def _base_color(mesh: Mesh, material: Material, vertices: NDArray[np.int32]) -> NDArray[np.float32]:
    factor = np.array(material.base_color, np.float32)
    texture = material.base_color_texture
    if texture is None or texture.uv_set >= len(mesh.uvs):
        return np.broadcast_to(factor, (len(vertices), 4))
    return bilinear(pixels_of(texture), mesh.uvs[texture.uv_set][vertices]) * factor


def bilinear(
    pixels: NDArray[np.uint8], uv: NDArray[np.float32], *, encoded: bool = True
) -> NDArray[np.float32]:
    """Return (N, 4) values 0..1 of (H, W, 4) `pixels` at (N, 2) `uv`, origin top left, repeating.

    `encoded` pixels are sRGB and come back as linear light.
    """
    values = _linear if encoded else _plain
    height, width = pixels.shape[:2]
    x = (uv[:, 0].astype(np.float64) % 1.0) * width - 0.5
    y = (uv[:, 1].astype(np.float64) % 1.0) * height - 0.5
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    right_share, bottom_share = (x - left)[:, None], (y - top)[:, None]
    out = np.zeros((len(uv), 4))
    for column, share_x in ((left, 1 - right_share), (left + 1, right_share)):
        for row, share_y in ((top, 1 - bottom_share), (top + 1, bottom_share)):
            out += values(pixels[row % height, column % width]) * share_x * share_y
    return out.astype(np.float32)


def _linear(colors: NDArray[np.uint8]) -> NDArray[np.float32]:
    table = linear_of(np.arange(256) / 255.0)
    light = table[colors]
    light[:, 3] = colors[:, 3] / np.float32(255)
    return light


def _plain(colors: NDArray[np.uint8]) -> NDArray[np.float32]:
    return colors.astype(np.float32) / np.float32(255)
