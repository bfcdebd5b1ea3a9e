"""Faces that pierce each other, found with a tree of boxes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.pierce import pierce

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_THREADS = 2
_LEAF = 4
_LEAVES_AT_ONCE = 65_536


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


def crossing_faces(
    places: NDArray[np.floating], faces: NDArray[np.int64], step: Callable[[float], None] | None = None
) -> NDArray[np.int64]:
    """Return (N, 2) pairs of faces that run through each other along more than a point.

    `faces` name welded `places`; faces that share an edge, touch or lie flat on each other do not count.
    Candidates come from a tree of boxes walked level by level; both halves of the work share the processors.
    """
    if len(faces) < 2:
        return np.zeros((0, 2), np.int64)
    tree = _Tree.of(places.astype(np.float32), faces)
    planes = _planes(tree.corners)
    first, second = _overlapping_leaves(tree)
    starts = range(0, len(first), _LEAVES_AT_ONCE)

    def pierced(start: int) -> NDArray[np.int64]:
        some = slice(start, start + _LEAVES_AT_ONCE)
        return _piercing(tree, planes, *_meeting_faces(tree, first[some], second[some]))

    found: list[NDArray[np.int64]] = [np.zeros((0, 2), np.int64)]
    with ThreadPoolExecutor(_THREADS) as pool:
        for number, pairs in enumerate(pool.map(pierced, starts)):
            found.append(pairs)
            if step is not None:
                step((number + 1) / len(starts))
    return np.concatenate(found)


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


def _planes(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, 4) unit normal and height of the plane of each face."""
    a, b, c = (corners[:, at : at + 3] for at in (0, 3, 6))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    normal /= np.where(length > 0, length, 1.0)
    return np.concatenate([normal, np.einsum("nd,nd->n", normal, a)[:, None]], axis=1)


def _piercing(
    tree: _Tree, planes: NDArray[np.float64], first: NDArray[np.int32], second: NDArray[np.int32]
) -> NDArray[np.int64]:
    shared = np.zeros(len(first), np.int8)
    theirs = [column.take(second) for column in tree.faces]
    for column in tree.faces:
        mine = column.take(first)
        for other in theirs:
            shared += (mine == other).view(np.int8)
    slack = 1e-7 * float(np.abs(tree.corners).max())
    pairs = np.stack([first, second], axis=1)[shared < 2]
    for one, other in ((0, 1), (1, 0)):
        plane, corners = planes.take(pairs[:, one], axis=0), tree.corners.take(pairs[:, other], axis=0)
        a, b, c = (np.einsum("nd,nd->n", corners[:, at : at + 3], plane[:, :3]) for at in (0, 3, 6))
        above = np.maximum(np.maximum(a, b), c) > plane[:, 3] + slack
        pairs = pairs[above & (np.minimum(np.minimum(a, b), c) < plane[:, 3] - slack)]
    one, other = (tree.corners[pairs[:, side]].reshape(-1, 3, 3) for side in (0, 1))
    return tree.order[pairs[pierce(one, other, slack)]]
