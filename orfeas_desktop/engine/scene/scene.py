"""Scene: meshes with places, as frozen records."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.glb import write_glb_nodes
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orfeas_desktop.params import Scalar

__all__ = ["Node", "Scene", "Transform", "write_scene"]


@dataclass(frozen=True, eq=False)
class Node:
    """A mesh at a place; several nodes may hold one mesh."""

    name: str
    mesh: Mesh
    transform: Transform = field(default_factory=Transform)


@dataclass(frozen=True)
class Scene:
    """Nodes in order; an edit makes a new scene."""

    nodes: tuple[Node, ...] = ()

    def with_node(self, node: Node) -> Scene:
        """Return the scene with one node more, renamed when its name is taken."""
        names = {known.name for known in self.nodes}
        name, number = node.name, 2
        while name in names:
            name, number = f"{node.name} {number}", number + 1
        return Scene((*self.nodes, replace(node, name=name)))

    def moved(self, index: int, transform: Transform) -> Scene:
        """Return the scene with the node at `index` placed elsewhere. Raises IndexError."""
        nodes = list(self.nodes)
        nodes[index] = replace(nodes[index], transform=transform)
        return Scene(tuple(nodes))

    def without(self, index: int) -> Scene:
        """Return the scene without the node at `index`. Raises IndexError."""
        nodes = list(self.nodes)
        del nodes[index]
        return Scene(tuple(nodes))


def write_scene(scene: Scene, path: Path, *, extras: Mapping[str, Scalar] | None = None) -> None:
    """Write a GLB with one node per node of `scene`. Raises BadMesh, and ValueError for an empty scene."""
    if not scene.nodes:
        raise ValueError("a scene without nodes cannot be written")
    write_glb_nodes([(node.name, node.mesh, node.transform) for node in scene.nodes], path, extras=extras)
