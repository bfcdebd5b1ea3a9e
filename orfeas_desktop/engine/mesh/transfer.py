"""The colours of one surface carried over to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.color import encoded_bytes, linear_of
from orfeas_desktop.engine.mesh.distance import closest_on
from orfeas_desktop.engine.mesh.sample import bilinear
from orfeas_desktop.engine.mesh.textures import pixels_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh


def has_colors(mesh: Mesh) -> bool:
    """Return whether the surface is anything but plain white."""
    white = (1.0, 1.0, 1.0, 1.0)
    return mesh.colors is not None or any(
        material.base_color != white or material.base_color_texture is not None for material in mesh.materials
    )


def colors_near(
    mesh: Mesh, points: NDArray[np.floating], step: Callable[[float], None] | None = None
) -> NDArray[np.uint8]:
    """Return (N, 4) sRGB bytes: the base colour of the surface at the point closest to each of (N, 3) `points`."""
    found = closest_on(mesh, points, step)
    weights = barycentric(mesh.vertices[mesh.faces[found.faces]].astype(np.float64), found.points)
    return colors_at(mesh, found.faces, weights)


def barycentric(corners: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, 3) weights of points in their (N, 3, 3) triangles; a flat triangle gives its first corner."""
    ab, ac, ap = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], points - corners[:, 0]
    bb, bc, cc = (np.einsum("nd,nd->n", one, other) for one, other in ((ab, ab), (ab, ac), (ac, ac)))
    pb, pc = np.einsum("nd,nd->n", ap, ab), np.einsum("nd,nd->n", ap, ac)
    area = bb * cc - bc * bc
    share = np.where(area > 0, 1.0 / np.where(area > 0, area, 1.0), 0.0)
    second, third = (cc * pb - bc * pc) * share, (bb * pc - bc * pb) * share
    weights = np.clip(np.stack([1 - second - third, second, third], axis=1), 0.0, 1.0)
    return weights / weights.sum(axis=1, keepdims=True)


def colors_at(mesh: Mesh, faces: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return (N, 4) sRGB bytes: base colour × texture × vertex colour at points given by face and weights."""
    light = np.ones((len(faces), 4), np.float32)
    groups = np.zeros(mesh.face_count, np.int32) if mesh.face_materials is None else mesh.face_materials
    for number, material in enumerate(mesh.materials):
        mine = np.flatnonzero(groups[faces] == number)
        light[mine] *= np.array(material.base_color, np.float32)
        texture = material.base_color_texture
        if texture is not None and texture.uv_set < len(mesh.uvs) and len(mine):
            corners = mesh.uvs[texture.uv_set][mesh.faces[faces[mine]]].astype(np.float64)
            uv = np.einsum("nc,ncd->nd", weights[mine], corners)
            light[mine] *= bilinear(pixels_of(texture), uv.astype(np.float32))
    if mesh.colors is not None:
        table = linear_of(np.arange(256) / 255.0)
        corners = mesh.colors[mesh.faces[faces]]
        linear = table[corners].astype(np.float64)
        linear[..., 3] = corners[..., 3] / 255.0
        light *= np.einsum("nc,ncd->nd", weights, linear).astype(np.float32)
    return encoded_bytes(light)
