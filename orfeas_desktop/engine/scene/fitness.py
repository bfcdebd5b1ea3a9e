"""What other programs cannot take is refused, or left out where nobody sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.pick import picked
from orfeas_desktop.engine.scene.matrices import invertible
from orfeas_desktop.errors import MeshUnfit

if TYPE_CHECKING:
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Scene


def require_places(scene: Scene) -> None:
    """Refuse a place that squashes what stands in it flat: programs cannot undo it. Raises MeshUnfit."""
    for placed in scene.walk():
        if not invertible(placed.node.transform.matrix()):
            raise MeshUnfit(name=placed.node.name, problem="its transform squashes it flat")


def without_loose(scene: Scene) -> Scene:
    """Return the scene, vertices that no face uses left out."""

    def change(mesh: Mesh) -> Mesh:
        used = np.zeros(mesh.vertex_count, bool)
        used[mesh.faces] = True
        return mesh if used.all() else picked(mesh, np.arange(mesh.face_count))

    return scene.with_meshes(change)
