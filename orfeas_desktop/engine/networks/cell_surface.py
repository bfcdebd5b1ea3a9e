"""Triangles of a volume that lies on a graphics card, made there: marching cubes over the cells that are cut."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from orfeas_desktop.engine.mesh.contour import flying_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

CASES = 256
MOST_TRIANGLES = 5
CORNERS = tuple((corner >> 2 & 1, corner >> 1 & 1, corner & 1) for corner in range(8))
"""Bit by bit of a case, the corners of its cell: set where the corner is inside."""


@cache
def case_table() -> NDArray[np.int64]:
    """Edges of each case's triangles, (256, 5, 3, 4): axis along which, then the corner from which; -1 for none.

    Learnt from VTK's own cubes, so that both ways to a surface make the same triangles.
    """
    table = np.full((CASES, MOST_TRIANGLES, 3, 4), -1, np.int64)
    for case in range(CASES):
        inside = [1.0 if case >> corner & 1 else -1.0 for corner in range(8)]
        points = _triangles_of(np.asarray(inside, np.float32))
        axis = np.argmax(points % 1 == 0.5, axis=-1)
        table[case, : len(points), :, 0] = axis
        table[case, : len(points), :, 1:] = np.floor(points)
    return table


def _triangles_of(corners: NDArray[np.float32]) -> NDArray[np.float64]:
    """The triangles (T, 3, 3) of one cell with these values at its corners."""
    found = flying_edges(corners.reshape(2, 2, 2), 0.0)
    if found is None:
        return np.zeros((0, 3, 3))
    points, faces = found
    return points.astype(np.float64)[:, ::-1][faces[:, ::-1]]


def triangles(values: Tensor, level: float) -> tuple[Tensor, Tensor] | None:
    """Vertices (V, 3) in cells and faces (F, 3) where `values` (X, Y, Z) pass `level`; None when nowhere.

    No face has a corner beside a value that is not a number, or two corners alike.
    """
    cells, cases = _cut_cells(values >= level)
    if not len(cells):
        return None
    table = torch.from_numpy(case_table()).to(values.device)[cases]
    there = table[..., 0, 0] >= 0
    edges = (table[..., 1:] + cells[:, None, None])[there]
    axes = table[..., 0][there]
    low = _flat(edges, values)
    keys, faces = torch.unique(low * 3 + axes, return_inverse=True)
    vertices = _crossings(values, keys, level)
    whole = vertices.isfinite().all(dim=1)[faces].all(dim=1)
    return _used(vertices, faces[whole]) if bool(whole.any()) else None


def _cut_cells(inside: Tensor) -> tuple[Tensor, Tensor]:
    """Cells (A, 3) that have corners on both sides, and the case of each."""
    sizes = [size - 1 for size in inside.shape]
    cases = torch.zeros(sizes, dtype=torch.uint8, device=inside.device)
    for bit, (x, y, z) in enumerate(CORNERS):
        part = inside[x : x + sizes[0], y : y + sizes[1], z : z + sizes[2]]
        cases |= part.to(torch.uint8) << bit
    flat = cases.flatten()
    cut = ((flat != 0) & (flat != CASES - 1)).nonzero()[:, 0]
    return torch.stack(torch.unravel_index(cut, cases.shape), dim=-1), flat[cut].long()


def _flat(points: Tensor, values: Tensor) -> Tensor:
    _, y, z = values.shape
    return (points[..., 0] * y + points[..., 1]) * z + points[..., 2]


def _crossings(values: Tensor, keys: Tensor, level: float) -> Tensor:
    """Where the edges with these keys, 3 · point + axis, cross the level, (V, 3) in cells."""
    low, axes = keys // 3, keys % 3
    _, y, z = values.shape
    steps = torch.tensor([y * z, z, 1], device=values.device)[axes]
    flat = values.reshape(-1)
    start, end = flat[low], flat[low + steps]
    places = torch.stack(torch.unravel_index(low, values.shape), dim=-1).float()
    shares = (level - start) / (end - start)
    return places + torch.nn.functional.one_hot(axes, 3) * shares[:, None]


def _used(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    """Leave out the vertices that no face has."""
    used = torch.zeros(len(vertices), dtype=torch.bool, device=vertices.device)
    used[faces.flatten()] = True
    return vertices[used], (used.cumsum(0) - 1)[faces]
