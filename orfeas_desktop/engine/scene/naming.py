"""Names that engines give a meaning: levels of detail `NAME_LOD1`, collision pieces `UCX_NAME_01`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from orfeas_desktop.engine.scene.flatten import moved
from orfeas_desktop.engine.scene.matrices import relative

if TYPE_CHECKING:
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Node

_LEVEL = re.compile(r"(?P<name>.+?)[_ .-]?lod[_ ]?(?P<level>\d{1,2})", re.IGNORECASE)
_PIECE = re.compile(r"U(?:CX|BX|SP|CP)_(?P<name>.+)", re.IGNORECASE)


def gathered_by_name(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return siblings, coarser levels and collision pieces taken into the nodes that they are named after.

    A node with children, or whose name fits none of its siblings, stays as it is.
    """
    if not any(_LEVEL.fullmatch(node.name) or _PIECE.fullmatch(node.name) for node in nodes):
        return nodes
    owners = {
        _key(node.name): node for node in reversed(nodes) if node.mesh is not None and not _is_extra(node)
    }
    levels: dict[int, list[tuple[int, Mesh]]] = {}
    pieces: dict[int, list[Mesh]] = {}
    left: list[Node] = []
    for node in nodes:
        owner = _owner(node, owners) if _is_extra(node) else None
        if owner is None or node.mesh is None:
            left.append(node)
            continue
        mesh = moved(node.mesh, relative(owner.transform.matrix(), node.transform.matrix()))
        found = _LEVEL.fullmatch(node.name)
        if found is not None and not _PIECE.fullmatch(node.name):
            levels.setdefault(id(owner), []).append((int(found["level"]), mesh))
        else:
            pieces.setdefault(id(owner), []).append(mesh)
    return tuple(
        replace(
            node,
            name=_bare(node.name) if id(node) in levels else node.name,
            lods=(
                *node.lods,
                *(mesh for _, mesh in sorted(levels.get(id(node), ()), key=lambda pair: pair[0])),
            ),
            collision=(*node.collision, *pieces.get(id(node), ())),
        )
        if id(node) in levels or id(node) in pieces
        else node
        for node in left
    )


def _is_extra(node: Node) -> bool:
    """Whether the node is a coarser level or a collision piece by its name, and holds nothing else."""
    if node.mesh is None or node.children or node.camera or node.light:
        return False
    if _PIECE.fullmatch(node.name):
        return True
    level = _LEVEL.fullmatch(node.name)
    return level is not None and int(level["level"]) > 0


def _owner(node: Node, owners: Mapping[str, Node]) -> Node | None:
    piece = _PIECE.fullmatch(node.name)
    name = piece["name"] if piece else node.name
    wanted = (name, re.sub(r"_\d+$", "", name))
    return next((owners[_key(each)] for each in wanted if _key(each) in owners), None)


def _key(name: str) -> str:
    return _bare(name).casefold()


def _bare(name: str) -> str:
    level = _LEVEL.fullmatch(name)
    return level["name"] if level else name


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names, later ones that differ from an earlier one in nothing but case numbered apart."""
    taken: set[str] = set()
    told: list[str] = []
    counts: dict[str, int] = {}
    for name in names:
        candidate = name
        while candidate.casefold() in taken:
            counts[name] = counts.get(name, 1) + 1
            candidate = f"{name}_{counts[name]}"
        taken.add(candidate.casefold())
        told.append(candidate)
    return tuple(told)
