"""Faces that pierce each other or lie on each other, found with a tree of boxes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.overlap import overlap
from orfeas_desktop.engine.mesh.pierce import pierce
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.weld import first_of_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh

_THREADS = 2
_LEAF = 4
_LEAVES_AT_ONCE = 32_768
_PLANES_AT_ONCE = 262_144
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
    low and high per level, the root first and the leaves last, (3, boxes);
    boxes per leaf the lowest x of its faces, then y, z and the highest x, y, z, (leaves, 24);
    planes (N, 4) and areas (N,), twice over, as `_planes` gives them; slack is what may come from rounding.
    """

    corners: NDArray[np.float32]
    faces: NDArray[np.int32]
    order: NDArray[np.int64]
    low: list[NDArray[np.float32]]
    high: list[NDArray[np.float32]]
    boxes: NDArray[np.float32]
    planes: NDArray[np.float64]
    areas: NDArray[np.float32]
    slack: float

    @classmethod
    def of(cls, places: NDArray[np.float32], faces: NDArray[np.int64]) -> _Tree:
        """Build the tree over the faces in Morton order of their middles."""
        a, b, c = (np.ascontiguousarray(places[faces[:, corner]].T) for corner in range(3))
        low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
        levels = max(int(np.ceil(np.log2(max(len(faces) / _LEAF, 1)))), 0)
        order = np.full(_LEAF << levels, -1, np.int64)
        slots = np.linspace(0, len(order) - 1, len(faces)).round().astype(np.int64)
        order[slots] = along = _morton_order((low / 2 + high / 2).astype(np.float64))
        lows = [np.full((3, len(order)), np.inf, np.float32)]
        highs = [np.full((3, len(order)), -np.inf, np.float32)]
        for axis in range(3):
            lows[0][axis, slots] = low[axis].take(along)
            highs[0][axis, slots] = high[axis].take(along)
        for size in (_LEAF, *[2] * levels):
            lows.insert(0, reduce(np.minimum, (lows[0][:, at::size] for at in range(size))))
            highs.insert(0, reduce(np.maximum, (highs[0][:, at::size] for at in range(size))))
        boxes = np.stack([lows[-1], highs[-1]]).reshape(6, -1, _LEAF).transpose(1, 0, 2)
        columns = np.ascontiguousarray(faces[order].T, np.int32)
        corners = np.concatenate([part.T for part in (a, b, c)], axis=1)[order]
        boxes = boxes.reshape(-1, 6 * _LEAF)
        slack = _SLACK * float(np.abs(corners).max())
        return cls(corners, columns, order, lows[:-1], highs[:-1], boxes, *_planes(corners), slack)

    def holding(self, among: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
        """Return per level which boxes hold one of the faces `among` (F,), the root first."""
        held = [among[self.order] & (self.order >= 0)]
        for size in (_LEAF, *[2] * (len(self.low) - 1)):
            held.insert(0, reduce(np.logical_or, (held[0][at::size] for at in range(size))))
        return held[:-1]

    def triangles(self, places: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return (N, 9) corners of the faces at these places."""
        return self.corners.take(places, axis=0).astype(np.float64)


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
    places: NDArray[np.floating],
    faces: NDArray[np.int64],
    step: Callable[[float], None] | None = None,
    among: NDArray[np.bool_] | None = None,
) -> Crossings:
    """Return the pairs of faces that run through each other along more than a point, or share an area.

    `faces` name welded `places`; faces that only touch do not count, nor do those with the same three corners.
    With `among` (F,) only those that hold one of these faces.
    Candidates come from a tree of boxes walked level by level; both halves of the work share the processors.
    """
    if len(faces) < 2:
        return Crossings(np.zeros((0, 2), np.int64), np.zeros((0, 2), np.int64))
    tree = _Tree.of(places.astype(np.float32), faces)
    first, second = _overlapping_leaves(tree, among)
    starts = range(0, len(first), _LEAVES_AT_ONCE)

    def crossed(start: int) -> Crossings:
        some = slice(start, start + _LEAVES_AT_ONCE)
        return _crossing(tree, *_meeting_faces(tree, first[some], second[some]))

    found: list[Crossings] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for number, pairs in enumerate(pool.map(crossed, starts)):
            found.append(pairs)
            if step is not None:
                step((number + 1) / len(starts))

    def joined(parts: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
        pairs = np.concatenate([np.zeros((0, 2), np.int64), *parts])
        return pairs if among is None else pairs[np.asarray(among[pairs].any(axis=1))]

    return Crossings(joined(one.piercing for one in found), joined(one.overlapping for one in found))


def _morton_order(centres: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the order of (3, N) points along a curve that fills space; one number sorts by curve, then by row."""
    spare = (centres.shape[1] - 1).bit_length()
    finest = float((1 << (63 - spare) // 3) - 1)
    low = centres.min(axis=1, keepdims=True)
    extent = float((centres.max(axis=1, keepdims=True) - low).max()) or 1.0
    grid = np.minimum((centres - low) / extent * finest, finest).astype(np.int64)
    masks = (
        (32, 0x1F00000000FFFF),
        (16, 0x1F0000FF0000FF),
        (8, 0x100F00F00F00F00F),
        (4, 0x10C30C30C30C30C3),
        (2, 0x1249249249249249),
    )
    for shift, mask in masks:
        grid = (grid | (grid << shift)) & mask
    keys = (grid[0] | (grid[1] << 1) | (grid[2] << 2)) << spare
    keys |= np.arange(centres.shape[1])
    keys.sort()
    return keys & ((1 << spare) - 1)


def _overlapping_leaves(
    tree: _Tree, among: NDArray[np.bool_] | None
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return pairs of leaves whose boxes overlap, a leaf with itself included, the lower number first."""
    first = second = np.zeros(1, np.int32)
    held = [None] * len(tree.low) if among is None else tree.holding(among)
    for low, high, wanted in zip(tree.low[1:], tree.high[1:], held[1:], strict=True):
        apart = first != second
        one, other = 2 * first, 2 * second
        parts = [(one, other), (one, other + 1), (one[apart] + 1, other[apart]), (one + 1, other + 1)]
        found = [_meeting(*part, low, high) for part in parts]
        first, second = (np.concatenate([pair[side] for pair in found]) for side in (0, 1))
        if wanted is not None:
            kept = wanted[first] | wanted[second]
            first, second = first[kept], second[kept]
    return first, second


def _meeting_faces(
    tree: _Tree, first: NDArray[np.int32], second: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return pairs of places in the leaves whose faces' boxes overlap."""
    mine, theirs = (
        np.ascontiguousarray(tree.boxes.take(leaves, axis=0).T).reshape(2, 3, _LEAF, -1)
        for leaves in (first, second)
    )
    apart = first != second
    ones: list[NDArray[np.int32]] = []
    others: list[NDArray[np.int32]] = []
    for a, b in np.ndindex(_LEAF, _LEAF):
        meet = np.ones(len(first), bool) if a < b else apart.copy()
        for axis in range(3):
            meet &= mine[0, axis, a] <= theirs[1, axis, b]
            meet &= theirs[0, axis, b] <= mine[1, axis, a]
        ones.append(_LEAF * first[meet] + np.int32(a))
        others.append(_LEAF * second[meet] + np.int32(b))
    return np.concatenate(ones), np.concatenate(others)


def _meeting(
    first: NDArray[np.int32], second: NDArray[np.int32], low: NDArray[np.float32], high: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the pairs whose boxes meet, one axis after the other."""
    for bottom, top in zip(low, high, strict=True):
        meet = bottom.take(first) <= top.take(second)
        meet &= bottom.take(second) <= top.take(first)
        first, second = first[meet], second[meet]
    return first, second


def _planes(corners: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return (N, 4) unit normal and height of the plane of each face, and (N,) twice its area."""
    planes, areas = np.empty((len(corners), 4)), np.empty(len(corners), np.float32)
    for start in range(0, len(corners), _PLANES_AT_ONCE):
        part = slice(start, start + _PLANES_AT_ONCE)
        planes[part], areas[part] = _some_planes(np.ascontiguousarray(corners[part].T, np.float64))
    return planes, areas


def _some_planes(columns: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ab, ac = columns[3:6] - columns[:3], columns[6:] - columns[:3]
    normal = np.stack([ab[at - 2] * ac[at - 1] - ab[at - 1] * ac[at - 2] for at in range(3)])
    length = np.sqrt((normal * normal).sum(axis=0))
    normal /= np.where(length > 0, length, 1.0)
    height = (normal * columns[:3]).sum(axis=0)
    return np.concatenate([normal, height[None]]).T, length


def _crossing(tree: _Tree, first: NDArray[np.int32], second: NDArray[np.int32]) -> Crossings:
    shared = np.zeros(len(first), np.int8)
    theirs = [column.take(second) for column in tree.faces]
    for column in tree.faces:
        mine = column.take(first)
        for other in theirs:
            shared += (mine == other).view(np.int8)
    both = np.stack([first, second])
    pairs = _larger_first(tree, both[:, shared < 2])
    beside = _larger_first(tree, _parallel(tree, both[:, shared == 2]))
    low, high = _heights(tree, *beside)
    level = [beside[:, np.maximum(high, -low) <= _LEVEL * tree.slack]]
    for one, other in ((0, 1), (1, 0)):
        low, high = _heights(tree, pairs[one], pairs[other])
        if one == 0:
            level.append(pairs[:, np.maximum(high, -low) <= _LEVEL * tree.slack])
        pairs = pairs[:, (high > tree.slack) & (low < -tree.slack)]
    flat = np.concatenate(level, axis=1)
    one, other = (tree.triangles(side).reshape(-1, 3, 3) for side in pairs)
    return Crossings(
        tree.order[pairs.T[pierce(one, other, tree.slack)]],
        tree.order[flat.T[_on_each_other(tree, *flat)]],
    )


def _on_each_other(tree: _Tree, first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.bool_]:
    one, other = (tree.triangles(side) for side in (first, second))
    return overlap(one, other, tree.planes.take(first, axis=0)[:, :3], _LEVEL * tree.slack)


def _larger_first(tree: _Tree, pairs: NDArray[np.int32]) -> NDArray[np.int32]:
    smaller = tree.areas.take(pairs[0]) < tree.areas.take(pairs[1])
    return np.where(smaller, pairs[::-1], pairs)


def _parallel(tree: _Tree, pairs: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the (2, N) pairs of faces whose normals lie along one line."""
    one, other = (np.ascontiguousarray(tree.planes.take(side, axis=0).T) for side in pairs)
    return pairs[:, np.abs(one[0] * other[0] + one[1] * other[1] + one[2] * other[2]) > _PARALLEL]


def _heights(
    tree: _Tree, first: NDArray[np.int32], second: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how low and how high the corners of each face of `second` lie over the plane of its face of `first`."""
    x, y, z, height = np.ascontiguousarray(tree.planes.take(first, axis=0).T)
    columns = np.ascontiguousarray(tree.triangles(second).T)
    a, b, c = (columns[at] * x + columns[at + 1] * y + columns[at + 2] * z - height for at in (0, 3, 6))
    return np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
