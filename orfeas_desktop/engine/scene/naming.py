"""Names that engines give a meaning: levels of detail `NAME_LOD1`, collision pieces `UCX_NAME_01`, `NAME-colonly`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.scene.flatten import moved
from orfeas_desktop.engine.scene.matrices import relative

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Node

_LEVEL = re.compile(r"(?P<name>.+?)[_ .-]?lod[_ ]?(?P<level>\d{1,2})", re.IGNORECASE)
_PIECE = re.compile(r"U(?:CX|BX|SP|CP)_(?P<name>.+)|(?P<plain>.+)[-_$](?:conv)?colonly[\d.]*", re.IGNORECASE)


def gathered_by_name(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return siblings, coarser levels and collision pieces taken into the nodes that they are named after.

    A node with children, or whose name fits none of its siblings, stays as it is.
    """
    if not any(_LEVEL.fullmatch(node.name) or _PIECE.fullmatch(node.name) for node in nodes):
        return nodes
    owners = {
        _key(node.name): node for node in reversed(nodes) if node.mesh is not None and not _is_extra(node)
    }
    taken: dict[int, list[Node]] = {}
    left: list[Node] = []
    for node in nodes:
        owner = _owner(node, owners) if _is_extra(node) else None
        if owner is None:
            left.append(node)
        else:
            taken.setdefault(id(owner), []).append(node)
    return tuple(
        _with_extras(node, taken[id(node)], node.transform.matrix()) if id(node) in taken else node
        for node in left
    )


def with_children_by_name(node: Node) -> Node:
    """Return the node with those children taken in that are its coarser levels or collision pieces by name."""
    if node.mesh is None or not any(_is_extra(child) for child in node.children):
        return node
    own = {_key(node.name): node}
    extras = [
        child
        for child in node.children
        if _is_extra(child) and (_owner(child, own) or _colliding_only(child.name))
    ]
    kept = tuple(child for child in node.children if all(child is not extra for extra in extras))
    return _with_extras(replace(node, children=kept), extras, np.eye(4)) if extras else node


def _with_extras(node: Node, extras: Sequence[Node], base: NDArray[np.float64]) -> Node:
    """Return the node with the meshes of `extras`, whose parent sees the node's space through `base`."""
    levels: list[tuple[int, Mesh]] = []
    pieces: list[Mesh] = []
    for extra in extras:
        if extra.mesh is None:
            continue
        mesh = moved(extra.mesh, relative(base, extra.transform.matrix()))
        found = _LEVEL.fullmatch(extra.name)
        if found is None or _PIECE.fullmatch(extra.name):
            pieces.append(mesh)
        else:
            levels.append((int(found["level"]), mesh))
    finer_first = (mesh for _, mesh in sorted(levels, key=lambda pair: pair[0]))
    return replace(
        node,
        name=_bare(node.name) if levels else node.name,
        lods=(*node.lods, *finer_first),
        collision=(*node.collision, *pieces),
    )


def _is_extra(node: Node) -> bool:
    """Whether the node is a coarser level or a collision piece by its name, and holds nothing else."""
    if node.mesh is None or node.children or node.camera or node.light:
        return False
    if _PIECE.fullmatch(node.name):
        return True
    level = _LEVEL.fullmatch(node.name)
    return level is not None and int(level["level"]) > 0


def _colliding_only(name: str) -> bool:
    piece = _PIECE.fullmatch(name)
    return piece is not None and piece["plain"] is not None


def _owner(node: Node, owners: Mapping[str, Node]) -> Node | None:
    piece = _PIECE.fullmatch(node.name)
    name = (piece["name"] or piece["plain"]) if piece else node.name
    wanted = (name, re.sub(r"_\d+$", "", name))
    return next((owners[_key(each)] for each in wanted if _key(each) in owners), None)


def _key(name: str) -> str:
    return _bare(name).casefold()


def _bare(name: str) -> str:
    level = _LEVEL.fullmatch(name)
    return level["name"] if level else name
