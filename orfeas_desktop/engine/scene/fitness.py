"""What other programs cannot take is refused, or left out where nobody sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.pick import picked
from orfeas_desktop.engine.scene.matrices import invertible
from orfeas_desktop.engine.scene.scene import Node, Scene
from orfeas_desktop.errors import MeshUnfit

if TYPE_CHECKING:
    from orfeas_desktop.engine.mesh.mesh import Mesh


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


def with_lone_cameras(scene: Scene) -> Scene:
    """Return the scene, cameras and lights that share a node with something else on a child of their own."""

    def change(node: Node) -> Node:
        holds = (node.mesh is not None) + (node.camera is not None) + (node.light is not None)
        if (node.camera is None and node.light is None) or (holds == 1 and not node.children):
            return node
        apart: list[Node] = []
        if node.camera is not None:
            apart.append(Node(f"{node.name} camera", camera=node.camera))
        if node.light is not None:
            apart.append(Node(f"{node.name} light", light=node.light))
        return replace(node, camera=None, light=None, children=(*node.children, *apart))

    return scene.mapped(change)
