"""Faces that pierce each other, found with a tree of boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_PAIRS_AT_ONCE = 1_000_000
_LEAF = 4


def crossing_faces(
    places: NDArray[np.floating], faces: NDArray[np.int64], step: Callable[[float], None] | None = None
) -> NDArray[np.int64]:
    """Return (N, 2) pairs of faces of which an edge of one pierces the inside of the other.

    `faces` name welded `places`; faces that share an edge, touch or lie flat on each other do not count.
    Candidates come from a complete binary tree of boxes over the faces in Morton order, walked level by level.
    """
    if len(faces) < 2:
        return np.zeros((0, 2), np.int64)
    corners = places[faces].astype(np.float64)
    order, lows, highs = _tree(corners)
    boxes = corners.min(axis=1), corners.max(axis=1)
    found: list[NDArray[np.int64]] = []
    leaves = _overlapping_leaves(lows, highs)
    size = max(_PAIRS_AT_ONCE // _LEAF**2, 1)
    for start in range(0, len(leaves), size):
        if step is not None:
            step(start / len(leaves))
        pairs = _meeting(_faces_of(leaves[start : start + size], order), *boxes)
        found.append(_piercing(corners, faces, pairs))
    return np.concatenate(found) if found else np.zeros((0, 2), np.int64)


def _tree(
    corners: NDArray[np.float64],
) -> tuple[NDArray[np.int64], list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Return faces in leaf order, -1 where a leaf is not full, and boxes per level, the root first."""
    low, high = corners.min(axis=1), corners.max(axis=1)
    levels = max(int(np.ceil(np.log2(max(len(corners) / _LEAF, 1)))), 0)
    order = np.full(_LEAF << levels, -1, np.int64)
    ranked = np.argsort(_morton((low + high) / 2), kind="stable")
    slots = np.linspace(0, len(order) - 1, len(ranked)).round().astype(np.int64)
    order[slots] = ranked
    empty = order < 0
    leaf_low = np.where(empty[:, None], np.inf, low[order]).reshape(-1, _LEAF, 3).min(axis=1)
    leaf_high = np.where(empty[:, None], -np.inf, high[order]).reshape(-1, _LEAF, 3).max(axis=1)
    lows, highs = [leaf_low], [leaf_high]
    for _ in range(levels):
        lows.insert(0, lows[0].reshape(-1, 2, 3).min(axis=1))
        highs.insert(0, highs[0].reshape(-1, 2, 3).max(axis=1))
    return order, lows, highs


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


def _overlapping_leaves(
    lows: list[NDArray[np.float64]], highs: list[NDArray[np.float64]]
) -> NDArray[np.int64]:
    """Return (N, 2) leaves whose boxes overlap, a leaf with itself included, the lower number first."""
    pairs = np.zeros((1, 2), np.int64)
    for low, high in zip(lows[1:], highs[1:], strict=True):
        first, second = 2 * pairs[:, 0], 2 * pairs[:, 1]
        twins = pairs[:, 0] == pairs[:, 1]
        children = [np.stack([first + a, second + b], axis=1) for a in (0, 1) for b in (0, 1)]
        children[2] = children[2][~twins]
        pairs = np.concatenate(children)
        pairs = _meeting(pairs, low, high)
    return pairs


def _meeting(
    pairs: NDArray[np.int64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the pairs whose boxes meet, one axis after the other."""
    for axis in range(3):
        bottom, top = np.ascontiguousarray(low[:, axis]), np.ascontiguousarray(high[:, axis])
        a, b = np.ascontiguousarray(pairs.T)
        pairs = pairs[(bottom[a] <= top[b]) & (bottom[b] <= top[a])]
    return pairs


def _faces_of(leaves: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    members = order.reshape(-1, _LEAF)
    first = np.repeat(members[leaves[:, 0]], _LEAF, axis=1).reshape(-1)
    second = np.tile(members[leaves[:, 1]], (1, _LEAF)).reshape(-1)
    twins = np.repeat(leaves[:, 0] == leaves[:, 1], _LEAF**2)
    keep = (first >= 0) & (second >= 0) & (~twins | (first < second))
    return np.stack([first[keep], second[keep]], axis=1)


def _piercing(
    corners: NDArray[np.float64], faces: NDArray[np.int64], pairs: NDArray[np.int64]
) -> NDArray[np.int64]:
    one_side, other_side = faces[pairs[:, 0]].T, faces[pairs[:, 1]].T
    shared = np.zeros(len(pairs), np.int8)
    for mine in one_side:
        for theirs in other_side:
            shared += mine == theirs
    pairs = pairs[shared < 2]
    scale = float(np.abs(corners).max())
    for one, other in ((0, 1), (1, 0)):
        heights = _heights(corners[pairs[:, one]], corners[pairs[:, other]])
        slack = 1e-7 * scale
        a, b, c = heights.T
        above = (a > slack) | (b > slack) | (c > slack)
        pairs = pairs[above & ((a < -slack) | (b < -slack) | (c < -slack))]
    hit = np.zeros(len(pairs), bool)
    for one, other in ((0, 1), (1, 0)):
        triangle, pierced = corners[pairs[:, one]], corners[pairs[:, other]]
        for corner in range(3):
            hit |= _pierces(triangle[:, corner], triangle[:, (corner + 1) % 3], pierced)
    return pairs[hit]


def _heights(triangles: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, 3) signed distances of (N, 3, 3) points to the planes of the triangles."""
    normal = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    unit = normal / np.where(length > 0, length, 1.0)
    return np.einsum("ncd,nd->nc", points - triangles[:, None, 0], unit)


def _pierces(
    start: NDArray[np.float64], end: NDArray[np.float64], triangles: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return whether each segment crosses the open inside of its triangle (Möller and Trumbore 1997)."""
    ray = end - start
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    edge_b, edge_c = b - a, c - a
    across = np.cross(ray, edge_c)
    area = np.einsum("nd,nd->n", edge_b, across)
    size = np.linalg.norm(ray, axis=1) * np.linalg.norm(edge_b, axis=1) * np.linalg.norm(edge_c, axis=1)
    flat = np.abs(area) <= 1e-9 * size
    share = 1.0 / np.where(flat, 1.0, area)
    off = start - a
    u = np.einsum("nd,nd->n", off, across) * share
    turned = np.cross(off, edge_b)
    v = np.einsum("nd,nd->n", ray, turned) * share
    t = np.einsum("nd,nd->n", edge_c, turned) * share
    edge = 1e-5
    return ~flat & (u > edge) & (v > edge) & (u + v < 1 - edge) & (t > edge) & (t < 1 - edge)
