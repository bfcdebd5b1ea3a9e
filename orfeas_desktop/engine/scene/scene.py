"""Scene: a tree of places that hold meshes with their levels of detail and collision pieces, cameras and lights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.transform import Transform
from orfeas_desktop.params import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Camera", "Light", "LightKind", "Node", "Placed", "Scene", "Transform"]


@dataclass(frozen=True)
class Camera:
    """Looks along -z of its node, y up, as in glTF 2.0. Lengths in metres."""

    vertical_angle: float = math.radians(40.0)
    """Radians from the lower to the upper edge of the picture."""
    aspect: float | None = None
    """Width over height; None: as the window."""
    near: float = 0.01
    far: float | None = None
    height: float | None = None
    """What an orthographic camera sees from the lower to the upper edge; None for a perspective one."""


class LightKind(StrEnum):
    """How a light spreads."""

    sun = "directional"
    point = "point"
    spot = "spot"


@dataclass(frozen=True)
class Light:
    """Shines along -z of its node (KHR_lights_punctual): `intensity` in lux for a sun, else in candela."""

    kind: LightKind = LightKind.point
    color: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Linear."""
    intensity: float = 1.0
    reach: float | None = None
    """Metres; None: no end."""
    inner_cone: float = 0.0
    outer_cone: float = math.pi / 4


@dataclass(frozen=True, eq=False)
class Node:
    """A place under its parent; several nodes may hold one mesh.

    lods       coarser meshes in place of `mesh`, the finest first, in the same space
    collision  closed convex pieces for physics, in the same space
    """

    name: str
    mesh: Mesh | None = None
    transform: Transform = field(default_factory=Transform)
    children: tuple[Node, ...] = ()
    lods: tuple[Mesh, ...] = ()
    collision: tuple[Mesh, ...] = ()
    camera: Camera | None = None
    light: Light | None = None


@dataclass(frozen=True, eq=False)
class Placed:
    """A node met on a walk: `matrix` (4, 4) moves its space into the scene's, `depth` counts its ancestors."""

    node: Node
    matrix: NDArray[np.float64]
    depth: int


@dataclass(frozen=True, eq=False)
class Scene:
    """Root nodes in order, y up, in metres; an edit makes a new scene. `extras` travel in the file."""

    nodes: tuple[Node, ...] = ()
    name: str = "scene"
    extras: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])

    def named(self, name: str) -> Scene:
        """Return the scene under another name."""
        return replace(self, name=name)

    def with_node(self, node: Node) -> Scene:
        """Return the scene with one root more, renamed when its name is taken."""
        names = {known.name for known in self.nodes}
        name, number = node.name, 2
        while name in names:
            name, number = f"{node.name} {number}", number + 1
        return replace(self, nodes=(*self.nodes, replace(node, name=name)))

    def moved(self, index: int, transform: Transform) -> Scene:
        """Return the scene with the root at `index` placed elsewhere. Raises IndexError."""
        nodes = list(self.nodes)
        nodes[index] = replace(nodes[index], transform=transform)
        return replace(self, nodes=tuple(nodes))

    def without(self, index: int) -> Scene:
        """Return the scene without the root at `index`. Raises IndexError."""
        nodes = list(self.nodes)
        del nodes[index]
        return replace(self, nodes=tuple(nodes))

    def walk(self) -> Iterator[Placed]:
        """Yield every node, parents before children, siblings in order."""
        stack = [Placed(node, node.transform.matrix(), 0) for node in reversed(self.nodes)]
        while stack:
            placed = stack.pop()
            yield placed
            stack += [
                Placed(child, placed.matrix @ child.transform.matrix(), placed.depth + 1)
                for child in reversed(placed.node.children)
            ]

    def meshes(self) -> tuple[Mesh, ...]:
        """Return every mesh, level and collision piece, each object once."""
        found: dict[int, Mesh] = {}
        for placed in self.walk():
            node = placed.node
            for mesh in (node.mesh, *node.lods, *node.collision):
                if mesh is not None:
                    found.setdefault(id(mesh), mesh)
        return tuple(found.values())

    def mapped(self, change: Callable[[Node], Node]) -> Scene:
        """Return the scene with every node changed, its children already being so."""

        def walked(node: Node) -> Node:
            return change(replace(node, children=tuple(map(walked, node.children))))

        return replace(self, nodes=tuple(map(walked, self.nodes)))

    def with_meshes(self, change: Callable[[Mesh], Mesh]) -> Scene:
        """Return the scene with every mesh changed, one that several nodes hold once."""
        made = {id(mesh): change(mesh) for mesh in self.meshes()}

        def swapped(node: Node) -> Node:
            return replace(
                node,
                mesh=None if node.mesh is None else made[id(node.mesh)],
                lods=tuple(made[id(mesh)] for mesh in node.lods),
                collision=tuple(made[id(mesh)] for mesh in node.collision),
            )

        return self.mapped(swapped)

    @property
    def lone(self) -> bool:
        """Whether it is nothing but one mesh that stands where it was made."""
        if len(self.nodes) != 1:
            return False
        node = self.nodes[0]
        holds = (node.children, node.lods, node.collision, node.camera, node.light)
        return node.mesh is not None and not any(holds) and node.transform == Transform()

    def levels(self) -> tuple[int, ...]:
        """Return the faces of each level of detail; a node that lacks a level counts with its coarsest."""
        ladders = [
            [level.face_count for level in (placed.node.mesh, *placed.node.lods)]
            for placed in self.walk()
            if placed.node.mesh is not None
        ]
        depth = max((len(ladder) for ladder in ladders), default=0)
        return tuple(sum(ladder[min(level, len(ladder) - 1)] for ladder in ladders) for level in range(depth))

    def pieces(self) -> int:
        """Return how many collision pieces there are."""
        return sum(len(placed.node.collision) for placed in self.walk())
