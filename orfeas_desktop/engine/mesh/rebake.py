"""The base colour carried over to another UV layout of the same faces."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import Texture
from orfeas_desktop.engine.mesh.raster import texels_of
from orfeas_desktop.engine.mesh.transfer import colors_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh


def rebaked(old: Mesh, new: Mesh, side: int, step: Callable[[float], None]) -> Texture:
    """Return the base colour textures of `old` as one PNG of `side` × `side` texels on the first UV set of `new`.

    Faces correspond by number. Texels outside the charts take the colour of the nearest one inside.
    """
    from PIL import Image
    from scipy.ndimage import distance_transform_edt

    white = (1.0, 1.0, 1.0, 1.0)
    bare = old.changed(
        colors=None, materials=tuple(replace(material, base_color=white) for material in old.materials)
    )
    pixels = np.zeros((side, side, 4), np.uint8)
    known = np.zeros((side, side), bool)
    corners = new.uvs[0][new.faces].astype(np.float64) * side
    for texels in texels_of(corners, side, side):
        step(float(texels.faces[-1]) / new.face_count if len(texels.faces) else 0.0)
        pixels[texels.rows, texels.columns] = colors_at(bare, texels.faces, texels.weights)
        known[texels.rows, texels.columns] = True
    if known.any() and not known.all():
        nearest: NDArray[np.int32] = np.asarray(
            distance_transform_edt(~known, return_distances=False, return_indices=True)
        )
        pixels = pixels[nearest[0], nearest[1]]
    image = Image.fromarray(pixels if pixels[..., 3].min() < 255 else pixels[..., :3])
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=6)
    return Texture(out.getvalue(), "image/png")
