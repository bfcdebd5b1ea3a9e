"""Faces that pierce each other or lie on each other, found with a tree of boxes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.overlap import overlap
from orfeas_desktop.engine.mesh.pierce import pierce
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.weld import first_of_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_THREADS = 2
_LEAF = 4
_LEAVES_AT_ONCE = 65_536
_SLACK = 1e-7
"""What may come from rounding, as a part of the largest coordinate."""
_LEVEL = 10
"""Faces lie in one plane when neither corner of the smaller one is farther than this many slacks from the larger's,
and on each other when they reach into each other by more than this many."""
_PARALLEL = 1 - 1e-6


@dataclass(frozen=True, eq=False)
class _Tree:
    """A complete binary tree of boxes; faces stand in the order of its leaves, with gaps that no box meets.

    corners (N, 9) and faces (3, N) by place in the leaves; order (N,) the face there, -1 in a gap;
    low and high per level, the root first and the faces themselves last, (3, boxes) float32.
    """

    corners: NDArray[np.float64]
    faces: NDArray[np.int32]
    order: NDArray[np.int64]
    low: list[NDArray[np.float32]]
    high: list[NDArray[np.float32]]

    @classmethod
    def of(cls, places: NDArray[np.float32], faces: NDArray[np.int64]) -> _Tree:
        """Build the tree over the faces in Morton order of their middles."""
        corners = places[faces]
        low, high = corners.min(axis=1), corners.max(axis=1)
        levels = max(int(np.ceil(np.log2(max(len(faces) / _LEAF, 1)))), 0)
        order = np.full(_LEAF << levels, -1, np.int64)
        slots = np.linspace(0, len(order) - 1, len(faces)).round().astype(np.int64)
        order[slots] = np.argsort(_morton((low / 2 + high / 2).astype(np.float64)), kind="stable")
        gap = order < 0
        lows = [np.ascontiguousarray(np.where(gap[:, None], np.float32(np.inf), low[order]).T)]
        highs = [np.ascontiguousarray(np.where(gap[:, None], np.float32(-np.inf), high[order]).T)]
        for size in (_LEAF, *[2] * levels):
            lows.insert(0, lows[0].reshape(3, -1, size).min(axis=2))
            highs.insert(0, highs[0].reshape(3, -1, size).max(axis=2))
        columns = np.ascontiguousarray(faces[order].T.astype(np.int32))
        return cls(corners[order].reshape(-1, 9).astype(np.float64), columns, order, lows, highs)


@dataclass(frozen=True, eq=False)
class Crossings:
    """(N, 2) pairs of faces: `piercing` run through each other, `overlapping` lie on each other in one plane."""

    piercing: NDArray[np.int64]
    overlapping: NDArray[np.int64]

    @property
    def every(self) -> NDArray[np.int64]:
        """All pairs, of both kinds."""
        return np.concatenate([self.piercing, self.overlapping])


def crossings_of(mesh: Mesh, step: Callable[[float], None] | None = None) -> Crossings:
    """Return what `crossing_faces` finds on a mesh, by the numbers of its topology's faces."""
    topology = Topology.of(mesh)
    places = mesh.vertices[first_of_each(topology.ids)].astype(np.float64)
    return crossing_faces(places, topology.faces, step)


def crossing_faces(
    places: NDArray[np.floating], faces: NDArray[np.int64], step: Callable[[float], None] | None = None
) -> Crossings:
    """Return the pairs of faces that run through each other along more than a point, or share an area.

    `faces` name welded `places`; faces that only touch do not count, nor do those with the same three corners.
    Candidates come from a tree of boxes walked level by level; both halves of the work share the processors.
    """
    if len(faces) < 2:
        return Crossings(np.zeros((0, 2), np.int64), np.zeros((0, 2), np.int64))
    tree = _Tree.of(places.astype(np.float32), faces)
    planes, areas = _planes(tree.corners)
    first, second = _overlapping_leaves(tree)
    starts = range(0, len(first), _LEAVES_AT_ONCE)

    def crossed(start: int) -> Crossings:
        some = slice(start, start + _LEAVES_AT_ONCE)
        return _crossing(tree, planes, areas, *_meeting_faces(tree, first[some], second[some]))

    found: list[Crossings] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for number, pairs in enumerate(pool.map(crossed, starts)):
            found.append(pairs)
            if step is not None:
                step((number + 1) / len(starts))
    return Crossings(
        np.concatenate([some.piercing for some in found]),
        np.concatenate([some.overlapping for some in found]),
    )


def _morton(centres: NDArray[np.float64]) -> NDArray[np.uint64]:
    low = centres.min(axis=0)
    extent = float((centres.max(axis=0) - low).max()) or 1.0
    grid = np.minimum((centres - low) / extent * 2097151.0, 2097151.0).astype(np.uint64)
    masks = (
        (32, 0x1F00000000FFFF),
        (16, 0x1F0000FF0000FF),
        (8, 0x100F00F00F00F00F),
        (4, 0x10C30C30C30C30C3),
        (2, 0x1249249249249249),
    )
    for shift, mask in masks:
        grid = (grid | (grid << np.uint64(shift))) & np.uint64(mask)
    return grid[:, 0] | (grid[:, 1] << np.uint64(1)) | (grid[:, 2] << np.uint64(2))


def _overlapping_leaves(tree: _Tree) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return pairs of leaves whose boxes overlap, a leaf with itself included, the lower number first."""
    first = second = np.zeros(1, np.int32)
    for low, high in zip(tree.low[1:-1], tree.high[1:-1], strict=True):
        apart = first != second
        one, other = 2 * first, 2 * second
        parts = [(one, other), (one, other + 1), (one[apart] + 1, other[apart]), (one + 1, other + 1)]
        found = [_meeting(*part, low, high) for part in parts]
        first, second = (np.concatenate([pair[side] for pair in found]) for side in (0, 1))
    return first, second


def _meeting_faces(
    tree: _Tree, first: NDArray[np.int32], second: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return pairs of places in the leaves whose faces' boxes overlap."""
    same = first == second
    twins, one, other = _LEAF * first[same], _LEAF * first[~same], _LEAF * second[~same]
    found = [
        _meeting(twins + a, twins + b, tree.low[-1], tree.high[-1])
        for a in range(_LEAF)
        for b in range(a + 1, _LEAF)
    ]
    found += [
        _meeting(one + a, other + b, tree.low[-1], tree.high[-1]) for a in range(_LEAF) for b in range(_LEAF)
    ]
    return np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found])


def _meeting(
    first: NDArray[np.int32], second: NDArray[np.int32], low: NDArray[np.float32], high: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the pairs whose boxes meet, one axis after the other."""
    for bottom, top in zip(low, high, strict=True):
        meet = bottom.take(first) <= top.take(second)
        meet &= bottom.take(second) <= top.take(first)
        first, second = first[meet], second[meet]
    return first, second


def _planes(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return (N, 4) unit normal and height of the plane of each face, and (N,) twice its area."""
    a, b, c = (corners[:, at : at + 3] for at in (0, 3, 6))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    normal /= np.where(length > 0, length, 1.0)
    planes = np.concatenate([normal, np.einsum("nd,nd->n", normal, a)[:, None]], axis=1)
    return planes, length[:, 0].astype(np.float32)


def _crossing(
    tree: _Tree,
    planes: NDArray[np.float64],
    areas: NDArray[np.float32],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
) -> Crossings:
    shared = np.zeros(len(first), np.int8)
    theirs = [column.take(second) for column in tree.faces]
    for column in tree.faces:
        mine = column.take(first)
        for other in theirs:
            shared += (mine == other).view(np.int8)
    slack = _SLACK * float(np.abs(tree.corners).max())
    both = np.stack([first, second], axis=1)
    pairs = _larger_first(areas, both[shared < 2])
    beside = _larger_first(areas, _parallel(planes, both[shared == 2]))
    low, high = _heights(tree, planes, beside, 0, 1)
    level = [beside[np.maximum(high, -low) <= _LEVEL * slack]]
    for one, other in ((0, 1), (1, 0)):
        low, high = _heights(tree, planes, pairs, one, other)
        if one == 0:
            level.append(pairs[np.maximum(high, -low) <= _LEVEL * slack])
        pairs = pairs[(high > slack) & (low < -slack)]
    flat = np.concatenate(level)
    one, other = (tree.corners.take(pairs[:, side], axis=0).reshape(-1, 3, 3) for side in (0, 1))
    return Crossings(
        tree.order[pairs[pierce(one, other, slack)]],
        tree.order[flat[_on_each_other(tree, planes, flat, _LEVEL * slack)]],
    )


def _on_each_other(
    tree: _Tree, planes: NDArray[np.float64], pairs: NDArray[np.int32], depth: float
) -> NDArray[np.bool_]:
    one, other = (tree.corners.take(pairs[:, side], axis=0) for side in (0, 1))
    return overlap(one, other, planes.take(pairs[:, 0], axis=0)[:, :3], depth)


def _larger_first(areas: NDArray[np.float32], pairs: NDArray[np.int32]) -> NDArray[np.int32]:
    smaller = areas.take(pairs[:, 0]) < areas.take(pairs[:, 1])
    return np.where(smaller[:, None], pairs[:, ::-1], pairs)


def _parallel(planes: NDArray[np.float64], pairs: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the pairs of faces whose normals lie along one line."""
    one, other = (planes.take(pairs[:, side], axis=0)[:, :3] for side in (0, 1))
    return pairs[np.abs(np.einsum("nd,nd->n", one, other)) > _PARALLEL]


def _heights(
    tree: _Tree, planes: NDArray[np.float64], pairs: NDArray[np.int32], one: int, other: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how low and how high the corners of each pair's face `other` lie over the plane of its face `one`."""
    plane, corners = planes.take(pairs[:, one], axis=0), tree.corners.take(pairs[:, other], axis=0)
    a, b, c = (np.einsum("nd,nd->n", corners[:, at : at + 3], plane[:, :3]) for at in (0, 3, 6))
    return np.minimum(np.minimum(a, b), c) - plane[:, 3], np.maximum(np.maximum(a, b), c) - plane[:, 3]
