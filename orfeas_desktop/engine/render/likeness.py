"""How much two meshes look alike from one place: outlines and colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.render.picture import Shot, draw_mesh

if TYPE_CHECKING:
    from orfeas_desktop.engine.mesh.mesh import Mesh

_SIDE_PX = 256


@dataclass(frozen=True)
class Likeness:
    """Shares of 1.

    outline  of the places that either covers, those that both do
    color    mean difference of the colours where both are
    """

    outline: float
    color: float


def likeness(one: Mesh, other: Mesh) -> Likeness:
    """Draw both and compare. Raises BadMesh, ProgramMissing."""
    first, second = (draw_mesh(mesh, Shot(_SIDE_PX, _SIDE_PX)).astype(np.float64) for mesh in (one, other))
    inside, outside = first[..., 3] > 127, second[..., 3] > 127
    both, either = inside & outside, inside | outside
    if not both.any():
        return Likeness(0.0, 1.0)
    apart = float(np.abs(first - second)[both][:, :3].mean()) / 255
    return Likeness(round(float(both.sum() / either.sum()), 4), round(apart, 4))
