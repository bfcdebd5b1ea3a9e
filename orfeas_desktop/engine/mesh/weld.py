"""Vertices that stand at the same place, found by exact coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))


def welded_ids(*arrays: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return (V,) numbers from 0 up, equal where all rows of the (V, n) `arrays` are equal bit for bit.

    -0 counts as 0.
    """
    rows = np.concatenate(
        [np.ascontiguousarray(array, np.float32) + np.float32(0) for array in arrays], axis=1
    )
    return row_ids(np.ascontiguousarray(rows).view(np.uint32))


def row_ids(words: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return (N,) numbers from 0 up, in order of first appearance, equal where rows of the (N, n) `words` are."""
    if not len(words):
        return np.zeros(0, np.int64)
    keys = _hashes(words)
    ranked = np.sort(keys)
    if not (ranked[1:] == ranked[:-1]).any():
        return np.arange(len(words))
    order = np.argsort(keys)
    sorted_words = words[order]
    differs = (sorted_words[1:] != sorted_words[:-1]).any(axis=1)
    clash = differs & (keys[order[1:]] == keys[order[:-1]])
    if clash.any():
        order = np.lexsort(words.T[::-1])
        differs = (words[order[1:]] != words[order[:-1]]).any(axis=1)
    starts = np.concatenate([[True], differs])
    first = np.minimum.reduceat(order, np.flatnonzero(starts))
    leads = np.zeros(len(words), np.int64)
    leads[first] = 1
    rank = (np.cumsum(leads) - 1)[first]
    ids = np.empty(len(words), np.int64)
    ids[order] = rank[np.cumsum(starts) - 1]
    return ids


def first_of_each(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for every number of `welded_ids` the first vertex that has it."""
    first = np.full(int(ids.max()) + 1, len(ids), np.int64)
    np.minimum.at(first, ids, np.arange(len(ids)))
    return first


def _hashes(words: NDArray[np.uint32]) -> NDArray[np.uint64]:
    mixed = np.zeros(len(words), np.uint64)
    for column in range(words.shape[1]):
        mixed ^= words[:, column].astype(np.uint64) * _MIX[column % 3]
        mixed ^= mixed >> np.uint64(29)
        mixed *= _MIX[(column + 1) % 3]
    return mixed ^ (mixed >> np.uint64(32))
