"""UV layouts of charts that look along the sides of a box: quick for any number of faces, without overlaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.charts import covered
from orfeas_desktop.engine.mesh.layout import Layout
from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.weld import row_ids, welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WAYS = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float64)
_FLATTEST = 0.5
"""A face turned further from its chart's way than this cosine would be squeezed too much."""
_FLATTEST_AT_RIMS = 0.3
"""The same where that keeps a small chart from standing alone."""
_SMOOTHINGS = 8
_SMALL = 2e-3
"""Charts of a smaller share of the surface join a neighbour."""
_JOININGS = 4
_CUTS = 16


@dataclass(frozen=True, eq=False)
class _Faces:
    """unit (F, 3) normals, zero where a face has no area; areas (F,); pairs of neighbours across edges."""

    unit: NDArray[np.float64]
    areas: NDArray[np.float64]
    one: NDArray[np.int64]
    other: NDArray[np.int64]

    @classmethod
    def of(cls, vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> _Faces:
        normals = face_normals(vertices, faces)
        length = np.linalg.norm(normals, axis=1)
        unit = normals / np.where(length > 0, length, 1.0)[:, None]
        ids = welded_ids(vertices)[faces]
        tails, heads = ids.reshape(-1), ids[:, (1, 2, 0)].reshape(-1)
        keys = np.minimum(tails, heads) * (int(ids.max()) + 1) + np.maximum(tails, heads)
        order = np.argsort(keys, kind="stable")
        met = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
        return cls(unit, length / 2, order[met] // 3, order[met + 1] // 3)

    def pieces(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return (F,) the number of the piece of neighbours with one label."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        same = labels[self.one] == labels[self.other]
        count = len(labels)
        links = coo_array(
            (np.ones(int(same.sum()), np.int8), (self.one[same], self.other[same])), (count, count)
        )
        return connected_components(links, directed=False)[1].astype(np.int64)

    def smoothed(self) -> NDArray[np.float64]:
        """Return (F, 3) where the surface around each face looks."""
        looks = self.unit * self.areas[:, None]
        for _ in range(_SMOOTHINGS):
            looks = looks + np.stack([self._spread(looks[:, axis]) for axis in range(3)], axis=1)
            looks /= np.abs(looks).max() or 1.0
        return looks

    def _spread(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        count = len(values)
        here = np.concatenate([self.one, self.other])
        there = np.concatenate([self.other, self.one])
        return np.bincount(here, values[there], count).astype(np.float64)


def box_layout(vertices: NDArray[np.float32], faces: NDArray[np.int32], side: int, padding: int) -> Layout:
    """Return charts that look along one axis each, packed on shelves; it always ends.

    Each face goes the way that the surface around it looks, small charts join their neighbours, and what would lie
    on itself is cut apart by depth.
    """
    known = _Faces.of(vertices, faces)
    way = _joined(known, _ways(known))
    axis = way // 2
    flat_axes = np.array([[2, 1], [0, 2], [0, 1]])[axis]
    depth = np.take_along_axis(vertices[faces].astype(np.float64).mean(axis=1), axis[:, None], axis=1)[:, 0]
    labels, cuts = way, 0
    while True:
        chart = known.pieces(labels)
        layout = _laid(vertices, faces, chart, flat_axes, padding / side)
        _, _, bad = covered(layout.uv[layout.faces].astype(np.float64))
        if not len(bad) or cuts > _CUTS:
            return layout
        labels = _cut(chart, depth, bad) if cuts < _CUTS else _alone(chart, bad)
        cuts += 1


def _ways(known: _Faces) -> NDArray[np.int64]:
    """Return (F,) which of the six ways each face goes."""
    around = known.smoothed() @ _WAYS.T
    own = known.unit @ _WAYS.T
    steep = (own < _FLATTEST) & (known.areas > 0)[:, None]
    return np.where(steep, -np.inf, around).argmax(axis=1)


def _joined(known: _Faces, way: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the ways, faces of small charts going the way of the neighbour with the longest border if they can."""
    own, flat = known.unit @ _WAYS.T, known.areas == 0
    here = np.concatenate([known.one, known.other])
    there = np.concatenate([known.other, known.one])
    for _ in range(_JOININGS):
        chart = known.pieces(way)
        areas = np.bincount(chart, known.areas)
        small = areas < _SMALL * areas.sum()
        counts = small[chart[here]] & (areas[chart[there]] > areas[chart[here]])
        votes = np.bincount(chart[here[counts]] * 6 + way[there[counts]], minlength=6 * len(areas)).reshape(
            -1, 6
        )
        wanted = votes.argmax(axis=1)[chart]
        fits = flat | (own[np.arange(len(way)), wanted] >= _FLATTEST_AT_RIMS)
        changes = fits & (votes.max(axis=1) > 0)[chart]
        if not changes.any():
            break
        way = np.where(changes, wanted, way)
    return way


def _cut(chart: NDArray[np.int64], depth: NDArray[np.float64], bad: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels by which charts with `bad` faces come apart half way through the depths of those."""
    low, high = np.full(int(chart.max()) + 1, np.inf), np.full(int(chart.max()) + 1, -np.inf)
    np.minimum.at(low, chart[bad], depth[bad])
    np.maximum.at(high, chart[bad], depth[bad])
    middle = np.full(len(low), np.inf)
    torn = low <= high
    middle[torn] = (low[torn] + high[torn]) / 2
    return 2 * chart + (depth > middle[chart])


def _alone(chart: NDArray[np.int64], bad: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels by which each of the `bad` faces is a chart of its own."""
    labels = chart.copy()
    labels[bad] = int(chart.max()) + 1 + np.arange(len(bad))
    return labels


def _laid(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    chart: NDArray[np.int64],
    axes: NDArray[np.int64],
    gap: float,
) -> Layout:
    """Return the charts packed, each (F,) face flattened along its two `axes`."""
    keys = np.stack([np.repeat(chart, 3), faces.reshape(-1)], axis=1).astype(np.uint32)
    numbers = row_ids(keys)
    first = np.unique(numbers, return_index=True)[1]
    rows, owner = faces.reshape(-1)[first].astype(np.int64), chart[first // 3]
    flat = np.take_along_axis(vertices[rows].astype(np.float64), axes[first // 3], axis=1)
    return Layout(rows, numbers.reshape(-1, 3).astype(np.int32), _shelved(flat, owner, gap))


def _shelved(flat: NDArray[np.float64], owner: NDArray[np.int64], gap: float) -> NDArray[np.float32]:
    """Return (N, 2) UVs: each chart's box on shelves of a square, the highest first, `gap` apart."""
    count = int(owner.max()) + 1
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    np.minimum.at(low, owner, flat)
    np.maximum.at(high, owner, flat)
    sizes = high - low
    order = np.argsort(-sizes[:, 1], kind="stable")
    scale = 1.0 / float(np.sqrt(sizes.prod(axis=1).sum()) or sizes.max() or 1.0)
    places = None
    for _ in range(200):
        places = _shelves(sizes[order] * scale, gap)
        if places is not None:
            break
        scale *= 0.93
        gap = min(gap, 0.25 / np.sqrt(count))
    corner = np.zeros((count, 2))
    corner[order] = 0.0 if places is None else places
    return ((flat - low[owner]) * scale + corner[owner]).astype(np.float32)


def _shelves(sizes: NDArray[np.float64], gap: float) -> NDArray[np.float64] | None:
    """Return the corners of boxes put left to right, shelf above shelf, or None when the unit square is too small."""
    places = np.zeros_like(sizes)
    x = y = height = gap / 2
    for number, (wide, high) in enumerate(sizes.tolist()):
        if x + wide + gap / 2 > 1:
            x, y = gap / 2, y + height + gap
            height = 0.0
        height = max(height, high)
        if wide + gap > 1 or y + high + gap / 2 > 1:
            return None
        places[number] = x, y
        x += wide + gap
    return places
