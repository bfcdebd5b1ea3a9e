"""Charts by xatlas within a time limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.layout import Layout, atlas_layout
from orfeas_desktop.engine.tools.child import in_child

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

_AT_ONCE = 2000
"""Meshes of no more faces are unwrapped in a moment, in this process."""


def charted(mesh: Mesh, side: int, padding: int, limit_s: float, context: JobContext) -> Layout | None:
    """Return a layout with little stretch; None when none came about in time. Raises Cancelled.

    No edge may have more than two faces.
    """
    arguments = (mesh.vertices, mesh.faces, side, padding)
    if mesh.face_count <= _AT_ONCE:
        layout = atlas_layout(*arguments)
    else:
        layout = in_child(atlas_layout, arguments, context, limit_s)
    if layout is None or layout.faces.shape != mesh.faces.shape or not np.isfinite(layout.uv).all():
        return None
    return layout
