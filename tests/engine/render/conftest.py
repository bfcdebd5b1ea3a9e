"""Small meshes with colours by which a side can be told."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def picture_of() -> Callable[..., Texture]:
    """Encode (H, W, 3 or 4) uint8 as a texture."""

    def make(pixels: np.ndarray, form: str = "PNG") -> Texture:
        out = BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(out, form)
        return Texture(out.getvalue(), f"image/{form.lower()}")

    return make


@pytest.fixture(scope="session")
def plate() -> Callable[..., Mesh]:
    """A square of one metre that looks at the viewer, its texture's first row on top."""

    def make(material: Material | None = None, **changes: object) -> Mesh:
        return Mesh(
            vertices=np.array([[-0.5, 0, 0], [0.5, 0, 0], [0.5, 1, 0], [-0.5, 1, 0]], np.float32),
            faces=np.array([[0, 1, 2], [0, 2, 3]], np.int32),
            normals=np.tile(np.array([0, 0, 1], np.float32), (4, 1)),
            uvs=(np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32),),
            materials=(material or Material(),),
        ).changed(**changes)

    return make
